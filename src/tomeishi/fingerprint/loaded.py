"""Descriptors that a user brings as ONNX files: official SSCD, DINOv2, CLIP, SigLIP, CCIP and the like, exported.

Each lies in a folder of its own under the installation's: `card.json` says how pictures are prepared, whose work it is
and which bytes it has; `model.onnx` are the bytes, but for models that a package carries and that may not be copied.
A picture is squeezed into a square, put into numbers as the card says, and the row brought to unit length. Borders
stay: the model sees what its makers showed it. Quality is that of the shipped image descriptor, so that both leave out
the same blank frames.

A file from outside is examined as bytes (`onnx_file`), then tried in a process that can open nothing and has bounds on
memory and time (`trial`), and only then kept. Later runs end after `_LONGEST_S` a picture.
"""

import json
import shutil
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from tomeishi.errors import BadInput, Conflict, MissingExtra, NotFound, Tampered
from tomeishi.fingerprint.borders import unborder
from tomeishi.fingerprint.descriptor import DescriptorSpec, Metric, Rows
from tomeishi.fingerprint.samples import checked, detail
from tomeishi.values import digest_of

MODEL, CARD = "model.onnx", "card.json"
SIDES = (16, 1024)
"""Pixels a side of the square that a model is shown."""
DIMS = (8, 8192)
_LONGEST_S = 60.0
_LONGEST_NAME = 40
LAYOUTS = ("nchw", "nhwc")
_SHIPPED = ("image", "pdq", "sound", "local")


@dataclass(frozen=True, slots=True)
class Card:
    """How a model is used, and whose it is."""

    name: str
    size: int
    """Pixels a side."""
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    """A value v of a channel in [0, 1] becomes (v - mean) / std; a model that takes bytes gets bytes."""
    layout: str
    """`nchw` or `nhwc`."""
    output: str
    """Name of the output that is the row."""
    dim: int
    threshold: float
    """Cosine distance up to which two frames count as the same."""
    licence: str
    """As its user states it."""
    digest: str
    package: str | None = None
    """`module:NAME` of a path in an installed package, for a model that is not copied."""

    def __post_init__(self) -> None:
        problem = None
        if not (self.name.replace("_", "").isalnum() and self.name.isascii() and self.name == self.name.lower()):
            problem = "a descriptor's name has small letters a-z, digits and _ only"
        elif len(self.name) > _LONGEST_NAME or self.name in _SHIPPED:
            problem = f"a descriptor's name has {_LONGEST_NAME} letters at most, and is none of {', '.join(_SHIPPED)}"
        elif not SIDES[0] <= self.size <= SIDES[1]:
            problem = f"the square's side lies in {SIDES[0]} to {SIDES[1]} pixels, not {self.size}"
        elif self.layout not in LAYOUTS:
            problem = f"a layout is nchw or nhwc, not {self.layout!r}"
        elif not DIMS[0] <= self.dim <= DIMS[1]:
            problem = f"a row has {DIMS[0]} to {DIMS[1]} numbers, not {self.dim}"
        elif not all(np.isfinite([*self.mean, *self.std])) or min(self.std) <= 0:
            problem = "mean and std are three numbers each, std above 0"
        elif not 0 < self.threshold < 2:
            problem = f"a threshold is a cosine distance above 0 and under 2, not {self.threshold}"
        if problem is not None:
            raise BadInput(f"{self.name}: {problem}" if self.name else problem)

    @property
    def spec(self) -> DescriptorSpec:
        return DescriptorSpec(
            name=self.name,
            version=1,
            dim=self.dim,
            metric=Metric.COSINE,
            threshold=self.threshold,
            source=f"added here from {self.package or 'a file'}; licence as stated: {self.licence}",
            weights_digest=self.digest,
        )

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


class LoadedDescriptor:
    """The `Descriptor` that a card and the bytes of a model make; the bytes are checked against the card's digest."""

    def __init__(self, card: Card, model: Path, threads: int = 1) -> None:
        self.card = card
        self._model = model
        self._threads = threads

    @property
    def spec(self) -> DescriptorSpec:
        return self.card.spec

    def describe(self, samples: NDArray[np.uint8]) -> Rows:
        """Raises Tampered where the model is another one by now, BadInput where it fails or takes too long."""
        pictures = checked(samples)
        values = np.zeros((len(pictures), self.card.dim), np.float32)
        for row, picture in zip(values, pictures, strict=True):
            row[:] = unit(self._run(picture))
        quality = [detail(each) for each in unborder(np.ascontiguousarray(pictures))]
        return Rows(values, np.array(quality, np.float32))

    def _run(self, picture: NDArray[np.uint8]) -> NDArray[np.float32]:
        import onnxruntime

        session = self._session
        bound = onnxruntime.RunOptions()
        timer = threading.Timer(_LONGEST_S, lambda: setattr(bound, "terminate", True))
        timer.daemon = True
        timer.start()
        try:
            return ran(session, self.card, picture, bound)
        except BadInput:
            raise
        except Exception as error:  # onnxruntime's own, of whatever class
            raise BadInput(f"{self.card.name}: the model failed: {one_line(error)}") from error
        finally:
            timer.cancel()

    @cached_property
    def _session(self) -> Any:
        try:
            data = self._model.read_bytes()
        except OSError as error:
            raise NotFound(f"{self._model}: the model of {self.card.name} cannot be read: {error.strerror}") from error
        if digest_of(data) != self.card.digest:
            raise Tampered(f"{self._model}: is not the model that was added as {self.card.name}; add it again")
        return session_of(data, self._threads)


def session_of(data: bytes, threads: int) -> Any:
    """An onnxruntime session; raises whatever onnxruntime raises."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.use_deterministic_compute = True
    options.log_severity_level = 4
    return onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])


def ran(session: Any, card: Card, picture: NDArray[np.uint8], bound: Any = None) -> NDArray[np.float32]:
    """The row (dim,) of one picture (height, width, 3) as the model gives it."""
    given = session.get_inputs()[0]
    side = card.size
    smaller = min(picture.shape[:2]) >= side
    square = cv2.resize(
        np.ascontiguousarray(picture), (side, side), interpolation=cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
    )
    values = prepared(card, given.type, np.asarray(square, np.uint8))
    row = np.asarray(session.run([card.output], {given.name: values}, bound)[0])
    if row.size != card.dim or not np.isfinite(row.astype(np.float64)).all():
        raise BadInput(f"{card.name}: gives {row.size} numbers and not {card.dim}, or some that are none")
    return row.astype(np.float32).reshape(-1)


def prepared(card: Card, kind: str, square: NDArray[np.uint8]) -> NDArray[Any]:
    """A square picture (side, side, 3) as a batch of one that an input of type `kind` takes."""
    values: NDArray[Any] = square
    if kind != "tensor(uint8)":
        mean, std = (np.array(each, np.float32) for each in (card.mean, card.std))
        values = (square.astype(np.float32) / np.float32(255) - mean) / std
    return np.ascontiguousarray((values.transpose(2, 0, 1) if card.layout == "nchw" else values)[np.newaxis])


def unit(row: NDArray[np.float32]) -> NDArray[np.float32]:
    """Of unit length; a blank picture may give nothing but zeros, and gets a row all the same."""
    length = float(np.linalg.norm(row.astype(np.float64)))
    if length < 1e-12:
        row, length = np.eye(1, len(row), dtype=np.float32)[0], 1.0
    return (row / np.float32(length)).astype(np.float32)


def one_line(error: BaseException) -> str:
    """The first line of a foreign error, cut."""
    return " ".join(str(error).split())[:160] or type(error).__name__


def keep(root: Path, card: Card, data: bytes | None) -> LoadedDescriptor:
    """Put a card, and the model's bytes where they may be copied, under `root`; raises Conflict for a name in use."""
    folder = root / card.name
    if folder.exists():
        raise Conflict(f"{card.name}: a descriptor of that name was added; choose another, or remove {folder}")
    unfinished = root / f".{card.name}.part"
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    if data is not None:
        (unfinished / MODEL).write_bytes(data)
    (unfinished / CARD).write_text(json.dumps(card.to_json(), indent=1) + "\n", encoding="utf-8")
    unfinished.rename(folder)
    return LoadedDescriptor(card, model_of(folder, card))


def loaded(root: Path) -> list[LoadedDescriptor]:
    """All that were added, by name. Models are opened when they first describe."""
    cards = [read_card(path) for path in sorted(root.glob(f"[!.]*/{CARD}"))]
    return [LoadedDescriptor(card, model_of(root / card.name, card)) for card in cards]


def model_of(folder: Path, card: Card) -> Path:
    """Where the bytes lie. Raises MissingExtra where they are in a package that is not installed."""
    return folder / MODEL if card.package is None else packaged(card.package)


def packaged(where: str) -> Path:
    """The file that `module:NAME` stands for."""
    module, _, name = where.partition(":")
    try:
        return Path(getattr(import_module(module), name))
    except (ImportError, AttributeError) as error:
        raise MissingExtra(f"{module} is not installed: install tomeishi[sscd] on Python 3.12 or newer") from error


def read_card(path: Path) -> Card:
    """The card in a file; raises BadInput for one that is none."""
    try:
        return card_of(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError, KeyError, RecursionError) as error:
        raise BadInput(f"{path}: is no card of a descriptor: {one_line(error)}") from error


def card_of(words: Mapping[str, Any]) -> Card:
    """From its JSON form; raises TypeError, ValueError or KeyError where it has another."""
    known = Card.__dataclass_fields__
    if unknown := sorted(set(words) - set(known)):
        raise ValueError(f"unknown field {unknown[0]!r}")
    three = {name: tuple(float(each) for each in words[name]) for name in ("mean", "std")}
    if any(len(each) != 3 for each in three.values()):
        raise ValueError("mean and std are three numbers each")
    return Card(**{**words, **three, "size": int(words["size"]), "dim": int(words["dim"])})
