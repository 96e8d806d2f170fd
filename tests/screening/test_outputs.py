"""Screening of edited copies, end to end on drawn films."""

import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from tomeishi import wiring
from tomeishi.config import Limits
from tomeishi.matching.stages import ALL
from tomeishi.matching.styles import NearLook, Styles
from tomeishi.media.sample import frames_at
from tomeishi.registry import references as registry
from tomeishi.screening.findings import Finding, Screening
from tomeishi.screening.policy import default_text
from tomeishi.testing.edits import pictures, write_edited
from tomeishi.testing.films import DrawnFilm
from tomeishi.testing.recording import write_media
from tomeishi.values import Band, Interval, Kind, Use, Verdict, covered_s


@pytest.fixture(scope="module")
def platform(
    tmp_path_factory: pytest.TempPathFactory, works: tuple[DrawnFilm, ...], references: tuple[Path, ...]
) -> Iterator[wiring.Platform]:
    with wiring.open(tmp_path_factory.mktemp("home")) as opened:
        for work, path in zip(works, references, strict=True):
            opened.register(work.member, work.title, [path])
        yield opened


def _screened(platform: wiring.Platform, path: Path) -> Screening:
    return platform.screener().screen(path, str(path))


def _seen(screening: Screening) -> list[Finding]:
    """What was found in pictures."""
    return [finding for finding in screening.findings if finding.kind is not Kind.SOUND]


@pytest.mark.parametrize(
    "edit",
    ["mirror", "crop_25", "grey", "stacked", "picture_in_picture", "rotate_90", "overlay_50", "screen_in_screen"],
)
def test_an_edited_copy_is_found_where_it_is(
    platform: wiring.Platform,
    works: tuple[DrawnFilm, ...],
    references: tuple[Path, ...],
    clean: Path,
    tmp_path: Path,
    edit: str,
) -> None:
    query = tmp_path / "query.mp4"
    truth = write_edited(references[1], query, [edit], start_s=2.0, end_s=10.0, other=clean, seed=2)
    (finding,) = _seen(_screened(platform, query))
    assert finding.title == works[1].title
    assert covered_s(segment.query for segment in finding.segments) > 0.7 * truth.query.length
    for segment in finding.segments:
        assert segment.reference.start - segment.query.start == pytest.approx(2.0, abs=0.75)
    assert finding.band is Band.STRONG
    assert finding.segments[0].regions is not None


def test_what_only_a_part_of_the_picture_shows_is_an_edit(
    platform: wiring.Platform, references: tuple[Path, ...], clean: Path, tmp_path: Path
) -> None:
    query = tmp_path / "query.mp4"
    write_edited(references[0], query, ["stacked"], start_s=1.0, end_s=9.0, other=clean, seed=3)
    (finding,) = _seen(_screened(platform, query))
    assert finding.kind is Kind.EDIT


def test_a_style_is_ranked_only_where_it_is_asked_for_and_finds_nothing(
    platform: wiring.Platform, works: tuple[DrawnFilm, ...], quoted: Path
) -> None:
    assert _screened(platform, quoted).styles is None
    asked = platform.screener(style=True).screen(quoted, str(quoted))
    assert Kind.STYLE in asked.checked
    assert Kind.STYLE not in {finding.kind for finding in asked.findings}
    assert asked.styles
    assert asked.styles[0].title in {work.title for work in works}
    assert [near.similarity for near in asked.styles] == sorted((n.similarity for n in asked.styles), reverse=True)
    assert {(near.permission.use, near.permission.allowed) for near in asked.styles} == {(Use.GENERATE_STYLE, False)}


@pytest.mark.parametrize(("verdict", "expected"), [("clear", Verdict.CLEAR), ("review", Verdict.REVIEW)])
def test_a_style_leads_to_what_the_policy_says(
    platform: wiring.Platform, clean: Path, tmp_path: Path, verdict: str, expected: Verdict
) -> None:
    policy = tmp_path / "policy.toml"
    before, _, _ = default_text().rpartition("verdict =")
    policy.write_text(f'{before}verdict = "{verdict}"\n', encoding="utf-8")
    screener = platform.screener(style=True, policy=policy)
    near = NearLook(next(iter(screener.references.values())), 0.5, 0.0)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Styles, "nearest", lambda *_: [near])
        screening = screener.screen(clean, str(clean))
    assert not screening.findings
    assert screening.verdict is expected


def test_the_same_file_is_known_by_its_digest_over_its_whole_length(
    platform: wiring.Platform, references: tuple[Path, ...]
) -> None:
    screening = _screened(platform, references[2])
    (finding,) = _seen(screening)
    assert (finding.kind, finding.band, finding.score) == (Kind.COPY, Band.STRONG, 1.0)
    (segment,) = finding.segments
    assert segment.query == segment.reference
    assert segment.query.length == pytest.approx(screening.duration_s, abs=0.01)


def test_a_registered_file_is_not_decoded_and_what_is_looked_at_says_the_same(
    platform: wiring.Platform, references: tuple[Path, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_at = platform.screener(stages=replace(ALL, digest=False)).screen(references[2], "looked at")
    screener = platform.screener()
    monkeypatch.setattr(subprocess, "Popen", lambda *_, **__: pytest.fail("a process was started"))
    known = screener.screen(references[2], "known")
    assert {(each.title, each.kind, each.band) for each in known.findings} == {
        (each.title, each.kind, each.band) for each in looked_at.findings
    }
    assert (known.verdict, known.checked) == (looked_at.verdict, looked_at.checked)
    assert known.duration_s == pytest.approx(looked_at.duration_s, abs=0.01)


def test_what_is_excluded_of_a_registered_file_is_not_found_by_its_digest(
    works: tuple[DrawnFilm, ...], references: tuple[Path, ...], tmp_path: Path
) -> None:
    with wiring.open(tmp_path / "home") as own:
        done = own.register(works[0].member, works[0].title, [references[0]])
        with own.transaction() as tx:
            registry.exclude(tx, done.references[0], Interval(0.0, 3.0), "opening")
            registry.exclude(tx, done.references[0], Interval(2.0, 5.0), "more of it")
        (finding,) = _seen(_screened(own, references[0]))
        assert [(each.query.start, round(each.query.end)) for each in finding.segments] == [(5.0, 12)]
        with own.transaction() as tx:
            registry.exclude(tx, done.references[0], Interval(0.0, 13.0), "all of it")
        assert _screened(own, references[0]).findings == ()


def test_a_clip_played_backwards_is_found_and_told_so(
    platform: wiring.Platform, works: tuple[DrawnFilm, ...], references: tuple[Path, ...], tmp_path: Path
) -> None:
    query = tmp_path / "backwards.mp4"
    write_media(query, list(pictures(references[1], 2.0, 1 / 12, 96))[::-1], rate_hz=12)
    (finding,) = _screened(platform, query).findings
    assert (finding.title, finding.kind, finding.band) == (works[1].title, Kind.EDIT, Band.STRONG)
    assert all(each.backwards for each in finding.segments)
    assert covered_s(each.query for each in finding.segments) > 5
    assert min(each.reference.start for each in finding.segments) == pytest.approx(2.0, abs=1.0)
    assert max(each.reference.end for each in finding.segments) == pytest.approx(10.0, abs=1.0)
    assert finding.to_json()["backwards"] == [True] * len(finding.segments)


def test_a_loop_names_the_same_seconds_again_and_again(
    platform: wiring.Platform, references: tuple[Path, ...], tmp_path: Path
) -> None:
    query = tmp_path / "loop.mp4"
    write_media(query, list(pictures(references[0], 4.0, 1 / 12, 60)) * 3, rate_hz=12)
    (finding,) = _screened(platform, query).findings
    assert len(finding.segments) == 3
    for segment in finding.segments:
        assert (segment.reference.start, segment.reference.end) == pytest.approx((4.0, 9.0), abs=0.75)


def test_an_empty_registry_finds_nothing_and_says_what_it_looked_for(tmp_path: Path, clean: Path) -> None:
    with wiring.open(tmp_path / "home") as empty:
        screening = _screened(empty, clean)
    assert (screening.findings, screening.verdict) == ((), Verdict.CLEAR)
    assert screening.checked == (Kind.COPY, Kind.EDIT, Kind.SOUND)


def test_a_still_of_a_film_is_found_at_its_moment(
    platform: wiring.Platform, works: tuple[DrawnFilm, ...], references: tuple[Path, ...], tmp_path: Path
) -> None:
    (frame,) = frames_at(references[0], [5.0], Limits())
    query = tmp_path / "still.jpg"
    Image.fromarray(frame.pixels).save(query, quality=70)
    (finding,) = _seen(_screened(platform, query))
    (segment,) = finding.segments
    assert (finding.title, finding.kind) == (works[0].title, Kind.COPY)
    assert (segment.query.start, segment.query.end) == (0.0, 1.0)
    assert segment.reference.start <= 5.0 <= segment.reference.end
