"""Films that many tests share: drawn once for a whole run, however many workers there are."""

import fcntl
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tomeishi.cli.main import run
from tomeishi.testing.edits import Planted, write_edited
from tomeishi.testing.films import CATALOGUE, DrawnFilm, film, write_film
from tomeishi.values import Interval

SECONDS = 12.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of one command: its exit code, and what it wrote."""

    code: int
    out: str
    err: str


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A folder that all workers of this run see."""
    base = tmp_path_factory.getbasetemp()
    folder = (base if worker_id == "master" else base.parent) / "shared-films"
    folder.mkdir(exist_ok=True)
    return folder


def _once(path: Path, make: Callable[[Path], object]) -> Path:
    """`path`, made by whichever worker comes first; the others wait for it."""
    with path.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists():
            half = path.with_name("half-" + path.name)
            make(half)
            half.rename(path)
    return path


@pytest.fixture(scope="session")
def works() -> tuple[DrawnFilm, ...]:
    """Three fictional works, one of each member."""
    return tuple(replace(CATALOGUE[number], duration_s=SECONDS) for number in (0, 2, 4))


@pytest.fixture(scope="session")
def references(shared: Path, works: tuple[DrawnFilm, ...]) -> tuple[Path, ...]:
    """Their films, 320 x 180, 12 s."""
    return tuple(
        _once(shared / f"reference-{n}.mp4", lambda path, each=each: write_film(each, path, width=320, height=180))
        for n, each in enumerate(works)
    )


@pytest.fixture(scope="session")
def clean(shared: Path) -> Path:
    """A film that nobody registered."""
    return _once(shared / "clean.mp4", lambda path: write_film(film(905, 8.0), path, width=320, height=180))


@pytest.fixture(scope="session")
def copied(shared: Path, references: tuple[Path, ...], clean: Path) -> tuple[Path, Planted]:
    """3 s of another film, then seconds 3 to 11 of the first reference, newly encoded; and the truth about it."""
    truth = shared / "copied.txt"

    def make(path: Path) -> None:
        planted = write_edited(references[0], path, start_s=3.0, end_s=11.0, before=clean)
        truth.write_text(repr(planted.query.start))

    path = _once(shared / "copied.mp4", make)
    start = float(truth.read_text())
    return path, Planted(Interval(start, start + 8.0), Interval(3.0, 11.0))


@pytest.fixture
def tomeishi(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Outcome]:
    """The command, run in this process on an installation of this test alone."""
    monkeypatch.setenv("TOMEISHI_HOME", str(tmp_path / "home"))

    def command(*arguments: str | Path) -> Outcome:
        capsys.readouterr()
        code = run([str(argument) for argument in arguments])
        written = capsys.readouterr()
        return Outcome(code, written.out, written.err)

    return command
