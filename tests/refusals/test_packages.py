"""Altered, forged and hostile packages: never taken for intact, never more than a line of words."""

import base64
import json
import random
import struct
import subprocess
import sys
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tomeishi.access.keys import SigningKey, new_key, write_key
from tomeishi.evidence import verify
from tomeishi.evidence.contents import Contents
from tomeishi.evidence.package import pack
from tomeishi.screening.findings import MadeBy, Screening
from tomeishi.values import Kind, Verdict, digest_of

MOMENT = datetime(2026, 11, 23, 1, 2, 3, tzinfo=UTC)
KEY = SigningKey("証拠管理室", Ed25519PrivateKey.from_private_bytes(b"k" * 32))
TRUSTED = [KEY.public.raw]


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("package")
    (folder / "query.mp4").write_bytes(b"film")
    made_by = MadeBy("0.1.0", (("pdq-1", None),), digest_of(b"policy"), ())
    screening = Screening("q.mp4", digest_of(b"film"), 1.0, (), (Kind.COPY,), Verdict.CLEAR, None, None, made_by)
    contents = Contents("evidence_1", MOMENT, screening, folder / "query.mp4", True, {}, {})
    return pack(contents, KEY, folder / "a.zip").path


def files_of(package: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(package) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def zipped(files: dict[str, bytes], path: Path) -> Path:
    """As this format writes it, whatever the files say."""
    import zlib

    entries = [verify.Entry(name, len(data), zlib.crc32(data)) for name, data in files.items()]
    stamp = verify.zip_stamp(MOMENT)
    parts = [verify.local_header(e, stamp) + data for e, data in zip(entries, files.values(), strict=True)]
    path.write_bytes(b"".join(parts) + verify.directory(entries, stamp))
    return path


def relisted(files: dict[str, bytes], key: SigningKey, change: Callable[[Any], None] = lambda words: None) -> None:
    """Make the inventory fit the files again, name `key` as the signer and sign with it: what a forger can do."""
    words = json.loads(files["inventory.json"])
    words["signer"] = {"name": key.owner, "key_id": key.public.key_id, "public_key": key.public.text}
    words["files"] = [
        {"name": name, "size": len(data), "digest": digest_of(data)}
        for name, data in sorted(files.items())
        if name not in verify.SEAL
    ]
    change(words)
    seal = verify.canonical_text(words)
    rest = {name: files[name] for name in sorted(files) if name not in verify.SEAL}
    files.clear()
    files.update(rest | {"inventory.json": seal, "inventory.sig": key.sign(seal)})


def failed(result: verify.Verification) -> set[str]:
    return {check.name for check in result.checks if check.ok is False}


def test_one_byte_changed_anywhere_is_never_intact(package: Path, tmp_path: Path) -> None:
    """Every byte of headers, inventory, signature and directory, and a sample of the contents."""
    data, copy = bytearray(package.read_bytes()), tmp_path / "copy.zip"
    chosen = random.Random(7)
    seal = data.rindex(b"PK\3\4", 0, data.rindex(b"inventory.json", 0, data.index(b"PK\1\2")))
    places = {*range(64), *range(seal, len(data)), *chosen.sample(range(len(data)), 250)}
    copy.write_bytes(data)
    with copy.open("r+b") as file:
        for place in sorted(places):
            file.seek(place)
            file.write(bytes([data[place] ^ (1 << chosen.randrange(8))]))
            file.flush()
            assert verify.verify(copy, TRUSTED).exit_code == 1, place
            file.seek(place)
            file.write(data[place : place + 1])
            file.flush()
    assert verify.verify(copy, TRUSTED).exit_code == 0


def test_a_package_cut_short_anywhere_is_altered(package: Path, tmp_path: Path) -> None:
    data, copy = package.read_bytes(), tmp_path / "copy.zip"
    for length in (0, 1, 21, 22, 500, len(data) // 2, len(data) - 23, len(data) - 1):
        copy.write_bytes(data[:length])
        assert verify.verify(copy, TRUSTED).exit_code == 1


@pytest.mark.parametrize("extra", [b"\0", b"PK\5\6" + b"\0" * 18, b"x" * 5000])
def test_bytes_before_or_after_the_archive_are_altered(package: Path, tmp_path: Path, extra: bytes) -> None:
    data, copy = package.read_bytes(), tmp_path / "copy.zip"
    for changed in (extra + data, data + extra):
        copy.write_bytes(changed)
        assert verify.verify(copy, TRUSTED).exit_code == 1


def test_a_comment_is_altered(package: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.zip"
    copy.write_bytes(package.read_bytes())
    with zipfile.ZipFile(copy, "a") as archive:
        archive.comment = b"see also"
    assert verify.verify(copy, TRUSTED).exit_code == 1


@pytest.mark.parametrize("data", [b"", b"not a zip", b"\x89PNG\r\n\x1a\n" + b"\0" * 100, b"PK\5\6" + b"\0" * 18])
def test_what_is_not_a_package_is_said_to_be_none(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.zip").write_bytes(data)
    result = verify.verify(tmp_path / "a.zip", TRUSTED)
    assert result.exit_code == 1
    assert failed(result) == {"archive"}


def test_contents_changed_with_a_fitting_checksum_are_found(package: Path, tmp_path: Path) -> None:
    files = files_of(package)
    files["screening.json"] = files["screening.json"].replace(b'"clear"', b'"block"')
    assert failed(verify.verify(zipped(files, tmp_path / "a.zip"), TRUSTED)) == {"files"}


def test_an_inventory_changed_to_fit_is_found(package: Path, tmp_path: Path) -> None:
    files = files_of(package)
    signature = files["inventory.sig"]
    files["registry.json"] = b'{"works":[]}'
    relisted(files, KEY)
    files["inventory.sig"] = signature
    assert failed(verify.verify(zipped(files, tmp_path / "a.zip"), TRUSTED)) == {"signature"}


def test_a_file_added_is_found(package: Path, tmp_path: Path) -> None:
    files = {"aaa.txt": b"added", **files_of(package)}
    assert failed(verify.verify(zipped(files, tmp_path / "a.zip"), TRUSTED)) == {"files"}


@pytest.mark.parametrize("name", ["registry.json", "report.ja.pdf", "inventory.sig"])
def test_a_file_removed_is_found(package: Path, tmp_path: Path, name: str) -> None:
    files = files_of(package)
    del files[name]
    assert "files" in failed(verify.verify(zipped(files, tmp_path / "a.zip"), TRUSTED))


def test_a_package_without_an_inventory_is_altered(package: Path, tmp_path: Path) -> None:
    files = files_of(package)
    del files["inventory.json"]
    assert failed(verify.verify(zipped(files, tmp_path / "a.zip"), TRUSTED)) == {"inventory"}


def test_files_in_another_order_are_found(package: Path, tmp_path: Path) -> None:
    files = files_of(package)
    changed = {"report.ja.pdf": files.pop("report.ja.pdf"), **files}
    assert failed(verify.verify(zipped(changed, tmp_path / "a.zip"), TRUSTED)) == {"files"}


def test_a_signature_from_another_package_is_found(package: Path, tmp_path: Path) -> None:
    files = files_of(package)
    files["inventory.sig"] = KEY.sign(b"another inventory")
    assert failed(verify.verify(zipped(files, tmp_path / "a.zip"), TRUSTED)) == {"signature"}


def test_a_package_signed_again_with_another_key_is_never_trusted(package: Path, tmp_path: Path) -> None:
    files, forger = files_of(package), new_key("証拠管理室")
    files["registry.json"] = b'{"works":[]}'
    relisted(files, forger)
    result = verify.verify(zipped(files, tmp_path / "a.zip"), TRUSTED)
    assert (result.state, result.exit_code) == ("unknown_signer", 4)


def test_a_forger_cannot_name_the_trusted_key(package: Path, tmp_path: Path) -> None:
    files, forger = files_of(package), new_key("forger")
    files["registry.json"] = b'{"works":[]}'
    named = {"name": KEY.owner, "key_id": KEY.public.key_id, "public_key": KEY.public.text}
    relisted(files, forger, lambda words: words.update(signer=named))
    assert failed(verify.verify(zipped(files, tmp_path / "a.zip"), TRUSTED)) == {"signature"}


def test_a_key_id_that_is_not_of_its_key_is_found(package: Path, tmp_path: Path) -> None:
    files, forger = files_of(package), new_key("forger")
    relisted(files, forger, lambda words: words["signer"].update(key_id=KEY.public.key_id))
    assert failed(verify.verify(zipped(files, tmp_path / "a.zip"), TRUSTED)) == {"inventory"}


def test_a_time_stamp_announced_and_taken_away_is_found(package: Path, tmp_path: Path) -> None:
    files = files_of(package)
    relisted(files, KEY, lambda words: words.update(time_stamped=True))
    assert failed(verify.verify(zipped(files, tmp_path / "a.zip"), TRUSTED)) == {"files"}


def test_a_query_exchanged_by_the_signer_himself_is_found(package: Path, tmp_path: Path) -> None:
    files = files_of(package)
    files["query/query.mp4"] = b"another film"
    relisted(files, KEY)
    assert failed(verify.verify(zipped(files, tmp_path / "a.zip"), TRUSTED)) == {"contents"}


@pytest.mark.parametrize(
    "spoilt",
    [
        lambda data: data.replace(b'"format"', b'"format":"tomeishi-evidence-1","format"', 1),
        lambda data: data.replace(b'"time_stamped":false', b'"time_stamped":NaN'),
        lambda data: data.replace(b":", b": ", 1),
        lambda data: b"\xef\xbb\xbf" + data,
        lambda data: b"[" * 100_000 + b"]" * 100_000,
        lambda data: b'{"format":"tomeishi-evidence-2"}',
        lambda data: b"\xff\xfe",
        lambda data: data.replace(b'"size":', b'"size":true,"s":', 1),
        lambda data: data.replace(b'"readme.txt"', b'"../readme.txt"'),
        lambda data: data.replace(b"2026-11-23T01:02:03Z", b"1811-11-23T01:02:03Z"),
    ],
)
def test_an_inventory_that_reads_more_than_one_way_is_refused(
    package: Path, tmp_path: Path, spoilt: Callable[[bytes], bytes]
) -> None:
    files = files_of(package)
    files["inventory.json"] = spoilt(files["inventory.json"])
    files["inventory.sig"] = KEY.sign(files["inventory.json"])
    assert failed(verify.verify(zipped(files, tmp_path / "a.zip"), TRUSTED)) == {"inventory"}


@pytest.mark.parametrize("data", [b'{"a":1,"a":2}', b"NaN", b"\xff", b"[" * 100_000])
def test_other_json_that_reads_more_than_one_way_is_refused(package: Path, tmp_path: Path, data: bytes) -> None:
    files = files_of(package)
    files["registry.json"] = data
    relisted(files, KEY)
    assert failed(verify.verify(zipped(files, tmp_path / "a.zip"), TRUSTED)) == {"contents"}


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "/etc/passwd", "C:\\a.txt", "a//b", "a/./b", "UPPER.txt", "é.txt", "", "a\0b", "-rf"]
)
def test_a_name_that_leaves_its_folder_is_refused(package: Path, tmp_path: Path, name: str) -> None:
    copy = tmp_path / "a.zip"
    with zipfile.ZipFile(copy, "w") as archive:
        for each, data in files_of(package).items():
            archive.writestr(each, data)
        info = zipfile.ZipInfo("placeholder")
        info.filename = name
        archive.writestr(info, b"outside")
    assert failed(verify.verify(copy, TRUSTED)) == {"archive"}


def test_doubled_names_links_compression_and_encryption_are_refused(package: Path, tmp_path: Path) -> None:
    files = files_of(package)

    def written(change: Callable[[zipfile.ZipFile], None], how: int = zipfile.ZIP_STORED) -> str:
        path = tmp_path / f"{change.__name__}{how}.zip"
        with zipfile.ZipFile(path, "w", how) as archive:
            for name, data in files.items():
                archive.writestr(name, data)
            change(archive)
        result = verify.verify(path, TRUSTED)
        assert failed(result) == {"archive"}
        return result.checks[0].detail

    def nothing(archive: zipfile.ZipFile) -> None:
        pass

    def double(archive: zipfile.ZipFile) -> None:
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("readme.txt", b"another")

    def link(archive: zipfile.ZipFile) -> None:
        info = zipfile.ZipInfo("link")
        info.external_attr = 0o120777 << 16
        archive.writestr(info, "/etc/passwd")

    assert "twice" in written(double)
    assert "link" in written(link)
    assert "compressed" in written(nothing, zipfile.ZIP_DEFLATED)
    data = bytearray(package.read_bytes())
    data[data.index(b"PK\1\2") + 8] |= 1
    (tmp_path / "encrypted.zip").write_bytes(data)
    assert "encrypted" in verify.verify(tmp_path / "encrypted.zip", TRUSTED).checks[0].detail


def test_a_bomb_is_refused_before_anything_is_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("inventory.json", b"\0" * 50_000_000)
    assert failed(verify.verify(path, TRUSTED)) == {"archive"}


def test_sizes_are_believed_only_as_far_as_there_are_bytes(package: Path, tmp_path: Path) -> None:
    data = bytearray(package.read_bytes())
    at = data.index(b"PK\1\2")
    for size in (0xFFFFFFFF, 0x7FFFFFFF, len(data)):
        struct.pack_into("<LL", data, at + 20, size, size)
        (tmp_path / "a.zip").write_bytes(data)
        result = verify.verify(tmp_path / "a.zip", TRUSTED)
        assert failed(result) == {"archive"}
        assert "size" in result.checks[0].detail


def test_thousands_of_entries_are_refused(tmp_path: Path) -> None:
    files = {f"f{number}": b"" for number in range(verify.MAX_FILES + 1)}
    assert failed(verify.verify(zipped(files, tmp_path / "a.zip"), TRUSTED)) == {"archive"}


def test_a_name_may_differ_between_header_and_directory_in_no_letter(package: Path, tmp_path: Path) -> None:
    data = package.read_bytes()
    (tmp_path / "a.zip").write_bytes(data.replace(b"registry.json", b"registrx.json", 1))
    result = verify.verify(tmp_path / "a.zip", TRUSTED)
    assert failed(result) == {"archive"}
    assert "header" in result.checks[0].detail


def test_the_signers_name_cannot_steer_a_terminal(package: Path, tmp_path: Path) -> None:
    files = files_of(package)
    relisted(files, SigningKey("\x1b[2J\u202eevil", KEY.private))
    result = verify.verify(zipped(files, tmp_path / "a.zip"), TRUSTED)
    assert result.exit_code == 0
    assert all(check.detail.isprintable() for check in result.checks)


def alone(*arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    """verify.py in an interpreter that sees the standard library and nothing else."""
    program = Path(verify.__file__)
    command = [sys.executable, "-I", "-S", "-X", "utf8", str(program), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False, timeout=60)


def test_alone_with_the_standard_library_it_says_what_it_cannot_check(package: Path, tmp_path: Path) -> None:
    write_key(KEY, tmp_path / "key.json")
    done = alone(package, "--key", tmp_path / "key.json", "--json")
    words = json.loads(done.stdout)
    assert done.returncode == words["exit_code"] == 4
    checks = {check["name"]: check for check in words["checks"]}
    assert checks["signature"]["ok"] is None
    assert "cryptography" in checks["signature"]["detail"]
    assert [checks[name]["ok"] for name in ("archive", "inventory", "files", "contents")] == [True] * 4


def test_alone_it_still_finds_what_was_altered(package: Path, tmp_path: Path) -> None:
    data = bytearray(package.read_bytes())
    data[len(data) // 2] ^= 1
    (tmp_path / "a.zip").write_bytes(data)
    done = alone(tmp_path / "a.zip")
    assert done.returncode == 1
    assert "ALTERED" in done.stdout
    assert done.stderr == ""


def test_as_a_program_it_takes_keys_in_every_form_they_travel_in(
    package: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_key(KEY, tmp_path / "key.json")
    (tmp_path / "public.json").write_text(json.dumps({"public_key": KEY.public.text}))
    (tmp_path / "bare.txt").write_text(KEY.public.text + "\n")
    for name in ("key.json", "public.json", "bare.txt"):
        assert verify.main([str(package), "--key", str(tmp_path / name)]) == 0
    assert verify.main([str(package)]) == 4
    assert "INTACT" in capsys.readouterr().out


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"public_key": 3}', "not base64!", base64.b64encode(b"x").decode()])
def test_as_a_program_it_refuses_a_file_that_is_no_key(
    package: Path, tmp_path: Path, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "key").write_text(text)
    assert verify.main([str(package), "--key", str(tmp_path / "key")]) == 2
    assert verify.main([str(tmp_path / "gone.zip")]) == 2
    error = capsys.readouterr().err
    assert "key" in error
    assert "gone.zip" in error
