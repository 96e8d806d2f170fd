"""The bands of every kind of resemblance, with what was measured of each."""

from tomeishi.matching import calibration, figures, sound_calibration
from tomeishi.matching.score import BandLimit
from tomeishi.values import Band, Kind


def bands_of(kind: Kind) -> tuple[BandLimit, ...]:
    """Surest first."""
    if kind is Kind.SOUND:
        return sound_calibration.shipped().bands
    return figures.shipped().bands if kind is Kind.CHARACTER else calibration.shipped().bands


def false_per_100_hours(kind: Kind) -> dict[Band, float | None]:
    """Segments, or tracks of figures; None where too little was measured to say."""
    return {limit.band: limit.false_segments_per_100_hours for limit in bands_of(kind)}
