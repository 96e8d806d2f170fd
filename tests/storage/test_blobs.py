from pathlib import Path

import pytest

from tomeishi.errors import BadInput, NotFound, StorageFailure, Tampered
from tomeishi.storage.blobs import Blobs
from tomeishi.values import digest_of


@pytest.fixture
def blobs(tmp_path: Path) -> Blobs:
    return Blobs(tmp_path / "blobs")


@pytest.mark.parametrize("data", [b"", b"a", bytes(range(256)) * 4096])
def test_what_was_put_comes_back(blobs: Blobs, data: bytes) -> None:
    digest = blobs.put(data)
    assert digest == digest_of(data)
    assert blobs.get(digest) == data


def test_a_blob_lies_two_folders_deep(blobs: Blobs) -> None:
    name = blobs.put(b"a").removeprefix("sha256:")
    assert (blobs.folder / name[:2] / name[2:4] / name).read_bytes() == b"a"


def test_the_same_bytes_lie_there_once_and_nothing_unfinished_with_them(blobs: Blobs) -> None:
    assert blobs.put(b"a") == blobs.put(b"a")
    assert len([path for path in blobs.folder.rglob("*") if path.is_file()]) == 1


def test_changed_bytes_are_noticed(blobs: Blobs) -> None:
    digest = blobs.put(b"true")
    blobs.path(digest).write_bytes(b"fake")
    with pytest.raises(Tampered, match="no longer match"):
        blobs.get(digest)


def test_putting_the_bytes_again_heals_a_damaged_blob(blobs: Blobs) -> None:
    digest = blobs.put(b"true")
    blobs.path(digest).write_bytes(b"")
    blobs.put(b"true")
    assert blobs.get(digest) == b"true"


def test_a_digest_that_names_nothing_is_not_found(blobs: Blobs) -> None:
    with pytest.raises(NotFound, match="no file is kept"):
        blobs.get(digest_of(b"never put"))


@pytest.mark.parametrize("digest", ["", "sha256:", "md5:" + "0" * 64, "sha256:../../etc/passwd", "sha256:" + "A" * 64])
def test_what_is_no_digest_never_becomes_a_path(blobs: Blobs, digest: str) -> None:
    with pytest.raises(BadInput, match="not a digest"):
        blobs.path(digest)


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StorageFailure, match="cannot keep a file of 4 bytes"):
        Blobs(tmp_path / "file").put(b"true")
