"""Every layout gives its items, in its own keys, with what is said about them."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from tomeishi.audit import shards
from tomeishi.audit.items import Item, MediumKind, words_of
from tomeishi.audit.readers import Spool, items
from tomeishi.audit.shards import measured, sources_of
from tomeishi.testing.datasets import nobodys_picture, write_parquet, write_tar

PICTURE = nobodys_picture(1)


def read(tmp_path: Path, *datasets: Path) -> list[Item]:
    """Items of all shards, media in files as their bytes."""
    found = []
    sources, refused = sources_of([str(each) for each in datasets])
    assert refused == []
    with Spool(tmp_path / "spool") as spool:
        for source in sources:
            for shard in measured(source):
                found += list(items(shard, spool))
    return found


def test_a_webdataset_gives_an_item_for_each_key(tmp_path: Path) -> None:
    write_tar(
        tmp_path / "a.tar",
        {
            "one.jpg": PICTURE,
            "one.txt": b"a caption",
            "one.json": json.dumps({"url": "https://example.org/one.jpg"}).encode(),
            "sub/two.png": PICTURE,
            "sub/two.cls": b"3",
        },
    )
    one, two = read(tmp_path, tmp_path / "a.tar")
    assert (one.key, one.words.texts, one.words.urls) == ("one", ("a caption",), ("https://example.org/one.jpg",))
    assert one.media[0].data == PICTURE
    assert (two.key, two.media[0].kind, two.problem) == ("sub/two", MediumKind.PICTURE, None)


def test_img2dataset_output_is_read_with_its_sidecars_and_not_twice(tmp_path: Path) -> None:
    about = {
        "key": "000000007",
        "url": "https://example.org/7.jpg",
        "caption": "seven",
        "status": "success",
        "error_message": None,
        "width": 200,
        "sha256": "A" * 64,
        "exif": "{}",
    }
    folder = tmp_path / "laion"
    folder.mkdir()
    write_tar(
        folder / "00000.tar",
        {
            "000000007.jpg": PICTURE,
            "000000007.txt": b"seven",
            "000000007.json": json.dumps(about).encode(),
        },
    )
    write_parquet(folder / "00000.parquet", {name: [value] for name, value in about.items()})
    (folder / "00000_stats.json").write_text("{}")
    (item,) = read(tmp_path, folder)
    assert item.key == "000000007"
    assert item.words.texts == ("seven", "seven")
    assert item.words.digests == ("sha256:" + "a" * 64,)


def test_img2dataset_files_in_folders_are_called_by_their_media(tmp_path: Path) -> None:
    folder = tmp_path / "files" / "00000"
    folder.mkdir(parents=True)
    (folder / "000.jpg").write_bytes(PICTURE)
    (folder / "000.txt").write_text("nought")
    (folder / "001.png").write_bytes(PICTURE)
    (folder / ".hidden.jpg").write_bytes(PICTURE)
    found = read(tmp_path, tmp_path / "files")
    assert [item.key for item in found] == ["00000/000.jpg", "00000/001.png"]
    assert found[0].words.texts == ("nought",)


def test_laion_metadata_has_its_address_for_a_key(tmp_path: Path) -> None:
    columns = {"URL": ["https://example.org/a.jpg"], "TEXT": ["a cat"], "WIDTH": [300], "similarity": [0.3]}
    (item,) = read(tmp_path, write_parquet(tmp_path / "part.parquet", columns))
    assert (item.key, item.words.texts) == ("https://example.org/a.jpg", ("a cat",))
    assert item.problem is None


def test_datacomp_metadata_has_its_uid_for_a_key(tmp_path: Path) -> None:
    columns = {
        "uid": ["0123456789abcdef0123456789abcdef"],
        "url": ["https://example.org/a.jpg"],
        "text": ["a cat"],
        "sha256": ["b" * 64],
        "clip_l14_similarity_score": [0.2],
    }
    (item,) = read(tmp_path, write_parquet(tmp_path / "part.parquet", columns))
    assert item.key == "0123456789abcdef0123456789abcdef"
    assert item.words.digests == ("sha256:" + "b" * 64,)
    assert item.words.texts == ("a cat",)


@pytest.mark.parametrize("shape", ["struct", "bytes", "several"])
def test_hugging_face_parquet_holds_its_pictures(tmp_path: Path, shape: str) -> None:
    cell: Any = {"bytes": PICTURE, "path": "a.jpg"}
    if shape == "bytes":
        cell = PICTURE
    elif shape == "several":
        cell = [cell, {"bytes": PICTURE, "path": "b.jpg"}]
    path = write_parquet(tmp_path / "train-00000-of-00001.parquet", {"image": [cell], "caption": ["a cat"]})
    (item,) = read(tmp_path, path)
    assert item.key == "train-00000-of-00001.parquet:0"
    assert {medium.data for medium in item.media} == {PICTURE}
    assert len(item.media) == (2 if shape == "several" else 1)
    assert item.words.texts[0] == "a cat" or "a cat" in item.words.texts


def test_a_cell_whose_picture_lies_elsewhere_is_told(tmp_path: Path) -> None:
    kind = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    column = pa.array([{"bytes": None, "path": "folder/a.jpg"}], kind)
    (item,) = read(tmp_path, write_parquet(tmp_path / "a.parquet", {"image": column}))
    assert item.problem == "its media lies elsewhere: a.jpg"


def test_a_csv_is_cut_where_rows_end_not_where_lines_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shards, "ROWS", 2)
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["id", "caption"])
    captions = ['two\nlines, "quoted"', "plain", "three\n\nlines", "また\n改行", "last"]
    writer.writerows([n, caption] for n, caption in enumerate(captions))
    path = tmp_path / "rows.csv"
    path.write_text(text.getvalue(), encoding="utf-8")
    assert len(measured(sources_of([str(path)])[0][0])) == 3
    found = read(tmp_path, path)
    assert [item.key for item in found] == list("01234")
    assert [item.words.texts[0].replace("\r", "") for item in found] == captions


def test_json_lines_and_lists_of_addresses_give_an_item_to_a_line(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"id": 5, "text": "five"}\n\n{"caption": ["one", "two"]}\n')
    (tmp_path / "b.txt").write_text("https://example.org/a.jpg\nnot an address\n")
    five, captions, address, other = read(tmp_path, tmp_path / "a.jsonl", tmp_path / "b.txt")
    assert (five.key, five.words.texts) == ("5", ("five",))
    assert (captions.key, captions.words.texts) == ("a.jsonl:2", ("one", "two"))
    assert address.words.urls == ("https://example.org/a.jpg",)
    assert other.problem == "is no address"


def test_a_film_in_an_archive_goes_through_a_file_of_another_name(tmp_path: Path) -> None:
    write_tar(tmp_path / "a.tar", {"clip.mp4": b"film", "other.mp4": b"another"})
    (source,), _ = sources_of([str(tmp_path / "a.tar")])
    (shard,) = measured(source)
    with Spool(tmp_path / "spool") as spool:
        reading = items(shard, spool)
        first = next(reading)
        path = first.media[0].path
        assert path is not None
        assert path.read_bytes() == b"film"
        assert "clip" not in path.name
        next(reading)
        assert not path.exists()
    assert list((tmp_path / "spool").iterdir()) == []


def test_rows_of_a_parquet_file_are_cut_by_its_groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shards, "ROWS", 4)
    path = write_parquet(tmp_path / "a.parquet", {"text": [f"row {n}" for n in range(10)]}, rows_in_group=3)
    (source,), _ = sources_of([str(path)])
    assert [(shard.start, shard.stop, shard.first) for shard in measured(source)] == [(0, 2, 0), (2, 4, 6)]
    assert [item.key for item in read(tmp_path, path)] == [f"a.parquet:{n}" for n in range(10)]


def test_equal_content_has_the_same_digest_wherever_it_lies(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        write_tar(tmp_path / name / "a.tar", {"a.jpg": PICTURE})
    digests = {measured(sources_of([str(tmp_path / name / "a.tar")])[0][0])[0].digest for name in ("one", "two")}
    assert len(digests) == 1


def test_recorded_headers_are_kept_as_header_lines() -> None:
    told = words_of({"x_robots_tag": "noai", "http_headers": json.dumps({"TDM-Reservation": "1"})})
    assert told.headers == ("x-robots-tag: noai", "TDM-Reservation: 1")
    assert words_of({"headers": {"Content-Usage": "train-ai=n"}}).headers == ("Content-Usage: train-ai=n",)


def test_numbers_and_ids_are_no_captions() -> None:
    assert words_of({"width": "300", "license": "CC0", "md5": "abc", "title": "星"}).texts == ("星",)
