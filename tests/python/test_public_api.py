"""`import tomeishi`: the same verbs as the command, typed, and cheap to import."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import tomeishi
from tomeishi.evidence.capture import Capture
from tomeishi.values import MediaKind

ROOT = Path(__file__).parents[2]
HEAVY = ("av", "faiss", "onnxruntime", "sqlalchemy", "numpy", "cv2", "PIL", "typer", "rich", "cryptography", "typst")


@pytest.fixture
def platform(installed: Any) -> Iterator[tomeishi.Platform]:
    with tomeishi.open(installed.home) as opened:
        yield opened


def test_importing_costs_next_to_nothing() -> None:
    script = "import sys, tomeishi; tomeishi.TomeishiError; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "tomeishi.errors" in loaded
    assert not loaded & set(HEAVY)


def test_a_model_that_runs_keeps_nothing_at_home_and_reports_to_nobody(tmp_path: Path) -> None:
    """onnxruntime writes a device id and a queue of reports into the cache folder unless it is told not to."""
    script = "from tomeishi.fingerprint.image import load; load(1)"
    # Where these say that a test runs, it is silent by itself.
    around = {k: v for k, v in os.environ.items() if k not in {"CI", "ORT_RUNNING_UNIT_TESTS", "ORT_DISABLE_TELEMETRY"}}
    around |= {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    subprocess.run([sys.executable, "-c", script], env=around, check=True)
    assert not list(tmp_path.rglob("*"))


def test_every_public_name_is_there_and_nothing_else_pretends_to_be() -> None:
    for name in tomeishi.__all__:
        assert getattr(tomeishi, name) is not None
    assert tomeishi.__version__
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = tomeishi.no_such_name


def test_compare_gives_a_typed_answer(quoted: Path, references: tuple[Path, ...]) -> None:
    comparison = tomeishi.compare(str(quoted), references[0])
    assert isinstance(comparison, tomeishi.Comparison)
    assert comparison.kind is tomeishi.Kind.COPY
    assert comparison.band is tomeishi.Band.STRONG
    assert 0.9 < comparison.score <= 1
    (segment,) = comparison.segments
    assert isinstance(segment, tomeishi.Segment)
    assert segment.query.overlap(tomeishi.Interval(0.0, 8.0)) > 7
    assert segment.reference.overlap(tomeishi.Interval(2.0, 10.0)) > 7
    assert segment.slope == pytest.approx(1.0, abs=0.02)
    assert comparison.query.kind is MediaKind.VIDEO
    json.dumps(comparison.to_json())


def test_what_does_not_resemble_has_no_band_and_no_segments(clean: Path, references: tuple[Path, ...]) -> None:
    comparison = tomeishi.compare(clean, references[0])
    assert (comparison.band, comparison.kind, comparison.segments, comparison.score) == (None, None, (), 0.0)


def test_open_register_screen_report(
    platform: tomeishi.Platform,
    installed: Any,
    works: Any,
    references: tuple[Path, ...],
    quoted: Path,
    bad: Path,
    tmp_path: Path,
) -> None:
    registered = platform.register("新会員", "新作", [references[2], bad / "empty.mp4"], reading="しんさく")
    assert len(registered.references) == 1
    assert [each.item for each in registered.skipped] == [str(bad / "empty.mp4")]
    assert (registered.overlaps, registered.partial) == ((), ())

    found, other, unread = platform.screen([quoted, references[2], str(bad / "text.mp4")], provider="acme")
    assert isinstance(found, tomeishi.Screening)
    assert found.verdict is tomeishi.Verdict.BLOCK
    assert {finding.kind for finding in found.findings} == {tomeishi.Kind.COPY, tomeishi.Kind.SOUND}
    finding = found.findings[0]
    assert isinstance(finding, tomeishi.Finding)
    assert (finding.work_id, finding.title, finding.member) == (installed.works[0], works[0].title, works[0].member)
    assert finding.permission.use is tomeishi.Use.REPRODUCE
    assert not finding.permission.allowed
    assert {each.work_id for each in other.findings} == {registered.work_id}
    assert unread.skipped is not None
    assert unread.verdict is tomeishi.Verdict.REVIEW

    reported = platform.report(quoted, tmp_path / "evidence", capture=Capture(prompt="星"))
    assert reported.screening.findings[0].work_id == installed.works[0]
    assert all(path.exists() for path in (reported.sealed.path, *reported.documents))
    assert tomeishi.verify(reported.sealed.path, [platform.key.public.raw]).state == "intact"
    assert tomeishi.verify(reported.sealed.path, []).state == "unknown_signer"


def test_screening_is_lazy_so_that_a_long_folder_can_be_followed(
    platform: tomeishi.Platform, quoted: Path, bad: Path
) -> None:
    screenings = platform.screen([bad / "empty.mp4", quoted])
    assert next(screenings).skipped
    assert next(screenings).findings


def test_a_platform_is_made_where_there_is_none(tmp_path: Path) -> None:
    with tomeishi.open(tmp_path / "new") as platform:
        assert platform.register("会員", "題", []).references == ()
    assert (tmp_path / "new" / "policy.toml").exists()


def test_every_failure_is_a_tomeishi_error(
    platform: tomeishi.Platform, references: tuple[Path, ...], bad: Path, tmp_path: Path
) -> None:
    none = tmp_path / "none.mp4"
    failures = (
        lambda: tomeishi.compare(none, references[0]),
        lambda: tomeishi.compare(references[0], bad / "text.mp4"),
        lambda: tomeishi.compare(bad / "giant.png", bad / "sound.m4a"),
        lambda: platform.register("会員", "題", [none]),
        lambda: platform.register("会員", " ", []),
        lambda: platform.report(none, tmp_path / "out"),
        lambda: list(platform.screen([], policy=none)),
        lambda: tomeishi.Interval(2.0, 1.0),
    )
    for fail in failures:
        with pytest.raises(tomeishi.TomeishiError):
            fail()


def _examples() -> list[Any]:
    (docstring,) = re.findall(r"(?:^    .*\n|^\n)+", tomeishi.__doc__ or "", re.MULTILINE)[:1]
    readme = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    return [
        pytest.param(re.sub("^    ", "", docstring, flags=re.MULTILINE), id="docstring"),
        *(pytest.param(each, id=f"readme-{number}") for number, each in enumerate(readme)),
    ]


@pytest.mark.parametrize("example", _examples())
def test_an_example_runs(
    example: str,
    installed: Any,
    quoted: Path,
    references: tuple[Path, ...],
    homes: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "clips").mkdir()
    shutil.copy(quoted, tmp_path / "clips" / "one.mp4")
    shutil.copy(quoted, tmp_path / "clip.mp4")
    shutil.copy(references[0], tmp_path / "episode-03.mp4")
    homes.copy(installed.home, tmp_path / "registry")
    exec(compile(example, "example", "exec"), {})
    printed = capsys.readouterr().out
    assert "clips/one.mp4 block" in printed
