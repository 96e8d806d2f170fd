"""How many matches there are of each sort, kept in the transaction that changes a match.

A page tells how many matches wait, for whom and of which band. Counting a million rows for that takes a second;
summing their sorts (some thousand) takes milliseconds. A sort is what a match is counted by, `SORT`; whoever keeps or
changes a match calls `count_in` or `move`, and nobody else writes here.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, delete, insert, update

from tomeishi.storage.tables import match_tallies

SORT = ("member_id", "organisation_id", "provider", "assignee_id", "state", "band", "reason")
"""Columns that `matches` and `match_tallies` share; where a match has none, its tally has an empty text."""

Sort = tuple[str, ...]


def count_in(tx: Connection, matches: Iterable[Mapping[str, Any]]) -> None:
    """New matches, each by its values in `SORT`; one that is left out is none."""
    for sort, number in Counter(map(_sort, matches)).items():
        _add(tx, sort, number)


def move(tx: Connection, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    """A match of one sort that is of another now."""
    left, entered = _sort(before), _sort(after)
    if left != entered:
        _add(tx, left, -1)
        _add(tx, entered, 1)


def _sort(match: Mapping[str, Any]) -> Sort:
    return tuple(match.get(name) or "" for name in SORT)


def _add(tx: Connection, sort: Sort, number: int) -> None:
    columns = match_tallies.c
    same = [columns[name] == value for name, value in zip(SORT, sort, strict=True)]
    changed = tx.execute(update(match_tallies).where(*same).values(matches=columns.matches + number))
    if not changed.rowcount:
        tx.execute(insert(match_tallies).values(**dict(zip(SORT, sort, strict=True)), matches=number))
    elif number < 0:
        tx.execute(delete(match_tallies).where(*same, columns.matches == 0))
