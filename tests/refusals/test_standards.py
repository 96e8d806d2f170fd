"""Hostile documents about preferences: refused by size or shape, and never read as a yes."""

import os
import sys
from pathlib import Path

import pytest

from tomeishi.cli.main import run
from tomeishi.consent.standards.forms import READERS, Form
from tomeishi.consent.standards.signal import Reading, Stance

BOMB = (
    b'<!DOCTYPE lolz [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">'
    b'<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]>'
)
RSL = b'<rsl xmlns="https://rslstandard.org/rsl"><content url="/"><license><permits type="usage">%s</permits>'
RSL_END = b"</license></content></rsl>"
MANY = 2_000_000

HOSTILE = {
    "entities": (Form.RSL, BOMB + RSL % b"all,&c;" + RSL_END),
    "external entity": (Form.RSL, b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hosts">]>' + RSL % b"&a;" + RSL_END),
    "deep xml": (Form.RSL, b'<rsl xmlns="https://rslstandard.org/rsl">' + b"<content>" * 20_000),
    "large xml": (Form.RSL, RSL % b"all" + b" " * MANY + RSL_END),
    "deep json": (Form.TDMREP, b"[" * 300_000),
    "large json": (Form.TDMREP, b'[{"location": "/", "tdm-reservation": 0},' + b" " * MANY),
    "doubled key": (Form.TDMREP, b'[{"location": "/", "tdm-reservation": 1, "tdm-reservation": 0}]'),
    "doubled key in a policy": (Form.ODRL, b'{"permission": [{"action": "ai-training"}], "permission": []}'),
    "deep manifest": (Form.C2PA_JSON, b'{"manifests":' * 40_000),
    "large robots": (Form.ROBOTS, b"User-agent: *\nContent-Usage: train-ai=y\n" * 20_000),
    "date that is none": (
        Form.HEADERS,
        b"HTTP/1.1 200 OK\nDate: Wed, " + b"9" * 400 + b" Oct 2026 04:48:02 GMT\nContent-Usage: x\n",
    ),
    "address that is none": (Form.RSL, RSL.replace(b'"/"', b'"http://["') % b"nothing" + RSL_END),
    "half a letter": (Form.TDMREP, b'[{"location": "/\\ud800", "tdm-reservation": 0}]'),
    "rules without end": (Form.ROBOTS, b"User-agent: *\n" + b"Content-Usage: train-ai=y\n" * 19_000),
    "robots with zeros": (Form.ROBOTS, b"User-agent: *\nContent-Usage: train-ai=y\n\x00"),
    "robots in latin-1": (Form.ROBOTS, b"# caf\xe9\nUser-agent: *\nContent-Usage: train-ai=y\n"),
    "robots in utf-16": (Form.ROBOTS, "User-agent: *\nContent-Usage: train-ai=y\n".encode("utf-16")),
    "escape in a header": (Form.HEADERS, b"HTTP/1.1 200 OK\nContent-Usage: train-ai=y\x1b[2J\n"),
    "header that is none": (Form.HEADERS, b"HTTP/1.1 200 OK\nContent-Usage: train-ai=y\n=== not a field\n"),
    "full-width header": (Form.HEADERS, "Content-Usage: train-ai=ｙ\n".encode()),
    "ai.txt without end": (Form.AI_TXT, b"User-agent: *\n" + b"Allow: /\n" * 20_000),
    "page with zeros": (Form.HTML, b'<head>\x00<meta name="tdm-reservation" content="0">'),
    "page with a broken section": (Form.HTML, b'<![]><meta name="tdm-reservation" content="0">'),
    "page of comments": (Form.HTML, b"<!--" * 100_000 + b'<meta name="tdm-reservation" content="0">'),
    "packet with entities": (Form.MEDIA, b"<x:xmpmeta>" + BOMB + b"</x:xmpmeta>"),
    "packet without end": (Form.MEDIA, b"<x:xmpmeta" * 1_000_000),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_document_says_nothing(name: str) -> None:
    form, data = HOSTILE[name]
    signals = READERS[form](data, Reading("hostile", "/"))
    assert not [signal for signal in signals if set(signal.uses.values()) - {Stance.UNKNOWN}]
    assert all(signal.warnings for signal in signals)
    assert all(len(signal.raw) < 10_000 for signal in signals)


def test_a_robots_file_of_50_mb_is_refused_by_its_size(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "robots.txt"
    path.write_bytes(b"User-agent: *\nContent-Usage: train-ai=y\n")
    os.truncate(path, 50 << 20)
    assert run(["consent", "read", str(path), "--json"]) == 0
    written = capsys.readouterr().out
    assert "no statement: larger than 524,288 bytes" in written
    assert '"allow"' not in written


def test_a_crowd_of_crawlers_in_a_robots_file_costs_no_more_than_its_lines() -> None:
    def calls(crowd: int) -> int:
        names = b"".join(
            b"User-agent: bot-%s\n" % bytes(97 + number // 26**k % 26 for k in range(3)) for number in range(crowd)
        )
        made = 0

        def count(frame: object, event: str, argument: object) -> None:
            nonlocal made
            made += event in ("call", "c_call")

        sys.setprofile(count)
        try:
            READERS[Form.ROBOTS](names + b"Disallow: /a\n" * crowd, Reading("crowd", "/"))
        finally:
            sys.setprofile(None)
        return made

    assert calls(4_000) < 2.5 * calls(2_000)
