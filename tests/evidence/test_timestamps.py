"""Against a time-stamp authority made here with openssl; nothing is asked of the network."""

import shutil
import subprocess
import threading
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tomeishi.access.keys import SigningKey
from tomeishi.errors import BadInput
from tomeishi.evidence import verify
from tomeishi.evidence.contents import Contents
from tomeishi.evidence.package import Sealed, check, pack
from tomeishi.evidence.timestamps import LARGEST_ANSWER, http_transport, stamp
from tomeishi.screening.findings import MadeBy, Screening
from tomeishi.values import Kind, Verdict, digest_of

KEY = SigningKey("証拠管理室", Ed25519PrivateKey.from_private_bytes(b"k" * 32))
NOW = datetime.now(UTC)

# No `certs =` line: openssl writes a chain as an unsorted set, which rfc3161-client rightly refuses.
CONFIG = """
[tsa]
default_tsa = here
[here]
serial = serial
signer_cert = tsa.pem
signer_key = tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
ess_cert_id_alg = sha256
"""


def certificate(
    name: str,
    key: ec.EllipticCurvePrivateKey,
    issuer: str,
    issuer_key: ec.EllipticCurvePrivateKey,
    ends: timedelta,
    authority: bool,
) -> bytes:
    def named(text: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

    builder = (
        x509.CertificateBuilder()
        .subject_name(named(name))
        .issuer_name(named(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - timedelta(days=20))
        .not_valid_after(NOW + ends)
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
    )
    if not authority:
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
        builder = builder.add_extension(usage, critical=True)
    return builder.sign(issuer_key, SHA256()).public_bytes(Encoding.PEM)


def authority(folder: Path, ends: timedelta = timedelta(days=20)) -> Callable[[bytes], bytes]:
    """A transport to an authority in `folder`, whose certificate is good until now + `ends`; its root is root.pem."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    folder.mkdir(exist_ok=True)
    root_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    (folder / "root.pem").write_bytes(certificate("root", root_key, "root", root_key, timedelta(days=99), True))
    (folder / "tsa.pem").write_bytes(certificate("tsa", key, "root", root_key, ends, False))
    (folder / "tsa.key").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    (folder / "serial").write_text("01\n")
    (folder / "tsa.cnf").write_text(CONFIG)

    def answer(request: bytes) -> bytes:
        (folder / "request.tsq").write_bytes(request)
        command = "openssl ts -reply -config tsa.cnf -queryfile request.tsq -out response.tsr"
        done = subprocess.run(command.split(), cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return (folder / "response.tsr").read_bytes()

    return answer


def packed(folder: Path, transport: Callable[[bytes], bytes] | None) -> Sealed:
    made_by = MadeBy("0.1.0", (("pdq-1", None),), digest_of(b"policy"), ())
    screening = Screening("q.mp4", digest_of(b"film"), 1.0, (), (Kind.COPY,), Verdict.CLEAR, None, None, made_by)
    contents = Contents("evidence_1", datetime(2026, 11, 23, tzinfo=UTC), screening, None, False, {}, {})
    return pack(contents, KEY, folder / "a.zip", time_stamp=transport)


def time_stamp_of(result: verify.Verification) -> verify.Check:
    return next(check for check in result.checks if check.name == "time_stamp")


def test_a_stamped_package_holds_against_the_root_of_its_authority(tmp_path: Path) -> None:
    sealed = packed(tmp_path, authority(tmp_path / "tsa"))
    result = check(sealed.path, [KEY.public], [tmp_path / "tsa" / "root.pem"])
    assert result.exit_code == 0
    assert time_stamp_of(result).ok is True
    assert sealed.time_stamped_at is not None
    assert abs(sealed.time_stamped_at - datetime.now(UTC)) < timedelta(minutes=5)


def test_openssl_confirms_the_stamp_as_the_readme_says(tmp_path: Path) -> None:
    sealed = packed(tmp_path, authority(tmp_path / "tsa"))
    with zipfile.ZipFile(sealed.path) as archive:
        archive.extractall(tmp_path / "tsa")
        readme = archive.read("readme.txt").decode()
    join = "cat inventory.json inventory.sig > stamped.bin"
    command = "openssl ts -verify -data stamped.bin -in inventory.tsr -CAfile"
    assert join in readme
    assert command in readme
    folder = tmp_path / "tsa"
    (folder / "stamped.bin").write_bytes(
        (folder / "inventory.json").read_bytes() + (folder / "inventory.sig").read_bytes()
    )
    done = subprocess.run([*command.split(), "root.pem"], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_without_a_root_the_stamp_is_reported_and_not_believed(tmp_path: Path) -> None:
    result = check(packed(tmp_path, authority(tmp_path / "tsa")).path, [KEY.public])
    assert result.exit_code == 0
    assert time_stamp_of(result).ok is None
    assert "--authority" in time_stamp_of(result).detail


def test_the_root_of_another_authority_does_not_confirm_it(tmp_path: Path) -> None:
    sealed = packed(tmp_path, authority(tmp_path / "tsa"))
    authority(tmp_path / "other")
    result = check(sealed.path, [KEY.public], [tmp_path / "other" / "root.pem"])
    assert result.exit_code == 1
    assert time_stamp_of(result).ok is False


def test_an_authority_whose_certificate_had_run_out_does_not_confirm_it(tmp_path: Path) -> None:
    sealed = packed(tmp_path, authority(tmp_path / "tsa", ends=-timedelta(days=2)))
    result = check(sealed.path, [KEY.public], [tmp_path / "tsa" / "root.pem"])
    assert time_stamp_of(result).ok is False
    assert result.exit_code == 1


def test_a_root_that_is_no_certificate_confirms_nothing(tmp_path: Path) -> None:
    (tmp_path / "root.pem").write_text("nothing")
    sealed = packed(tmp_path, authority(tmp_path / "tsa"))
    assert check(sealed.path, [KEY.public], [tmp_path / "root.pem"]).exit_code != 0


def test_a_stamp_made_for_something_else_is_found(tmp_path: Path) -> None:
    ask = authority(tmp_path / "tsa")
    sealed = packed(tmp_path, ask)
    other = stamp(b"another inventory", ask).response
    with zipfile.ZipFile(sealed.path) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    for changed in (other, b"", b"no stamp", files["inventory.tsr"][:-1]):
        import zlib

        files["inventory.tsr"] = changed
        entries = [verify.Entry(name, len(data), zlib.crc32(data)) for name, data in files.items()]
        zip_stamp = verify.zip_stamp(datetime(2026, 11, 23, tzinfo=UTC))
        parts = [verify.local_header(e, zip_stamp) + data for e, data in zip(entries, files.values(), strict=True)]
        (tmp_path / "b.zip").write_bytes(b"".join(parts) + verify.directory(entries, zip_stamp))
        result = check(tmp_path / "b.zip", [KEY.public])
        assert result.exit_code == 1
        assert time_stamp_of(result).ok is False


@pytest.mark.parametrize("answer", [b"", b"<html>", b"0\x030\x01\x02"])
def test_an_answer_that_is_no_stamp_is_refused_and_no_package_is_left(tmp_path: Path, answer: bytes) -> None:
    with pytest.raises(BadInput, match="time-stamp authority"):
        packed(tmp_path, lambda request: answer)
    assert not list(tmp_path.iterdir())


def test_an_answer_to_another_request_is_refused(tmp_path: Path) -> None:
    ask = authority(tmp_path / "tsa")
    old = stamp(b"message", ask).response
    with pytest.raises(BadInput, match="another request"):
        stamp(b"message", lambda request: old)


@pytest.mark.parametrize("url", ["ftp://tsa.example/", "file:///etc/passwd", "tsa.example", "http://", "http://[::1"])
def test_only_web_addresses_are_asked(url: str) -> None:
    with pytest.raises(BadInput, match="authority"):
        http_transport(url)


def test_the_web_transport_posts_caps_and_reports(tmp_path: Path) -> None:
    asked: list[tuple[str | None, bytes]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append((self.headers["Content-Type"], self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response({"/ok": 200, "/large": 200, "/moved": 302}.get(self.path, 500))
            self.send_header("Location", "/ok")
            self.end_headers()
            self.wfile.write(b"x" * (LARGEST_ANSWER + 1) if self.path == "/large" else b"answer")

        def log_message(self, format: str, *args: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        base = f"http://127.0.0.1:{server.server_port}"
        assert http_transport(base + "/ok")(b"question") == b"answer"
        assert asked == [("application/timestamp-query", b"question")]
        for path in ("/moved", "/broken"):
            with pytest.raises(BadInput, match="did not answer"):
                http_transport(base + path)(b"question")
        with pytest.raises(BadInput, match="exceeds"):
            http_transport(base + "/large")(b"question")
        server.shutdown()
    with pytest.raises(BadInput, match="did not answer"):
        http_transport(base + "/ok", timeout_s=2)(b"question")
