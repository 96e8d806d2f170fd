"""A member's statement signed into a copy of their file, and read back from it."""

import importlib.util
from pathlib import Path

import pytest
from PIL import Image

from tomeishi.config import Limits
from tomeishi.consent.credentials import Credentials, sign_copy
from tomeishi.consent.standards import cawg
from tomeishi.consent.standards.signal import Authority, Reading, Stance
from tomeishi.errors import BadInput, Conflict, MissingExtra, NotFound
from tomeishi.media.provenance import c2pa_manifest
from tomeishi.testing.credentials import made_credentials
from tomeishi.values import Use

pytest.importorskip("c2pa")
NO_TRAINING = {Use.TRAIN: Stance.DENY, Use.FINE_TUNE: Stance.DENY, Use.INPUT: Stance.CONSTRAINED}


@pytest.fixture(scope="module")
def credentials() -> Credentials:
    return made_credentials()


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    Image.linear_gradient("L").convert("RGB").save(tmp_path / "ep01.jpg")
    return tmp_path / "ep01.jpg"


def test_what_is_signed_into_a_copy_is_read_from_it(tmp_path: Path, picture: Path, credentials: Credentials) -> None:
    before = picture.read_bytes()
    lost = sign_copy(picture, tmp_path / "copy.jpg", NO_TRAINING, credentials, terms="https://h.example/terms")
    store = c2pa_manifest(tmp_path / "copy.jpg", Limits())
    assert store is not None
    assert store["validation_state"] == "Valid"
    (signal,) = cawg.read(store, Reading("copy.jpg"))
    assert (signal.authority, dict(signal.uses)) == (Authority.SIGNED, NO_TRAINING)
    assert signal.conditions == ("cawg.ai_inference: https://h.example/terms",)
    assert lost == ()
    assert picture.read_bytes() == before


def test_a_copy_changed_after_signing_says_nothing(tmp_path: Path, picture: Path, credentials: Credentials) -> None:
    sign_copy(picture, tmp_path / "copy.jpg", NO_TRAINING, credentials)
    data = bytearray((tmp_path / "copy.jpg").read_bytes())
    data[-100] ^= 1
    (tmp_path / "copy.jpg").write_bytes(data)
    store = c2pa_manifest(tmp_path / "copy.jpg", Limits())
    assert store is not None
    (signal,) = cawg.read(store, Reading("copy.jpg"))
    assert signal.uses == {}


def test_a_copy_of_a_signed_copy_counts_the_refusals_of_both(
    tmp_path: Path, picture: Path, credentials: Credentials
) -> None:
    sign_copy(picture, tmp_path / "one.jpg", NO_TRAINING, credentials)
    sign_copy(tmp_path / "one.jpg", tmp_path / "two.jpg", dict.fromkeys(Use, Stance.ALLOW), credentials)
    store = c2pa_manifest(tmp_path / "two.jpg", Limits())
    assert store is not None
    signals = cawg.read(store, Reading("two.jpg"))
    assert {signal.stance(Use.TRAIN) for signal in signals} == {Stance.ALLOW, Stance.DENY}


def test_nothing_is_left_where_signing_fails(tmp_path: Path, picture: Path, credentials: Credentials) -> None:
    wrong = Credentials(credentials.certificates, b"no key")
    with pytest.raises(BadInput, match="cannot be signed"):
        sign_copy(picture, tmp_path / "copy.jpg", NO_TRAINING, wrong)
    assert [path.name for path in tmp_path.iterdir()] == ["ep01.jpg"]


def test_what_cannot_be_signed_is_said(tmp_path: Path, picture: Path, credentials: Credentials) -> None:
    with pytest.raises(Conflict):
        sign_copy(picture, picture, NO_TRAINING, credentials)
    with pytest.raises(NotFound):
        sign_copy(tmp_path / "none.jpg", tmp_path / "copy.jpg", NO_TRAINING, credentials)
    with pytest.raises(BadInput, match="nothing to sign"):
        sign_copy(picture, tmp_path / "copy.jpg", {}, credentials)
    (tmp_path / "notes.txt").write_text("notes")
    with pytest.raises(BadInput, match="not a format"):
        sign_copy(tmp_path / "notes.txt", tmp_path / "copy.txt", NO_TRAINING, credentials)
    with pytest.raises(BadInput, match="not an algorithm"):
        Credentials(b"", b"", "md5")


def test_without_the_extra_it_says_what_to_install(
    tmp_path: Path, picture: Path, credentials: Credentials, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(MissingExtra, match=r"tomeishi\[c2pa\]"):
        sign_copy(picture, tmp_path / "copy.jpg", NO_TRAINING, credentials)


def test_the_key_is_not_shown(credentials: Credentials) -> None:
    assert "PRIVATE" not in repr(credentials)
