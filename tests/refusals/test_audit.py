"""Bad data sets: told item by item, never followed, never silently left out, never the end of the rest."""

import io
import tarfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet as pq
from tests.audit.conftest import Audit, audit, copies, platform

from tomeishi.audit import readers, rows, stores
from tomeishi.audit.archives import Damaged, members
from tomeishi.audit.shards import Shard, sources_of
from tomeishi.audit.verdicts import Check
from tomeishi.errors import BadInput, Conflict, NotFound
from tomeishi.testing.datasets import nobodys_picture, write_parquet, write_tar
from tomeishi.testing.runners import InlineRunner

__all__ = ["audit", "copies", "platform"]

PICTURE = nobodys_picture(1)
QUICK = (Check.DIGEST, Check.SOURCE, Check.NAMES)
"""Checks that decode nothing."""


def _three(path: Path) -> Path:
    return write_tar(path, {f"{n}.jpg": nobodys_picture(n) for n in range(3)})


def test_a_tar_that_was_cut_off_gives_what_it_holds_and_says_that_there_was_more(audit: Audit, tmp_path: Path) -> None:
    whole = _three(tmp_path / "a.tar").read_bytes()
    (tmp_path / "a.tar").write_bytes(whole[: whole.index(b"2.jpg") + 600])
    done = audit(tmp_path / "a.tar")
    assert done.kept == ["0", "1"]
    assert "2" in done.skipped
    assert "ends in the middle of" in done.skipped["a.tar!"]
    assert done.summary["unknown"] >= 1


@pytest.mark.parametrize("cut", [511, 1024 + 512 * 17, -1024])
def test_a_tar_is_never_taken_for_whole_when_it_is_not(tmp_path: Path, cut: int) -> None:
    """Also where it was cut exactly between two members."""
    whole = write_tar(tmp_path / "a.tar", {"a.txt": b"x" * 8192, "b.txt": b"y"}).read_bytes()
    blocks = whole.rstrip(b"\0")
    shorter = whole[:cut] if cut > 0 else blocks + bytes(-len(blocks) % 512)
    with pytest.raises(Damaged, match="ends"):
        [member.data() for member in members(io.BytesIO(shorter))]


def test_what_is_no_tar_is_told(audit: Audit, tmp_path: Path) -> None:
    (tmp_path / "a.tar").write_bytes(b"words and words " * 100)
    (tmp_path / "empty.tar").write_bytes(b"")
    done = audit(tmp_path / "a.tar", tmp_path / "empty.tar")
    assert "is not a tar archive" in done.skipped["a.tar!"]
    assert "closing blocks" in done.skipped["empty.tar!"]


def test_links_and_devices_are_told_and_not_followed(audit: Audit, tmp_path: Path) -> None:
    secret = tmp_path / "secret.jpg"
    secret.write_bytes(PICTURE)
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        for name, form in (("sym.jpg", tarfile.SYMTYPE), ("hard.jpg", tarfile.LNKTYPE), ("pipe.jpg", tarfile.FIFOTYPE)):
            about = tarfile.TarInfo(name)
            about.type, about.linkname = form, str(secret)
            archive.addfile(about)
    done = audit(tmp_path / "a.tar")
    assert {key: "not followed" in detail for key, detail in done.skipped.items()} == {
        "sym": True,
        "hard": True,
        "pipe": True,
    }
    assert done.kept == []


@pytest.mark.parametrize("name", ["/etc/outside.jpg", "../../outside.jpg"])
def test_a_path_out_of_the_archive_is_only_a_name(audit: Audit, tmp_path: Path, name: str, platform: Any) -> None:
    write_tar(tmp_path / "a.tar", {name: PICTURE, "inside.jpg": PICTURE})
    before = set(tmp_path.rglob("outside*"))
    done = audit(tmp_path / "a.tar", checks=QUICK)
    assert done.summary["items"] == 2
    (copied,) = platform.audits.copies(done.out, tmp_path / "copy", InlineRunner())
    assert copied.kept == 1
    assert set(tmp_path.rglob("outside*")) == before


def _header(name: bytes, size: int, form: bytes = b"0") -> bytes:
    header = bytearray(512)
    header[: len(name)] = name
    header[124:136] = b"%011o\0" % size if size < 8**11 else b"\x80" + size.to_bytes(11, "big")
    header[156:157], header[257:265] = form, b"ustar\x0000"
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    return bytes(header)


def test_a_member_of_ten_gigabytes_is_passed_over(audit: Audit, tmp_path: Path) -> None:
    """It is a hole in a file here, and takes no room on the disk."""
    size = 10 << 30
    with (tmp_path / "a.tar").open("wb") as file:
        file.write(_header(b"huge.mp4", size))
        file.seek(size, io.SEEK_CUR)
        file.truncate()
        file.write(_header(b"small.jpg", len(PICTURE)) + PICTURE + bytes(-len(PICTURE) % 512) + bytes(1024))
    (source,), _ = sources_of([str(tmp_path / "a.tar")])
    shard = Shard(source, "sha256:0", stores.identity(source.location))
    with readers.Spool(tmp_path / "spool") as spool:
        # Reading ten gigabytes of nothing takes seconds; a file that can be seen to be too large must not be written.
        first = next(readers.items(shard, spool))
    assert first.problem is not None
    assert "larger than the limit" in first.problem
    assert not (tmp_path / "spool").exists()


def test_an_extended_header_of_gigabytes_is_not_read(tmp_path: Path) -> None:
    with pytest.raises(Damaged, match="extended header"):
        list(members(io.BytesIO(_header(b"x", 4 << 30, b"x"))))


@pytest.mark.parametrize("records", [b"garbage", b"99 path=x\n", b"5 p=\n" * 3, b"0 =\n", b"20 size=notanumber\n"])
def test_an_extended_header_that_makes_no_sense_ends_the_archive(records: bytes) -> None:
    data = _header(b"x", len(records), b"x") + records + bytes(-len(records) % 512) + _header(b"a.txt", 0) + bytes(1024)
    try:
        for member in members(io.BytesIO(data)):
            assert member.size == 0
    except Damaged:
        pass


def test_an_animated_or_broken_picture_is_not_the_end_of_its_shard(audit: Audit, tmp_path: Path) -> None:
    whole = nobodys_picture(2)
    done = audit(write_tar(tmp_path / "a.tar", {"a.jpg": whole, "b.jpg": b"no picture", "c.jpg": b"", "d.jpg": whole}))
    assert done.kept == ["a", "d"]
    assert set(done.skipped) == {"b", "c"}


def test_a_sidecar_without_media_is_unknown(audit: Audit, tmp_path: Path) -> None:
    write_tar(tmp_path / "a.tar", {"a.txt": b"a caption", "b.jpg": PICTURE, "c.bin": b"?"})
    done = audit(tmp_path / "a.tar", checks=QUICK)
    assert done.skipped["a"] == "has no media beside its sidecars"
    assert "holds nothing that is looked at" in done.skipped["c"]
    assert done.kept == ["b"]


def test_a_parquet_file_that_was_cut_off_is_unknown_as_a_whole(audit: Audit, tmp_path: Path) -> None:
    path = write_parquet(tmp_path / "a.parquet", {"text": ["one", "two"]})
    path.write_bytes(path.read_bytes()[:-20])
    write_parquet(tmp_path / "b.parquet", {"text": ["three"]})
    done = audit(path, tmp_path / "b.parquet", checks=QUICK)
    assert "cannot be read as Parquet" in done.skipped["a.parquet!"]
    assert done.kept == ["b.parquet:0"]


def test_a_damaged_page_inside_a_parquet_file_loses_only_what_follows(audit: Audit, tmp_path: Path) -> None:
    path = write_parquet(tmp_path / "a.parquet", {"text": [f"row {n} " * 50 for n in range(600)]}, rows_in_group=200)
    data = bytearray(path.read_bytes())
    middle = pq.ParquetFile(path).metadata.row_group(1).column(0)
    start = middle.dictionary_page_offset or middle.data_page_offset
    data[start : start + 40] = b"\xff" * 40
    path.write_bytes(data)
    done = audit(path, checks=QUICK)
    assert len(done.kept) == 200
    assert "cannot be read as Parquet" in done.skipped["a.parquet!"]


def test_parquet_files_of_other_schemas_are_each_read_by_their_own(audit: Audit, tmp_path: Path) -> None:
    folder = tmp_path / "mixed"
    folder.mkdir()
    write_parquet(folder / "a.parquet", {"uid": ["1"], "url": ["https://a.example.org/1"]})
    write_parquet(folder / "b.parquet", {"TEXT": ["two"], "URL": ["https://b.example.org/2"]})
    write_parquet(folder / "c.parquet", {"numbers": [3]})
    done = audit(folder, checks=QUICK)
    assert done.kept == ["1", "https://b.example.org/2"]
    assert "none of its columns" in done.skipped["c.parquet:0"]


def test_a_shard_without_rows_is_finished_and_holds_nothing(audit: Audit, tmp_path: Path) -> None:
    write_parquet(tmp_path / "none.parquet", {"text": pa.array([], pa.string())})
    (tmp_path / "none.csv").write_text("url,caption\n")
    write_parquet(tmp_path / "one.parquet", {"text": ["one"]})
    done = audit(*(tmp_path / name for name in ("none.parquet", "none.csv", "one.parquet")), checks=QUICK)
    assert (done.summary["items"], done.summary["unknown"]) == (1, 0)


def test_a_key_that_is_refused_once_is_kept_nowhere(audit: Audit, tmp_path: Path, copies: tuple[bytes, ...]) -> None:
    write_tar(tmp_path / "a.tar", {"same.jpg": PICTURE, "other.jpg": PICTURE})
    write_tar(tmp_path / "b.tar", {"same.jpg": copies[0]})
    done = audit(tmp_path / "a.tar", tmp_path / "b.tar")
    assert done.kept == ["other"]
    assert set(done.denied) == {"same"}
    assert done.summary["withheld"] == 1


def test_captions_in_five_scripts_and_broken_encodings_are_read(
    audit: Audit, tmp_path: Path, works: tuple[Any, ...]
) -> None:
    named = works[0].title
    lines = [
        f"картинка с {named}".encode(),
        f"صورة من {named}".encode(),
        f"『{named}』の絵".encode(),
        "तस्वीर".encode(),
        b"caf\xe9 \xff\xfe",
        "ぽるたん".encode("shift-jis"),
        "plain".encode("utf-16"),
    ]
    (tmp_path / "a.csv").write_bytes(
        b"id,caption\n" + b"".join(b"%d,%s\n" % (n, line) for n, line in enumerate(lines[:6]))
    )
    write_tar(tmp_path / "b.tar", {f"u{n}.txt": line for n, line in enumerate(lines)})
    done = audit(tmp_path / "a.csv", tmp_path / "b.tar", checks=QUICK)
    assert {key for key in done.denied if key in "012345"} == {"0", "1", "2"}
    assert {"3", "4", "5"} <= set(done.kept)
    assert {"u0", "u1", "u2"} <= set(done.denied)


def test_broken_rows_are_told_one_by_one(audit: Audit, tmp_path: Path) -> None:
    long = b'"' + b"x" * (2 << 20) + b'"'
    lines = [b'{"id": 1, "text": "one"}', b'{"id": 2', b"[3]", long, b'{"id": 5, "text": "five"}']
    (tmp_path / "a.jsonl").write_bytes(b"\n".join(lines))
    (tmp_path / "b.csv").write_text("id,caption\n6,six\n7,se,ven\n8\n")
    done = audit(tmp_path / "a.jsonl", tmp_path / "b.csv", checks=QUICK)
    assert {"1", "5", "6"} <= set(done.kept)
    assert done.skipped["a.jsonl:1"] == "is not a line of JSON"
    assert done.skipped["a.jsonl:2"] == "is not a JSON object"
    assert "3 cells under 2 columns" in done.skipped["7"]
    assert "1 cells under 2 columns" in done.skipped["8"]


def test_files_that_no_reader_takes_are_told(audit: Audit, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "a.jpg").write_bytes(PICTURE)
    (folder / "b.zip").write_bytes(b"PK")
    (folder / "README.md").write_text("about it")
    done = audit(folder, checks=QUICK)
    assert done.skipped == {"b.zip!": "no reader for this kind of file"}
    with pytest.raises(BadInput, match="no reader"):
        audit(folder / "b.zip", out="other")


def test_a_data_set_that_is_not_there_is_refused_before_anything_is_audited(audit: Audit, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no such file or folder"):
        audit(tmp_path / "nothing")


def test_a_shard_that_changes_while_it_is_read_fails_and_is_audited_as_it_is_then(
    audit: Audit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = _three(tmp_path / "a.tar")
    taken = readers._take

    def changing(*arguments: Any) -> None:
        taken(*arguments)
        write_tar(path, {"new.jpg": PICTURE})

    with monkeypatch.context() as during:
        during.setattr(readers, "_take", changing)
        first = audit(path, checks=QUICK)
    assert first.failures
    assert "changed while it was read" in first.failures[0]
    assert first.summary["failed_shards"] == ["a.tar"]
    again = audit(path, checks=QUICK)
    assert (again.kept, again.summary["failed_shards"]) == (["new"], [])


def test_no_space_left_ends_with_one_line_and_leaves_no_half_file(
    audit: Audit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = _three(tmp_path / "a.tar")

    def full(*_: Any, **__: Any) -> Any:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as during:
        during.setattr(rows, "_make_durable", full)
        first = audit(path, checks=QUICK)
    assert "No space left on device; free some space" in first.failures[0]
    assert list((first.out / "shards").glob("*")) == []
    assert audit(path, checks=QUICK).kept == ["0", "1", "2"]


def test_a_folder_of_another_audit_or_of_other_files_is_left_alone(audit: Audit, tmp_path: Path) -> None:
    path = _three(tmp_path / "a.tar")
    done = audit(path, checks=QUICK)
    before = (done.out / "summary.json").read_bytes()
    for changed in ({"provider": "other"}, {"checks": (Check.DIGEST,)}):
        with pytest.raises(Conflict, match="holds an audit"):
            audit(path, **{"checks": QUICK, **changed})
    assert (done.out / "summary.json").read_bytes() == before
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "a file").touch()
    with pytest.raises(Conflict, match="holds other files"):
        audit(path, out="taken", checks=QUICK)


def test_a_store_that_no_extra_reads_is_refused() -> None:
    with pytest.raises(BadInput, match="from paths and from s3://"):
        stores.files_of("gs://bucket/folder")
