"""Bad input at the command line: one line with the file and the reason, the right exit code, and nothing lost."""

import ctypes
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from fcntl import LOCK_EX, flock
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from tests.conftest import edit_by_hand

from tomeishi.config import settings_from
from tomeishi.testing.films import DrawnFilm

Command = Callable[..., Any]
Start = Callable[..., "subprocess.Popen[bytes]"]


def _one_line(err: str, *words: str) -> None:
    """Standard error is one line of ours that says what is in `words`."""
    (line,) = err.splitlines()
    assert line.startswith(("tomeishi: ", "skipped: ")), line
    for word in words:
        assert word in line


def _screened(out: str) -> dict[str, Any]:
    (line,) = out.splitlines()
    words: dict[str, Any] = json.loads(line)
    return words


def _titles(tomeishi: Command) -> list[str]:
    return [work["title"] for work in json.loads(tomeishi("works", "list", "--json").out)]


def _rows(tomeishi: Command) -> dict[str, bool | None]:
    """What `doctor` says of each thing; a small disk is not what is asked here."""
    rows = json.loads(tomeishi("doctor", "--json").out)
    return {row["name"]: row["ok"] for row in rows if row["name"] != "free disk"}


def _is_sound(tomeishi: Command) -> bool:
    return False not in _rows(tomeishi).values()


UNREADABLE = {
    "empty.mp4": "is empty (0 bytes)",
    "text.mp4": "not a video, sound or picture file",
    "truncated.mp4": "cut off before its index",
    "giant.png": "larger than the limit",
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_a_file_that_cannot_be_read_is_named_with_the_reason(
    tomeishi: Command, installed: Any, references: tuple[Path, ...], bad: Path, tmp_path: Path, name: str
) -> None:
    path, before = bad / name, _titles(tomeishi)
    added = tomeishi("works", "add", "--member", "新会員", "--title", "新作", path)
    assert (added.code, added.out) == (3, "")
    _one_line(added.err, str(path), UNREADABLE[name])
    assert _titles(tomeishi) == before
    assert "新会員" not in tomeishi("members", "list").out

    screened = tomeishi("screen", "--jsonl", path)
    words = _screened(screened.out)
    assert (screened.code, words["verdict"], words["checked"]) == (3, "review", [])
    assert str(path) in words["skipped"]["reason"]
    assert UNREADABLE[name] in words["skipped"]["reason"]
    _one_line(screened.err, str(path), UNREADABLE[name])

    for sides in ((path, references[0]), (references[0], path)):
        compared = tomeishi("compare", *sides, "--json")
        assert (compared.code, compared.out) == (3, "")
        _one_line(compared.err, str(path), UNREADABLE[name])

    reported = tomeishi("report", path, "--out", tmp_path / "evidence", "--json")
    assert (reported.code, reported.out) == (3, "")
    _one_line(reported.err, str(path), UNREADABLE[name])
    assert not (tmp_path / "evidence").exists()


def test_a_missing_file_is_an_error_but_for_a_screening_a_skipped_line(
    tomeishi: Command, installed: Any, references: tuple[Path, ...], tmp_path: Path
) -> None:
    path = tmp_path / "無い.mp4"
    for arguments in (
        ("works", "add", "--member", "新会員", "--title", "新作", path),
        ("compare", path, references[0]),
        ("compare", references[0], path),
        ("report", path, "--out", tmp_path / "evidence"),
    ):
        outcome = tomeishi(*arguments)
        assert (outcome.code, outcome.out) == (2, ""), arguments
        _one_line(outcome.err, str(path), "no such file")
    screened = tomeishi("screen", "--jsonl", path)
    assert screened.code == 3
    assert _screened(screened.out)["skipped"]["reason"] == f"{path}: no such file"
    _one_line(screened.err, f"{path}: no such file")
    assert "新作" not in _titles(tomeishi)


def test_a_name_that_no_file_can_have_stops_no_screening(tomeishi: Command, installed: Any, quoted: Path) -> None:
    outcome = tomeishi("screen", "--jsonl", "x" * 300 + ".mp4", quoted)
    long, good = (json.loads(line) for line in outcome.out.splitlines())
    assert outcome.code == 3
    assert long["skipped"]
    assert good["findings"]


def test_a_folder_is_named_where_a_file_is_needed(
    tomeishi: Command, installed: Any, references: tuple[Path, ...], tmp_path: Path
) -> None:
    folder = tmp_path / "folder.mp4"
    folder.mkdir()
    for arguments in (
        ("works", "add", "--member", "新会員", "--title", "新作", folder),
        ("compare", folder, references[0]),
        ("report", folder, "--out", tmp_path / "evidence"),
    ):
        outcome = tomeishi(*arguments)
        assert (outcome.code, outcome.out) == (3, ""), arguments
        _one_line(outcome.err, str(folder), "is a folder")
    screened = tomeishi("screen", "--jsonl", folder)
    assert (screened.code, screened.out) == (0, "")
    assert "nothing to screen" in screened.err


def _read_in_part(tomeishi: Command, path: Path, until: float) -> dict[str, Any]:
    """The screening of a file that is cut short, held to what it must say."""
    screened = tomeishi("screen", "--jsonl", path)
    words = _screened(screened.out)
    assert screened.code == 3  # though something was found as well
    assert words["partial"]["until"] == pytest.approx(until, abs=0.6)
    assert words["findings"]
    assert words["verdict"] == "block"
    _one_line(screened.err, str(path), "read only up to", words["partial"]["reason"])
    return words


@pytest.mark.parametrize(("name", "until"), [("truncated.webm", 6.5), ("long.webm", 12.0)])
def test_a_file_cut_short_is_screened_as_far_as_it_goes(
    tomeishi: Command, installed: Any, bad: Path, name: str, until: float
) -> None:
    _read_in_part(tomeishi, bad / name, until)


def test_a_file_cut_short_is_said_to_be_partial_by_every_command(
    tomeishi: Command, installed: Any, references: tuple[Path, ...], bad: Path, tmp_path: Path
) -> None:
    path = bad / "truncated.mkv"
    partial = _read_in_part(tomeishi, path, 6.7)["partial"]

    compared = tomeishi("compare", path, references[0], "--json")
    assert compared.code == 3
    assert json.loads(compared.out)["query"]["partial"] == partial
    _one_line(compared.err, str(path), "read only up to")

    reported = tomeishi("report", path, "--out", tmp_path / "evidence", "--json")
    assert reported.code == 3
    done = json.loads(reported.out)
    assert done["screening"]["partial"] == partial
    _one_line(reported.err, str(path), "read only up to")
    assert tomeishi("verify", done["package"]).code == 0

    added = tomeishi("works", "add", "--member", "新会員", "--title", "新作", "--json", path)
    assert added.code == 3
    done = json.loads(added.out)
    assert len(done["references"]) == 1
    assert done["partial"] == [{"file": str(path), **partial}]
    assert f"tomeishi: {path}: read only up to" in added.err


@pytest.mark.parametrize("kind", ["mkv", "webm"])
def test_a_container_that_claims_too_little_hides_nothing(
    tomeishi: Command, installed: Any, bad: Path, kind: str
) -> None:
    outcome = tomeishi("screen", "--jsonl", bad / f"short.{kind}")
    words = _screened(outcome.out)
    assert (outcome.code, words["partial"]) == (1, None)
    assert words["duration"] == pytest.approx(12.0, abs=0.2)
    assert words["findings"][0]["segments"][0][1] > 10


def test_a_folder_screening_goes_on_after_bad_files_and_reports_each(
    tomeishi: Command, installed: Any, bad: Path, clean: Path, quoted: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "clips"
    folder.mkdir()
    for name in UNREADABLE:
        shutil.copy(bad / name, folder)
    shutil.copy(clean, folder / "a-clean.mp4")
    shutil.copy(quoted, folder / "zz-quoted.mp4")
    outcome = tomeishi("screen", "--jsonl", folder)
    lines = {Path(line["query"]).name: line for line in map(json.loads, outcome.out.splitlines())}
    assert outcome.code == 3  # though something was found as well
    assert lines.keys() == {*UNREADABLE, "a-clean.mp4", "zz-quoted.mp4"}
    assert {name for name, line in lines.items() if line["skipped"]} == UNREADABLE.keys()
    assert {name for name, line in lines.items() if line["verdict"] == "clear"} == {"a-clean.mp4"}
    assert lines["zz-quoted.mp4"]["findings"]
    assert len(outcome.err.splitlines()) == len(UNREADABLE)
    assert all(line.startswith("skipped: ") for line in outcome.err.splitlines())


def test_registering_goes_on_after_bad_files_and_reports_each(
    tomeishi: Command, installed: Any, bad: Path, references: tuple[Path, ...], tmp_path: Path
) -> None:
    missing = tmp_path / "none.mp4"
    outcome = tomeishi(
        "works", "add", "--member", "新会員", "--title", "新作", "--json", bad / "empty.mp4", references[2], missing
    )
    assert outcome.code == 3
    done = json.loads(outcome.out)
    assert len(done["references"]) == 1
    assert [each["file"] for each in done["skipped"]] == [str(bad / "empty.mp4"), str(missing)]
    assert [line.split(":")[0] for line in outcome.err.splitlines()] == ["skipped", "skipped"]


def test_where_no_file_can_be_registered_every_one_is_named_in_the_one_line(
    tomeishi: Command, installed: Any, bad: Path, tmp_path: Path
) -> None:
    files = (bad / "empty.mp4", bad / "text.mp4", tmp_path / "none.mp4")
    outcome = tomeishi("works", "add", "--member", "新会員", "--title", "新作", *files)
    assert (outcome.code, outcome.out) == (3, "")
    _one_line(outcome.err, *map(str, files))


@contextmanager
def _permissions_apply() -> Iterator[None]:
    """Takes from root, for a while, what lets it read every file (Linux capabilities); skips where that fails."""
    if os.geteuid() != 0:
        yield
        return
    override = 1 << 1 | 1 << 2  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH (capability.h)
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    sets = (ctypes.c_uint32 * 6)()  # effective, permitted, inheritable; twice
    libc = ctypes.CDLL(None, use_errno=True)
    if not hasattr(libc, "capset") or libc.capget(header, sets):
        pytest.skip("root reads every file, and this system has no capabilities to take away")
    sets[0] &= ~override
    if libc.capset(header, sets):
        pytest.skip("root reads every file, and it may not give that up here")
    try:
        yield
    finally:
        sets[0] |= override & sets[1]
        assert libc.capset(header, sets) == 0


def test_a_file_that_may_not_be_read(
    tomeishi: Command, installed: Any, references: tuple[Path, ...], quoted: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "clips"
    locked = folder / "locked.mp4"
    folder.mkdir()
    shutil.copy(quoted, locked)
    shutil.copy(quoted, folder / "open.mp4")
    locked.chmod(0)
    with _permissions_apply():
        screened = tomeishi("screen", "--jsonl", folder)
        refused = [
            tomeishi("works", "add", "--member", "新会員", "--title", "新作", locked),
            tomeishi("compare", locked, references[0]),
            tomeishi("report", locked, "--out", tmp_path / "evidence"),
        ]
    first, second = (json.loads(line) for line in screened.out.splitlines())
    assert screened.code == 3
    assert "denied" in first["skipped"]["reason"]
    assert second["findings"]
    _one_line(screened.err, str(locked), "denied")
    for outcome in refused:
        assert (outcome.code, outcome.out) == (3, "")
        _one_line(outcome.err, str(locked), "denied")


@pytest.mark.parametrize("verb", ["screen", "works add"])
def test_a_folder_that_may_not_be_searched(tomeishi: Command, installed: Any, quoted: Path, verb: str) -> None:
    folder = installed.home.parent / "closed"
    folder.mkdir()
    path = folder / "clip.mp4"
    shutil.copy(quoted, path)
    folder.chmod(0)
    rest = ("--jsonl",) if verb == "screen" else ("--member", "新会員", "--title", "新作")
    try:
        with _permissions_apply():
            outcome = tomeishi(*verb.split(), *rest, path)
    finally:
        folder.chmod(0o700)
    assert outcome.code == 3
    _one_line(outcome.err, str(path), "denied")


def test_file_names_that_are_not_utf_8_come_in_and_go_out(
    tomeishi: Command, installed: Any, started: Start, quoted: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "clips"
    folder.mkdir()
    odd = os.fsencode(folder) + b"/\x83e\x83X\x83g.mp4"  # "test" in Shift_JIS
    good, broken = Path(os.fsdecode(odd)), os.fsencode(folder) + b"/\xff.mp4"
    shutil.copy(quoted, good)
    Path(os.fsdecode(broken)).write_bytes(b"")
    process = started("screen", "--jsonl", folder, odd, broken)
    out, err = process.communicate(timeout=120)
    found, skipped = (json.loads(line) for line in out.decode("utf-8", "strict").splitlines())
    assert process.returncode == 3
    assert os.fsencode(found["query"]) == odd
    assert found["findings"]
    assert skipped["skipped"]
    _one_line(err.decode("utf-8", "strict"), "is empty")

    added = tomeishi("works", "add", "--member", "新会員", "--title", "新作", good)
    assert (added.code, added.out) == (2, "")
    _one_line(added.err, "not Unicode", "rename the file")
    assert "新作" not in _titles(tomeishi)


def test_a_name_with_a_line_break_stays_on_one_line(tomeishi: Command, installed: Any, tmp_path: Path) -> None:
    path = tmp_path / "two\nlines\x1b[31m.mp4"
    path.write_bytes(b"")
    for arguments in (("screen", "--jsonl", path), ("works", "add", "--member", "新会員", "--title", "新作", path)):
        outcome = tomeishi(*arguments)
        assert outcome.code == 3
        _one_line(outcome.err, "two?lines?[31m.mp4: is empty")


def test_a_name_with_a_full_width_space_is_named_as_it_is(tomeishi: Command, installed: Any, tmp_path: Path) -> None:
    path = tmp_path / "第１話　旅立ち.mp4"
    path.write_bytes(b"")
    _one_line(tomeishi("screen", "--jsonl", path).err, "第１話　旅立ち.mp4: is empty")


class SmallDisk:
    """A disk that can be filled: a tmpfs where root may mount one, else a limit on the size of files written."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        asked = ["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(folder)]
        self.mounted = os.geteuid() == 0 and subprocess.run(asked, capture_output=True, check=False).returncode == 0

    @contextmanager
    def full_but_for(self, left_bytes: int) -> Iterator[None]:
        filler = self.folder / "filler"
        if self.mounted:
            about = os.statvfs(self.folder)
            filler.write_bytes(bytes(max(0, about.f_bavail * about.f_frsize - left_bytes)))
            yield
            filler.unlink()
            return
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (left_bytes // 4, before[1]))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)

    def close(self) -> None:
        if self.mounted:
            subprocess.run(["umount", "--lazy", str(self.folder)], check=True)


@pytest.fixture
def disk(
    tmp_path: Path,
    template: Path,
    homes: Any,
    monkeypatch: pytest.MonkeyPatch,
    tomeishi: Command,
    record_property: Callable[[str, object], None],
) -> Iterator[SmallDisk]:
    """A small disk with the installation on it."""
    folder = tmp_path / "disk"
    folder.mkdir()
    made = SmallDisk(folder)
    record_property("full disk", "a tmpfs, filled" if made.mounted else "RLIMIT_FSIZE")
    homes.copy(template / "home", folder / "home")
    monkeypatch.setenv("TOMEISHI_HOME", str(folder / "home"))
    yield made
    made.close()


DISK_WORDS = ("No space left", "disk is full", "disk did not", "File too large")


def _disk_said_no(outcome: Any, place: Path) -> None:
    assert (outcome.code, outcome.out) == (2, "")
    _one_line(outcome.err, str(place))
    assert any(words in outcome.err for words in DISK_WORDS), outcome.err


@pytest.mark.parametrize("left_kb", [0, 44, 72, 190], ids=["opening", "fingerprints", "database", "index"])
def test_a_full_disk_while_registering_loses_nothing(
    tomeishi: Command, disk: SmallDisk, references: tuple[Path, ...], quoted: Path, left_kb: int
) -> None:
    add = ("works", "add", "--member", "新会員", "--title", "新作", "--json", references[2])
    with disk.full_but_for(left_kb << 10):
        _disk_said_no(tomeishi(*add), disk.folder)
    assert _is_sound(tomeishi)
    assert tomeishi("screen", quoted).code == 1
    again = tomeishi(*add)
    assert again.code == 0
    assert len(json.loads(again.out)["references"]) == 1
    assert tomeishi("screen", references[2]).code == 1


@pytest.mark.sqlite_file
def test_a_full_disk_at_the_very_start_leaves_nothing_half_made(
    tomeishi: Command, disk: SmallDisk, monkeypatch: pytest.MonkeyPatch, quoted: Path
) -> None:
    monkeypatch.setenv("TOMEISHI_HOME", str(disk.folder / "fresh"))
    for left_kb in (0, 64, 128):
        with disk.full_but_for(left_kb << 10):
            _disk_said_no(tomeishi("works", "list"), disk.folder)
    assert tomeishi("screen", quoted).code == 0
    assert _is_sound(tomeishi)


def test_a_full_disk_while_building_the_index_leaves_the_earlier_one(
    tomeishi: Command, disk: SmallDisk, installed: Any, quoted: Path
) -> None:
    (before, *_) = json.loads(tomeishi("index", "info", "--json").out)
    excluded = tomeishi("works", "exclude", installed.references[1], "0", "2", "--reason", "a shared opening")
    assert excluded.code == 0
    with disk.full_but_for(80 << 10):
        _disk_said_no(tomeishi("index", "build"), disk.folder)
    (after, *_) = json.loads(tomeishi("index", "info", "--json").out)
    assert after == before | {"up_to_date": False}
    assert _is_sound(tomeishi)
    assert tomeishi("index", "build").code == 0
    assert tomeishi("screen", quoted).code == 1


def test_a_full_disk_while_reporting_leaves_no_half_evidence(tomeishi: Command, disk: SmallDisk, quoted: Path) -> None:
    out = disk.folder / "evidence"
    whole = json.loads(tomeishi("report", quoted, "--out", out, "--json").out)
    sizes = [Path(each).stat().st_size for each in (whole["package"], *whole["documents"])]
    shutil.rmtree(out)
    for left in (100 << 10, sizes[0] + sizes[1] + (96 << 10)):
        with disk.full_but_for(left):
            _disk_said_no(tomeishi("report", quoted, "--out", out), disk.folder)
        for path in out.rglob("*"):
            assert path.suffix in (".zip", ".pdf"), path
            assert path.suffix == ".pdf" or tomeishi("verify", path).code == 0
            assert path.suffix == ".zip" or path.read_bytes().rstrip().endswith(b"%%EOF")
    assert _is_sound(tomeishi)


def test_a_package_with_one_byte_changed_is_altered_wherever_that_is(
    tomeishi: Command, installed: Any, quoted: Path, tmp_path: Path
) -> None:
    package = Path(json.loads(tomeishi("report", quoted, "--out", tmp_path / "out", "--json").out)["package"])
    data = package.read_bytes()
    assert tomeishi("verify", package).code == 0
    altered = tmp_path / "altered.zip"
    for place in (0, 40, len(data) // 3, len(data) // 2, len(data) - 1000, len(data) - 1):
        changed = bytearray(data)
        changed[place] ^= 1
        altered.write_bytes(changed)
        outcome = tomeishi("verify", altered)
        assert (outcome.code, outcome.err) == (1, ""), place
        assert "ALTERED" in outcome.out
    for content in (b"", data[: len(data) // 2], b"not a package"):
        altered.write_bytes(content)
        assert tomeishi("verify", altered).code == 1
    missing = tomeishi("verify", tmp_path / "none.zip")
    assert (missing.code, missing.out) == (2, "")
    _one_line(missing.err, "none.zip", "no such file")


def test_a_ledger_edited_by_hand_is_named_to_the_row_and_gives_no_permission(
    tomeishi: Command, installed: Any, quoted: Path, tmp_path: Path
) -> None:
    for provider in ("acme", "bolt"):
        granted = ("consent", "grant", "--work", installed.works[0], "--use", "reproduce", "--provider", provider)
        assert tomeishi(*granted, "--sign-with", installed.key).code == 0
    assert _screened(tomeishi("screen", "--jsonl", "--provider", "acme", quoted).out)["verdict"] == "clear"
    edited = "UPDATE log_entries SET body = replace(body, 'bolt', 'zorn') WHERE number = 2"
    edit_by_hand(settings_from({}, installed.home).database_url, edited)
    for arguments in (
        ("screen", "--jsonl", "--provider", "zorn", quoted),
        ("screen", "--jsonl", quoted),
        ("report", quoted, "--out", tmp_path / "evidence"),
        ("consent", "check", "--work", installed.works[0], "--use", "reproduce", "--provider", "acme"),
        ("consent", "history"),
        ("consent", "grant", "--work", installed.works[1], "--use", "train"),
    ):
        outcome = tomeishi(*arguments)
        assert (outcome.code, outcome.out) == (2, ""), arguments
        _one_line(outcome.err, "log consent: row 2", "was edited", "restore a backup")
    assert not (tmp_path / "evidence").exists()
    assert _rows(tomeishi)["ledger"] is False
    assert tomeishi("doctor").code == 2


@pytest.mark.sqlite_file
def test_a_registry_that_is_no_database_is_refused(tomeishi: Command, installed: Any, quoted: Path) -> None:
    (installed.home / "registry.sqlite").write_bytes(b"not a database" * 400)
    outcome = tomeishi("screen", "--jsonl", quoted)
    assert (outcome.code, outcome.out) == (2, "")
    _one_line(outcome.err, "registry.sqlite", "not a Tomeishi registry")


def test_an_index_damaged_on_disk_is_built_again_and_a_damaged_fingerprint_is_named(
    tomeishi: Command, installed: Any, quoted: Path
) -> None:
    for path in (installed.home / "index").rglob("items.json"):
        path.write_bytes(b"[]")
    assert _rows(tomeishi)["index"] is False
    assert tomeishi("screen", quoted).code == 1
    assert _is_sound(tomeishi)

    blob = next(path for path in (installed.home / "blobs").rglob("*") if path.is_file())
    data = bytearray(blob.read_bytes())
    data[-1] ^= 1
    blob.write_bytes(data)
    doctor = tomeishi("doctor")
    assert doctor.code == 2
    assert str(blob) in doctor.out


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([["member", "title", "colour"], ["M", "T", "red"]], ("row 1, column C", "unknown heading 'colour'")),
        ([["title", "reading"], ["T", "t"]], ("row 1", "no column 'member'")),
        ([["member", "title", "title"], ["M", "T", "U"]], ("row 1, column C", "a second column 'title'")),
        ([], ("row 1", "the sheet is empty")),
    ],
    ids=["unknown", "missing", "doubled", "empty"],
)
def test_an_xlsx_with_wrong_columns(
    tomeishi: Command, installed: Any, tmp_path: Path, rows: list[list[str]], words: tuple[str, ...]
) -> None:
    sheet = tmp_path / "works.xlsx"
    workbook = openpyxl.Workbook()
    for row in rows:
        workbook.worksheets[0].append(row)
    workbook.save(sheet)
    before = _titles(tomeishi)
    for arguments in (("--dry-run",), (), ("--partial",)):
        outcome = tomeishi("works", "import", sheet, *arguments)
        assert (outcome.code, outcome.out) == (2, "")
        _one_line(outcome.err, str(sheet), *words)
    assert _titles(tomeishi) == before


@pytest.mark.parametrize(
    "arguments",
    [
        ("scren", "clip.mp4"),
        ("screen", "--jsonl"),
        ("screen", "--use", "dance", "clip.mp4"),
        ("screen", "--at", "yesterday", "clip.mp4"),
        ("screen", "--policy", "none.toml", "clip.mp4"),
        ("works", "add", "clip.mp4"),
        ("works", "show", "wrk_none"),
        ("works", "exclude", "ref_none", "0", "1", "--reason", "r"),
        ("consent", "revoke", "entry_none"),
        ("keys", "retire", "ed25519:none", "--because", "lost"),
        ("verify", "one.zip", "two.zip"),
    ],
    ids=" ".join,
)
def test_words_that_the_command_does_not_know(tomeishi: Command, installed: Any, arguments: tuple[str, ...]) -> None:
    outcome = tomeishi(*arguments)
    assert (outcome.code, outcome.out) == (2, "")
    _one_line(outcome.err)


def test_a_policy_that_is_none_is_named(tomeishi: Command, installed: Any, quoted: Path) -> None:
    (installed.home / "policy.toml").write_text('minimum_band = "weak"\n[unreadable]\nverdict = "clear"\n')
    outcome = tomeishi("screen", "--jsonl", quoted)
    assert (outcome.code, outcome.out) == (2, "")
    _one_line(outcome.err, "policy.toml", "'allowed' is missing")


def test_two_processes_that_register_the_same_footage_at_once_both_keep_it(
    tomeishi: Command, started: Start, works: tuple[DrawnFilm, ...], references: tuple[Path, ...], quoted: Path
) -> None:
    add = ("works", "add", "--json", "--title", "新作", references[0], "--member")
    processes = [started(*add, member) for member in ("会員一", "会員二")]
    answers = [process.communicate(timeout=120) for process in processes]
    assert [process.returncode for process in processes] == [0, 0], [error.decode() for _, error in answers]
    added = {json.loads(out)["work"] for out, _ in answers}
    assert {finding["work"] for finding in _screened(tomeishi("screen", "--jsonl", quoted).out)["findings"]} == added
    (overlap,) = json.loads(tomeishi("works", "overlaps", "--json").out)
    assert set(overlap["works"]) == added
    assert _is_sound(tomeishi)


def _until(condition: Callable[[], Any], process: "subprocess.Popen[bytes]") -> Any:
    """What `condition` says as soon as it says something."""
    end = time.monotonic() + 60
    while not (found := condition()):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end
        time.sleep(0.0005)
    return found


def _children(process: "subprocess.Popen[bytes]") -> list[int]:
    with suppress(OSError):
        return [int(n) for n in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()]
    return []


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="finds the decoding process through /proc")
@pytest.mark.parametrize("moment", ["decoding", "indexing"])
def test_a_process_killed_while_registering_leaves_a_sound_installation(
    tomeishi: Command, installed: Any, started: Start, references: tuple[Path, ...], quoted: Path, moment: str
) -> None:
    add = ("works", "add", "--json", "--member", "新会員", "--title", "新作", references[2])
    descendants: list[int] = []
    with (installed.home / "index" / "image-2" / "lock").open("ab") as lock:
        if moment == "indexing":
            flock(lock, LOCK_EX)  # the process waits here, its registration kept and its index not
        process = started(*add)
        try:
            if moment == "decoding":
                descendants = _until(lambda: _children(process), process)
            else:
                _until(lambda: "新作" in _titles(tomeishi), process)
        finally:
            process.send_signal(signal.SIGKILL)
            process.communicate()
    assert process.returncode == -signal.SIGKILL

    assert _is_sound(tomeishi)
    assert tomeishi("screen", quoted).code == 1
    again = tomeishi(*add)
    assert again.code == 0
    (reference,) = json.loads(again.out)["references"]
    found = _screened(tomeishi("screen", "--jsonl", references[2]).out)["findings"]
    assert {finding["reference_id"] for finding in found} == {reference}
    assert _titles(tomeishi).count("新作") == 1
    end = time.monotonic() + 10
    while any(Path(f"/proc/{pid}").exists() for pid in descendants):
        assert time.monotonic() < end, "the decoding process outlived the one that started it"
        time.sleep(0.05)
