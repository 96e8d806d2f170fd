"""Fit the score, set the bands, and measure them on other films: `python -m benchmarks.calibrate`.

Three sets of drawn films that share nothing: one to fit the logistic on, one to set the bands on, one to measure on.
Clips of a film are 3 to 15 s at 0.5 to 2 times the speed with one to three edits; everything that aligns where it
should not is a false segment. What is measured of a band is the number of its false segments while unrelated film is
screened against the registered films, with the upper end of the exact 95 % Poisson interval (Garwood 1936).
"""

import argparse
import json
import os
from concurrent.futures import ProcessPoolExecutor
from math import log
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.films import FRAME_EDITS, Clip, Drawn, clip, descriptors, draw, draw_sampled, frames_of, sampled
from benchmarks.record import record
from tomeishi.matching import calibration
from tomeishi.matching.align import Stretch, stretches
from tomeishi.matching.matches import IN_A_RUN, Frames, evidence_of
from tomeishi.matching.score import BandLimit, Calibration, Evidence
from tomeishi.values import Band

SPEEDS = (0.5, 0.75, 1.0, 1.0, 1.0, 1.25, 1.5, 2.0)
SECONDS = 30.0
WHERE = Path(calibration.__file__).with_name("calibration.json")

Sample = tuple[Evidence, bool]
"""What a segment shows, and whether it is a true one."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--films", type=int, default=12, help="registered films in each set")
    parser.add_argument("--clips", type=int, default=8, help="altered clips of each registered film")
    parser.add_argument(
        "--unrelated",
        type=int,
        default=40,
        help="unrelated films of 30 s screened to fit; three times as many to set bands and to measure: both are rare",
    )
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    sizes = {"fit": options.unrelated, "bands": 3 * options.unrelated, "measure": 3 * options.unrelated}
    with ProcessPoolExecutor(os.cpu_count() or 1, mp_context=get_context("spawn")) as pool:
        waiting = {
            name: pool.submit(measure, options.seed * 100_000 + k * 20_000, options.films, options.clips, unrelated)
            for k, (name, unrelated) in enumerate(sizes.items())
        }
        sets = {name: job.result() for name, job in waiting.items()}
    fitted = fit(sets["fit"].samples)
    limits = bands(fitted, sets["bands"])
    words: dict[str, Any] = {
        "intercept": round(fitted[0], 4),
        "per_similarity": round(fitted[1], 4),
        "per_log_samples": round(fitted[2], 4),
        "bands": [],
    }
    hours = sets["measure"].hours
    limit_of = tuple(BandLimit(band, limit, None) for band, limit in limits.items())
    whole = Calibration(float(fitted[0]), float(fitted[1]), float(fitted[2]), limit_of)
    figures: dict[str, Any] = {}
    for band, limit in limits.items():
        false = sum(whole.score(s) >= limit for s in sets["measure"].unrelated)
        found = [max((whole.score(s) for s in clip), default=0.0) for clip in sets["measure"].clips]
        upper = poisson_upper(false) / hours * 100
        # What a band states is measured on the whole product: `python -m benchmarks.unrelated --state`.
        words["bands"].append({"band": band.value, "score": round(limit, 4), "false_segments_per_100_hours": None})
        figures[band.value] = {
            "score": round(limit, 4),
            "false_segments": false,
            "false_segments_per_100_hours_at_most": round(upper, 1),
            "clips_found": round(sum(s >= limit for s in found) / len(found), 4),
        }
    WHERE.write_text(json.dumps(words, indent=1) + "\n", encoding="utf-8")
    settings = vars(options) | {"seconds": SECONDS, "speeds": SPEEDS, "edits": FRAME_EDITS}
    figures |= {"hours": round(hours, 2), "coefficients": fitted.tolist(), "clips": len(sets["measure"].clips)}
    print(json.dumps(figures, indent=1))
    print(record("calibration", seed=options.seed, settings=settings, figures=figures))


class Measured:
    """What aligned: samples of clips against all registered films, and of unrelated film."""

    def __init__(self) -> None:
        self.samples: list[Sample] = []
        self.unrelated: list[Evidence] = []
        self.misplaced: list[Evidence] = []
        self.clips: list[list[Evidence]] = []
        """Per altered clip its true segments."""
        self.hours = 0.0


def measure(first_seed: int, films: int, clips: int, unrelated: int) -> Measured:
    """Clips and unrelated films against `films` registered ones."""
    image, pdq, same = descriptors()
    rng = np.random.default_rng(first_seed)
    # What an edit shows beside or over a clip is nobody's: were it registered, finding it would be right.
    beside = draw(first_seed + 9_999, SECONDS)
    registered = [draw(first_seed + number, SECONDS) for number in range(films)]
    references = [frames_of(sampled(each), image, pdq) for each in registered]
    result = Measured()

    def aligned(query: Frames, reference: Frames) -> list[tuple[Stretch, Evidence]]:
        limit = 1 - same.image * IN_A_RUN
        found = stretches(query.image @ reference.image.T, query.track, reference.track, limit, query.telling)
        return [(s, evidence_of(s, query, reference, same)) for s in found]

    for number, drawn in enumerate(registered):
        for _ in range(clips):
            made = altered(drawn, beside, rng)
            query, truth = frames_of(made.pictures, image, pdq), made.truth
            right: list[Evidence] = []
            for other, reference in enumerate(references):
                for stretch, each in aligned(query, reference):
                    if other != number:
                        result.samples.append((each, False))
                        result.misplaced.append(each)
                    elif stretch.reference.overlap(truth) > 0.3 * stretch.reference.length:
                        right.append(each)
            result.samples += [(each, True) for each in right]
            result.clips.append(right)
    for number in range(unrelated):
        query = frames_of(draw_sampled(first_seed + 10_000 + number, SECONDS), image, pdq)
        result.hours += SECONDS / 3600
        for reference in references:
            found = [each for _, each in aligned(query, reference)]
            result.unrelated += found
            result.samples += [(each, False) for each in found]
    return result


def altered(drawn: Drawn, other: Drawn, rng: np.random.Generator) -> Clip:
    """One to three edits, any speed, 3 to 15 s."""
    edits = tuple(str(each) for each in rng.choice(FRAME_EDITS, size=int(rng.integers(1, 4)), replace=False))
    speed = float(rng.choice(SPEEDS))
    seconds = float(rng.uniform(3, min(15, SECONDS / speed - 1)))
    return clip(drawn, rng, edits, speed, seconds, other)


def fit(samples: list[Sample]) -> NDArray[np.float64]:
    """Logistic regression by Newton's method, both classes weighing the same, lightly held back (L2 1e-3)."""
    design = np.array([(1.0, s.similarity, log(1 + s.different)) for s, _ in samples])
    true = np.array([t for _, t in samples], dtype=float)
    weight = np.where(true > 0, 0.5 / max(true.sum(), 1), 0.5 / max((1 - true).sum(), 1)) * len(true)
    w = np.zeros(3)
    for _ in range(50):
        p = 1 / (1 + np.exp(-design @ w))
        gradient = design.T @ (weight * (p - true)) + 1e-3 * w
        curvature = (design * (weight * p * (1 - p))[:, None]).T @ design + 1e-3 * np.eye(3)
        step = np.linalg.solve(curvature, gradient)
        w -= step
        if np.abs(step).max() < 1e-8:
            break
    return w


def score(fitted: NDArray[np.float64], sample: Evidence) -> float:
    """Of a run alone: what bands are set by."""
    return Calibration(float(fitted[0]), float(fitted[1]), float(fitted[2]), ()).run_score(
        sample.similarity, sample.different
    )


def bands(fitted: NDArray[np.float64], on: Measured) -> dict[Band, float]:
    """Strong lies above every false segment seen here, by half of the way to certainty; likely above all but one in an
    hour of unrelated film; weak above all but three."""
    false = sorted((score(fitted, s) for s in on.unrelated), reverse=True) + [0.0] * 1000
    top = max([score(fitted, s) for s in [*on.unrelated, *on.misplaced]], default=0.5)
    likely = max(0.5, false[int(on.hours * 1)])
    weak = max(0.3, false[int(on.hours * 3)])
    strong = max(1 - (1 - top) / 2, likely)
    return {Band.STRONG: strong, Band.LIKELY: min(likely, strong), Band.WEAK: min(weak, likely)}


def poisson_upper(count: int) -> float:
    """Upper end of the exact two-sided 95 % interval of a Poisson mean, by bisection on its distribution."""
    low, high = float(count), 10.0 + 3 * count
    for _ in range(80):
        middle = (low + high) / 2
        term = total = np.exp(-middle)
        for k in range(1, count + 1):
            term *= middle / k
            total += term
        low, high = (middle, high) if total > 0.025 else (low, middle)
    return high


if __name__ == "__main__":
    main()
