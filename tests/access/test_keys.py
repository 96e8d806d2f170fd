import base64
import json
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from tomeishi.access.keys import PublicKey, SigningKey, new_key, read_key, read_public_key, write_key
from tomeishi.errors import BadInput, Conflict, NotFound, StorageFailure

RFC_8032_TEST_3 = SigningKey(
    "RFC 8032, 7.1, test 3",
    Ed25519PrivateKey.from_private_bytes(
        bytes.fromhex("c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7")
    ),
)
RFC_8032_SIGNATURE = bytes.fromhex(
    "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
    "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"
)
P = 2**255 - 19


def test_signatures_are_those_of_rfc_8032() -> None:
    assert RFC_8032_TEST_3.public.raw.hex() == "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025"
    assert RFC_8032_TEST_3.sign(b"\xaf\x82") == RFC_8032_SIGNATURE
    assert RFC_8032_TEST_3.public.verifies(RFC_8032_SIGNATURE, b"\xaf\x82")


@pytest.mark.parametrize(
    ("signature", "message"),
    [
        (RFC_8032_SIGNATURE, b"\xaf\x83"),
        (RFC_8032_SIGNATURE[:-1], b"\xaf\x82"),
        (RFC_8032_SIGNATURE + b"\0", b"\xaf\x82"),
        (b"", b"\xaf\x82"),
        (bytes(64), b"\xaf\x82"),
    ],
)
def test_any_other_signature_or_message_fails(signature: bytes, message: bytes) -> None:
    assert not RFC_8032_TEST_3.public.verifies(signature, message)


def test_a_signature_made_larger_by_the_group_order_fails() -> None:
    scalar = int.from_bytes(RFC_8032_SIGNATURE[32:], "little") + 2**252 + 27742317777372353535851937790883648493
    malleable = RFC_8032_SIGNATURE[:32] + scalar.to_bytes(32, "little")
    assert not RFC_8032_TEST_3.public.verifies(malleable, b"\xaf\x82")


def test_a_key_under_which_one_signature_fits_any_words_is_refused() -> None:
    identity = (1).to_bytes(32, "little")
    for words in (b"no", b"yes"):
        Ed25519PublicKey.from_public_bytes(identity).verify(identity + bytes(32), words)  # raises if it did not fit
    with pytest.raises(BadInput, match="anybody can sign"):
        PublicKey(identity)


@pytest.mark.parametrize(
    "y", [0, 1, P - 1, P, P + 1, 0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826]
)
@pytest.mark.parametrize("sign", [0, 1 << 255])
def test_every_spelling_of_a_point_of_small_order_is_refused(y: int, sign: int) -> None:
    with pytest.raises(BadInput, match="small order"):
        PublicKey((y | sign).to_bytes(32, "little"))


def test_a_public_key_reads_back_from_its_text() -> None:
    key = new_key("Kumo Animation").public
    assert PublicKey.from_text(key.text) == key
    assert PublicKey.from_text(f" {key.text}\n") == key
    assert key.key_id.startswith("ed25519:")


@pytest.mark.parametrize("text", ["", "not base64", base64.b64encode(bytes(31)).decode(), "鍵", "AAAA"])
def test_text_that_is_no_public_key_is_refused(text: str) -> None:
    with pytest.raises(BadInput):
        PublicKey.from_text(text)


def test_a_key_file_reads_back_and_only_its_owner_can_read_it(tmp_path: Path) -> None:
    key, path = new_key("雲アニメーション"), tmp_path / "keys" / "kumo.key"
    write_key(key, path)
    read = read_key(path)
    assert (read.owner, read.public) == (key.owner, key.public)
    assert read_public_key(path) == key.public
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_key_shows_only_its_public_half() -> None:
    key = new_key("Kumo Animation")
    assert key.public.key_id in repr(key)
    assert "private" not in repr(key)


def test_a_key_file_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "kumo.key"
    write_key(new_key("Kumo Animation"), path)
    before = path.read_bytes()
    with pytest.raises(Conflict, match="already"):
        write_key(new_key("Kumo Animation"), path)
    assert path.read_bytes() == before


FULL_DISK = """
import resource, signal, sys
from pathlib import Path
from tomeishi.access.keys import new_key, write_key
from tomeishi.errors import StorageFailure
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (20, 20))
try:
    write_key(new_key("Kumo Animation"), Path(sys.argv[1]))
except StorageFailure:
    sys.exit(7)
"""


def test_half_a_key_is_not_left_on_a_full_disk(tmp_path: Path) -> None:
    path = tmp_path / "kumo.key"
    finished = subprocess.run([sys.executable, "-c", FULL_DISK, str(path)], check=False, timeout=60)
    assert finished.returncode == 7
    assert not path.exists()


def test_a_folder_that_cannot_be_made_is_a_storage_failure(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises((StorageFailure, Conflict)):
        write_key(new_key("Kumo Animation"), tmp_path / "file" / "kumo.key")


def test_a_public_key_reads_from_bare_text(tmp_path: Path) -> None:
    key = new_key("Kumo Animation").public
    (tmp_path / "kumo.pub").write_text(key.text + "\n")
    assert read_public_key(tmp_path / "kumo.pub") == key


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe",
        b"{",
        b"{}",
        b'{"public_key": 5}',
        '{"public_key": "鍵"}'.encode(),
        b'{"a":' * 9000,
        b"x" * 70_000,
    ],
)
def test_a_file_that_is_no_key_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "kumo.key"
    path.write_bytes(content)
    with pytest.raises(BadInput):
        read_key(path)
    with pytest.raises(BadInput):
        read_public_key(path)


def test_a_missing_key_file_and_a_folder_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no such key file"):
        read_key(tmp_path / "kumo.key")
    with pytest.raises(BadInput):
        read_key(tmp_path)


def test_halves_that_do_not_belong_together_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "kumo.key"
    write_key(new_key("Kumo Animation"), path)
    words = json.loads(path.read_text())
    words["public_key"] = new_key("somebody else").public.text
    path.write_text(json.dumps(words))
    with pytest.raises(BadInput, match="do not belong together"):
        read_key(path)
