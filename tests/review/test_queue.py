"""The queue of matches: pages, facets, order."""

import random

import pytest
from tests.review.conftest import House, later

from tomeishi.access.permissions import Action
from tomeishi.review import decisions, matches
from tomeishi.review.matches import Order, StoredMatch, Wanted
from tomeishi.review.states import CommonPoint, State
from tomeishi.values import Band


@pytest.fixture
def shelf(house: House) -> House:
    """Thirty matches of three bands and two providers, some with equal scores."""
    chance = random.Random(7)
    for n in range(30):
        band = (Band.STRONG, Band.LIKELY, Band.WEAK)[n % 3]
        house.screening(
            of=(n % 2,), band=band, score=chance.choice((0.5, 0.7, 0.9)), provider=("acme", "other")[n % 2], at=later(n)
        )
    return house


def pages(house: House, wanted: Wanted, order: Order, size: int) -> list[StoredMatch]:
    sight = house.hana.sight(Action.READ_MATCHES)
    found: list[StoredMatch] = []
    with house.platform.reading() as tx:
        while part := matches.queue(
            tx, sight, wanted, size, order=order, after=(found[-1].score, found[-1].id) if found else None
        ):
            found += part
    return found


@pytest.mark.parametrize("size", [1, 7, 30, 100])
@pytest.mark.parametrize("order", Order)
def test_pages_show_every_match_once_and_in_order(shelf: House, order: Order, size: int) -> None:
    found = pages(shelf, Wanted(), order, size)
    assert len({match.id for match in found}) == len(found) == 30
    key = (lambda m: (m.score, m.id)) if order is Order.SUREST else (lambda m: m.id)
    assert found == sorted(found, key=key, reverse=True)


@pytest.mark.parametrize(
    ("wanted", "number"),
    [
        (Wanted(bands=(Band.WEAK,)), 10),
        (Wanted(bands=(Band.WEAK, Band.STRONG)), 20),
        (Wanted(provider="acme"), 15),
        (Wanted(provider="acme", bands=(Band.STRONG,)), 5),
        (Wanted(states=(State.CONFIRMED,)), 0),
        (Wanted(found_from=later(10), found_until=later(20)), 10),
        (Wanted(unassigned=True), 30),
    ],
)
def test_a_filter_shows_what_fits_and_counts_it(shelf: House, wanted: Wanted, number: int) -> None:
    assert len(pages(shelf, wanted, Order.SUREST, 4)) == number
    with shelf.platform.reading() as tx:
        counted = matches.facets(tx, shelf.hana.sight(Action.READ_MATCHES), wanted)
    assert (counted.counted, counted.more) == (number, False)
    assert sum(n for _, n in counted.counts["band"]) == number


def test_what_is_decided_leaves_the_queue(shelf: House) -> None:
    first = pages(shelf, Wanted(), Order.SUREST, 30)[0]
    with shelf.platform.transaction() as tx:
        decisions.confirm(tx, first.id, [CommonPoint.FACE], shelf.hana.id, later(60))
    assert first.id not in {match.id for match in pages(shelf, Wanted(), Order.SUREST, 30)}


def test_a_match_knows_its_place(shelf: House) -> None:
    found = pages(shelf, Wanted(), Order.SUREST, 30)
    with shelf.platform.reading() as tx:
        places = [matches.position(tx, shelf.hana.sight(Action.READ_MATCHES), Wanted(), each) for each in found]
    assert places == [(n, 30) for n in range(1, 31)]
