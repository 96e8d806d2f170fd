"""Decisions on matches: written down for good, with what they do to the registry."""

import pytest
from sqlalchemy import delete, update
from tests.review.conftest import NOON, House, later

from tomeishi.access.permissions import Action
from tomeishi.errors import BadInput, ChangedMeanwhile, Conflict, NotFound, Tampered
from tomeishi.registry import references
from tomeishi.review import decisions, matches, screenings
from tomeishi.review.matches import StoredMatch, Wanted
from tomeishi.review.states import CommonPoint, DecisionKind, DismissedBecause, State, standing
from tomeishi.review.track_record import TrackRecord, track_record
from tomeishi.storage.tables import match_decisions
from tomeishi.storage.tables import screenings as screening_table
from tomeishi.values import Band, Interval

POINTS = [CommonPoint.FACE]


def only_match(house: House, screening_id: str) -> StoredMatch:
    with house.platform.reading() as tx:
        (found,) = matches.by_screenings(tx, house.hana.sight(Action.READ_MATCHES), [screening_id])
    return found


def again(house: House, match: StoredMatch) -> StoredMatch:
    with house.platform.reading() as tx:
        found = matches.match(tx, match.id, house.hana.sight(Action.READ_MATCHES))
        replayed = standing(decisions.history(tx, match.id))
    assert (found.state, found.reason, found.assignee_id) == (replayed.state, replayed.reason, replayed.assignee)
    return found


def test_a_finding_becomes_an_open_match(house: House) -> None:
    match = only_match(house, house.screening())
    assert (match.state, match.decisions, match.title) == (State.OPEN, 0, "work 0")
    assert match.finding["segments"] == [[1.0, 4.0, 2.0, 5.0]]


def test_a_confirmation_stays_written_down(house: House) -> None:
    match = only_match(house, house.screening())
    with house.platform.transaction() as tx:
        decisions.confirm(tx, match.id, POINTS, house.hana.id, NOON, note="the same face")
    assert again(house, match).state is State.CONFIRMED
    with house.platform.reading() as tx:
        (decision,) = decisions.history(tx, match.id)
    assert (decision.kind, decision.by, decision.words["points"]) == (DecisionKind.CONFIRM, house.hana.id, ["face"])


@pytest.mark.parametrize("change", [update(match_decisions).values(by="nobody"), delete(match_decisions)])
def test_a_decision_is_never_changed(house: House, change: object) -> None:
    match = only_match(house, house.screening())
    with house.platform.transaction() as tx:
        decisions.hold(tx, match.id, house.hana.id, NOON)
    with pytest.raises(Exception, match="append-only"), house.platform.transaction() as tx:
        tx.execute(change)  # type: ignore[call-overload]


def test_who_looked_at_an_older_version_decides_nothing(house: House) -> None:
    match = only_match(house, house.screening())
    with house.platform.transaction() as tx:
        decisions.hold(tx, match.id, house.ren.id, NOON, version=0)
    with pytest.raises(ChangedMeanwhile), house.platform.transaction() as tx:
        decisions.confirm(tx, match.id, POINTS, house.hana.id, NOON, version=0)
    assert again(house, match).state is State.HELD


def test_excluding_a_part_removes_the_cause(house: House) -> None:
    first, same, other = (only_match(house, house.screening(start=start)) for start in (2.0, 3.0, 30.0))
    with house.platform.transaction() as tx:
        done = decisions.dismiss(
            tx, first.id, DismissedBecause.SHARED_MATERIAL, house.hana.id, NOON, exclude=Interval(0.0, 8.0)
        )
        (exclusion,) = references.exclusions(tx, house.references[0])
    assert done is not None
    assert (done.exclusion_id, done.also) == (exclusion.id, (same.id,))
    assert exclusion.interval == Interval(0.0, 8.0)
    assert [again(house, each).state for each in (first, same, other)] == [
        State.DISMISSED,
        State.DISMISSED,
        State.OPEN,
    ]


def test_undoing_an_exclusion_undoes_what_it_put_aside(house: House) -> None:
    first, same = (only_match(house, house.screening(start=start)) for start in (2.0, 3.0))
    with house.platform.transaction() as tx:
        decisions.dismiss(tx, first.id, DismissedBecause.GENERIC, house.hana.id, NOON, exclude=Interval(0.0, 8.0))
    with house.platform.transaction() as tx:
        decisions.undo(tx, first.id, house.hana.id, later(1))
        assert references.exclusions(tx) == []
    assert [again(house, each).state for each in (first, same)] == [State.OPEN, State.OPEN]


def test_a_part_is_not_excluded_twice(house: House) -> None:
    first, other = (only_match(house, house.screening(start=start)) for start in (2.0, 30.0))
    part = Interval(0.0, 8.0)
    with house.platform.transaction() as tx:
        decisions.dismiss(tx, first.id, DismissedBecause.GENERIC, house.hana.id, NOON, exclude=part)
    with pytest.raises(Conflict, match="excluded already"), house.platform.transaction() as tx:
        decisions.dismiss(tx, other.id, DismissedBecause.GENERIC, house.hana.id, NOON, exclude=part)
    assert again(house, other).state is State.OPEN


def test_many_matches_are_assigned_at_once_or_none(house: House) -> None:
    some = [only_match(house, house.screening(start=start)) for start in (2.0, 3.0)]
    with house.platform.transaction() as tx:
        decisions.assign(tx, [each.id for each in some], house.ren.id, house.hana.id, NOON)
    assert [again(house, each).assignee for each in some] == ["ren", "ren"]
    with pytest.raises(NotFound), house.platform.transaction() as tx:
        decisions.assign(tx, [some[0].id, "mat_nothing"], None, house.hana.id, NOON)
    assert again(house, some[0]).assignee == "ren"


def test_nobody_gets_a_match_who_cannot_decide_it(house: House) -> None:
    match = only_match(house, house.screening())
    with pytest.raises(BadInput, match="engineer"), house.platform.transaction() as tx:
        decisions.assign(tx, [match.id], house.engineer.id, house.hana.id, NOON)


def test_the_track_record_counts_what_people_saw(house: House) -> None:
    made = [only_match(house, house.screening(start=float(n))) for n in range(4)]
    with house.platform.transaction() as tx:
        decisions.confirm(tx, made[0].id, POINTS, house.hana.id, NOON)
        decisions.dismiss(tx, made[1].id, DismissedBecause.PERMITTED, house.hana.id, NOON)
        decisions.dismiss(tx, made[2].id, DismissedBecause.COINCIDENCE, house.hana.id, NOON)
    with house.platform.reading() as tx:
        found = track_record(tx)
    assert found == [TrackRecord(Band.STRONG, 2, 3), TrackRecord(Band.LIKELY, 0, 0), TrackRecord(Band.WEAK, 0, 0)]


def test_a_member_sees_its_own_matches_only(house: House) -> None:
    screening_id = house.screening(of=(0, 1))
    sight = house.legal.sight(Action.READ_MATCHES)
    with house.platform.reading() as tx:
        everything = Wanted(states=())
        assert {match.member for match in matches.queue(tx, sight, everything, 10)} == {"member 0"}
        assert matches.facets(tx, sight, everything).counted == 1
        seen = screenings.screening(tx, screening_id, house.legal.sight(Action.READ_SCREENINGS))
        assert ([finding["member"] for finding in seen.words["findings"]], seen.withheld) == (["member 0"], 1)


def test_a_member_sees_of_near_styles_its_own_alone(house: House) -> None:
    screening_id = house.screening(of=(0,), near=(1, 0))
    for who, seen in (
        (house.legal, ["work 0"]),
        (house.engineer, ["work 1", "work 0"]),
        (house.hana, ["work 1", "work 0"]),
    ):
        with house.platform.reading() as tx:
            words = screenings.screening(tx, screening_id, who.sight(Action.READ_SCREENINGS)).words
        assert [near["title"] for near in words["styles"]] == seen


def test_a_member_does_not_learn_of_a_screening_that_does_not_touch_its_works(house: House) -> None:
    screening_id = house.screening(of=(1,))
    sight = house.legal.sight(Action.READ_SCREENINGS)
    with house.platform.reading() as tx:
        assert screenings.list_screenings(tx, sight, 10) == []
        with pytest.raises(NotFound):
            screenings.screening(tx, screening_id, sight)


def test_a_provider_sees_its_own_screenings_without_what_members_call_their_files(house: House) -> None:
    mine, others = house.screening(), house.screening(by=house.hana)
    sight = house.engineer.sight(Action.READ_SCREENINGS)
    with house.platform.reading() as tx:
        assert [each.id for each in screenings.list_screenings(tx, sight, 10)] == [mine]
        assert "secret" not in str(screenings.screening(tx, mine, sight).words)
        with pytest.raises(NotFound):
            screenings.screening(tx, others, sight)


def test_a_screening_that_was_edited_is_not_handed_out(house: House) -> None:
    screening_id = house.screening()
    with house.platform.transaction() as tx:
        if tx.dialect.name == "sqlite":
            tx.exec_driver_sql("DROP TRIGGER screenings_no_update")
        else:
            tx.exec_driver_sql("ALTER TABLE screenings DISABLE TRIGGER USER")
        tx.execute(update(screening_table).values(words="{}"))
    with pytest.raises(Tampered), house.platform.reading() as tx:
        screenings.screening(tx, screening_id, house.hana.sight(Action.READ_SCREENINGS))
