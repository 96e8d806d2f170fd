"""How often unrelated film is found all the same: `python -m benchmarks.unrelated`.

One decision is one unrelated film screened against one registered film. Pairs that share a film are not independent,
so intervals draw whole query films, and where nothing was found, the exact upper limit over films is said.
"""

import argparse
import os
from typing import Any

import numpy as np

from benchmarks.bootstrap import mean_interval, none_of
from benchmarks.material import UNREGISTERED, Half, drawn_films, real_films, registry
from benchmarks.record import record
from tomeishi.values import Band

REGISTERED_S, QUERY_S, RATE_HZ = 20.0, 30.0, 4.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--half", type=Half, choices=list(Half), default=Half.DEVELOPMENT)
    parser.add_argument("--registered", type=int, default=100, help="drawn films that are registered")
    parser.add_argument("--queries", type=int, default=40, help="unrelated drawn films, screened beside the real ones")
    parser.add_argument("--jobs", type=int, default=2, help="processes that draw")
    options = parser.parse_args()
    load = os.getloadavg()[0]
    half, jobs = options.half, options.jobs
    films = drawn_films(half, options.registered, REGISTERED_S, first=2000, rate_hz=RATE_HZ, jobs=jobs)
    drawn = drawn_films(half, options.queries, QUERY_S, first=UNREGISTERED + 2000, rate_hz=RATE_HZ, jobs=jobs)
    real, absent = real_films(half)
    queries = [*drawn, *real]
    with registry(films) as platform:
        screener = platform.screener()
        found = [[f.band for f in screener.screen(each.path, each.name).findings] for each in queries]
    hours = sum(each.duration_s for each in queries) / 3600
    figures: dict[str, Any] = {
        "decisions": len(queries) * len(films),
        "registered_films": len(films),
        "query_films": {"drawn": len(drawn), "real": len(real)},
        "hours": round(hours, 3),
        "absent": absent,
        "bands": {},
    }
    for band in Band:
        counts = [float(bands.count(band)) for bands in found]
        low, high = mean_interval([[count] for count in counts])
        per_hundred = 100 * len(queries) / hours
        if not any(counts):
            high = none_of(len(queries))
        figures["bands"][band.value] = {
            "wrong": int(sum(counts)),
            "films_with_any": sum(count > 0 for count in counts),
            "per_100_hours": round(float(np.mean(counts)) * per_hundred, 1),
            "per_100_hours_interval": [round(low * per_hundred, 1), round(high * per_hundred, 1)],
        }
    settings = vars(options) | {"registered_s": REGISTERED_S, "query_s": QUERY_S, "rate_hz": RATE_HZ}
    settings["load_before"] = round(load, 1)
    print(record(f"unrelated-{half}", seed=0, settings=settings, figures=figures))


if __name__ == "__main__":
    main()
