"""Hostile uploads: every door that takes a file gets every bad one, and answers with a problem or a finding of none."""

import io
import socket
import time
import zipfile
from collections.abc import Iterator

import httpx
import pytest
from tests.web.conftest import Site, site_of

from tomeishi import wiring
from tomeishi.access.permissions import KeyScope
from tomeishi.registry import works
from tomeishi.web.app import create_app

BOUNDARY = "stone"


def bomb() -> bytes:
    """64 MB of zeros as a sheet, in 64 KB."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", b"\0" * (64 << 20))
        archive.writestr("../../../etc/cron.d/evil", b"* * * * * root true")
    return packed.getvalue()


FILES = {
    "script.svg": b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
    "polyglot.gif": b"GIF89a/*" + b"\0" * 40 + b"*/=1;alert(1)//<html><script>alert(2)</script>",
    "bomb.xlsx": bomb(),
    "entities.xml": b'<!DOCTYPE a [<!ENTITY b "bb"><!ENTITY c "&b;&b;">]><a>&c;</a>',
    "empty.mp4": b"",
    "nothing.zip": b"PK\5\6" + b"\0" * 18,
    "header.mp4": b"\0\0\0\x18ftypmp42" + b"\xff" * 64,
    "formula.csv": b"member,title\n=cmd|' /C calc'!A0,x\n",
}
NAMES = [
    "../../etc/passwd",
    "..\\..\\boot.ini",
    "/etc/shadow",
    "a\0b.mp4",
    "a\r\nX-Evil: 1",
    "x" * 3000,
    "",
    ".",
    "ー" * 300,
]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with (
        wiring.open(tmp_path_factory.mktemp("uploads") / "home") as platform,
        site_of(platform, create_app(platform, upload_bytes=4 << 20)) as served,
    ):
        yield served


@pytest.fixture(scope="module")
def doors(site: Site) -> list[str]:
    """Every address of REST that takes a file."""
    with site.platform.transaction() as tx:
        work_id = works.add_work(tx, works.add_member(tx, "member"), "work")
    return [
        "/v1/screenings?wait=true",
        "/v1/screenings",
        "/v1/imports?dry_run=true",
        "/v1/imports",
        "/v1/evidence-packages:verify",
        f"/v1/works/{work_id}/references",
    ]


@pytest.fixture(scope="module")
def client(site: Site) -> httpx.Client:
    return site.with_key(site.key(KeyScope.ADMIN))


def is_sound(site: Site, answer: httpx.Response) -> bool:
    """No bug, no word of the machine's own places, nothing left in the spool, and never a type that a browser runs."""
    spool = site.platform.settings.spool
    for _ in range(100):  # what is left is cleared away once the answer has gone out
        if not spool.exists() or not list(spool.iterdir()):
            break
        time.sleep(0.05)
    else:
        return False
    return (
        answer.status_code < 500
        and str(site.platform.settings.home) not in answer.text
        and "html" not in answer.headers["content-type"]
        and "svg" not in answer.headers["content-type"]
    )


@pytest.mark.parametrize("name", FILES)
def test_a_hostile_file_harms_nothing(site: Site, client: httpx.Client, doors: list[str], name: str) -> None:
    for door in doors:
        answer = client.post(door, files={"file": (name, FILES[name])})
        assert is_sound(site, answer), (door, answer.status_code, answer.text)


@pytest.mark.parametrize("name", NAMES)
def test_a_hostile_name_opens_nothing(site: Site, client: httpx.Client, doors: list[str], name: str) -> None:
    quoted = name.replace('"', "").encode()
    head = b'--stone\r\nContent-Disposition: form-data; name="file"; filename="' + quoted + b'"\r\n\r\n'
    body = head + b"x\r\n--stone--\r\n"
    for door in doors[:3]:
        answer = client.post(door, content=body, headers={"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"})
        assert is_sound(site, answer), (door, answer.status_code, answer.text)
        if answer.status_code == 200 and "query" in answer.json():
            assert "/" not in answer.json()["query"]


def test_a_name_in_any_script_is_kept_to_be_shown(client: httpx.Client, doors: list[str]) -> None:
    answer = client.post(doors[0], files={"file": ("動画/ピコ丸 第3話.mp4", b"x")})
    assert answer.json()["query"] == "ピコ丸 第3話.mp4"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"--stone",
        b"--stone\r\n\r\nx\r\n--stone--\r\n",
        b'--stone\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nnever ends',
        b'--stone\r\nContent-Disposition: form-data; name="other"; filename="a"\r\n\r\nx\r\n--stone--\r\n',
        b'--stone\r\nContent-Disposition: form-data; name="provider"\r\n\r\n\xff\xfe\r\n--stone--\r\n',
        b'--stone\r\nContent-Disposition: form-data; name="provider"\r\n\r\n' + b"x" * 70_000 + b"\r\n--stone--\r\n",
        b"".join(b'--stone\r\nContent-Disposition: form-data; name="f%d"\r\n\r\nx\r\n' % n for n in range(40))
        + b"--stone--\r\n",
    ],
)
def test_a_form_that_is_none_is_refused(site: Site, client: httpx.Client, doors: list[str], body: bytes) -> None:
    for door in doors:
        answer = client.post(door, content=body, headers={"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"})
        assert 400 <= answer.status_code < 500, (door, answer.text)
        assert is_sound(site, answer), (door, answer.status_code, answer.text)


def test_a_form_without_a_boundary_is_refused(site: Site, client: httpx.Client, doors: list[str]) -> None:
    for door in doors:
        assert client.post(door, content=b"x", headers={"Content-Type": "multipart/form-data"}).status_code == 422


def test_ten_gigabytes_are_refused_before_they_are_sent(site: Site, doors: list[str]) -> None:
    host, port = site.address.removeprefix("http://").split(":")
    key = site.key(KeyScope.ADMIN)
    for door in doors:
        with socket.create_connection((host, int(port)), timeout=20) as line:
            line.sendall(
                f"POST {door} HTTP/1.1\r\nHost: {host}:{port}\r\nAuthorization: Bearer {key}\r\n"
                f"Content-Type: multipart/form-data; boundary=stone\r\nContent-Length: {10 << 30}\r\n\r\n".encode()
            )
            assert b" 413 " in line.recv(4096).split(b"\r\n")[0], door


def test_an_upload_without_a_length_ends_at_the_limit(site: Site, client: httpx.Client, doors: list[str]) -> None:
    head = b'--stone\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
    pieces = (head if n == 0 else b"x" * (1 << 20) for n in range(8))
    answer = client.post(
        doors[0], content=pieces, headers={"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
    )
    assert answer.status_code == 413
    assert is_sound(site, answer)


def test_nobody_unknown_gets_a_byte_into_the_spool(site: Site, doors: list[str]) -> None:
    for door in doors:
        answer = site.visitor().post(door, files={"file": ("a.mp4", b"x" * 100_000)})
        assert answer.status_code == 401
        assert is_sound(site, answer)
