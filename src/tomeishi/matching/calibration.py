"""The calibration shipped with this version."""

import json
from functools import cache
from importlib.resources import files

from tomeishi.matching.score import BandLimit, Calibration
from tomeishi.values import Band


@cache
def shipped() -> Calibration:
    """Coefficients and bands of `calibration.json`, made by `benchmarks/calibrate.py`."""
    words = json.loads(files("tomeishi.matching").joinpath("calibration.json").read_text(encoding="utf-8"))
    return Calibration(
        intercept=words["intercept"],
        per_similarity=words["per_similarity"],
        per_log_samples=words["per_log_samples"],
        bands=tuple(
            BandLimit(Band(limit["band"]), limit["score"], limit["false_segments_per_100_hours"])
            for limit in words["bands"]
        ),
    )
