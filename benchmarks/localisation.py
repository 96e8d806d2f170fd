"""Which seconds of which film are in a query: `python -m benchmarks.localisation`.

Queries as in VSC2022: 30 to 60 s of film that nobody registered, half of them clean; in the others one or two clips of
5 to 21 s of registered films, each under one to three edits at once and one in three also faster or slower, put onto
the query's canvas whole. Measured are segment AP (`segment_ap.py`), micro average precision over pairs, and how far the
ends of a found clip lie from the true ones, on both axes, for the prediction that overlaps most.
"""

import argparse
import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import accumulate
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.alterations import FFMPEG, alterations
from benchmarks.bootstrap import interval
from benchmarks.material import (
    RATE_HZ,
    SIZE,
    UNREGISTERED,
    Film,
    Half,
    Pixels,
    drawn_films,
    even,
    made,
    media_folder,
    onto_canvas,
    real_films,
    registry,
    shown,
)
from benchmarks.peers import missing
from benchmarks.record import record
from benchmarks.segment_ap import Box, Pair, Predicted, micro_ap, segment_ap
from tomeishi.screening.outputs import Screener
from tomeishi.testing.edits import EDITS
from tomeishi.testing.recording import write_media
from tomeishi.values import Band, Interval

FILM_S, BESIDE_S = 60.0, 60.0
CLIP_S, QUERY_S = (5.0, 21.0), (30.0, 60.0)
SPEEDS = (0.5, 0.75, 1.25, 1.5, 2.0)
EDITS_USED = tuple(name for name in (*EDITS, *FFMPEG) if name != "reencode")
"""Those that are always there; every query is encoded anyway."""


@dataclass(frozen=True, slots=True)
class Planted:
    """One clip in a query."""

    film: int
    box: Box
    edits: tuple[str, ...]
    speed: float


@dataclass(frozen=True, slots=True)
class Query:
    path: Path
    planted: tuple[Planted, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """Truth and predictions of one query, by path of the film."""

    query: Query
    true: tuple[tuple[str, Box], ...]
    predicted: tuple[tuple[str, Box, float, Band], ...]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--half", type=Half, choices=list(Half), default=Half.DEVELOPMENT)
    parser.add_argument("--films", type=int, default=8, help="drawn films of 60 s, registered beside the real ones")
    parser.add_argument("--queries", type=int, default=24, help="half of them clean")
    parser.add_argument("--jobs", type=int, default=2, help="processes that draw and edit")
    options = parser.parse_args()
    load = os.getloadavg()[0]
    films, queries, absent = make(options.half, options.films, options.queries, options.jobs)
    with registry(films) as platform:
        screener = platform.screener()
        outcomes = [outcome(query, films, screener) for query in queries]
    figures = figures_of(outcomes) | {
        "registered": {"drawn": options.films, "real": len(films) - options.films},
        "absent": dict.fromkeys(absent, "not installed") | missing(),
    }
    settings = {
        "half": options.half.value, "films": options.films, "queries": options.queries, "clip_s": CLIP_S,
        "load_before": round(load, 1),
        "query_s": QUERY_S, "speeds": SPEEDS, "rate_hz": RATE_HZ, "size": SIZE,
        "edits": {name: alterations()[name].what for name in EDITS_USED},
    }  # fmt: skip
    print(record(f"localisation-{options.half}", seed=0, settings=settings, figures=figures))


def make(half: Half, films: int, queries: int, jobs: int) -> tuple[list[Film], list[Query], list[str]]:
    """Registered films, queries, and packages whose films are absent."""
    real, absent = real_films(half)
    registered = [*drawn_films(half, films, FILM_S, first=1000, jobs=jobs), *real]
    beside = drawn_films(half, max(4, queries // 2), BESIDE_S, first=UNREGISTERED + 1000, jobs=jobs)
    work = [(number, registered, beside, media_folder()) for number in range(queries)]
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        return registered, list(pool.map(write_query, work)), absent


def write_query(work: tuple[int, list[Film], list[Film], Path]) -> Query:
    """Query `number`: even ones hold clips, odd ones are clean. Drawn by the number alone."""
    number, films, beside, folder = work
    rng = np.random.default_rng([number, len(films), len(beside)])
    around, other = (beside[i] for i in rng.choice(len(beside), 2, replace=False))
    count = 0 if number % 2 else int(rng.choice([1, 1, 2]))
    clips = [_choose(films, rng) for _ in range(count)]
    inside = sum(seconds for _, _, seconds, _, _ in clips)
    free = max(float(rng.uniform(*QUERY_S)) - inside, QUERY_S[0] - inside, 4.0)
    gaps = [float(each) for each in rng.dirichlet(np.full(count + 1, 3.0)) * free]
    ends = list(accumulate(gap + (clips[k][2] if k < count else 0.0) for k, gap in enumerate(gaps)))
    planted = []
    for (film, start, seconds, speed, edits), end in zip(clips, ends, strict=False):
        at = round((end - seconds) * RATE_HZ) / RATE_HZ
        box = Box(Interval(at, at + seconds), Interval(start, start + seconds * speed))
        planted.append(Planted(film, box, edits, speed))

    def write(to: Path) -> None:
        frames = [onto_canvas(frame) for frame in shown(around, float(rng.uniform(0, 20)), ends[-1])]
        for each in planted:
            frames = _with(frames, each, films[each.film], other, number)
        write_media(to, frames, rate_hz=RATE_HZ)

    return Query(made(folder / f"query-{films[0].name}-{len(films)}-{len(beside)}-{number}.mp4", write), tuple(planted))


def _choose(films: Sequence[Film], rng: np.random.Generator) -> tuple[int, float, float, float, tuple[str, ...]]:
    """Film, start, query seconds, speed and edits of one clip."""
    speed = float(rng.choice(SPEEDS)) if rng.random() < 1 / 3 else 1.0
    long_enough = [n for n, film in enumerate(films) if film.duration_s >= CLIP_S[0] * speed]
    film = int(rng.choice(long_enough))
    longest = min(CLIP_S[1], films[film].duration_s / speed)
    seconds = max(CLIP_S[0], int(float(rng.uniform(CLIP_S[0], longest)) * RATE_HZ) / RATE_HZ)
    start = float(rng.uniform(0, films[film].duration_s - seconds * speed)) if seconds < longest else 0.0
    edits = rng.choice(EDITS_USED, size=int(rng.integers(1, 4)), replace=False)
    return film, start, seconds, speed, tuple(str(each) for each in edits)


def _with(frames: list[Pixels], planted: Planted, film: Film, other: Film, seed: int) -> list[Pixels]:
    """The query's frames with one clip in them, over what was there."""
    first = round(planted.box.query.start * RATE_HZ)
    seconds = planted.box.query.length
    clip = [even(frame) for frame in shown(film, planted.box.reference.start, seconds, planted.speed)]
    beside = shown(other, 1.0, seconds)
    for name in planted.edits:
        clip = [even(frame) for frame in alterations()[name].apply(clip, beside, seed, RATE_HZ)]
    return [*frames[:first], *(onto_canvas(frame) for frame in clip), *frames[first + len(clip) :]]


def outcome(query: Query, films: Sequence[Film], screener: Screener) -> Outcome:
    screening = screener.screen(query.path, str(query.path))
    return Outcome(
        query,
        tuple((str(films[each.film].path), each.box) for each in query.planted),
        tuple(
            (finding.reference_path, Box(segment.query, segment.reference), segment.score, finding.band)
            for finding in screening.findings
            for segment in finding.segments
        ),
    )


def figures_of(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    with_clips = [each for each in outcomes if each.true]
    clean = [each for each in outcomes if not each.true]
    errors = [found for each in with_clips for found in boundary_errors(each)]
    found = sum(bool(best(each, *true)) for each in with_clips for true in each.true)
    low, high = interval(outcomes, segment_ap_of)
    return {
        "segment_ap": round(segment_ap_of(outcomes), 4),
        "segment_ap_interval": [round(low, 4), round(high, 4)],
        "segment_ap_by_edits": {
            str(count): round(segment_ap_of([e for e in outcomes if not e.true or _edits(e) == count]), 4)
            for count in (1, 2, 3)
        },
        "micro_ap": round(micro_ap_of(outcomes), 4),
        "queries": len(outcomes),
        "clips": sum(len(each.true) for each in with_clips),
        "clips_found": found,
        "films_shown": len({path for each in with_clips for path, _ in each.true}),
        "boundary_error_s": {
            "ends": len(errors),
            "median": round(float(np.median(errors)), 3) if errors else None,
            "of_90_percent": round(float(np.quantile(errors, 0.9)), 3) if errors else None,
        },
        "clean_queries": len(clean),
        "clean_queries_with_findings": {
            band.value: sum(any(b is band for _, _, _, b in each.predicted) for each in clean) for band in Band
        },
        "wrong_films_in_queries_with_clips": {
            band.value: sum(
                path not in {true for true, _ in each.true} and b is band for each in with_clips
                for path, _, _, b in each.predicted
            ) for band in Band
        },
        "missed": sorted(
            f"{'+'.join(planted.edits)} x{planted.speed:g}"
            for each in with_clips for true, planted in zip(each.true, each.query.planted, strict=True)
            if not best(each, *true)
        ),
    }  # fmt: skip


def _edits(outcome: Outcome) -> int:
    return max(len(each.edits) for each in outcome.query.planted)


def segment_ap_of(outcomes: Sequence[Outcome]) -> float:
    truth: dict[Pair, list[Box]] = {}
    predictions = []
    for number, each in enumerate(outcomes):
        for path, box in each.true:
            truth.setdefault((str(number), path), []).append(box)
        predictions += [Predicted((str(number), path), box, score) for path, box, score, _ in each.predicted]
    return segment_ap(truth, predictions)


def micro_ap_of(outcomes: Sequence[Outcome]) -> float:
    true = {(str(n), path) for n, each in enumerate(outcomes) for path, _ in each.true}
    scored: dict[Pair, float] = {}
    for number, each in enumerate(outcomes):
        for path, _, score, _ in each.predicted:
            pair = (str(number), path)
            scored[pair] = max(score, scored.get(pair, 0.0))
    return micro_ap(frozenset(true), scored.items())


def best(outcome: Outcome, path: str, true: Box) -> Box | None:
    """The prediction of that film that shares most with the true box; None where none overlaps on both axes."""
    met = [box for at, box, _, _ in outcome.predicted if at == path and box.overlaps(true)]
    return max(met, key=lambda b: b.query.overlap(true.query) * b.reference.overlap(true.reference), default=None)


def boundary_errors(outcome: Outcome) -> list[float]:
    """Four ends of each clip that was found, in seconds."""
    errors: list[float] = []
    for path, true in outcome.true:
        if (found := best(outcome, path, true)) is not None:
            for mine, its in ((found.query, true.query), (found.reference, true.reference)):
                errors += [abs(mine.start - its.start), abs(mine.end - its.end)]
    return errors


if __name__ == "__main__":
    main()
