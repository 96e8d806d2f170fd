"""How often the nearest look is of the right hand: `python -m benchmarks.style`.

Two sorts of works are registered. *Films*: drawn films, each a work of its own, and one real cartoon of several films
(Planet Blupi, Debian's `planetblupi-common`), of which each film in turn is the query and the others the work; drawn
films of nobody registered stand beside. *Hands*: pictures of figures on white paper, a work for each way of drawing of
`tomeishi.testing.hands`; queries show other figures, by hands that are registered and by hands that are left out.

`matching.styles.NEAR` was chosen on the development half, which other films and figures belong to.
"""

import argparse
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.bootstrap import mean_interval
from benchmarks.material import UNREGISTERED, Half, drawn_films, real_films
from benchmarks.record import record
from tomeishi.config import Limits
from tomeishi.fingerprint.extract import extract
from tomeishi.fingerprint.image import ImageDescriptor
from tomeishi.matching.matches import MIN_QUALITY
from tomeishi.matching.styles import Rows, Styles
from tomeishi.registry.references import Reference
from tomeishi.screening.outputs import PLAN
from tomeishi.testing.hands import HANDS
from tomeishi.testing.model_sheets import Situation, draw, identity, on_paper
from tomeishi.values import MediaKind

CARTOON = "Planet Blupi"
FIGURES_FROM = {Half.DEVELOPMENT: 640_000, Half.TEST: 650_000}
OF_A_HAND, ASKED_OF_A_HAND = 12, 12


@dataclass(frozen=True, slots=True)
class Query:
    work: str | None
    """Whose look it has; None for nobody's."""
    rows: Rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--half", type=Half, choices=list(Half), default=Half.DEVELOPMENT)
    parser.add_argument("--films", type=int, default=40, help="drawn films that are registered, a work each")
    parser.add_argument("--strangers", type=int, default=40, help="drawn films of nobody registered")
    parser.add_argument("--jobs", type=int, default=2, help="processes that draw")
    options = parser.parse_args()
    load = os.getloadavg()[0]
    image = ImageDescriptor()
    with TemporaryDirectory(prefix="style-") as folder:
        figures = {"films": of_films(options, image), "hands": of_hands(options.half, image, Path(folder))}
    settings = vars(options) | {"of_a_hand": OF_A_HAND, "load_before": round(load, 1)}
    print(record(f"style-{options.half}", seed=0, settings=settings, figures=figures))


def of_films(options: argparse.Namespace, image: ImageDescriptor) -> dict[str, Any]:
    half, jobs = options.half, options.jobs
    drawn = drawn_films(half, options.films, 20.0, first=2000, rate_hz=4.0, jobs=jobs)
    strangers = drawn_films(half, options.strangers, 30.0, first=UNREGISTERED + 2000, rate_hz=4.0, jobs=jobs)
    real, absent = real_films(half)
    cartoon = {each.name: rows_of(each.path, image) for each in real if each.title == CARTOON}
    others = [Query(None, rows_of(each.path, image)) for each in [*strangers, *(r for r in real if r.title != CARTOON)]]
    works = {each.name: [rows_of(each.path, image)] for each in drawn}
    own = [
        (Query(CARTOON, rows), works | {CARTOON: [each for other, each in cartoon.items() if other != name]})
        for name, rows in cartoon.items()
        if len(cartoon) > 1
    ]
    # Drawn films are of one hand, so that naming another one is no error; naming the cartoon is.
    whole = works | ({CARTOON: list(cartoon.values())} if cartoon else {})
    return told(own, [(query, whole) for query in others], wrong=CARTOON) | {"absent": absent}


def of_hands(half: Half, image: ImageDescriptor, folder: Path) -> dict[str, Any]:
    drawings = {
        hand: [picture(image, folder, hand, FIGURES_FROM[half] + n) for n in range(OF_A_HAND + ASKED_OF_A_HAND)]
        for hand in HANDS
    }
    works = {hand: rows[:OF_A_HAND] for hand, rows in drawings.items()}
    asked = {hand: [Query(hand, rows) for rows in made[OF_A_HAND:]] for hand, made in drawings.items()}
    left_out = [
        (Query(None, query.rows), {name: rows for name, rows in works.items() if name != hand})
        for hand, queries in asked.items()
        for query in queries
    ]
    return told([(query, works) for queries in asked.values() for query in queries], left_out)


def told(
    own: Sequence[tuple[Query, dict[str, list[Rows]]]],
    others: Sequence[tuple[Query, dict[str, list[Rows]]]],
    wrong: str | None = None,
) -> dict[str, Any]:
    """Of queries with a registered look: it is nearest, and named; of the others: `wrong`, or any work, is named."""
    right = [_named(query, works) for query, works in own]
    named = [_named(query, works) for query, works in others]
    first = [float(bool(names) and names[0] == query.work) for names, (query, _) in zip(right, own, strict=True)]
    among = [float(query.work in names) for names, (query, _) in zip(right, own, strict=True)]
    false = [float(bool(names) if wrong is None else wrong in names) for names in named]
    return {
        "queries": len(own),
        "named_first": _share(first),
        "among_the_named": _share(among),
        "queries_of_nobody": len(others),
        "named_all_the_same": _share(false),
        "works": len(own[0][1]) if own else len(others[0][1]),
    }


def _named(query: Query, works: dict[str, list[Rows]]) -> list[str]:
    references = {f"{work}/{n}": _reference(work, n) for work, all_rows in works.items() for n in range(len(all_rows))}
    looks = ((f"{work}/{n}", rows.mean(axis=0)) for work, all_rows in works.items() for n, rows in enumerate(all_rows))
    return [near.reference.work_id for near in Styles(looks, references).nearest(query.rows)]


def _reference(work: str, number: int) -> Reference:
    at, nothing = datetime.now(UTC), "sha256:" + "0" * 64
    return Reference(f"{work}/{number}", work, work, "", "", "", "", nothing, 0, MediaKind.VIDEO, 1.0, None, at)


def _share(values: Sequence[float]) -> dict[str, Any]:
    low, high = mean_interval([[value] for value in values]) if values else (0.0, 1.0)
    return {"share": round(float(np.mean(values)), 4) if values else None, "interval": [round(low, 4), round(high, 4)]}


def rows_of(path: Path, image: ImageDescriptor) -> Rows:
    seen = extract(path, (image,), PLAN, Limits()).fingerprints[image.spec.key]
    return np.asarray(seen.rows[seen.quality >= MIN_QUALITY], np.float32)


def picture(image: ImageDescriptor, folder: Path, hand: str, seed: int) -> Rows:
    drawing = draw(identity(seed), Situation(hand=hand, moment=float(seed % 7)), height_px=220)
    path = folder / f"{hand}-{seed}.png"
    Image.fromarray(on_paper([drawing])).save(path)
    return rows_of(path, image)


if __name__ == "__main__":
    main()
