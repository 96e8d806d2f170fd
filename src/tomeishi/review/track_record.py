"""How often people here found a band right: "97 of 100 confirmed", never a bare percentage.

A match counts where it was decided. It counts for the band where it was confirmed, or put aside although the two do
resemble each other (permitted, lawful); against it where somebody denied the resemblance.
"""

from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from tomeishi.access.principals import Sight
from tomeishi.review.matches import seen
from tomeishi.review.states import DismissedBecause, State
from tomeishi.storage.tables import match_tallies
from tomeishi.values import Band


@dataclass(frozen=True, slots=True)
class TrackRecord:
    """Of one band: in `confirmed` of `decided` matches people saw the resemblance."""

    band: Band
    confirmed: int
    decided: int


def track_record(tx: Connection) -> list[TrackRecord]:
    """Of all members together, by band, the surest first."""
    told = match_tallies.c
    ended = told.state.in_((State.CONFIRMED.value, State.DISMISSED.value))
    rows = tx.execute(
        select(told.band, told.state, told.reason, func.sum(told.matches))
        .where(ended)
        .group_by(told.band, told.state, told.reason)
    ).all()
    confirmed, decided = dict.fromkeys(Band, 0), dict.fromkeys(Band, 0)
    for band, state, reason, number in rows:
        seen = state == State.CONFIRMED.value or not DismissedBecause(reason).denies_resemblance
        decided[Band(band)] += int(number)
        confirmed[Band(band)] += int(number) if seen else 0
    return [TrackRecord(band, confirmed[band], decided[band]) for band in Band]


def reasons(tx: Connection, sight: Sight) -> list[tuple[DismissedBecause, int]]:
    """Why matches that may be seen were dismissed, the most frequent first."""
    told = match_tallies.c
    dismissed = (told.state == State.DISMISSED.value, *seen(sight, match_tallies))
    rows = tx.execute(select(told.reason, func.sum(told.matches)).where(*dismissed).group_by(told.reason)).all()
    found = ((DismissedBecause(reason), int(count)) for reason, count in rows)
    return sorted(found, key=lambda each: (-each[1], each[0]))
