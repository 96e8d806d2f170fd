"""How clearly pictures are laid that show the same, and that do not: `python -m benchmarks.verification`.

Into results/verification.json. *Altered*: three frames of nine drawn films and of the real ones, each altered in every
way there is (`alterations.py`), encoded as JPEG of quality 80 and laid against the frame itself. *Unlike*: frames of
films that nobody registered, five of each, against six of each registered one; films of one work are left out. Of the
development half: the limits in `matching/score.py` were set by it.
"""

import argparse
import io
import os
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import cv2
import numpy as np
from PIL import Image

from benchmarks.alterations import alterations
from benchmarks.material import SIZE, UNREGISTERED, Film, Half, Pixels, drawn_films, even, real_films
from benchmarks.record import record
from benchmarks.unrelated import QUERY_S, RATE_HZ, REGISTERED_S
from tomeishi.config import Limits
from tomeishi.fingerprint.local import MOST, Local, local_features
from tomeishi.matching.confirm import clearness, holds
from tomeishi.matching.score import LAID
from tomeishi.matching.verify import Verified, verify
from tomeishi.media.sample import frames_at

SEED = 5
ALTERED_FILMS, MOMENTS, ANCHORS, ASKED = 9, 3, 6, 5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--registered", type=int, default=30, help="drawn films that are registered")
    parser.add_argument("--queries", type=int, default=50, help="drawn films that are not")
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    options = parser.parse_args()
    load, half = os.getloadavg()[0], Half.DEVELOPMENT
    films = drawn_films(half, options.registered, REGISTERED_S, first=2000, rate_hz=RATE_HZ, jobs=options.jobs)
    drawn = drawn_films(half, options.queries, QUERY_S, first=UNREGISTERED + 2000, rate_hz=RATE_HZ, jobs=options.jobs)
    real, absent = real_films(half)
    asked = [*films[:ALTERED_FILMS], *real]
    with ProcessPoolExecutor(options.jobs, mp_context=get_context("spawn")) as pool:
        both = [(number, each, asked[(number + 5) % len(asked)]) for number, each in enumerate(asked)]
        altered = [row for rows in pool.map(_altered, both) for row in rows]
        apart = [(each, [*films, *real]) for each in [*drawn, *real]]
        unlike = [row for rows in pool.map(_unlike, apart) for row in rows]
    by_edit: defaultdict[str, list[float | None]] = defaultdict(list)
    for name, found in altered:
        by_edit[name].append(found)
    figures = {
        "unlike": {"films": [len(drawn) + len(real), len(films) + len(real)], **_reached(unlike)},
        "altered": {"ways": len(by_edit), **_reached([found for _, found in altered])},
        "by_edit": {name: _reached(found) for name, found in by_edit.items()},
        "absent": absent,
    }
    print(figures["unlike"], figures["altered"])
    settings = vars(options) | {"limits": LAID, "load_before": round(load, 1)}
    print(record("verification", seed=SEED, settings=settings, figures=figures))


def _reached(found: Sequence[float | None]) -> dict[str, int]:
    """Pairs; of these, how many count at all, and how many are clear enough to be likely, and strong."""
    clear = [each for each in found if each is not None]
    likely, strong = (sum(each >= limit for each in clear) for limit in LAID)
    return {"pairs": len(found), "count": len(clear), "likely": likely, "strong": strong}


def _clear(found: Verified | None) -> float | None:
    """None where the pair does not count."""
    return clearness(found) if found is not None and holds(found) else None


def _frames(film: Film, times_s: Sequence[float]) -> list[Pixels]:
    return [_sized(frame.pixels) for frame in frames_at(film.path, times_s, Limits())]


def _sized(pixels: Pixels) -> Pixels:
    scale = min(1.0, SIZE[0] / max(pixels.shape[:2]))
    size = (round(pixels.shape[1] * scale), round(pixels.shape[0] * scale))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)


def _altered(what: tuple[int, Film, Film]) -> list[tuple[str, float | None]]:
    number, film, other = what
    cv2.setNumThreads(1)
    random = np.random.default_rng([SEED, number])
    times_s = sorted(float(each) for each in random.uniform(0.5, film.duration_s - 1, MOMENTS))
    beside = _frames(other, [min(each, other.duration_s - 0.5) for each in times_s])
    found: list[tuple[str, float | None]] = []
    for turn, (frame, over) in enumerate(zip(_frames(film, times_s), beside, strict=True)):
        own = even(frame)
        anchor = local_features(own, MOST)
        laid_over = np.asarray(cv2.resize(over, (own.shape[1], own.shape[0])), np.uint8)
        for name, alteration in alterations().items():
            (changed,) = alteration.apply([own], [laid_over], 1000 * number + turn, RATE_HZ)
            data = io.BytesIO()
            Image.fromarray(_sized(changed)).save(data, "JPEG", quality=80)
            seen = np.asarray(Image.open(data).convert("RGB"))
            found.append((name, _clear(verify(local_features(seen, 2 * MOST), anchor))))
    return found


def _unlike(what: tuple[Film, list[Film]]) -> list[float | None]:
    film, registered = what
    cv2.setNumThreads(1)
    queries = [local_features(each, 2 * MOST) for each in _frames(film, _spread(film, ASKED))]
    return [
        _clear(verify(query, anchor))
        for other in registered
        if other.title != film.title
        for anchor in _anchors(other)
        for query in queries
    ]


_kept: dict[str, list[Local]] = {}


def _anchors(film: Film) -> list[Local]:
    if film.name not in _kept:
        _kept[film.name] = [local_features(each, MOST) for each in _frames(film, _spread(film, ANCHORS))]
    return _kept[film.name]


def _spread(film: Film, count: int) -> list[float]:
    return [float(each) for each in np.linspace(0.5, film.duration_s - 0.8, count)]


if __name__ == "__main__":
    main()
