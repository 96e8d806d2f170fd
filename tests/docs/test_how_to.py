"""The how-to pages do what they say, and so does the Japanese page."""

import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tomeishi.fingerprint.descriptor import Descriptor
from tomeishi.testing import descriptors

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(path.relative_to(DOCS).as_posix() for path in (DOCS / "how-to").glob("*.md"))


@pytest.mark.parametrize("page", [*(page for page in PAGES if "descriptor" not in page), "ja/README.md"])
def test_a_page_can_be_followed(page: str, follow_furnished: Callable[..., None]) -> None:
    text = (DOCS / page).read_text(encoding="utf-8")
    for policy in re.findall(r"^```toml\n(.*?)^```", text, re.DOTALL | re.MULTILINE):
        Path("strict.toml").write_text(policy, encoding="utf-8")
    Path("src").symlink_to(ROOT / "src")
    follow_furnished(page)
    for package in Path("evidence").glob("*.zip"):
        _is_described(package)


def _is_described(package: Path) -> None:
    """Every file of a package has its row in docs/reference/package-format.md."""
    page = (DOCS / "reference" / "package-format.md").read_text(encoding="utf-8")
    rows = set(re.findall(r"`([\w./-]+\.\w+)`", page))
    found = {re.sub(r"f\d+-p\d+", "f01-p01", name) for name in zipfile.ZipFile(package).namelist()}
    assert found <= rows


def test_the_example_descriptor_keeps_the_contract() -> None:
    page = (DOCS / "how-to" / "add-a-descriptor.md").read_text(encoding="utf-8")
    names: dict[str, object] = {"__name__": "example"}
    for block in re.findall(r"^```python\n(.*?)^```", page, re.DOTALL | re.MULTILINE):
        exec(compile(block, "add-a-descriptor.md", "exec"), names)
    kind = names["LightLayout"]
    assert isinstance(kind, type)
    example: Descriptor = kind()
    for check in descriptors.CHECKS:
        check(descriptors.DescriptorCase(example))
