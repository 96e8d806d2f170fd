"""`tomeishi doctor`: what this installation is, and whether it is sound."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

Command = Callable[..., Any]


def _rows(tomeishi: Command, code: int = 0) -> dict[str, dict[str, Any]]:
    outcome = tomeishi("doctor", "--json")
    assert outcome.code == code, outcome.out
    return {row["name"]: row for row in json.loads(outcome.out)}


def test_a_sound_installation(tomeishi: Command, installed: Any) -> None:
    rows = _rows(tomeishi)
    assert rows["home"]["detail"] == str(installed.home)
    assert rows["fingerprints"]["detail"].startswith("6 files")
    assert rows["ledger"]["detail"].startswith("0 entries")
    assert sum(name.startswith("descriptor ") for name in rows) == 2
    assert all(row["ok"] for name, row in rows.items() if not name.startswith("extra"))
    plain = tomeishi("doctor").out.splitlines()
    assert len(plain) == len(rows)
    assert not [line for line in plain if line.startswith(" WRONG")]


def test_a_new_installation_is_sound(tomeishi: Command) -> None:
    assert _rows(tomeishi)["index"]["detail"] == "none built yet"


def test_each_thing_that_is_wrong_is_named_and_the_others_are_looked_at(tomeishi: Command, installed: Any) -> None:
    for vectors in (installed.home / "index").rglob("vectors/rows.npy"):
        data = bytearray(vectors.read_bytes())
        data[-1] ^= 1
        vectors.write_bytes(data)
    shutil.rmtree(next(path for path in (installed.home / "blobs").iterdir()))
    rows = _rows(tomeishi, 2)
    assert [name for name, row in rows.items() if row["ok"] is False] == ["fingerprints", "index"]
    assert "rows.npy is gone or was altered" in rows["index"]["detail"]
    assert "WRONG  index" in tomeishi("doctor").out


def test_a_damaged_manifest_is_wrong_not_a_crash(tomeishi: Command, installed: Any) -> None:
    for path in (installed.home / "index").rglob("manifest.json"):
        path.write_text("{", encoding="utf-8")
    assert _rows(tomeishi, 2)["index"]["ok"] is False


def test_a_broken_key_is_wrong_and_the_rest_is_looked_at(tomeishi: Command, installed: Any) -> None:
    assert _rows(tomeishi)
    Path(installed.home / "keys" / "installation.json").write_text("{}", encoding="utf-8")
    rows = _rows(tomeishi, 2)
    assert [name for name, row in rows.items() if row["ok"] is False] == ["key that signs evidence"]
