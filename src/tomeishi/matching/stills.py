"""A still picture against the references whose frames come near it.

The cheap look is one row searched for with more tolerance than frames of a run have: a crop, a caption or a frame
between two samples of a film lies farther off than a copy, and what is unlike lies farther still. PDQ at its
publisher's threshold and the descriptor settle most of what is near. Only what they leave in doubt is looked at
closely: its local features are computed, once, and laid over the anchors around the moment where the reference came
nearest (docs/decisions/0015).
"""

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from tomeishi.fingerprint.anchors import Anchors
from tomeishi.fingerprint.local import MOST, Local, local_features
from tomeishi.matching.confirm import confirm, regions_of, weight
from tomeishi.matching.matches import Frames, Match, SameFrame, match
from tomeishi.matching.score import Calibration, Evidence
from tomeishi.matching.verify import Verified
from tomeishi.values import Band, Interval, Kind, Segment

NEAR = 1.3
"""Times the threshold of the descriptor: the distance up to which a row of a reference is worth a closer look."""


@dataclass(slots=True, eq=False)
class Still:
    """One picture uint8 (height, width, 3), RGB, with its rows; features when they are asked for."""

    pixels: NDArray[np.uint8]
    frames: Frames
    _features: list[Local] = field(default_factory=list)

    def features_near(self, time_s: float) -> tuple[float, Local]:
        """Those of the picture, which has one moment."""
        del time_s
        if not self._features:
            self._features.append(local_features(self.pixels, 2 * MOST))
        return 0.0, self._features[0]


def match_still(
    still: Still,
    reference: Frames,
    at_s: float,
    anchors: Anchors,
    same: SameFrame,
    calibration: Calibration,
) -> Match | None:
    """The match with a reference that came nearest at `at_s`, or None where nothing reaches the weakest band."""
    found = match(still.frames, reference, same, calibration)
    if found is not None and found.band is Band.STRONG:
        return found
    looked = confirm([(0.0, at_s)], still, anchors)
    if not looked.agreeing:
        return found
    return _seen(still.frames, reference, at_s, looked.agreeing[0][2], calibration, found)


def _seen(
    still: Frames, reference: Frames, at_s: float, laid: Verified, calibration: Calibration, before: Match | None
) -> Match | None:
    sample = int(np.argmin(np.abs(reference.track.times_s - at_s)))
    similarity = float(still.image[0] @ reference.image[sample])
    telling = float(still.telling[0])
    evidence = Evidence(similarity, 1.0, telling, agree=False, still=True, tried=1, verified=1, weight=weight(laid))
    score = calibration.score(evidence)
    band = calibration.band(score)
    if band is None:
        return before
    if before is not None:
        segment = replace(before.segments[0], score=score, regions=regions_of(laid))
        return Match(before.kind, band, score, (segment,), laid)
    span = reference.track.interval(sample, sample)
    segment = Segment(Interval(0.0, still.track.duration_s), span, score, regions_of(laid))
    return Match(Kind.EDIT, band, score, (segment,), laid)
