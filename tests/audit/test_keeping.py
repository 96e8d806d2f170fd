"""What may be kept passes, and nothing else: through the filter for pipelines, and in filtered copies."""

import tarfile
from pathlib import Path

import pytest
from pyarrow import parquet as pq
from tests.audit.conftest import Audit

import tomeishi
from tomeishi.audit.verdicts import Check
from tomeishi.errors import BadInput, Conflict, NotFound, Tampered
from tomeishi.testing.datasets import nobodys_picture, write_parquet, write_tar
from tomeishi.testing.runners import InlineRunner
from tomeishi.wiring import Platform


def test_the_filter_passes_what_is_kept_and_nothing_it_does_not_know(
    audit: Audit, tmp_path: Path, copies: tuple[bytes, ...]
) -> None:
    done = audit(write_tar(tmp_path / "a.tar", {"a.jpg": nobodys_picture(1), "b.jpg": copies[0], "c.jpg": b"?"}))
    samples = [{"__key__": key} for key in ("a", "b", "c", "never seen")] + [{"other": "a"}]
    assert list(tomeishi.filter_allowed(samples, done.out)) == [{"__key__": "a"}]
    assert list(tomeishi.filter_allowed([{"id": "a"}], done.out, key="id")) == [{"id": "a"}]


def test_a_list_that_was_changed_or_is_not_there_passes_nothing(audit: Audit, tmp_path: Path) -> None:
    done = audit(write_tar(tmp_path / "a.tar", {"a.jpg": nobodys_picture(1)}), checks=(Check.DIGEST,))
    with (done.out / "keep.txt").open("a") as file:
        file.write("smuggled\n")
    with pytest.raises(Tampered, match="not the list"):
        next(tomeishi.filter_allowed([{"__key__": "a"}], done.out))
    with pytest.raises(NotFound):
        next(tomeishi.filter_allowed([{"__key__": "a"}], tmp_path / "nowhere"))


def test_a_copy_of_an_archive_holds_the_kept_items_whole(
    audit: Audit, tmp_path: Path, copies: tuple[bytes, ...], platform: Platform
) -> None:
    picture = nobodys_picture(1)
    members = {"a.jpg": picture, "a.json": b'{"url": "x"}', "b.jpg": copies[0], "b.txt": b"b", "c.jpg": picture}
    done = audit(write_tar(tmp_path / "a.tar", members))
    (copied,) = platform.audits.copies(done.out, tmp_path / "copy", InlineRunner())
    assert (copied.kept, copied.left_out) == (2, 1)
    with tarfile.open(tmp_path / "copy" / "a.tar") as archive:
        found = {member.name: archive.extractfile(member) for member in archive}
        assert {name: file.read() for name, file in found.items() if file} == {
            name: members[name] for name in ("a.jpg", "a.json", "c.jpg")
        }
    with pytest.raises(Conflict, match="a file is there already"):
        list(platform.audits.copies(done.out, tmp_path / "copy", InlineRunner()))


def test_a_copy_of_a_parquet_file_keeps_its_columns(
    audit: Audit, tmp_path: Path, copies: tuple[bytes, ...], platform: Platform
) -> None:
    columns = {"n": [1, 2, 3], "image": [nobodys_picture(1), copies[0], nobodys_picture(2)]}
    done = audit(write_parquet(tmp_path / "a.parquet", columns, rows_in_group=2))
    list(platform.audits.copies(done.out, tmp_path / "copy", InlineRunner()))
    table = pq.read_table(tmp_path / "copy" / "a.parquet")
    assert table.column("n").to_pylist() == [1, 3]
    assert table.schema.names == ["n", "image"]


def test_other_layouts_are_not_copied(audit: Audit, tmp_path: Path, platform: Platform) -> None:
    (tmp_path / "a.csv").write_text("id,caption\n1,one\n")
    done = audit(tmp_path / "a.csv", checks=(Check.NAMES,))
    with pytest.raises(BadInput, match=r"use keep\.txt"):
        list(platform.audits.copies(done.out, tmp_path / "copy", InlineRunner()))
