"""Which edits of a clip and of a picture are found, beside the open peers: `python -m benchmarks.copies`.

Of each registered film one clip of 6 s (less where the film is shorter) is altered in one way at a time, and one frame
from its middle as a still picture; both are screened as files. A clip counts as found where the finding names the very
film; `strong` where its band does. Findings that name another work are wrong works. Unrelated films are screened too.

Peers see the same files. Those of frames get one frame a second, those of films the file. A frame is matched where it
is at least as near to a frame of the right film (two a second) as the peer's limit, and the limit is set in the
peer's favour: the loosest at which at most 1 in 1,000 frames of this run's unrelated films match anything. PDQ also
stands at its makers' limit (31 of 256 bits, quality 50). Micro average precision takes clips and unrelated films as
queries: for us the score of a finding, for a peer its nearest pair of frames.
"""

import argparse
import os
import zlib
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks.alterations import alterations
from benchmarks.bootstrap import mean_interval, none_of
from benchmarks.material import (
    RATE_HZ,
    UNREGISTERED,
    Film,
    Half,
    drawn_films,
    even,
    made,
    media_folder,
    real_films,
    registry,
    shown,
)
from benchmarks.peers import Worker, missing
from benchmarks.record import record
from benchmarks.segment_ap import Pair, micro_ap
from tomeishi import wiring
from tomeishi.screening.findings import Screening
from tomeishi.screening.outputs import Screener
from tomeishi.testing.edits import pictures
from tomeishi.testing.recording import write_media
from tomeishi.values import Band, covered_s

CLIP_S, FILM_S, UNRELATED_S = 6.0, 24.0, 20.0
FRAME_PEERS = ("pdqhash", "imagehash", "perception", "sscd")
FILM_PEERS = ("tmk", "videohash")
PDQ_QUALITY, PDQ_BITS = 50, 31
_QUALITY_AT = 32
"""The byte behind PDQ's 256 bits."""

Vectors = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Case:
    """One altered clip and picture, or an unrelated film."""

    alteration: str | None
    film: int
    clip: Path
    still: Path | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What we found in one case."""

    case: Case
    band: Band | None
    seconds: float
    """Share of the clip that strong segments of the right film cover."""
    still_band: Band | None
    wrong: tuple[str, ...]
    """Bands of findings in clip or picture that name another work."""
    scores: tuple[tuple[str, float], ...]
    """Of all findings in the clip: film and score."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--half", type=Half, choices=list(Half), default=Half.DEVELOPMENT)
    parser.add_argument("--films", type=int, default=6, help="drawn films that are registered, beside the real ones")
    parser.add_argument("--unrelated", type=int, default=12, help="unrelated films of 20 s")
    parser.add_argument("--only", nargs="*", help="names of edits; all where none is given")
    parser.add_argument("--real", type=int, help="real films that are registered, the first by name; else all")
    parser.add_argument("--others", action="store_true", help="edits by FFmpeg and AugLy, in a result of their own")
    parser.add_argument("--peers", nargs="*", default=[*FRAME_PEERS, *FILM_PEERS], help="none: `--peers`")
    parser.add_argument("--jobs", type=int, default=2, help="processes that draw, edit and screen")
    options = parser.parse_args()
    load = os.getloadavg()[0]
    films, cases, absent = make(options)
    with registry(films) as platform:
        platform.build_index()
        outcomes = screened(cases, films, platform.settings.home, options.jobs)
    by_peer = {name: seen_by(name, films, cases) for name in options.peers}
    ran = {name: found for name, found in by_peer.items() if isinstance(found, Seen)}
    figures = {
        "edits": by_edit(outcomes, films, ran),
        "unrelated": unrelated(outcomes),
        "micro_ap": {"tomeishi": our_micro_ap(outcomes, films)} | {
            name: peer_micro_ap(cases, films, seen) for name, seen in ran.items()
        },
        "peers": {name: described(found) for name, found in by_peer.items()},
        "registered": {"drawn": options.films, "real": len(films) - options.films},
        "absent": absent,
    }  # fmt: skip
    settings = {
        "half": options.half.value, "films": options.films, "unrelated": options.unrelated, "only": options.only,
        "real": options.real, "others": options.others, "jobs": options.jobs, "load_before": round(load, 1),
        "clip_s": CLIP_S, "film_s": FILM_S, "rate_hz": RATE_HZ,
        "edits": {name: f"{each.by}: {each.what}" for name, each in alterations().items()},
    }  # fmt: skip
    name = f"copies-by-others-{options.half}" if options.others else f"copies-{options.half}"
    print(record(name, seed=0, settings=settings, figures=figures))


def make(options: argparse.Namespace) -> tuple[list[Film], list[Case], dict[str, str]]:
    """Registered films, cases, and what of packages is absent."""
    half, count = options.half, options.films
    real, gone = real_films(half)
    films = [*drawn_films(half, count, FILM_S, jobs=options.jobs), *real[: getattr(options, "real", None)]]
    others = drawn_films(half, options.unrelated, UNRELATED_S, first=UNREGISTERED, jobs=options.jobs)
    ours = [name for name, each in alterations().items() if each.by == "tomeishi.testing"]
    names = options.only or ([name for name in alterations() if name not in ours] if options.others else ours)
    jobs = [
        (name, number, film, others[number % len(others)], media_folder())
        for name in names
        for number, film in enumerate(films)
    ]
    with ProcessPoolExecutor(options.jobs, mp_context=get_context("spawn")) as pool:
        cases = list(pool.map(alter, jobs, chunksize=max(1, len(films) // 2)))
    cases += [Case(None, -1, film.path, None) for film in others]
    return films, cases, dict.fromkeys(gone, "not installed") | missing()


def alter(job: tuple[str, int, Film, Film, Path]) -> Case:
    """Clip and picture, where they are not there yet."""
    name, number, film, other, folder = job
    alteration = alterations()[name]
    seed = zlib.crc32(f"{name} {film.name}".encode()) % 1000
    seconds = min(CLIP_S, 0.8 * film.duration_s / alteration.speed)
    stem = f"{name}-{film.name}-beside-{other.name}"
    clip, still = folder / f"{stem}.mp4", folder / f"{stem}.jpg"

    def write(to: Path) -> None:
        span = seconds * alteration.speed
        start = (film.duration_s - span) * (seed / 1000)
        beside = shown(other, 2.0, seconds)
        source = [even(frame) for frame in shown(film, start, seconds, alteration.speed)]
        altered = [even(frame) for frame in alteration.apply(source, beside, seed, RATE_HZ)]
        Image.fromarray(altered[len(altered) // 2]).save(still, quality=90)
        write_media(to, altered, rate_hz=RATE_HZ, bit_rate=alteration.bit_rate)

    return Case(name, number, made(clip, write), still)


_at_work: list[tuple[wiring.Platform, Screener, Sequence[Film]]] = []
"""What a process of `screened` opened for itself."""


def screened(cases: Sequence[Case], films: Sequence[Film], home: Path, jobs: int) -> list[Outcome]:
    """All cases, in their order; each process opens the installation anew."""
    with ProcessPoolExecutor(
        jobs, mp_context=get_context("spawn"), initializer=_begin, initargs=(home, tuple(films))
    ) as pool:
        return list(pool.map(_outcome, cases, chunksize=4))


def _begin(home: Path, films: Sequence[Film]) -> None:
    platform = wiring.open(home)
    _at_work.append((platform, platform.screener(), films))


def _outcome(case: Case) -> Outcome:
    _, screener, films = _at_work[0]
    return outcome(case, films, screener)


def outcome(case: Case, films: Sequence[Film], screener: Screener) -> Outcome:
    clip = screener.screen(case.clip, str(case.clip))
    still = screener.screen(case.still, str(case.still)) if case.still else None
    wrong = [*_wrong(clip, case, films), *(_wrong(still, case, films) if still else ())]
    right = _right(clip, case, films)
    spans = [each.query for found in right if found.band is Band.STRONG for each in found.segments]
    return Outcome(
        case=case,
        band=right[0].band if right else None,
        seconds=min(1.0, covered_s(spans) / max(clip.duration_s, 1e-9)),
        still_band=next((found.band for found in _right(still, case, films)), None) if still else None,
        wrong=tuple(wrong),
        scores=tuple((found.reference_path, found.score) for found in clip.findings),
    )


def _right(screening: Screening, case: Case, films: Sequence[Film]) -> list[Any]:
    return [f for f in screening.findings if case.film >= 0 and f.reference_path == str(films[case.film].path)]


def _wrong(screening: Screening, case: Case, films: Sequence[Film]) -> list[str]:
    title = films[case.film].title if case.film >= 0 else None
    return [found.band.value for found in screening.findings if found.title != title]


def by_edit(
    outcomes: Sequence[Outcome], films: Sequence[Film], peers: Mapping[str, "Seen"]
) -> dict[str, dict[str, Any]]:
    table: dict[str, dict[str, Any]] = {}
    for name in dict.fromkeys(each.case.alteration for each in outcomes if each.case.alteration):
        rows = [each for each in outcomes if each.case.alteration == name]
        strong = [[float(each.band is Band.STRONG)] for each in rows]
        low, high = mean_interval(strong)
        table[name] = {
            "by": alterations()[name].by,
            "clips": len(rows),
            "films": len({each.case.film for each in rows}),
            "strong": round(float(np.mean(strong)), 4),
            "strong_interval": [round(low, 4), round(high, 4)],
            "found": round(float(np.mean([each.band is not None for each in rows])), 4),
            "seconds_strong": round(float(np.mean([each.seconds for each in rows])), 4),
            "stills_strong": round(float(np.mean([each.still_band is Band.STRONG for each in rows])), 4),
            "stills_found": round(float(np.mean([each.still_band is not None for each in rows])), 4),
            "drawn_strong": _share([each.band is Band.STRONG for each in rows if not films[each.case.film].real]),
            "real_strong": _share([each.band is Band.STRONG for each in rows if films[each.case.film].real]),
            "wrong_works": {band.value: sum(each.wrong.count(band.value) for each in rows) for band in Band},
            "peers": {peer: round(float(np.mean([seen.share(row.case) for row in rows])), 4)
                      for peer, seen in peers.items()},
            "pdq_at_makers_limit": round(float(np.mean([peers["pdqhash"].share(row.case, 1 - PDQ_BITS / 256)
                                                        for row in rows])), 4) if "pdqhash" in peers else None,
        }  # fmt: skip
    return table


def _share(values: Sequence[bool]) -> float | None:
    return round(float(np.mean(values)), 4) if values else None


def unrelated(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    rows = [each for each in outcomes if each.case.alteration is None]
    with_any = [float(bool(each.wrong)) for each in rows]
    low, high = mean_interval([[each] for each in with_any])
    return {
        "films": len(rows),
        "hours": round(len(rows) * UNRELATED_S / 3600, 3),
        "findings": {band.value: sum(each.wrong.count(band.value) for each in rows) for band in Band},
        "films_with_any": round(float(np.mean(with_any)), 4) if rows else None,
        "interval": [low, none_of(len(rows)) if not any(with_any) else high],
    }


def our_micro_ap(outcomes: Sequence[Outcome], films: Sequence[Film]) -> float:
    scored: list[tuple[Pair, float]] = []
    for number, each in enumerate(outcomes):
        own = films[each.case.film] if each.case.film >= 0 else None
        scored += [
            ((str(number), path), score) for path, score in each.scores if not _of_the_same_work(path, own, films)
        ]  # fmt: skip
    true = {(str(n), str(films[o.case.film].path)) for n, o in enumerate(outcomes) if o.case.film >= 0}
    return round(micro_ap(frozenset(true), scored), 4)


def _of_the_same_work(path: str, own: Film | None, films: Sequence[Film]) -> bool:
    """Another film of the right work: neither right nor wrong."""
    titles = {str(film.path): film.title for film in films}
    return own is not None and path != str(own.path) and titles[path] == own.title


class Seen:
    """What one peer makes of all cases: the similarity of each query frame to its nearest frame of each film."""

    def __init__(self, worker: Worker, films: Sequence[Film], cases: Sequence[Case]) -> None:
        self.versions = worker.versions
        self._films = films
        of_films = worker.task in FILM_PEERS
        frame_rate_hz = (2.0, 1.0)
        references = [rows_of(worker, film.path, film.duration_s, frame_rate_hz[0], of_films) for film in films]
        self.nearest: dict[Path, Vectors] = {}
        for case in cases:
            length = CLIP_S if case.film >= 0 else UNRELATED_S
            rows = rows_of(worker, case.clip, length, frame_rate_hz[1], of_films)
            self.nearest[case.clip] = np.stack([_best(rows, reference) for reference in references], axis=1)
        strangers = np.concatenate([self.nearest[c.clip].max(axis=1) for c in cases if c.film < 0])
        strangers = np.sort(strangers)[::-1]
        self.limit = float(strangers[int(len(strangers) / 1000)]) + 1e-6 if len(strangers) else 1.0

    def share(self, case: Case, limit: float | None = None) -> float:
        """Of the frames of a clip, how many match the right film."""
        near = self.nearest[case.clip][:, case.film]
        return float((near >= (self.limit if limit is None else limit)).mean()) if len(near) else 0.0


def rows_of(worker: Worker, path: Path, seconds: float, rate_hz: float, of_film: bool) -> Vectors:
    if of_film:
        return worker.about(path)
    frames = list(pictures(path, 0.0, 1 / rate_hz, max(1, int(seconds * rate_hz))))
    rows = worker.ask(np.stack(frames))
    return rows[rows[:, _QUALITY_AT] >= PDQ_QUALITY, :_QUALITY_AT] if worker.task == "pdqhash" else rows


def _best(rows: Vectors, reference: Vectors) -> NDArray[np.float64]:
    """Similarity in [0, 1] of each row to the nearest of the reference: equal bits, or cosine."""
    if not len(rows) or not len(reference):
        return np.zeros(len(rows))
    if rows.dtype == np.uint8:
        differing = np.bitwise_count(rows[:, None] ^ reference[None]).sum(axis=2).min(axis=1)
        return np.asarray(1 - differing / (8 * rows.shape[1]), np.float64)
    return np.asarray((rows @ reference.T).max(axis=1), np.float64)


def seen_by(name: str, films: Sequence[Film], cases: Sequence[Case]) -> "Seen | str":
    """What the peer sees, or why it does not run here."""
    with Worker(name) as worker:
        if worker.why is not None:
            return worker.why
        try:
            return Seen(worker, films, cases)
        except RuntimeError as error:
            return str(error)


def peer_micro_ap(cases: Sequence[Case], films: Sequence[Film], seen: Seen) -> float:
    scored: list[tuple[Pair, float]] = []
    for number, case in enumerate(cases):
        near = seen.nearest[case.clip]
        if not len(near):
            continue
        own = films[case.film] if case.film >= 0 else None
        pairs: Iterable[tuple[Film, float]] = zip(films, near.max(axis=0).tolist(), strict=True)
        scored += [((str(number), str(f.path)), s) for f, s in pairs if not _of_the_same_work(str(f.path), own, films)]
    true = {(str(n), str(films[c.film].path)) for n, c in enumerate(cases) if c.film >= 0}
    return round(micro_ap(frozenset(true), scored), 4)


def described(found: "Seen | str") -> dict[str, Any]:
    if isinstance(found, str):
        return {"ran": False, "why": found}
    return {"ran": True, "versions": dict(found.versions), "limit": round(found.limit, 4)}


if __name__ == "__main__":
    main()
