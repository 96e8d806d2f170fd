"""The sound of a query against the sound of references."""

from collections.abc import Mapping
from dataclasses import dataclass

from tomeishi.fingerprint.audio import marks_in
from tomeishi.fingerprint.listening import Listened
from tomeishi.matching.audible import Audible
from tomeishi.matching.matches import Match
from tomeishi.matching.sound_calibration import SoundCalibration


@dataclass(frozen=True, slots=True)
class Ear:
    """What listening needs."""

    audible: Audible | None
    """None for an empty registry."""
    calibration: SoundCalibration

    def matches(self, heard: Listened | None) -> Mapping[str, Match]:
        """By reference id."""
        if heard is None or self.audible is None:
            return {}
        return self.audible.matches(marks_in(heard.fingerprint), self.calibration)
