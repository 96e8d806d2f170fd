import json
import shutil
import subprocess
import sys
import zipfile
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tomeishi.access.keys import SigningKey, new_key
from tomeishi.consent.permission import Permission
from tomeishi.errors import BadInput, Conflict, NotFound, StorageFailure
from tomeishi.evidence.capture import Capture
from tomeishi.evidence.contents import Contents
from tomeishi.evidence.frame_pairs import FramePair, to_png
from tomeishi.evidence.package import check, pack
from tomeishi.screening.findings import Finding, MadeBy, Screening
from tomeishi.values import Band, Interval, Kind, Segment, Use, Verdict, digest_of

MOMENT = datetime(2026, 11, 23, 1, 2, 3, tzinfo=UTC)
KEY = SigningKey("証拠管理室", Ed25519PrivateKey.from_private_bytes(b"k" * 32))
SEGMENT = Segment(Interval(1, 3), Interval(10, 12), 0.93)
FINDING = Finding(
    work_id="work_1",
    title="星屑のリリィ",
    member_id="member_1",
    member="スタジオ星屑",
    reference_id="reference_1",
    reference_path="ep01.mp4",
    reference_digest=digest_of(b"reference"),
    kind=Kind.EDIT,
    band=Band.STRONG,
    score=0.93,
    segments=(SEGMENT,),
    permission=Permission(Use.REPRODUCE, False, (), "No grant is recorded.", "許諾の記録がありません。"),
    verdict=Verdict.BLOCK,
)
MADE_BY = MadeBy("0.1.0", (("pdq-1", None),), digest_of(b"policy"), (digest_of(b"snapshot"),))


def picture(shade: int) -> bytes:
    return to_png(np.full((36, 64, 3), shade, np.uint8))


def contents(folder: Path, data: bytes = b"film", name: str = "query.mp4") -> Contents:
    query = folder / name
    query.write_bytes(data)
    screening = Screening(name, digest_of(data), 12.0, (FINDING,), (Kind.COPY,), Verdict.BLOCK, None, None, MADE_BY)
    return Contents(
        package_id="evidence_1",
        created_at=MOMENT,
        screening=screening,
        query=query,
        seal_query=True,
        registry={"works": [{"id": "work_1"}]},
        consent={"entries": []},
        frame_pairs=((FramePair(0, 2.0, 11.0, picture(10), picture(20)),),),
        capture=Capture(source_url="https://video.example/1", captured_at=MOMENT, prompt="星空", model="m-1"),
    )


def test_a_package_is_intact_to_whoever_trusts_its_key(tmp_path: Path) -> None:
    sealed = pack(contents(tmp_path), KEY, tmp_path / "out" / "a.zip")
    result = check(sealed.path, [new_key("someone else").public, KEY.public])
    assert (result.state, result.exit_code) == ("intact", 0)
    assert result.package == "evidence_1"
    assert result.key_id == KEY.public.key_id
    assert sealed.size_bytes == sealed.path.stat().st_size


def test_the_signer_of_a_package_is_unknown_to_whoever_has_no_or_another_key(tmp_path: Path) -> None:
    sealed = pack(contents(tmp_path), KEY, tmp_path / "a.zip")
    for keys in ([], [new_key("someone else").public]):
        result = check(sealed.path, keys)
        assert (result.state, result.exit_code) == ("unknown_signer", 4)


def test_the_same_contents_give_the_same_bytes(tmp_path: Path) -> None:
    first, second = (pack(contents(tmp_path), KEY, tmp_path / name) for name in ("a.zip", "b.zip"))
    assert first.path.read_bytes() == second.path.read_bytes()


def test_everyday_tools_open_a_package(tmp_path: Path) -> None:
    path = pack(contents(tmp_path), KEY, tmp_path / "a.zip").path
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        assert {info.date_time for info in archive.infolist()} == {(2026, 11, 23, 1, 2, 2)}
        assert archive.read("query/query.mp4") == b"film"
        assert archive.namelist()[-2:] == ["inventory.json", "inventory.sig"]
    if shutil.which("unzip"):
        assert subprocess.run(["unzip", "-tq", path], capture_output=True, check=False).returncode == 0


def test_openssl_alone_verifies_the_signature_as_the_readme_says(tmp_path: Path) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    path = pack(contents(tmp_path), KEY, tmp_path / "a.zip").path
    pem = KEY.private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (tmp_path / "signer.pem").write_bytes(pem)
    with zipfile.ZipFile(path) as archive:
        archive.extractall(tmp_path)
        readme = archive.read("readme.txt").decode()
    command = "openssl pkeyutl -verify -rawin -pubin -inkey signer.pem -in inventory.json -sigfile inventory.sig"
    assert readme.count(command) == 2
    done = subprocess.run(command.split(), cwd=tmp_path, capture_output=True, check=False)
    if b"Unknown option" in done.stderr or b"not supported" in done.stderr:
        pytest.skip("this openssl is older than 3.0")
    assert done.returncode == 0, done.stderr


def test_the_facts_and_their_origin_are_inside(tmp_path: Path) -> None:
    path = pack(contents(tmp_path), KEY, tmp_path / "a.zip").path
    with zipfile.ZipFile(path) as archive:
        read = {name: archive.read(name) for name in archive.namelist()}
    screening, capture = json.loads(read["screening.json"]), json.loads(read["capture.json"])
    assert screening["findings"][0]["segments"] == [[1, 3, 10, 12]]
    assert screening["findings"][0]["reference_digest"] == digest_of(b"reference")
    assert screening["made_by"]["descriptors"] == [{"key": "pdq-1", "weights": None}]
    assert capture["prompt"] == "星空"
    assert capture["provider"] is None
    assert capture["query"] == {
        "name": "query.mp4",
        "digest": digest_of(b"film"),
        "size": 4,
        "sealed": "query/query.mp4",
    }
    pair = json.loads(read["frame-pairs/pairs.json"])[0]
    assert pair["query"]["time_s"] == 2
    assert pair["reference"]["digest"] == digest_of(read[pair["reference"]["file"]])


def test_a_query_may_stay_outside_with_its_digest_sealed(tmp_path: Path) -> None:
    path = pack(replace(contents(tmp_path), seal_query=False), KEY, tmp_path / "a.zip").path
    with zipfile.ZipFile(path) as archive:
        assert not [name for name in archive.namelist() if name.startswith("query/")]
        assert json.loads(archive.read("capture.json"))["query"]["digest"] == digest_of(b"film")
    assert check(path, [KEY.public]).state == "intact"


def test_a_stream_without_a_file_can_be_evidence(tmp_path: Path) -> None:
    streamed = replace(contents(tmp_path), query=None, seal_query=False)
    assert check(pack(streamed, KEY, tmp_path / "a.zip").path, [KEY.public]).state == "intact"


def test_a_manifest_with_numbers_past_what_json_keeps_is_still_sealed(tmp_path: Path) -> None:
    manifest = {"active_manifest": "a", "manifests": {"a": {"n": 2**70}}, "validation_state": "Valid"}
    path = pack(replace(contents(tmp_path), c2pa_manifest=manifest), KEY, tmp_path / "a.zip").path
    with zipfile.ZipFile(path) as archive:
        assert json.loads(archive.read("c2pa_manifest.json")) == manifest


def test_a_file_name_that_is_not_text_is_sealed_escaped(tmp_path: Path) -> None:
    odd = contents(tmp_path)
    odd = replace(odd, screening=replace(odd.screening, query="clip\udcff.mp4"))
    path = pack(odd, KEY, tmp_path / "a.zip").path
    with zipfile.ZipFile(path) as archive:
        assert json.loads(archive.read("capture.json"))["query"]["name"] == "clip\\udcff.mp4"


@pytest.mark.parametrize(
    ("name", "sealed"), [("動画.MP4", "query.mp4"), ("a.m p4", "query"), ("..", "query"), ("x", "query")]
)
def test_the_name_of_the_query_inside_is_ours(tmp_path: Path, name: str, sealed: str) -> None:
    made = contents(tmp_path, name="x" + name)
    with zipfile.ZipFile(pack(made, KEY, tmp_path / "a.zip").path) as archive:
        assert [each for each in archive.namelist() if each.startswith("query/")] == [f"query/{sealed}"]


def test_evidence_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(b"older evidence")
    with pytest.raises(Conflict, match="never overwritten"):
        pack(contents(tmp_path), KEY, tmp_path / "a.zip")
    assert (tmp_path / "a.zip").read_bytes() == b"older evidence"


def test_a_query_changed_since_it_was_screened_is_not_sealed(tmp_path: Path) -> None:
    made = contents(tmp_path)
    (tmp_path / "query.mp4").write_bytes(b"other film")
    with pytest.raises(Conflict, match="changed since"):
        pack(made, KEY, tmp_path / "a.zip")


def test_what_does_not_fit_together_is_refused(tmp_path: Path) -> None:
    made = contents(tmp_path)
    with pytest.raises(BadInput, match="frame pairs"):
        replace(made, frame_pairs=((), ()))
    with pytest.raises(BadInput, match="no query file"):
        replace(made, query=None)
    with pytest.raises(BadInput, match="time zone"):
        replace(made, created_at=datetime(2026, 1, 1))  # noqa: DTZ001
    with pytest.raises(BadInput, match="--prompt"):
        Capture(prompt="x" * 100_001)
    with pytest.raises(NotFound):
        pack(replace(made, query=tmp_path / "gone.mp4"), KEY, tmp_path / "a.zip")
    with pytest.raises(NotFound):
        check(tmp_path / "gone.zip", [])


def test_a_folder_that_cannot_be_written_is_a_storage_failure(tmp_path: Path) -> None:
    made = contents(tmp_path)
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StorageFailure, match="cannot be written"):
        pack(made, KEY, tmp_path / "file" / "a.zip")


@pytest.mark.skipif(sys.platform == "win32", reason="no RLIMIT_FSIZE")
def test_a_disk_that_fills_up_leaves_nothing_half_written(tmp_path: Path) -> None:
    """Past RLIMIT_FSIZE the system refuses to write, as it does on a full disk."""
    import resource

    made = contents(tmp_path, data=b"x" * 3_000_000)
    (tmp_path / "out").mkdir()
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, before[1]))
    try:
        with pytest.raises(StorageFailure, match="nothing was left"):
            pack(made, KEY, tmp_path / "out" / "a.zip")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert list((tmp_path / "out").iterdir()) == []
