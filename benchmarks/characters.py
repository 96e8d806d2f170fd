"""Registered figures in scenes that nobody drew before: `python -m benchmarks.characters`.

Three sets of artists, figures and films that share nothing, nor with the training of the descriptor: one to fit the
score on, one to set the bands on, one to measure on. Every artist has two registered and two unregistered figures, so
that who is found can be told from who merely comes from the same hand. A false track is any track that reaches a band
in a film in which nobody registered acts; with `--calibrate` coefficients and bands are written into the package.
A model of one's own (`tomeishi descriptors add`) is measured on the same with `--descriptor`, fitted and banded for it.
"""

import argparse
import json
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from itertools import chain
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, process_time
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks.calibrate import poisson_upper
from benchmarks.casting import OTHER, SAME, Looked, acted, artist, looked, samples, sheet
from benchmarks.record import record
from tomeishi import wiring
from tomeishi.enrolling import Sheet
from tomeishi.fingerprint.figure import FigureDescriptor
from tomeishi.fingerprint.loaded import CARD, LoadedDescriptor, model_of, read_card
from tomeishi.fingerprint.sightings import Sightings
from tomeishi.matching import figures
from tomeishi.matching.figures import Enrolled, FigureCalibration, Track
from tomeishi.matching.score import BandLimit
from tomeishi.media.sample import Frame
from tomeishi.testing.films import film, write_film
from tomeishi.testing.model_sheets import Figure, identity, model_sheet, on_paper
from tomeishi.values import Band

SECONDS = 12.0
OTHERS = 160
"""Films and figures that the crowd of others is made of."""
WHERE = Path(figures.__file__)
SEEDS = {"others": 520_000, "fit": 540_000, "bands": 560_000, "measure": 580_000}
"""From which figures and artists are drawn; training uses none from 500,000 on. Films have the same seeds."""
UNRELATED_FROM = 10_000
CROWD_FROM = 600_000

Rows = list[NDArray[np.float32]]


@dataclass(slots=True)
class Clip:
    """A query with the one who acts in it, if registered."""

    style: str
    registered: str | None
    seen: Sightings


@dataclass(slots=True)
class Material:
    """Of one set: sheets by the name of the figure, clips, and films in which nobody registered acts."""

    sheets: dict[str, Rows] = field(default_factory=dict)
    clips: list[Clip] = field(default_factory=list)
    unrelated: list[Sightings] = field(default_factory=list)

    def enrolled(self, drawings: int, crowd: dict[str, Rows], others: NDArray[np.float32]) -> Enrolled:
        values, ids, owners = [], [], []
        for name, rows in chain(self.sheets.items(), crowd.items()):
            for number, each in enumerate(rows[:drawings]):
                values.append(each)
                ids += [f"{name}/{number}"] * len(each)
                owners += [name] * len(each)
        return Enrolled(np.concatenate(values), ids, owners, others)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--artists", type=int, default=12, help="in each set, with two registered figures each")
    parser.add_argument("--drawings", type=int, nargs="+", default=[3, 10, 30])
    parser.add_argument("--enrolled", type=int, nargs="+", default=[100, 1000], help="characters in the registry")
    parser.add_argument(
        "--unrelated",
        type=int,
        default=150,
        help="films of 12 s without anybody registered, to set bands by; a third as many to fit, thrice to measure",
    )
    parser.add_argument("--calibrate", action="store_true", help="write figures.json and figures_others.npy")
    parser.add_argument("--material", type=Path, help="keep what was drawn here, for another descriptor")
    parser.add_argument(
        "--descriptor", type=Path, metavar="FOLDER", help="an added one (an installation's descriptors/NAME)"
    )
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    if options.calibrate and options.descriptor:
        parser.error("an added descriptor is fitted for the measurement alone; leave --calibrate out")
    most, fits = max(options.drawings), options.calibrate or options.descriptor is not None
    with TemporaryDirectory(prefix="tomeishi-") as nowhere:
        kept, context = options.material or Path(nowhere), get_context("spawn")
        with ProcessPoolExecutor(os.cpu_count() or 1, context, _look_with, (options.descriptor,)) as pool:
            others = figures.others()
            if fits:
                seeds = range(SEEDS["others"], SEEDS["others"] + OTHERS)
                others = np.concatenate(list(pool.map(partial(nobody, kept), seeds)))
            sets = {}
            for name in ("fit", "bands", "measure") if fits else ("measure",):
                start = SEEDS[name] + 1_000 * options.seed
                artists = [(start + n, most) for n in range(options.artists)]
                parts = list(pool.map(partial(_artist_of, kept), artists))
                count = {"fit": options.unrelated // 3, "bands": options.unrelated}.get(name, 3 * options.unrelated)
                films = range(start + UNRELATED_FROM, start + UNRELATED_FROM + count)
                sets[name] = Material(
                    {key: rows for part in parts for key, rows in part.sheets.items()},
                    [clip for part in parts for clip in part.clips],
                    list(pool.map(partial(_unrelated, kept), films, chunksize=4)),
                )
            crowd_size = max(0, max(options.enrolled) - 2 * options.artists)
            wanted = [(CROWD_FROM + n, 10 if n < 100 else 3) for n in range(crowd_size)]
            crowd = dict(pool.map(partial(_stranger, kept), wanted, chunksize=16))
    fitted = figures.shipped()
    if fits:
        whole = calibrate(sets, dict(list(crowd.items())[: 100 - 2 * options.artists]), others)
        fitted = figures.calibration_of(whole)
    if options.calibrate:
        np.save(WHERE.with_name("figures_others.npy"), others.astype(np.float16))
        WHERE.with_name("figures.json").write_text(json.dumps(whole, indent=1) + "\n", encoding="utf-8")
    rows = []
    for count in options.enrolled:
        around = dict(list(crowd.items())[: max(0, count - 2 * options.artists)])
        for drawings in options.drawings:
            at = perf_counter()
            measured = measure(sets["measure"], drawings, around, others, fitted)
            rows.append({"enrolled": count, "drawings": drawings, **measured, "seconds": round(perf_counter() - at, 1)})
            print(json.dumps(rows[-1]))
    told: dict[str, Any] = {"recognised": rows, "load": round(os.getloadavg()[0], 2)}
    name = "characters"
    if options.descriptor is None:
        told["processor_seconds"] = cost()
    else:
        card = read_card(options.descriptor / CARD)
        name, told["descriptor"] = f"characters-{card.name}", card.to_json()
    left_out = ("material", "descriptor")
    settings = {k: v for k, v in vars(options).items() if k not in left_out} | {"seconds_each": SECONDS, "seeds": SEEDS}
    print(record(name, seed=options.seed, settings=settings, figures=told))


_looking: list[FigureDescriptor] = [FigureDescriptor()]
"""By what this process describes figures."""


def _look_with(folder: Path | None) -> None:
    if folder is not None:
        card = read_card(folder / CARD)
        _looking[0] = FigureDescriptor(forms=LoadedDescriptor(card, model_of(folder, card)))


def _kept(folder: Path, name: str, make: Callable[[], dict[str, NDArray[Any]]]) -> dict[str, NDArray[Any]]:
    """Drawn once: another descriptor is tried on the same material."""
    path = folder / f"{name}.npz"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        half = path.with_name(f"{name}.{os.getpid()}.half.npz")
        np.savez(half, allow_pickle=False, **make())
        half.replace(path)
    with np.load(path) as arrays:
        return dict(arrays)


def _looked(folder: Path, name: str, clip: Callable[[], Iterator[Frame]]) -> Sightings:
    words = _kept(folder, name, lambda: asdict(looked(clip())))
    return Looked(**words).described(_looking[0])


def _sheet(folder: Path, figure: Figure, drawings: int) -> Rows:
    """Rows of each drawing."""
    words = _kept(
        folder,
        f"sheet-{figure.seed}-{drawings}",
        lambda: dict(zip(("squares", "owners"), sheet(figure, drawings), strict=True)),
    )
    rows = _looking[0].describe(words["squares"]).values.astype(np.float32)
    return [rows[words["owners"] == number] for number in np.unique(words["owners"])]


def _artist_of(folder: Path, wanted: tuple[int, int]) -> Material:
    """Sheets and clips of one artist: each figure in one clip of either style, beside one of its artist's others."""
    seed, most = wanted
    of, found = artist(seed), Material()
    for figure in of.registered:
        found.sheets[f"{figure.seed}"] = _sheet(folder, figure, most)
    for number, figure in enumerate([*of.registered, *of.unregistered]):
        for k, style in enumerate((SAME, OTHER)):
            name = f"{figure.seed}" if figure in of.registered else None
            both = (figure, of.unregistered[(number + 1) % 2])
            at = seed * 10 + 2 * number + k
            clip = partial(acted, at, both, style, SECONDS)
            found.clips.append(Clip(style, name, _looked(folder, f"clip-{at}", clip)))
    return found


def _unrelated(folder: Path, seed: int) -> Sightings:
    return _looked(folder, f"film-{seed}", lambda: samples(film(seed, SECONDS)))


def _stranger(folder: Path, wanted: tuple[int, int]) -> tuple[str, Rows]:
    seed, drawings = wanted
    return f"{seed}", _sheet(folder, identity(seed), drawings)


def nobody(folder: Path, seed: int) -> NDArray[np.float32]:
    """Rows of figures, props and scenery that are nobody's: a film's boxes, and a figure's drawings."""
    boxes = _looked(folder, f"nobody-{seed}", lambda: samples(film(seed, 6.0))).rows[::3]
    return np.concatenate([boxes, *_sheet(folder, identity(seed), 2)])


def tracks_of(material: Material, enrolled: Enrolled) -> tuple[list[list[tuple[Track, bool]]], list[list[Track]]]:
    """Of each clip its tracks with whether they are of whom they say; and those of unrelated films."""
    names = enrolled.character_ids
    of_clips = [
        [(track, names[track.best] == clip.registered) for track in enrolled.tracks(clip.seen, SECONDS)]
        for clip in material.clips
    ]
    return of_clips, [enrolled.tracks(each, SECONDS) for each in material.unrelated]


def calibrate(sets: dict[str, Material], crowd: dict[str, Rows], others: NDArray[np.float32]) -> dict[str, Any]:
    """A logistic fit on the first set, bands on the second, what they let through on the third: with 100 characters."""
    fit, measured = sets["fit"], sets["measure"]
    of_clips, unrelated = tracks_of(fit, fit.enrolled(10, crowd, others))
    true = [
        _evidence(max((t for t, right in clip if right), key=lambda t: t.similarity))
        for clip in of_clips
        if any(right for _, right in clip)
    ]
    false = [_evidence(t) for t in chain.from_iterable(unrelated)]
    false += [_evidence(t) for clip in of_clips for t, right in clip if not right]
    w = _logistic(np.array(true), np.array(false))
    among = len(fit.enrolled(10, crowd, others).character_ids)
    plain = _calibration(w, (), among)
    limits = _bands(plain, sets["bands"], crowd, others)
    whole = _calibration(w, tuple(BandLimit(b, s, None) for b, s in limits.items()), among)
    enrolled = measured.enrolled(10, crowd, others)
    _, elsewhere = tracks_of(measured, enrolled)
    hours = len(elsewhere) * SECONDS / 3600
    scores = [_score(whole, track, enrolled) for track in chain.from_iterable(elsewhere)]
    return {
        **dict(
            zip(("intercept", "per_similarity", "per_lead", "per_log_sightings"), np.round(w, 4).tolist(), strict=True)
        ),
        "bands": [
            {
                "band": band.value,
                "score": round(limit, 6),
                "false_segments_per_100_hours": round(poisson_upper(sum(s >= limit for s in scores)) / hours * 100, 1),
            }
            for band, limit in limits.items()
        ],
        "measured": {"hours": round(hours, 2), "films": len(elsewhere), "enrolled": len(enrolled.character_ids)},
    }


def _bands(
    plain: FigureCalibration, bands: Material, crowd: dict[str, Rows], others: NDArray[np.float32]
) -> dict[Band, float]:
    """Weak and likely let twenty and five false tracks an hour of other films through; strong lies above all of them
    and above all but 1 in 200 clips with unregistered figures of the registered figures' artists."""
    enrolled = bands.enrolled(10, crowd, others)
    of_clips, unrelated = tracks_of(bands, enrolled)
    hours = len(unrelated) * SECONDS / 3600
    false = (
        sorted((_score(plain, track, enrolled) for track in chain.from_iterable(unrelated)), reverse=True)
        + [0.0] * 1000
    )
    strangers = sorted(
        (
            max((_score(plain, track, enrolled) for track, _ in clip), default=0.0)
            for clip, each in zip(of_clips, bands.clips, strict=True)
            if each.registered is None
        ),
        reverse=True,
    )
    likely = false[round(5 * hours)]
    weak = min(false[round(20 * hours)], likely)
    strong = max(false[0], strangers[len(strangers) // 200], likely)
    return {Band.STRONG: strong, Band.LIKELY: likely, Band.WEAK: weak}


def measure(
    material: Material,
    drawings: int,
    crowd: dict[str, Rows],
    others: NDArray[np.float32],
    calibration: FigureCalibration,
) -> dict[str, Any]:
    """Shares by style: found at one false track an hour of other films, found at each band; strangers mistaken."""
    enrolled = material.enrolled(drawings, crowd, others)
    of_clips, unrelated = tracks_of(material, enrolled)
    hours = len(unrelated) * SECONDS / 3600
    scores = sorted((_score(calibration, track, enrolled) for track in chain.from_iterable(unrelated)), reverse=True)
    at_one = scores[int(hours)] if len(scores) > int(hours) else 0.0
    limits = {band.band: band.score for band in calibration.bands}
    told: dict[str, Any] = {}
    for style in (SAME, OTHER):
        own = [
            max((_score(calibration, track, enrolled) for track, right in clip if right), default=0.0)
            for clip, each in zip(of_clips, material.clips, strict=True)
            if each.style == style and each.registered is not None
        ]
        told[style] = {
            "clips": len(own),
            "found_at_one_false_track_an_hour": _share(own, at_one),
            **{f"found_{band.value}": _share(own, limit) for band, limit in limits.items()},
        }
    strange = [
        max((_score(calibration, track, enrolled) for track, _ in clip), default=0.0)
        for clip, each in zip(of_clips, material.clips, strict=True)
        if each.registered is None
    ]
    told["unregistered_of_the_same_artist"] = {
        "clips": len(strange),
        **{f"mistaken_{band.value}": _share(strange, limit) for band, limit in limits.items()},
    }
    told["false_tracks_an_hour"] = {
        band.value: round(sum(s >= limit for s in scores) / hours, 2) for band, limit in limits.items()
    }
    told["hours"] = round(hours, 2)
    return told


def cost() -> dict[str, float]:
    """Processor seconds for screening 60 s of film against a film and ten characters, without and with characters."""
    with TemporaryDirectory(prefix="tomeishi-") as folder, wiring.open(Path(folder) / "home") as platform:
        film_at = write_film(film(SEEDS["measure"] + 1, 20.0), Path(folder) / "registered.mp4", rate_hz=12)
        query = write_film(film(SEEDS["measure"], 60.0), Path(folder) / "query.mp4", rate_hz=12)
        work_id = platform.register("A member", "A work", [film_at]).work_id
        for number in range(10):
            sheet = Path(folder) / f"{number}.png"
            Image.fromarray(on_paper(model_sheet(identity(SEEDS["measure"] + number), 4))).save(sheet)
            platform.enrol(Sheet(work_id, f"Figure {number}", (str(sheet),)))
        whole = platform.screener()
        spent = {"copies": np.inf, "with_characters": np.inf}
        for _ in range(3):
            for name, screener in (("copies", replace(whole, figures=None)), ("with_characters", whole)):
                at = process_time()
                screener.screen(query, "query")
                spent[name] = min(spent[name], process_time() - at)
    return {name: round(float(seconds), 3) for name, seconds in spent.items()} | {
        "on_top": round(float(spent["with_characters"] / spent["copies"] - 1), 3)
    }


def _calibration(w: NDArray[np.float64], bands: tuple[BandLimit, ...], enrolled: int) -> FigureCalibration:
    intercept, per_similarity, per_lead, per_log_sightings = (float(each) for each in w)
    return FigureCalibration(intercept, per_similarity, per_lead, per_log_sightings, bands, enrolled)


def _evidence(track: Track) -> tuple[float, float, float, float]:
    return 1.0, track.similarity, min(max(track.lead, 0.0), 0.3), float(np.log(min(len(track.which), 8)))


def _score(calibration: FigureCalibration, track: Track, enrolled: Enrolled) -> float:
    return calibration.score(track.similarity, track.lead, len(track.which), len(enrolled.character_ids))


def _share(scores: Sequence[float], limit: float) -> float:
    return round(sum(s >= limit and s > 0 for s in scores) / max(1, len(scores)), 4)


def _logistic(true: NDArray[np.float64], false: NDArray[np.float64]) -> NDArray[np.float64]:
    """Newton's method, lightly held back (L2 1e-2). Each track weighs as one: were both classes to weigh the same, what
    false tracks reach at most would score as near to 1 as what is certain."""
    design = np.concatenate([true, false])
    label = np.concatenate([np.ones(len(true)), np.zeros(len(false))])
    w = np.zeros(design.shape[1])
    for _ in range(60):
        p = 1 / (1 + np.exp(-design @ w))
        gradient = design.T @ (p - label) + 1e-2 * w
        curvature = (design * (p * (1 - p))[:, None]).T @ design + 1e-2 * np.eye(len(w))
        step = np.linalg.solve(curvature, gradient)
        w -= step
        if np.abs(step).max() < 1e-8:
            break
    return w


if __name__ == "__main__":
    main()
