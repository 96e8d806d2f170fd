"""Content Credentials, on files signed here with a chain of certificates made here."""

import importlib.util
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from PIL import Image

from tomeishi.config import Limits
from tomeishi.errors import MissingExtra, NotFound
from tomeishi.media.provenance import c2pa_manifest

c2pa = pytest.importorskip("c2pa")
LIMITS = Limits()
MANIFEST = {
    "claim_generator_info": [{"name": "drawn", "version": "1"}],
    "title": "a drawing",
    "assertions": [
        {
            "label": "c2pa.actions",
            "data": {
                "actions": [
                    {
                        "action": "c2pa.created",
                        "digitalSourceType": ("http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"),
                    }
                ]
            },
        }
    ],
}


def certificate(
    name: str, key: ec.EllipticCurvePrivateKey, issuer: x509.Certificate | None, issuer_key: ec.EllipticCurvePrivateKey
) -> x509.Certificate:
    """A root where there is no issuer, and otherwise an end certificate fit to sign claims (C2PA 2.1, 14.5)."""
    subject = x509.Name(
        [x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Test"), x509.NameAttribute(NameOID.COMMON_NAME, name)]
    )
    start = datetime(2024, 1, 1, tzinfo=UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=20 * 365))
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
        .add_extension(
            x509.KeyUsage(
                digital_signature=issuer is not None,
                content_commitment=False,
                key_encipherment=False,
                data_encipherment=False,
                key_agreement=False,
                key_cert_sign=issuer is None,
                crl_sign=issuer is None,
                encipher_only=False,
                decipher_only=False,
            ),
            critical=True,
        )
    )
    if issuer is not None:
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False)
    return builder.sign(issuer_key, hashes.SHA256())


@pytest.fixture(scope="module")
def sign() -> Callable[..., Path]:
    root_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    root = certificate("root", root_key, None, root_key)
    leaf = certificate("signer", key, root, root_key)
    chain = b"".join(one.public_bytes(serialization.Encoding.PEM) for one in (leaf, root))
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )

    def signed(source: Path, target: Path, *, address: str | None = None) -> Path:
        info = c2pa.C2paSignerInfo(alg=b"es256", sign_cert=chain, private_key=private, ta_url=None)
        kind = {".jpg": "image/jpeg", ".png": "image/png", ".mp4": "video/mp4"}[source.suffix]
        with (
            c2pa.Signer.from_info(info) as signer,
            c2pa.Builder(json.dumps(MANIFEST)) as builder,
            source.open("rb") as read,
            target.open("w+b") as written,
        ):
            if address is not None:
                builder.set_no_embed()
                builder.set_remote_url(address)
            builder.sign(signer, kind, read, written)
        return target

    return signed


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    Image.linear_gradient("L").convert("RGB").save(tmp_path / "plain.jpg")
    return tmp_path / "plain.jpg"


def test_a_signed_picture_tells_how_it_was_made(tmp_path: Path, picture: Path, sign: Callable[..., Path]) -> None:
    manifest = c2pa_manifest(sign(picture, tmp_path / "signed.jpg"), LIMITS)
    assert manifest is not None
    assert manifest["validation_state"] == "Valid"
    assert [status["code"] for status in manifest["validation_status"]] == ["signingCredential.untrusted"]
    assert "trainedAlgorithmicMedia" in json.dumps(manifest["manifests"][manifest["active_manifest"]])


def test_a_picture_altered_after_signing_is_told(tmp_path: Path, picture: Path, sign: Callable[..., Path]) -> None:
    data = bytearray(sign(picture, tmp_path / "signed.jpg").read_bytes())
    data[-100] ^= 1
    (tmp_path / "altered.jpg").write_bytes(data)
    manifest = c2pa_manifest(tmp_path / "altered.jpg", LIMITS)
    assert manifest is not None
    assert manifest["validation_state"] == "Invalid"
    assert "assertion.dataHash.mismatch" in {status["code"] for status in manifest["validation_status"]}


def test_a_signed_film_is_read_too(tmp_path: Path, write: Callable[..., Path], sign: Callable[..., Path]) -> None:
    film = write(tmp_path / "plain.mp4", [Fraction(number, 24) for number in range(24)])
    manifest = c2pa_manifest(sign(film, tmp_path / "signed.mp4"), LIMITS)
    assert manifest is not None
    assert manifest["validation_state"] == "Valid"


def test_a_manifest_that_lies_elsewhere_is_not_fetched(
    tmp_path: Path, picture: Path, sign: Callable[..., Path]
) -> None:
    address = "http://127.0.0.1:9/manifest.c2pa"
    manifest = c2pa_manifest(sign(picture, tmp_path / "signed.jpg", address=address), LIMITS)
    assert manifest == {"validation_state": "NotFetched", "remote_manifest": address}


def test_a_file_without_credentials_has_none(tmp_path: Path, picture: Path) -> None:
    (tmp_path / "notes.txt").write_text("nothing that could carry a manifest")
    assert c2pa_manifest(picture, LIMITS) is None
    assert c2pa_manifest(tmp_path / "notes.txt", LIMITS) is None


def test_a_missing_file_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"none\.jpg: no such file"):
        c2pa_manifest(tmp_path / "none.jpg", LIMITS)


def test_without_the_extra_it_says_what_to_install(picture: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(MissingExtra, match="tomeishi\\[c2pa\\]"):
        c2pa_manifest(picture, LIMITS)
