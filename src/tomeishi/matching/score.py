"""From an aligned stretch to a calibrated score and its band: the surest of four ways to be sure.

- A *run*: score = 1 / (1 + exp(-(intercept + per_similarity * s + per_log_samples * ln(1 + n)))), a logistic fit (Platt
  1999) where s is the mean cosine similarity of the aligned samples and n how many *different* pictures they show: ten
  seconds of one still picture say no more than one sample of it. `benchmarks/calibrate.py` fits the coefficients on
  held-out films; they lie in `calibration.json` with what was measured.
- A *picture*: a still, or a shot that stands still, is one picture however long; it has to be much nearer than the
  frames of a run, by how much it says.
- *Agreement*: PDQ at its publisher's threshold is a copy of the very picture.
- *Verification*: a pair that is laid clearly is sure. That many are laid says nothing more: a figure that unlike films
  share is laid in each picture of its shot. Pure.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tomeishi.values import Band

_DIFFERENT = 0.25
"""Cosine distance between neighbouring samples from which they count as wholly different pictures."""
_SAME = 0.5
_PICTURE = (0.82, 0.88, 0.94)
"""Similarities of a single picture from which it is weak, likely, strong: from 0.5 on 8 in 100,000 unrelated pairs of
frames lie (weights/image-2.md), and a film has thousands of frames."""
_STILL = (0.65, 0.72, 0.85)
"""The same for a still picture, which has one row to be wrong with where a film has thousands."""
LAID = (1.8, 3.0)
"""Clearness of a verified pair from which it is likely, strong: of 67,500 pairs of frames of unlike films none reaches
1.8, of 3,024 pairs of altered frames 94 and 92 in 100 reach these (docs/decisions/0015)."""
_LAID_STILL = (6.0, 8.0)
"""The same for a still picture, of its weight: it is laid into few moments of few references, where a film has many to
be wrong in. Of 48,000 thumbnails of unlike films none was called strong by it (docs/audit-measured.md)."""
_REJECTED = 3
"""Pairs, all of which verification has to see nothing in, before it says no."""
_TELLING = 0.6
"""Quality from which a sample says as much as any other (`fingerprint.samples.detail`): title cards lie below."""


@dataclass(frozen=True, slots=True)
class BandLimit:
    """From which score a band begins, and what was measured there."""

    band: Band
    score: float
    false_segments_per_100_hours: float | None
    """Upper end of the 95 % interval over unrelated film; None where too little was measured to say."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What one aligned stretch shows."""

    similarity: float
    """Mean cosine similarity of the aligned samples."""
    different: float
    """How many different pictures they show."""
    telling: float
    """How much one of them says, in [0, 1]."""
    agree: bool
    """Whether most of them agree by PDQ at its publisher's threshold."""
    still: bool = False
    """Whether one side is a still picture: it is compared with a film's samples once, not each with each."""
    tried: int = 0
    """Pairs of its moments that were verified; 0 where there was nothing to verify by."""
    verified: int = 0
    """How many of them show the same, laid alike."""
    clearness: float = 0.0
    """Of the clearest of them (`confirm.clearness`)."""
    weight: float = 0.0
    """Of the weightiest of them (`confirm.weight`)."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """How distances become scores, and scores bands."""

    intercept: float
    per_similarity: float
    per_log_samples: float
    bands: tuple[BandLimit, ...]
    """Surest first."""
    of_rows: bool = True
    """Whether it was fitted on rows of the descriptor in use; if not, rows alone make nothing surer than weak."""

    def run_score(self, similarity: float, different: float) -> float:
        """In [0, 1], for a mean similarity and a number of different pictures."""
        logit = self.intercept + self.per_similarity * similarity + self.per_log_samples * float(np.log1p(different))
        return float(1 / (1 + np.exp(-logit)))

    def score(self, evidence: Evidence) -> float:
        """In [0, 1]."""
        strong, likely, weak = (limit.score for limit in self.bands)
        # A picture that says little (a title card) is drawn back towards the threshold of a single frame.
        nearness = _SAME + (evidence.similarity - _SAME) * evidence.telling**2
        limits = _STILL if evidence.still else _PICTURE
        picture = float(np.interp(nearness, (_SAME, *limits, 1.0), (0.0, weak, likely, strong, 1.0)))
        agreed = (1 + strong) / 2 if evidence.agree else 0.0
        by_rows = max(self.run_score(evidence.similarity, evidence.different), picture)
        score = max(by_rows if self.of_rows else min(by_rows, likely - 1e-6), agreed)
        if evidence.verified:
            sure, seen = (_LAID_STILL, evidence.weight) if evidence.still else (LAID, evidence.clearness)
            return max(score, float(np.interp(seen, (0, *sure, 4 * sure[-1]), (weak, likely, strong, 1.0))))
        rejected = evidence.tried >= _REJECTED and not evidence.agree
        return min(score, weak - 1e-6) if rejected else score

    def band(self, score: float) -> Band | None:
        """The surest band that `score` reaches; None below the weakest."""
        return next((limit.band for limit in self.bands if score >= limit.score), None)


def different_pictures(rows: NDArray[np.float32], telling: NDArray[np.float32]) -> float:
    """How many different pictures the unit rows (n, dim) of neighbouring samples show, up to n.

    Each counts by how much it says, `telling` (n,) in [0, 1]: title cards of unlike films resemble each other.
    """
    steps = np.clip((1 - np.einsum("ij,ij->i", rows[1:], rows[:-1])) / _DIFFERENT, 0, 1)
    return float(telling[:1].sum() + (steps * telling[1:]).sum())


def telling(quality: NDArray[np.float32]) -> NDArray[np.float32]:
    """How much samples of this quality say, in [0, 1]."""
    return np.asarray(np.minimum(quality / _TELLING, 1), dtype=np.float32)
