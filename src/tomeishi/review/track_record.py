"""How often people here found a band right: "97 of 100 confirmed", never a bare percentage.

A match counts where it was decided. It counts for the band where it was confirmed, or put aside although the two do
resemble each other (permitted, lawful); against it where somebody denied the resemblance.
"""

from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from tomeishi.access.principals import Sight
from tomeishi.review.matches import seen
from tomeishi.review.states import DismissedBecause, State
from tomeishi.storage.tables import matches
from tomeishi.values import Band


@dataclass(frozen=True, slots=True)
class TrackRecord:
    """Of one band: in `confirmed` of `decided` matches people saw the resemblance."""

    band: Band
    confirmed: int
    decided: int


def track_record(tx: Connection) -> list[TrackRecord]:
    """Of all members together, by band, the surest first."""
    ended = matches.c.state.in_((State.CONFIRMED.value, State.DISMISSED.value))
    rows = tx.execute(
        select(matches.c.band, matches.c.state, matches.c.reason, func.count())
        .where(ended)
        .group_by(matches.c.band, matches.c.state, matches.c.reason)
    ).all()
    confirmed, decided = dict.fromkeys(Band, 0), dict.fromkeys(Band, 0)
    for band, state, reason, number in rows:
        seen = state == State.CONFIRMED.value or not DismissedBecause(reason).denies_resemblance
        decided[Band(band)] += number
        confirmed[Band(band)] += number if seen else 0
    return [TrackRecord(band, confirmed[band], decided[band]) for band in Band]


def reasons(tx: Connection, sight: Sight) -> list[tuple[DismissedBecause, int]]:
    """Why matches that may be seen were dismissed, the most frequent first."""
    query = select(matches.c.reason, func.count()).where(matches.c.state == State.DISMISSED.value, *seen(sight))
    rows = tx.execute(query.group_by(matches.c.reason)).all()
    return sorted(((DismissedBecause(reason), count) for reason, count in rows), key=lambda each: (-each[1], each[0]))
