"""From an aligned stretch of sound to a score and its band, with the coefficients shipped with this version.

score = 1 / (1 + exp(-(intercept + per_evidence * e + per_log_votes * ln(1 + v)))), a logistic fit (Platt 1999): e is
the evidence of the landmarks along the line in natural units, v how many different landmarks lead a group that voted
for it, both of five seconds of the stretch where it is longer. `benchmarks/sound.py --calibrate` fits it and writes
`sound.json`, with what was measured.
"""

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np

from tomeishi.matching.score import BandLimit
from tomeishi.matching.sound import Heard
from tomeishi.values import Band


@dataclass(frozen=True, slots=True)
class SoundCalibration:
    """How evidence and votes become scores, and scores bands."""

    intercept: float
    per_evidence: float
    per_log_votes: float
    bands: tuple[BandLimit, ...]
    """Surest first."""

    def score(self, stretch: Heard) -> float:
        """In [0, 1]."""
        evidence, votes = stretch.telling
        logit = self.intercept + self.per_evidence * evidence + self.per_log_votes * float(np.log1p(votes))
        return float(1 / (1 + np.exp(-logit)))

    def band(self, score: float) -> Band | None:
        """The surest band that `score` reaches; None below the weakest."""
        return next((limit.band for limit in self.bands if score >= limit.score), None)


@cache
def shipped() -> SoundCalibration:
    """Coefficients and bands of `sound.json`."""
    words = json.loads(files("tomeishi.matching").joinpath("sound.json").read_text(encoding="utf-8"))
    return SoundCalibration(
        intercept=words["intercept"],
        per_evidence=words["per_evidence"],
        per_log_votes=words["per_log_votes"],
        bands=tuple(
            BandLimit(Band(limit["band"]), limit["score"], limit["false_segments_per_100_hours"])
            for limit in words["bands"]
        ),
    )
