"""Hostile uploads: every door that takes a file gets every bad one, and answers with a problem or a finding of none."""

import io
import os
import socket
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from tests.web.conftest import Site, site_of

from tomeishi import wiring
from tomeishi.access.permissions import KeyScope
from tomeishi.errors import StorageFailure
from tomeishi.registry import works
from tomeishi.web.app import create_app, upload_routes
from tomeishi.web.uploads import STALE_S, Spool

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
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FastAPI]:
    with wiring.open(tmp_path_factory.mktemp("uploads") / "home") as platform:
        yield create_app(platform, upload_bytes=4 << 20)


@pytest.fixture(scope="module")
def site(app: FastAPI) -> Iterator[Site]:
    with site_of(app.state.platform, app) as served:
        yield served


@pytest.fixture(scope="module")
def client(site: Site) -> httpx.Client:
    return site.with_key(site.key(KeyScope.ADMIN))


@pytest.fixture(scope="module")
def doors(app: FastAPI, site: Site, client: httpx.Client) -> list[str]:
    """Every address that takes a file, pages and REST; a new one of which nothing is known here fails."""
    with site.platform.transaction() as tx:
        work_id = works.add_work(tx, works.add_member(tx, "member"), "work")
    staged = client.post("/works/import", files={"file": ("works.csv", b"member,title\nmember,another\n")})
    places = {"work_id": work_id, "staged_id": staged.headers["location"].rsplit("/", 1)[1]}
    found = sorted(route.path.format(**places) for route in upload_routes(app))
    return [f"{path}{query}" for path in found for query in ("", *ALSO.get(path, ()))]


ALSO = {"/v1/screenings": ("?wait=true",), "/v1/imports": ("?dry_run=true",)}
"""Queries by which an address does another thing."""


def is_page(door: str) -> bool:
    return not door.startswith("/v1")


def is_sound(site: Site, answer: httpx.Response) -> bool:
    """No bug, no word of the machine's own places, nothing left in the spool, and nothing that a browser runs."""
    spool = site.platform.settings.spool
    for _ in range(100):  # what is left is cleared away once the answer has gone out
        if not spool.exists() or not list(spool.glob("*.part")):
            break
        time.sleep(0.05)
    else:
        return False
    kind, page = answer.headers.get("content-type", ""), is_page(answer.request.url.path)
    return (
        answer.status_code < 500
        and str(site.platform.settings.home) not in answer.text
        and ("html" not in kind or (page and "alert(" not in answer.text))
        and "svg" not in kind
        and "script-src 'self'" in answer.headers["content-security-policy"]
    )


def test_every_door_is_known(doors: list[str]) -> None:
    assert {door.split("/")[1] for door in doors} == {"screenings", "works", "v1"}
    assert len(doors) >= 9


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
    for door in doors:
        answer = client.post(door, content=body, headers={"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"})
        assert is_sound(site, answer), (door, answer.status_code, answer.text)
        if answer.status_code == 200 and not is_page(door) and "query" in answer.json():
            assert "/" not in answer.json()["query"]


def test_a_name_in_any_script_is_kept_to_be_shown(client: httpx.Client) -> None:
    answer = client.post("/v1/screenings?wait=true", files={"file": ("動画/ピコ丸 第3話.mp4", b"x")})
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


def test_an_upload_without_a_length_ends_at_the_limit(site: Site, client: httpx.Client) -> None:
    head = b'--stone\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
    pieces = (head if n == 0 else b"x" * (1 << 20) for n in range(8))
    answer = client.post(
        "/v1/screenings", content=pieces, headers={"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
    )
    assert answer.status_code == 413
    assert is_sound(site, answer)


def test_nobody_unknown_gets_a_byte_into_the_spool(site: Site, doors: list[str]) -> None:
    for door in doors:
        answer = site.visitor().post(door, files={"file": ("a.mp4", b"x" * 100_000)})
        assert answer.status_code == (403 if is_page(door) else 401)
        assert is_sound(site, answer)


def test_uploads_under_way_are_bounded_in_total(
    site: Site, app: FastAPI, client: httpx.Client, doors: list[str]
) -> None:
    spool: Spool = app.state.spool
    waiting = spool.folder / "another.part"
    waiting.write_bytes(b"x" * (3 << 20))
    app.state.spool = Spool(spool.folder, most_bytes=4 << 20)
    try:
        for door in doors:
            answer = client.post(door, files={"file": ("a.mp4", b"x" * (2 << 20))})
            assert answer.status_code == 507, door
            assert "space for uploads under way" in answer.text
    finally:
        app.state.spool = spool
        waiting.unlink()
    assert client.post("/v1/screenings", files={"file": ("a.mp4", b"x" * (2 << 20))}).status_code == 202


def test_what_was_left_in_the_spool_a_day_ago_makes_room(tmp_path: Path) -> None:
    spool = Spool(tmp_path, most_bytes=1000)
    staged = tmp_path / "imports" / "imp_old" / "media"
    staged.mkdir(parents=True)
    for path in (tmp_path / "left.part", staged / "film.mp4"):
        path.write_bytes(b"x" * 600)
        os.utime(path, (time.time() - STALE_S - 60,) * 2)
    (tmp_path / "fresh.part").write_bytes(b"x" * 600)
    spool.refuse_more(400)
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["fresh.part"]
    assert not staged.parent.exists()
    with pytest.raises(StorageFailure, match="is full; try again later"):
        spool.refuse_more(401)
