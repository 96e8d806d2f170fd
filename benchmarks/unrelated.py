"""How often unrelated film is found all the same: `python -m benchmarks.unrelated`.

One decision is one unrelated film screened against one registered film. Pairs that share a film are not independent,
so intervals draw whole query films, and where nothing was found, the exact upper limit over films is said. Of each
band it is also said how many segments reach it, and how many there may be in 100 hours: the upper end of the exact 95 %
Poisson interval (Garwood 1936). `--state` writes those into `calibration.json`, where the band states them; of the
development half only, since the other is there to look at.
"""

import argparse
import json
import os
from typing import Any

import numpy as np

from benchmarks.bootstrap import mean_interval, none_of
from benchmarks.calibrate import WHERE, poisson_upper
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
    parser.add_argument("--state", action="store_true", help="let the bands state what was measured")
    options = parser.parse_args()
    if options.state and options.half is not Half.DEVELOPMENT:
        parser.error("bands state what was measured on the development half")
    load = os.getloadavg()[0]
    half, jobs = options.half, options.jobs
    films = drawn_films(half, options.registered, REGISTERED_S, first=2000, rate_hz=RATE_HZ, jobs=jobs)
    drawn = drawn_films(half, options.queries, QUERY_S, first=UNREGISTERED + 2000, rate_hz=RATE_HZ, jobs=jobs)
    real, absent = real_films(half)
    queries = [*drawn, *real]
    with registry(films) as platform:
        screener = platform.screener()
        screened = [screener.screen(each.path, each.name).findings for each in queries]
        bands = screener.pursuit.calibration.bands if screener.pursuit else ()
    found = [[finding.band for finding in findings] for findings in screened]
    scores = [segment.score for findings in screened for finding in findings for segment in finding.segments]
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
        counts = [float(mine.count(band)) for mine in found]
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
    for limit in bands:
        reached = sum(score >= limit.score for score in scores)
        figures["bands"][limit.band.value] |= {
            "segments": reached, "segments_per_100_hours_at_most": round(100 * poisson_upper(reached) / hours, 1),
        }  # fmt: skip
    if options.state:
        state(figures)
    settings = vars(options) | {"registered_s": REGISTERED_S, "query_s": QUERY_S, "rate_hz": RATE_HZ}
    settings["load_before"] = round(load, 1)
    print(record(f"unrelated-{half}", seed=0, settings=settings, figures=figures))


def state(figures: dict[str, Any]) -> None:
    """Let the bands of the shipped calibration say what was measured."""
    words = json.loads(WHERE.read_text(encoding="utf-8"))
    for band in words["bands"]:
        band["false_segments_per_100_hours"] = figures["bands"][band["band"]]["segments_per_100_hours_at_most"]
    queries = sum(figures["query_films"].values())
    words["measured"] = {"hours": figures["hours"], "films": queries, "registered": figures["registered_films"]}
    WHERE.write_text(json.dumps(words, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
