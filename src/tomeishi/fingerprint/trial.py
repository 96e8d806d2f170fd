"""A model from outside is tried in a process that can open nothing, with bounds on memory and time.

The child gets the bytes on standard input, learns what the model takes and gives, lets it describe two pictures, and
answers one line of JSON. What of the card was not said is completed from that.
"""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tomeishi.errors import BadInput
from tomeishi.fingerprint.loaded import DIMS, LAYOUTS, SIDES, Card, one_line, prepared, session_of, unit
from tomeishi.fingerprint.onnx_file import check_model
from tomeishi.values import digest_of

IMAGENET = {"mean": (0.485, 0.456, 0.406), "std": (0.229, 0.224, 0.225)}
"""What a card has where nothing else is said."""
_MEMORY_BYTES = 8 << 30
"""Address space: a model of 2 GB, its prepared copy, and room to work."""
_SECONDS = 120.0
_TYPES = ("tensor(float)", "tensor(uint8)")
_BOOTSTRAP = (
    "import sys, json; sys.path[:] = json.loads(sys.argv[1]); from tomeishi.fingerprint.trial import main; main()"
)


def tried(data: bytes, words: Mapping[str, Any]) -> Card:
    """The card of a model: `words` with what the model itself says filled in. Raises BadInput, in one line."""
    check_model(data)
    roots = json.dumps([root for root in sys.path if root and Path(root).is_absolute()])
    try:
        ended = subprocess.run(
            [sys.executable, "-I", "-S", "-c", _BOOTSTRAP, roots, json.dumps(dict(words))],
            input=data,
            capture_output=True,
            timeout=_SECONDS,
            check=False,
            env={"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
            cwd="/",
        )
    except subprocess.TimeoutExpired as error:
        raise BadInput(f"did not describe two pictures within {_SECONDS:g} s") from error
    try:
        answer = json.loads(ended.stdout)
        if "why" in answer:
            raise BadInput(str(answer["why"])[:300])
        return Card(**{**answer, "mean": tuple(answer["mean"]), "std": tuple(answer["std"]), "digest": digest_of(data)})
    except (ValueError, TypeError) as error:
        why = f"the process ended with {ended.returncode}, as when memory ({_MEMORY_BYTES >> 30} GiB) or time runs out"
        raise BadInput(f"could not be tried: {why}") from error


def main() -> None:
    """In the child."""
    from tomeishi.fingerprint.image import SIDE, load
    from tomeishi.media.confine import confine

    data, words = sys.stdin.buffer.read(), json.loads(sys.argv[-1])
    # Everything that a first session imports and asks of the system is there before nothing can be opened any more.
    load(1).run(["rows"], {"samples": np.zeros((1, SIDE, SIDE, 3), np.uint8)})
    noise = np.random.default_rng(0).integers(0, 256, (2, SIDES[1], SIDES[1], 3), np.uint8)
    noise[1] //= 64
    confine(_MEMORY_BYTES, _SECONDS)
    try:
        answer = _tried(data, words, noise)
    except Exception as error:  # of a runtime that a hostile file may make fail in any way
        answer = {"why": one_line(error)}
    sys.stdout.write(json.dumps(answer))


def _tried(data: bytes, words: dict[str, Any], noise: NDArray[np.uint8]) -> dict[str, Any]:
    session = session_of(data, 1)
    inputs, outputs = session.get_inputs(), session.get_outputs()
    if len(inputs) != 1 or inputs[0].type not in _TYPES or len(inputs[0].shape) != 4:
        given = ", ".join(f"{each.name} {each.type} {each.shape}" for each in inputs)[:160]
        raise BadInput(f"takes {given}, and not one batch of pictures of floats or bytes")
    layout, size = _form(inputs[0].shape, words)
    names = [each.name for each in outputs]
    output = words.get("output") or _output(outputs)
    if output not in names:
        raise BadInput(f"has no output {output!r}: it has {', '.join(names)[:160]}")
    about = {**IMAGENET, **words, "layout": layout, "size": size, "output": output, "dim": DIMS[0], "digest": ""}
    card = Card(**about)
    rows = [_row(session, card, each[:size, :size]) for each in noise]
    if len({len(row) for row in rows}) != 1 or not DIMS[0] <= len(rows[0]) <= DIMS[1]:
        raise BadInput(f"gives rows of {len(rows[0])} numbers; {DIMS[0]} to {DIMS[1]} are taken")
    if np.abs(unit(rows[0]) - unit(rows[1])).max() < 1e-6:
        raise BadInput("gives the same row for unlike pictures")
    return {**about, "dim": len(rows[0])}


def _row(session: Any, card: Card, picture: Any) -> Any:
    given = session.get_inputs()[0]
    whole = session.run([card.output], {given.name: prepared(card, given.type, picture)})[0]
    row = np.asarray(whole, np.float32).reshape(-1)
    if not np.isfinite(row).all():
        raise BadInput("gives numbers that are none")
    return row


def _form(shape: list[Any], words: dict[str, Any]) -> tuple[str, int]:
    layout = words.get("layout") or ("nhwc" if shape[3] == 3 and shape[1] != 3 else "nchw")
    if layout not in LAYOUTS:
        raise BadInput(f"a layout is nchw or nhwc, not {layout!r}")
    sides = shape[2:] if layout == "nchw" else shape[1:3]
    fixed = {side for side in sides if isinstance(side, int)}
    size = words.get("size") or (fixed.pop() if len(fixed) == 1 else None)
    if size is None:
        raise BadInput("takes pictures of any size: say the side of the square with --size")
    if fixed - {size} or not SIDES[0] <= int(size) <= SIDES[1]:
        raise BadInput(f"takes pictures of {list(sides)} pixels, and not of {size} a side ({SIDES[0]} to {SIDES[1]})")
    return layout, int(size)


def _output(outputs: Any) -> str:
    flat = [each.name for each in outputs if len(each.shape) == 2]
    if len(flat) == 1:
        return str(flat[0])
    if len(outputs) == 1:
        return str(outputs[0].name)
    raise BadInput(
        f"has several outputs: name the row's with --output, one of {', '.join(e.name for e in outputs)[:160]}"
    )
