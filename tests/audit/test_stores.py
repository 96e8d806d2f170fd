"""`s3://` against a store of this machine: read like a folder; refusals in one line."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest
from tests.audit.conftest import Audit

from tomeishi.audit import stores
from tomeishi.audit.verdicts import Check
from tomeishi.errors import BadInput, NotFound, StorageFailure
from tomeishi.testing.datasets import nobodys_picture, write_parquet, write_tar

# The store's client leaves its sockets to the collector, which no code of ours can change.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")
PLAIN = {"Content-Type": "text/plain"}

pytest.importorskip("s3fs")
pytest.importorskip("moto.server")


@pytest.fixture(scope="module")
def store() -> Iterator[str]:
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(store: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    import boto3
    import s3fs

    for name, value in {
        "AWS_ENDPOINT_URL": store,
        "AWS_ACCESS_KEY_ID": "somebody",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }.items():
        monkeypatch.setenv(name, value)
    s3fs.S3FileSystem.clear_instance_cache()
    client = boto3.client("s3")
    client.create_bucket(Bucket="data")
    yield client
    s3fs.S3FileSystem.clear_instance_cache()


def test_a_data_set_in_a_store_is_read_like_one_in_a_folder(audit: Audit, tmp_path: Path, bucket: Any) -> None:
    folder = tmp_path / "local"
    folder.mkdir()
    write_tar(folder / "a.tar", {f"{n}.jpg": nobodys_picture(n) for n in range(3)})
    write_parquet(folder / "b.parquet", {"uid": ["p"], "text": ["a cat"]})
    (folder / "c.csv").write_text("id,caption\nq,a dog\n")
    (folder / "d.jpg").write_bytes(nobodys_picture(4))
    for path in folder.iterdir():
        bucket.upload_file(str(path), "data", f"set/{path.name}")
    quick = (Check.DIGEST, Check.NAMES)
    here, there = audit(folder, checks=quick), audit("s3://data/set", out="remote", checks=quick)
    assert there.kept == here.kept == ["0", "1", "2", "p", "q", "d.jpg"]
    assert there.summary["dataset"] == here.summary["dataset"]


def test_what_is_not_in_the_store_is_not_found(bucket: Any) -> None:
    with pytest.raises(NotFound, match="nothing there"):
        stores.files_of("s3://data/other")


def test_a_store_without_credentials_is_refused_in_one_line(bucket: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    import s3fs

    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    s3fs.S3FileSystem.clear_instance_cache()
    with pytest.raises(BadInput, match="credentials"):
        stores.files_of("s3://data/set")


def test_credentials_that_the_store_refuses_are_told(bucket: Any, store: str) -> None:
    """From here on the store checks who asks, and knows nobody."""
    import s3fs

    bucket.put_object(Bucket="data", Key="set/a.csv", Body=b"id\n1\n")
    urlopen(Request(f"{store}/moto-api/reset-auth", data=b"0", headers=PLAIN)).close()
    try:
        s3fs.S3FileSystem.clear_instance_cache()
        with pytest.raises(BadInput, match="not permitted to read it; check the permissions or credentials"):
            stores.files_of("s3://data/set")
    finally:
        urlopen(Request(f"{store}/moto-api/reset-auth", data=b"inf", headers=PLAIN)).close()


def test_a_store_that_does_not_answer_is_told(monkeypatch: pytest.MonkeyPatch, bucket: Any) -> None:
    import s3fs

    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    s3fs.S3FileSystem.clear_instance_cache()
    with pytest.raises(StorageFailure, match="the store cannot be read"):
        stores.files_of("s3://data/set")
