"""docs/how-to/import.md names the columns that an import reads."""

import re
from pathlib import Path

from tomeishi.registry.sheets import COLUMNS, REQUIRED, ROWS

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "import.md").read_text(encoding="utf-8")
TABLE = {
    name: (heading.strip(), what) for name, heading, what in re.findall(r"^\| `(\w+)` \|(.*?)\|(.*)\|$", PAGE, re.M)
}


def test_every_column_is_explained_and_no_other() -> None:
    assert tuple(TABLE) == COLUMNS


def test_required_columns_are_said_to_be() -> None:
    assert tuple(name for name, (_, what) in TABLE.items() if "; required" in what) == REQUIRED


def test_the_most_rows_are_those_of_the_code() -> None:
    assert f"{ROWS:,} rows" in PAGE
