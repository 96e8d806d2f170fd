"""What each stage of the matcher brings: `python -m benchmarks.ablation`.

The clips of `copies` and the queries of `localisation` are screened with all stages, then with one left out at a time.
The development half, unless told otherwise: this is for choosing.
"""

import argparse
import time
from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from benchmarks import copies, localisation
from benchmarks.material import Half, registry
from benchmarks.record import record
from tomeishi.matching.stages import ALL, Stages
from tomeishi.testing.edits import EDITS
from tomeishi.values import Band

VARIANTS: Mapping[str, Stages] = {"all": ALL} | {
    f"without {field.name}": replace(ALL, **{field.name: False}) for field in fields(Stages)
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--half", type=Half, choices=list(Half), default=Half.DEVELOPMENT)
    parser.add_argument("--films", type=int, default=4, help="drawn films that are registered, beside the real ones")
    parser.add_argument("--real", type=int, help="real films whose clips are altered, the first by name; else all")
    parser.add_argument("--unrelated", type=int, default=4, help="unrelated films of 20 s")
    parser.add_argument("--queries", type=int, default=12, help="half of them clean")
    parser.add_argument("--only", nargs="*", default=[*EDITS], help="names of edits")
    parser.add_argument("--jobs", type=int, default=2, help="processes that draw and edit")
    options = parser.parse_args()
    figures: dict[str, dict[str, Any]] = {name: {} for name in VARIANTS}
    films, cases, absent = copies.make(options)
    with registry(films) as platform:
        for name, stages in VARIANTS.items():
            screener = platform.screener(stages=stages)
            began = time.process_time()
            outcomes = [copies.outcome(case, films, screener) for case in cases]
            altered = [each for each in outcomes if each.case.alteration is not None]
            figures[name] |= {
                "clips": len(altered),
                "strong": round(sum(each.band is Band.STRONG for each in altered) / len(altered), 4),
                "found": round(sum(each.band is not None for each in altered) / len(altered), 4),
                "wrong_works": sum(len(each.wrong) for each in outcomes),
                "core_s_per_clip_without_decoding": round((time.process_time() - began) / len(outcomes), 3),
            }
    longer, queries, _ = localisation.make(options.half, options.films, options.queries, options.jobs)
    with registry(longer) as platform:
        for name, stages in VARIANTS.items():
            screener = platform.screener(stages=stages)
            found = localisation.figures_of([localisation.outcome(each, longer, screener) for each in queries])
            kept = ("segment_ap", "micro_ap", "clips", "clips_found", "boundary_error_s", "clean_queries_with_findings")
            figures[name] |= {key: found[key] for key in kept}
    settings = vars(options) | {"absent": absent}
    print(record(f"ablation-{options.half}", seed=0, settings=settings, figures=figures))


if __name__ == "__main__":
    main()
