"""The whole path against the nearest open peer: `python -m benchmarks.spine`.

Altered copies of registered films are screened as files, sealed between clean stretches, one kind of edit at a time.
Beside it, on the very same sampled frames, what `pdqhash` finds at the threshold its makers recommend (31 of 256 bits,
quality 50): the share of the copied frames that match a frame of the right film, and frames that match a wrong one.
Unrelated films are screened for false findings. Then the time of a whole screening over that of decoding alone.
"""

import argparse
import os
import resource
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from typing import Any

import cv2
import numpy as np
import pdqhash
from numpy.typing import NDArray

from benchmarks.record import record
from tomeishi import wiring
from tomeishi.config import Limits
from tomeishi.media.sample import sample
from tomeishi.screening.findings import Screening
from tomeishi.screening.outputs import PLAN, Screener
from tomeishi.testing.edits import EDITS, Planted, write_edited
from tomeishi.testing.films import film, frames, music, write_film
from tomeishi.testing.recording import write_media
from tomeishi.values import Band, covered_s

FIRST_SEED = 700_000
CLIP_S, PAD_S, FILM_S = 8.0, 3.0, 24.0
SPEEDS = {"speed x0.5": 0.5, "speed x0.75": 0.75, "speed x1.5": 1.5, "speed x2": 2.0}
PEER_BITS, PEER_QUALITY = 31, 50

Bits = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Case:
    kind: str
    film: int
    path: Path
    truth: Planted | None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--films", type=int, default=4, help="registered films; each edit is made of each of them")
    parser.add_argument("--unrelated", type=int, default=24, help="unrelated films of 20 s that are screened")
    parser.add_argument("--runs", type=int, default=5, help="timed runs of decoding and of screening, in turn")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        references, cases = make(folder, options.films, options.unrelated)
        with wiring.open(folder / "home") as platform:
            for number, path in enumerate(references):
                platform.register(f"member {number}", f"film {number}", [path])
            screener = platform.screener()
            peers = [peer_bits(path) for path in references]
            outcomes = [outcome(case, screener, peers) for case in cases]
            timing = timed(folder, screener, options.runs)
    figures = {"edits": by_edit(outcomes), "unrelated": false_matches(outcomes), "timing": timing}
    settings = vars(options) | {"clip_s": CLIP_S, "pad_s": PAD_S, "film_s": FILM_S, "size": [640, 360]}
    settings["edit_parameters"] = {name: edit.what for name, edit in EDITS.items()}
    print(record("spine", seed=FIRST_SEED, settings=settings, figures=figures))


def make(folder: Path, films: int, unrelated: int) -> tuple[list[Path], list[Case]]:
    """Files, by worker processes: drawing and encoding is most of the work."""
    with ProcessPoolExecutor(os.cpu_count() or 1, mp_context=get_context("spawn")) as pool:
        references = [folder / f"film-{n}.mp4" for n in range(films)]
        others = [folder / f"unrelated-{n}.mp4" for n in range(unrelated)]
        jobs = [pool.submit(_write, FIRST_SEED + n, FILM_S, path) for n, path in enumerate(references)]
        jobs += [pool.submit(_write, FIRST_SEED + 1000 + n, 20.0, path) for n, path in enumerate(others)]
        for job in jobs:
            job.result()
        cases = [Case("unrelated", -1, path, None) for path in others]
        waiting = []
        for kind in [*EDITS, *SPEEDS]:
            for number, path in enumerate(references):
                target = folder / f"{kind.replace(' ', '-')}-{number}.mp4"
                waiting.append((kind, number, target, pool.submit(_alter, kind, path, target, others[number], number)))
        cases += [Case(kind, number, target, job.result()) for kind, number, target, job in waiting]
    return references, cases


def _write(seed: int, seconds: float, path: Path) -> None:
    write_film(film(seed, seconds), path)


def _alter(kind: str, source: Path, target: Path, other: Path, number: int) -> Planted:
    speed = SPEEDS.get(kind, 1.0)
    start = 3.0 + number
    edits = () if kind in SPEEDS else (kind,)
    span = CLIP_S * speed
    return write_edited(
        source, target, edits, start_s=start, end_s=start + span, speed=speed, other=other, before=other, after=other,
        pad_s=PAD_S, seed=number,
    )  # fmt: skip


def peer_bits(path: Path) -> tuple[list[float], Bits]:
    """Times and PDQ bits (n, 256) of the sampled frames of good quality, by the peer's own code."""
    times, rows = [], []
    with sample(path, PLAN, Limits()) as sampling:
        for frame in sampling:
            bits, quality = pdqhash.compute(frame.pixels)
            if quality >= PEER_QUALITY:
                times.append(frame.time_s)
                rows.append(bits)
    return times, np.array(rows, dtype=np.uint8).reshape(-1, 256)


def outcome(case: Case, screener: Screener, peers: Sequence[tuple[list[float], Bits]]) -> dict[str, Any]:
    """What was found in one file, and what the peer finds in its frames."""
    screening = screener.screen(case.path, str(case.path))
    times, bits = peer_bits(case.path)
    near = [
        (bits[:, None] != reference[None]).sum(axis=2).min(axis=1) <= PEER_BITS if len(bits) and len(reference) else
        np.zeros(len(bits), dtype=bool)
        for _, reference in peers
    ]  # fmt: skip
    copied = np.array([case.truth is not None and case.truth.query.start <= t < case.truth.query.end for t in times])
    wrong = sum(int(hits[~copied if number == case.film else slice(None)].sum()) for number, hits in enumerate(near))
    result: dict[str, Any] = {"kind": case.kind, "peer_wrong_frames": wrong, "frames": len(times)}
    found = [f for f in screening.findings if f.title == f"film {case.film}"]
    result["wrong"] = [f.band.value for f in screening.findings if f.title != f"film {case.film}"]
    if case.truth is not None:
        result["band"] = found[0].band.value if found else None
        result["seconds"] = _right_seconds(found, case.truth) if found else 0.0
        result["boundary_s"] = _boundary_s(screening, case) if found else None
        result["peer_share"] = float(near[case.film][copied].mean()) if copied.any() else 0.0
    return result


def _right_seconds(found: list[Any], truth: Planted) -> float:
    """Share of the copied query seconds that segments cover."""
    segments = [s for f in found for s in f.segments]
    spans = [s.query for s in segments]
    return min(1.0, sum(span.overlap(truth.query) for span in spans) / truth.query.length) if covered_s(spans) else 0.0


def _boundary_s(screening: Screening, case: Case) -> float | None:
    """Mean error of the four ends of the longest segment of the right film, in seconds."""
    segments = [s for f in screening.findings if f.title == f"film {case.film}" for s in f.segments]
    if not segments or case.truth is None:
        return None
    best = max(segments, key=lambda s: s.query.length)
    pairs = []
    for mine, true in ((best.query, case.truth.query), (best.reference, case.truth.reference)):
        pairs += [(mine.start, true.start), (mine.end, true.end)]
    return float(np.mean([abs(a - b) for a, b in pairs]))


def by_edit(outcomes: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    table = {}
    for kind in [*EDITS, *SPEEDS]:
        rows = [each for each in outcomes if each["kind"] == kind]
        ends = [each["boundary_s"] for each in rows if each["boundary_s"] is not None]
        table[kind] = {
            "clips": len(rows),
            "found": sum(each["band"] is not None for each in rows),
            "found_strong": sum(each["band"] == Band.STRONG.value for each in rows),
            "copied_seconds_found": round(float(np.mean([each["seconds"] for each in rows])), 3),
            "boundary_error_s": round(median(ends), 2) if ends else None,
            "wrong_works": sum(len(each["wrong"]) for each in rows),
            "peer_frames_matched": round(float(np.mean([each["peer_share"] for each in rows])), 3),
            "peer_wrong_frames": sum(each["peer_wrong_frames"] for each in rows),
        }
    return table


def false_matches(outcomes: list[dict[str, Any]]) -> dict[str, Any]:
    rows = [each for each in outcomes if each["kind"] == "unrelated"]
    return {
        "films": len(rows),
        "hours": round(len(rows) * 20.0 / 3600, 3),
        "findings": {band.value: sum(each["wrong"].count(band.value) for each in rows) for band in Band},
        "peer_frames": sum(each["frames"] for each in rows),
        "peer_wrong_frames": sum(each["peer_wrong_frames"] for each in rows),
    }


def timed(folder: Path, screener: Screener, runs: int) -> dict[str, Any]:
    """Decoding alone and whole screening in turn, on clean 1080p and 360p H.264: medians, and ratios pair by pair."""
    table = {}
    drawn = film(FIRST_SEED + 2000, 20.0)
    for name, (width, height) in {"1080p": (1920, 1080), "360p": (640, 360)}.items():
        path = folder / f"clean-{name}.mp4"
        write_media(path, _enlarged(drawn, width, height), rate_hz=24, sound=music(drawn))
        pairs = []
        for _ in range(runs):
            pairs.append((_cost(lambda: _decode(path)), _cost(lambda: screener.screen(path, str(path)))))  # noqa: B023
        table[name] = {
            "seconds_of_video": 20.0,
            "decode_wall_s": round(median(d[0] for d, _ in pairs), 3),
            "screen_wall_s": round(median(s[0] for _, s in pairs), 3),
            "decode_cpu_s": round(median(d[1] for d, _ in pairs), 3),
            "screen_cpu_s": round(median(s[1] for _, s in pairs), 3),
            "wall_ratio": round(median(s[0] / d[0] for d, s in pairs), 3),
            "cpu_ratio": round(median(s[1] / d[1] for d, s in pairs), 3),
        }
    return table


def _enlarged(drawn: Any, width: int, height: int) -> Iterator[NDArray[np.uint8]]:
    for frame in frames(drawn, 24, 640, 360):
        yield np.asarray(cv2.resize(frame, (width, height), interpolation=cv2.INTER_CUBIC), dtype=np.uint8)


def _decode(path: Path) -> None:
    with sample(path, PLAN, Limits()) as sampling:
        for _ in sampling:
            pass


def _cost(work: Callable[[], object]) -> tuple[float, float]:
    """Wall seconds, and CPU seconds of this process and its ended children."""
    began, cpu = time.perf_counter(), _cpu_s()
    work()
    return time.perf_counter() - began, _cpu_s() - cpu


def _cpu_s() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


if __name__ == "__main__":
    main()
