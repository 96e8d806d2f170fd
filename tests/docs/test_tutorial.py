"""docs/tutorial.md does what it says: every command in it is run, in its order, in one folder."""

import shutil
from collections.abc import Callable
from pathlib import Path

from tomeishi.testing.films import CATALOGUE, DrawnFilm

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")


def test_the_tutorial_can_be_followed(
    follow: Callable[..., None],
    references: tuple[Path, ...],
    copied: tuple[Path, object],
    clean: Path,
) -> None:
    """The demo's films are shorter ones of the same works here; `make demo` itself is another test's."""
    for folder in ("demo-out/references", "demo-out/queries"):
        Path(folder).mkdir(parents=True)
    shutil.copyfile(references[0], "demo-out/references/poltan-and-the-stray-star.mp4")
    shutil.copyfile(references[1], "demo-out/references/usara-of-the-snow-post.mp4")
    shutil.copyfile(copied[0], "demo-out/queries/clip-01-reencoded.mp4")
    shutil.copyfile(clean, "demo-out/queries/clip-09-clean.mp4")
    Path("src").symlink_to(ROOT / "src")
    follow("tutorial.md", done_before=("make demo",))


def test_films_and_members_are_those_that_the_demo_draws() -> None:
    named: tuple[DrawnFilm, ...] = (CATALOGUE[0], CATALOGUE[2])
    assert all(each.member in PAGE and each.title in PAGE for each in named)
    assert CATALOGUE[0].reading in PAGE
    assert CATALOGUE[0].english in PAGE
