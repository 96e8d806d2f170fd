"""A data set to verdicts: what is planted is found, nothing else is denied, and every item is told."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from tests.audit.conftest import Audit

from tomeishi import clock
from tomeishi.audit.verdicts import Check
from tomeishi.config import Limits
from tomeishi.consent import ledger
from tomeishi.consent.entries import EntryKind, Level, Scope, Statement
from tomeishi.consent.standards.iscc import codes_of
from tomeishi.enrolling import Sheet
from tomeishi.media.sample import frames_at
from tomeishi.registry.domains import add_domain
from tomeishi.registry.works import work
from tomeishi.testing.datasets import jpeg, nobodys_picture, write_parquet, write_tar
from tomeishi.testing.films import film, frames
from tomeishi.testing.model_sheets import Situation, draw, identity, model_sheet, on_paper, placed
from tomeishi.testing.recording import SOUND_RATE_HZ, write_media
from tomeishi.testing.tunes import tune
from tomeishi.values import Use, digest_of_file
from tomeishi.wiring import Platform


def test_a_planted_copy_is_denied_and_the_others_are_kept(
    audit: Audit, tmp_path: Path, copies: tuple[bytes, ...], works: tuple[Any, ...]
) -> None:
    members = {f"{n:05}.jpg": nobodys_picture(n) for n in range(6)}
    members["00003.jpg"] = copies[0]
    done = audit(write_tar(tmp_path / "00000.tar", members))
    (denied,) = done.table("deny")
    assert denied["key"] == "00003"
    assert (denied["verdict"], denied["reason"]) == ("denied", "match")
    assert denied["title"] == works[0].title
    assert denied["entries"] == []
    assert done.kept == ["00000", "00001", "00002", "00004", "00005"]
    assert done.summary["items"] == 6


def test_a_still_is_found_though_no_sample_of_the_film_shows_its_moment(
    audit: Audit, tmp_path: Path, references: tuple[Path, ...], clean: Path
) -> None:
    """References are sampled twice a second."""
    moments = [2.25, 3.29, 4.21, 5.3, 6.2, 7.27]
    frames = frames_at(references[0], moments, Limits())
    unlike = frames_at(clean, moments, Limits())
    members = {f"own{n}.jpg": jpeg(frame.pixels) for n, frame in enumerate(frames)}
    members["mirrored.jpg"] = jpeg(np.ascontiguousarray(frames[2].pixels[:, ::-1]))
    height, width = frames[2].pixels.shape[:2]
    members["cropped.jpg"] = jpeg(np.ascontiguousarray(frames[2].pixels[height // 8 :, width // 8 :]))
    members |= {f"unlike{n}.jpg": jpeg(frame.pixels) for n, frame in enumerate(unlike)}
    done = audit(write_tar(tmp_path / "a.tar", members), checks=(Check.MATCH,))
    assert set(done.denied) == {name.removesuffix(".jpg") for name in members if not name.startswith("unlike")}
    assert len(done.kept) == len(moments)


def test_the_very_file_is_known_by_its_digest_and_by_a_recorded_one(
    audit: Audit, tmp_path: Path, references: tuple[Path, ...]
) -> None:
    digest = digest_of_file(references[0]).removeprefix("sha256:")
    write_tar(tmp_path / "a.tar", {"film.mp4": references[0].read_bytes()})
    write_parquet(tmp_path / "b.parquet", {"uid": ["row"], "text": ["a cat"], "sha256": [digest]})
    done = audit(tmp_path / "a.tar", tmp_path / "b.parquet", checks=(Check.DIGEST,))
    assert done.denied == {"film": "digest", "row": "digest"}


def test_a_recorded_iscc_names_a_reference(audit: Audit, tmp_path: Path, references: tuple[Path, ...]) -> None:
    with references[0].open("rb") as file:
        code = codes_of("any title", file).iscc
    write_parquet(tmp_path / "a.parquet", {"uid": ["one", "two"], "iscc": [code, "ISCC:nonsense"], "text": ["a", "b"]})
    assert audit(tmp_path / "a.parquet", checks=(Check.ISCC,)).denied == {"one": "iscc"}


def test_an_address_at_a_members_domain_is_the_members(
    audit: Audit, tmp_path: Path, platform: Platform, works: Any
) -> None:
    with platform.transaction() as tx:
        add_domain(tx, works[0].member, "例え.jp")
    urls = [
        "https://xn--r8jz45g.jp/a.jpg",
        "https://cdn.例え.jp/b.jpg",
        "https://not-xn--r8jz45g.jp/c.jpg",
        "https://xn--r8jz45g.jp.example.org/d.jpg",
        "http://[broken/e.jpg",
    ]
    (tmp_path / "urls.txt").write_text("\n".join(urls), encoding="utf-8")
    done = audit(tmp_path / "urls.txt", checks=(Check.SOURCE,))
    assert set(done.denied) == set(urls[:2])
    assert {row["member"] for row in done.table("deny")} == {works[0].member}
    assert done.kept == urls[2:]


def test_reservations_in_headers_and_inside_the_file_are_heard(audit: Audit, tmp_path: Path) -> None:
    picture = nobodys_picture(3)
    xmp = (
        b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        b'<rdf:Description xmlns:tdm="http://www.w3.org/ns/tdmrep/" tdm:reservation="1"/></rdf:RDF></x:xmpmeta>'
    )
    write_tar(
        tmp_path / "a.tar",
        {
            "headers.jpg": picture,
            "headers.json": json.dumps({"http_headers": {"tdm-reservation": "1"}}).encode(),
            "inside.jpg": picture + xmp,
            "free.jpg": picture,
        },
    )
    done = audit(tmp_path / "a.tar", checks=(Check.RESERVATIONS,))
    assert done.denied == {"headers": "reservations", "inside": "reservations"}
    assert done.kept == ["free"]


def test_a_name_in_a_caption_is_denied_and_a_mention_is_left_to_a_person(
    audit: Audit, tmp_path: Path, works: Any
) -> None:
    rows = [("one", f"a picture of {works[0].title}"), ("two", "a picture of a cat")]
    write_parquet(tmp_path / "a.parquet", {"id": [key for key, _ in rows], "text": [text for _, text in rows]})
    done = audit(tmp_path / "a.parquet", checks=(Check.NAMES,))
    assert done.denied == {"one": "names"}
    assert done.kept == ["two"]


def test_a_grant_allows_for_its_provider_and_names_its_entry(
    audit: Audit, tmp_path: Path, copies: tuple[bytes, ...], platform: Platform, installed: Any
) -> None:
    write_tar(tmp_path / "a.tar", {"a.jpg": copies[0], "b.jpg": copies[1]})
    with platform.transaction() as tx:
        about = work(tx, installed.works[0])
        statement = Statement(
            kind=EntryKind.GRANT,
            member_id=about.member_id,
            scope=Scope(Level.WORK, about.id),
            uses=(Use.TRAIN,),
            provider="acme",
            declared_at=clock.now(),
        )
        entry = ledger.record_unsigned(tx, statement, "a test", clock.now())
    done = audit(tmp_path / "a.tar")
    assert done.kept == ["a"]
    assert set(done.denied) == {"b"}
    (found,) = [row for row in done.table("findings") if row["key"] == "a"]
    assert (found["verdict"], found["allowed"], found["entries"]) == ("allowed", True, [entry.id])
    other = audit(tmp_path / "a.tar", out="other", provider="somebody else")
    assert set(other.denied) == {"a", "b"}


def test_a_film_is_found_with_its_seconds(audit: Audit, tmp_path: Path, quoted: Path, clean: Path) -> None:
    write_tar(tmp_path / "a.tar", {"copied.mp4": quoted.read_bytes(), "clean.mp4": clean.read_bytes()})
    done = audit(tmp_path / "a.tar")
    (denied,) = done.table("deny")
    assert denied["key"] == "copied"
    assert abs(denied["segment"][2] - 2.0) < 1
    assert done.kept == ["clean"]


def test_sound_that_nobody_registered_is_listened_to_and_kept(audit: Audit, tmp_path: Path, bad: Path) -> None:
    write_tar(tmp_path / "a.tar", {"a.m4a": (bad / "sound.m4a").read_bytes()})
    done = audit(tmp_path / "a.tar")
    assert (done.kept, done.summary["checked"]["match"]) == (["a"], 1)


def test_a_registered_song_under_other_pictures_is_denied(audit: Audit, tmp_path: Path, platform: Platform) -> None:
    song = tune(41, 20.0, SOUND_RATE_HZ)
    write_media(tmp_path / "song.mp4", frames(film(1, 20.0), 4, 160, 90), rate_hz=4, sound=song)
    registered = platform.register("星川スタジオ", "彗星のうた", [tmp_path / "song.mp4"])
    part = song[5 * SOUND_RATE_HZ : 15 * SOUND_RATE_HZ]
    write_media(tmp_path / "part.mkv", frames(film(2, 10.0), 4, 160, 90), rate_hz=4, sound=part)
    done = audit(write_tar(tmp_path / "a.tar", {"a.mkv": (tmp_path / "part.mkv").read_bytes()}))
    (denied,) = done.table("deny")
    assert (denied["reason"], denied["work"]) == ("match", registered.work_id)
    assert [row["kind"] for row in done.table("findings")] == ["sound"]


def test_checks_that_are_switched_off_find_nothing_and_are_not_named(
    audit: Audit, tmp_path: Path, copies: tuple[bytes, ...]
) -> None:
    write_tar(tmp_path / "a.tar", {"a.jpg": copies[0]})
    done = audit(tmp_path / "a.tar", checks=(Check.DIGEST,))
    assert done.kept == ["a"]
    assert done.summary["checks"] == ["digest"]
    assert (done.summary["checked"]["digest"], done.summary["checked"]["match"]) == (1, 0)


def test_the_report_shows_item_and_reference_and_loads_nothing(
    audit: Audit, tmp_path: Path, copies: tuple[bytes, ...], works: Any
) -> None:
    write_tar(tmp_path / "a.tar", {"<script>alert(1)</script>.jpg": copies[0]})
    page = (audit(tmp_path / "a.tar").out / "report.html").read_text(encoding="utf-8")
    assert page.count("data:image/jpeg;base64,") == 2
    assert works[0].title in page
    assert "<script" not in page
    assert "default-src 'none'" in page
    assert "許諾なし" in page


def test_the_eu_summary_says_what_the_data_say_and_leaves_the_rest_open(audit: Audit, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("url,caption\nhttps://a.example.org/1.jpg,one\nhttps://a.example.org/2.jpg,two\n")
    page = (audit(tmp_path / "a.csv", checks=(Check.SOURCE,)).out / "eu-summary.md").read_text(encoding="utf-8")
    assert "- Name: acme" in page
    assert "| a.example.org | 2 |" in page
    assert "to be stated by the provider" in page


def test_a_picture_of_an_enrolled_character_is_undecided_until_its_member_grants(
    audit: Audit, tmp_path: Path, platform: Platform, installed: Any
) -> None:
    poltan = identity(510_021)
    Image.fromarray(on_paper(model_sheet(poltan, 5))).save(tmp_path / "sheet.png")
    done = platform.enrol(Sheet(installed.works[0], "Poltan", (str(tmp_path / "sheet.png"),)))
    scene = np.full((360, 640, 3), (200, 220, 235), np.uint8)
    scene[250:] = (120, 160, 110)
    drawn, _ = placed(scene, draw(poltan, Situation("wave", 1.3), height_px=400), 0.5, (0.4, 0.95))
    members = {"new.jpg": jpeg(drawn), "nobody.jpg": jpeg(scene)}
    first = audit(write_tar(tmp_path / "a.tar", members), checks=(Check.CHARACTER,), out="first")
    assert (first.summary["denied"], first.summary["unknown"], first.kept) == (0, 1, ["nobody"])
    (finding,) = (each for each in first.table("findings") if each["check"] == "character")
    assert (finding["key"], finding["kind"], finding["character"]) == ("new", "character", done.character_id)
    with platform.transaction() as tx:
        about = work(tx, installed.works[0])
        grant = Statement(
            kind=EntryKind.GRANT,
            member_id=about.member_id,
            scope=Scope(Level.CHARACTER, done.character_id, about.id),
            uses=(Use.TRAIN,),
            provider="acme",
            declared_at=clock.now(),
        )
        ledger.record_unsigned(tx, grant, "a test", clock.now())
    second = audit(tmp_path / "a.tar", checks=(Check.CHARACTER,), out="second")
    assert second.kept == ["new", "nobody"]
