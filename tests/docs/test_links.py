"""Links between documents lead somewhere, and generated blocks are closed."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_links_within_the_project_lead_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        if "://" in link:
            continue
        target, _, anchor = link.partition("#")
        path = page.parent / target if target else page
        assert path.exists(), link
        assert not anchor or anchor in _anchors(path), link


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_every_generated_block_is_closed(page: Path) -> None:
    marks = re.findall(r"<!-- (generated: [a-z-]+|end) -->", page.read_text(encoding="utf-8").replace("`<!--", ""))
    assert all(mark.startswith("generated") for mark in marks[::2])
    assert marks[1::2] == ["end"] * (len(marks) // 2)
    assert len(marks) % 2 == 0
