"""Which changed sound is found, how surely and where, beside peers: `python -m benchmarks.sound`.

Clips of 3, 5 and 8 s of registered pieces, one edit each, are screened against all registered pieces of the half. A
clip is found where a match of any band names its piece; placed where the line also passes within half a second of
the truth. Any other piece named is a wrong identity. Unrelated sound is everything else: pieces that are not
registered, the pieces of the other half, drawn tunes, and each registered piece against all pieces but itself.

`--calibrate` fits the score on the development half, sets the bands there, measures them on the test half, and writes
`src/tomeishi/matching/sound.json`. Nothing is ever set by the test half.
"""

import argparse
import json
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.bootstrap import mean_interval
from benchmarks.calibrate import poisson_upper
from benchmarks.material import Half
from benchmarks.music import (
    DRAWN,
    FOLDERS,
    LONGEST_S,
    TUNE_S,
    Clip,
    Piece,
    clips,
    marks_of,
    pieces,
    unregistered_tunes,
)
from benchmarks.record import record
from benchmarks.sound_peers import Audfprint, Chromaprint, Peer
from tomeishi.fingerprint.audio import SPEC, Landmarks, fingerprint_of, landmarks, marks_in
from tomeishi.fingerprint.groups import groups_of
from tomeishi.index.postings import publish_postings
from tomeishi.index.volume import Item
from tomeishi.matching import sound_calibration
from tomeishi.matching.audible import Audible
from tomeishi.matching.score import BandLimit
from tomeishi.matching.sound import Heard
from tomeishi.matching.sound_calibration import SoundCalibration
from tomeishi.testing.sound_edits import SOUND_EDITS
from tomeishi.values import Band, digest_of

SECONDS = (3.0, 5.0, 8.0)
WHERE = Path(sound_calibration.__file__).with_name("sound.json")
_NEAR_S = 0.5
_MARGIN = 2.0
"""How far, in logits, the band `strong` begins above the surest false stretch of the development half."""


@dataclass(slots=True)
class Outcome:
    """Of one clip: its true stretches, other stretches of its piece, and stretches of other pieces."""

    clip: Clip
    right: list[Heard] = field(default_factory=list)
    elsewhere: list[Heard] = field(default_factory=list)
    wrong: list[Heard] = field(default_factory=list)


@dataclass(slots=True)
class Measured:
    """What one half gave."""

    clips: dict[tuple[str, float], list[Outcome]]
    false: list[Heard]
    """Stretches of unrelated sound."""
    unrelated_hours: float
    by_kind_hours: dict[str, float]
    peers: dict[str, dict[tuple[str, float], float]]
    registered: int
    registered_hours: float
    postings_a_second: float
    matching_s_a_clip: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--half", type=Half, choices=list(Half), default=Half.DEVELOPMENT)
    parser.add_argument("--clips", type=int, default=30, help="of each edit and length")
    parser.add_argument("--tunes", type=int, default=6, help="drawn tunes that are registered, beside the pieces")
    parser.add_argument("--unrelated-tunes", type=int, default=60, help="drawn tunes of a minute that are not")
    parser.add_argument("--calibrate", action="store_true", help="fit on the development half, measure on the other")
    parser.add_argument("--music", type=Path, nargs="*", default=list(FOLDERS), help="folders with music")
    parser.add_argument("--fpcalc", action="store_true", help="measure chromaprint, too (Debian libchromaprint-tools)")
    parser.add_argument("--audfprint", type=Path, help="a checkout of audfprint, with a Python that runs it in .venv/")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    load = os.getloadavg()[0]
    if options.calibrate:
        calibrate(options, load)
        return
    measured = measure(options.half, options, peers=True)
    calibration = sound_calibration.shipped()
    figures = {"load_before": round(load, 1), **figures_of(measured, calibration)}
    print(json.dumps(figures, indent=1))
    print(record(f"sound-{options.half}", seed=options.seed, settings=_settings(options), figures=figures))


def measure(half: Half, options: argparse.Namespace, *, peers: bool) -> Measured:
    """Everything of one half, before any score."""
    rng = np.random.default_rng([options.seed, half is Half.TEST])
    mine = pieces(half, options.tunes, options.music)
    registered = [piece for piece in mine if piece.registered]
    marks = {piece.name: marks_of(piece.samples) for piece in mine}
    with TemporaryDirectory() as folder:
        audible, postings_a_second = _audible(Path(folder), registered, marks)
        family = {piece.name: piece.family for piece in mine}
        beside = _peers(options, registered, Path(folder)) if peers else []
        found: dict[tuple[str, float], list[Outcome]] = {}
        by_peer: dict[str, dict[tuple[str, float], float]] = {peer.name: {} for peer in beside}
        matching_s = 0.0
        for seconds in SECONDS:
            for edit in SOUND_EDITS:
                made = clips(registered, edit, seconds, options.clips, rng)
                outcomes = []
                for each in made:
                    began = time.process_time()
                    heard = audible.stretches(landmarks([each.samples]))
                    matching_s += time.process_time() - began
                    outcomes.append(_judged(each, heard, family))
                found[edit, seconds] = outcomes
                for peer in beside:
                    by_peer[peer.name][edit, seconds] = round(float(np.mean(peer.found(made))), 4)
                print(edit, seconds, sum(bool(o.right) for o in outcomes), len(outcomes), flush=True)
        other = pieces(Half.TEST if half is Half.DEVELOPMENT else Half.DEVELOPMENT, 0, options.music)
        groups: dict[str, list[tuple[str, float, Landmarks]]] = {
            "pieces of this half": [(p.family, p.duration_s, marks[p.name]) for p in mine],
            "pieces of the other half": [(p.family, p.duration_s, marks_of(p.samples)) for p in other],
            "drawn tunes": [
                (DRAWN, TUNE_S, landmarks([tune])) for tune in unregistered_tunes(half, options.unrelated_tunes)
            ],
        }
        false: list[Heard] = []
        hours = {}
        for kind, queries in groups.items():
            hours[kind] = sum(seconds for _, seconds, _ in queries) / 3600
            for own, _, query in queries:
                for name, stretches in audible.stretches(query).items():
                    if family[name] != own:
                        false += stretches
    return Measured(
        found,
        false,
        sum(hours.values()),
        {kind: round(value, 2) for kind, value in hours.items()},
        by_peer,
        len(registered),
        sum(piece.duration_s for piece in registered) / 3600,
        postings_a_second,
        matching_s / sum(len(outcomes) for outcomes in found.values()),
    )


def _audible(folder: Path, registered: Sequence[Piece], marks: dict[str, Landmarks]) -> tuple[Audible, float]:
    items, groups = [], 0
    for piece in registered:
        # By way of the stored form, as a registry does.
        stored = fingerprint_of(marks[piece.name], 0.0, piece.duration_s)
        rows = stored.rows.astype(np.uint8)
        kept = groups_of(marks_in(stored))
        groups += len(kept.keys)
        items.append((Item(piece.name, stored.times_s, rows, stored.quality), kept))
    postings = publish_postings(folder / "index", SPEC, items, digest_of(b"benchmark"))
    seconds = sum(piece.duration_s for piece in registered)
    return Audible(postings, {piece.name: piece.duration_s for piece in registered}), groups / seconds


def _peers(options: argparse.Namespace, registered: Sequence[Piece], folder: Path) -> list[Peer]:
    made: list[Peer] = []
    if options.fpcalc:
        made.append(Chromaprint(registered))
    if options.audfprint is not None:
        made.append(Audfprint(options.audfprint, registered, folder / "audfprint"))
    return made


def _judged(clip: Clip, heard: dict[str, list[Heard]], family: dict[str, str]) -> Outcome:
    outcome = Outcome(clip)
    for name, stretches in heard.items():
        for each in stretches:
            middle = (each.query.start + each.query.end) / 2
            error = abs(each.line.at(middle) - (clip.start_s + clip.slope * middle))
            if name == clip.piece.name and error < _NEAR_S:
                outcome.right.append(each)
            elif family[name] == clip.piece.family:
                outcome.elsewhere.append(each)  # music repeats itself
            else:
                outcome.wrong.append(each)
    return outcome


def figures_of(measured: Measured, calibration: SoundCalibration) -> dict[str, Any]:
    """What is recorded."""

    def band(heard: Sequence[Heard]) -> Band | None:
        return calibration.band(max((calibration.score(each) for each in heard), default=0.0))

    edits: dict[str, Any] = {}
    errors: list[float] = []
    wrong = 0
    for edit in SOUND_EDITS:
        edits[edit] = {}
        for seconds in SECONDS:
            outcomes = measured.clips[edit, seconds]
            named = [band(o.right + o.elsewhere) for o in outcomes]
            placed = [band(o.right) is not None for o in outcomes]
            by_piece: dict[str, list[float]] = {}
            for outcome, each in zip(outcomes, named, strict=True):
                by_piece.setdefault(outcome.clip.piece.name, []).append(float(each is not None))
            low, high = mean_interval(list(by_piece.values()))
            mistaken = sum(band(o.wrong) is not None for o in outcomes)
            wrong += mistaken
            for outcome in outcomes:
                if band(outcome.right) is not None:
                    best = max(outcome.right, key=lambda heard: heard.evidence)
                    errors += [best.query.start, abs(seconds / outcome.clip.slope - best.query.end)]
            edits[edit][f"{seconds:g} s"] = {
                "clips": len(outcomes),
                "found": round(float(np.mean([each is not None for each in named])), 4),
                "interval": [round(low, 3), round(high, 3)],
                "strong": round(float(np.mean([each is Band.STRONG for each in named])), 4),
                "placed": round(float(np.mean(placed)), 4),
                "wrong_identities": mistaken,
                "peers": {name: by[edit, seconds] for name, by in measured.peers.items()},
            }
    return {
        "edits": edits,
        "wrong_identities": wrong,
        "boundary_error_s": {
            "median": round(float(np.median(errors)), 3),
            "of 90 %": round(float(np.quantile(errors, 0.9)), 3),
        },
        "unrelated": {"hours": measured.by_kind_hours, "bands": _false_by_band(measured, calibration)},
        "registered": {"pieces": measured.registered, "hours": round(measured.registered_hours, 2)},
        "groups_a_second": round(measured.postings_a_second, 1),
        "cpu_s_a_clip": round(measured.matching_s_a_clip, 3),
    }


def _false_by_band(measured: Measured, calibration: SoundCalibration) -> dict[str, Any]:
    """False segments at or above each band's limit, and per 100 hours the upper end of the exact 95 % interval."""
    scores = np.array([calibration.score(each) for each in measured.false])
    rows = {}
    for limit in calibration.bands:
        count = int((scores >= limit.score).sum())
        upper = poisson_upper(count) / measured.unrelated_hours * 100
        rows[limit.band.value] = {
            "score": limit.score,
            "false_segments": count,
            "false_segments_per_100_hours_at_most": round(upper, 1),
        }
    return rows


def calibrate(options: argparse.Namespace, load: float) -> None:
    """Fit and set on the development half, measure on the test half, write the shipped file and both results."""
    development = measure(Half.DEVELOPMENT, options, peers=False)
    true = [max(o.right, key=lambda h: h.evidence) for each in development.clips.values() for o in each if o.right]
    false = development.false + [w for each in development.clips.values() for o in each for w in o.wrong]
    fitted = _fitted(true, false)
    logits = np.sort([_logit(fitted, each) for each in false])[::-1]
    top = float(logits[0]) if len(logits) else 0.0
    likely = top + _MARGIN / 2
    # Weak: one in an hour of the development half, yet never below even odds.
    weak = max(0.0, float(logits[min(int(development.unrelated_hours), len(logits) - 1)]))
    limits = {Band.STRONG: top + _MARGIN, Band.LIKELY: likely, Band.WEAK: min(weak, likely)}
    # Shifted so that scores spread over [0, 1]: the band `likely` begins at 0.5.
    shift = likely
    intercept, per_evidence, per_log_votes = (
        round(float(each), 4) for each in (fitted[0] - shift, fitted[1], fitted[2])
    )
    bands = tuple(
        BandLimit(band, round(float(1 / (1 + np.exp(-(limit - shift)))), 4), None) for band, limit in limits.items()
    )
    calibration = SoundCalibration(intercept, per_evidence, per_log_votes, bands)
    tested = measure(Half.TEST, options, peers=True)
    measured = _false_by_band(tested, calibration)
    words = {
        "intercept": calibration.intercept,
        "per_evidence": calibration.per_evidence,
        "per_log_votes": calibration.per_log_votes,
        "bands": [
            {
                "band": limit.band.value,
                "score": limit.score,
                "false_segments_per_100_hours": measured[limit.band.value]["false_segments_per_100_hours_at_most"],
            }
            for limit in bands
        ],
        "measured": {"hours": round(tested.unrelated_hours, 2), "registered": tested.registered},
    }
    WHERE.write_text(json.dumps(words, indent=1) + "\n", encoding="utf-8")
    figures = {
        "true": len(true),
        "false": len(false),
        "surest_false": [
            [round(each.evidence, 1), each.votes, round(each.query.length, 1), round(each.line.slope, 3)]
            for each in sorted(false, key=lambda each: -_logit(fitted, each))[:12]
        ],
        "development": figures_of(development, calibration),
        "test": figures_of(tested, calibration),
    }
    print(json.dumps(figures, indent=1))
    on_test = {"load_before": round(load, 1), **figures_of(tested, calibration)}
    print(record("sound-test", seed=options.seed, settings=_settings(options), figures=on_test))
    print(record("sound-calibration", seed=options.seed, settings=_settings(options), figures=figures))


def _fitted(true: Sequence[Heard], false: Sequence[Heard]) -> NDArray[np.float64]:
    """Logistic regression by Newton's method, both classes weighing the same, lightly held back (L2 0.01)."""
    design = np.array([_features(each) for each in [*true, *false]])
    is_true = np.array([1.0] * len(true) + [0.0] * len(false))
    weight = np.where(is_true > 0, 0.5 / max(len(true), 1), 0.5 / max(len(false), 1)) * len(design)
    fitted = np.zeros(3)
    for _ in range(60):
        p = 1 / (1 + np.exp(-np.clip(design @ fitted, -50, 50)))
        gradient = design.T @ (weight * (p - is_true)) + 1e-2 * fitted
        curvature = (design * (weight * p * (1 - p))[:, None]).T @ design + 1e-2 * np.eye(3)
        fitted -= np.linalg.solve(curvature, gradient)
    return fitted


def _logit(fitted: NDArray[np.float64], heard: Heard) -> float:
    return float(fitted @ np.array(_features(heard)))


def _features(heard: Heard) -> tuple[float, float, float]:
    evidence, votes = heard.telling
    return 1.0, evidence, float(np.log1p(votes))


def _settings(options: argparse.Namespace) -> dict[str, Any]:
    return {
        "clips": options.clips,
        "tunes": options.tunes,
        "unrelated_tunes": options.unrelated_tunes,
        "seconds": SECONDS,
        "longest_piece_s": LONGEST_S,
        "peers": [name for name, asked in (("fpcalc", options.fpcalc), ("audfprint", options.audfprint)) if asked],
    }


if __name__ == "__main__":
    main()
