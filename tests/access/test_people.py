"""People, their passwords and second factors, keys, and approvals by two."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyotp
import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from tomeishi import wiring
from tomeishi.access import api_keys, approvals, events, organisations, people, sessions, sign_in
from tomeishi.access.approvals import Leaving
from tomeishi.access.permissions import KeyScope, Role
from tomeishi.errors import BadInput, Conflict, NotPermitted, NotSignedIn, TooOften
from tomeishi.storage.tables import api_keys as key_table
from tomeishi.storage.tables import approvals as approval_table
from tomeishi.storage.tables import people as people_table
from tomeishi.storage.tables import recovery_codes

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
PASSWORD = "a stone that nobody lifts"


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[wiring.Platform]:
    with wiring.open(tmp_path / "home") as platform:
        yield platform


@pytest.fixture
def hana(platform: wiring.Platform) -> str:
    return added(platform, "Hana")


def added(platform: wiring.Platform, name: str) -> str:
    with platform.transaction() as tx:
        return people.add_person(tx, name, organisations.named(tx, NOON), [Role.INVESTIGATOR], NOON, password=PASSWORD)


def enter(
    platform: wiring.Platform, password: str = PASSWORD, code: str | None = None, at: datetime = NOON
) -> str | None:
    """The token of a session, or None."""
    with platform.reading() as tx:
        account = sign_in.account(tx, "hana", "127.0.0.1", at)
    proof = account.proof(password, code, at)
    with platform.transaction() as tx:
        return sign_in.conclude(tx, account, proof, "127.0.0.1", at)


def with_second_factor(platform: wiring.Platform, person_id: str) -> tuple[pyotp.TOTP, list[str]]:
    with platform.transaction() as tx:
        totp = pyotp.TOTP(people.begin_second_factor(tx, person_id))
        codes = people.confirm_second_factor(tx, person_id, totp.at(NOON), NOON)
    return totp, codes


def test_a_password_is_kept_as_argon2id_and_not_as_it_is(platform: wiring.Platform, hana: str) -> None:
    with platform.reading() as tx:
        kept = tx.execute(select(people_table.c.password)).scalar_one()
    assert kept.startswith("$argon2id$")
    assert PASSWORD not in kept


@pytest.mark.parametrize("password", ["short", "", "x" * 257])
def test_a_password_has_a_length(platform: wiring.Platform, hana: str, password: str) -> None:
    with pytest.raises(BadInput, match="12 to 256"), platform.transaction() as tx:
        people.set_password(tx, hana, password)


def test_one_name_is_one_person_however_it_is_written(platform: wiring.Platform, hana: str) -> None:
    with pytest.raises(Conflict):
        added(platform, "ＨＡＮＡ")


@pytest.mark.parametrize(
    ("provider", "role"), [("acme", Role.ADMINISTRATOR), ("acme", Role.AUDITOR), (None, Role.MEMBER_LEGAL)]
)
def test_a_role_fits_its_organisation(platform: wiring.Platform, provider: str | None, role: Role) -> None:
    with pytest.raises(BadInput, match="nobody of a"), platform.transaction() as tx:
        people.add_person(tx, "ren", organisations.named(tx, NOON, provider=provider), [role], NOON)


def test_a_second_factor_is_needed_once_it_is_confirmed(platform: wiring.Platform, hana: str) -> None:
    with platform.transaction() as tx:
        people.begin_second_factor(tx, hana)
    assert enter(platform)
    with platform.transaction() as tx:
        people.confirm_second_factor(
            tx, hana, pyotp.TOTP(tx.execute(select(people_table.c.totp_secret)).scalar_one()).at(NOON), NOON
        )
    assert enter(platform) is None
    assert enter(platform, code="000000") is None


def test_a_code_is_taken_once(platform: wiring.Platform, hana: str) -> None:
    totp, _ = with_second_factor(platform, hana)
    later = NOON + timedelta(minutes=2)
    assert enter(platform, code=totp.at(NOON)) is None  # spent when it was confirmed
    assert enter(platform, code=totp.at(later), at=later)
    assert enter(platform, code=totp.at(later), at=later) is None


def test_a_recovery_code_is_taken_once_and_not_kept(platform: wiring.Platform, hana: str) -> None:
    _, codes = with_second_factor(platform, hana)
    with platform.reading() as tx:
        kept = tx.execute(select(recovery_codes.c.digest)).scalars().all()
    assert len(codes) == len(kept) == 10
    assert not set(codes) & set(kept)
    assert enter(platform, code=codes[3].upper())
    assert enter(platform, code=codes[3]) is None


def test_a_code_does_not_stand_for_the_password(platform: wiring.Platform, hana: str) -> None:
    _, codes = with_second_factor(platform, hana)
    assert enter(platform, password="wrong", code=codes[0]) is None
    assert enter(platform, code=codes[0])


def test_guessing_ends_after_ten_failures_and_begins_again_later(platform: wiring.Platform, hana: str) -> None:
    for _ in range(10):
        assert enter(platform, password="wrong") is None
    with pytest.raises(TooOften):
        enter(platform)
    assert enter(platform, at=NOON + timedelta(minutes=16))


def test_whoever_is_shut_out_is_out_at_once(platform: wiring.Platform, hana: str) -> None:
    token = enter(platform)
    assert token
    with platform.transaction() as tx:
        people.disable(tx, hana, NOON)
    with pytest.raises(NotSignedIn), platform.reading() as tx:
        sessions.current(tx, token, NOON)
    assert enter(platform) is None


@pytest.mark.parametrize("change", ["roles", "password"])
def test_a_change_of_roles_or_password_ends_sessions(platform: wiring.Platform, hana: str, change: str) -> None:
    token = enter(platform)
    assert token
    with platform.transaction() as tx:
        if change == "roles":
            people.set_roles(tx, hana, [Role.AUDITOR])
        else:
            people.set_password(tx, hana, "another long word")
    with pytest.raises(NotSignedIn), platform.reading() as tx:
        sessions.current(tx, token, NOON)


def test_a_key_is_shown_once_and_kept_as_its_digest(platform: wiring.Platform) -> None:
    with platform.transaction() as tx:
        key_id, key = api_keys.add_key(tx, "pipeline", organisations.named(tx, NOON), [KeyScope.SCREEN], NOON)
        assert api_keys.whose(tx, key, NOON).id == key_id
        assert key not in str(tx.execute(select(key_table)).all())
        api_keys.revoke(tx, key_id, NOON)
        with pytest.raises(NotSignedIn):
            api_keys.whose(tx, key, NOON)


def test_a_key_ends_at_its_moment(platform: wiring.Platform) -> None:
    until = NOON + timedelta(days=1)
    with platform.transaction() as tx:
        of = organisations.named(tx, NOON)
        _, key = api_keys.add_key(tx, "pipeline", of, [KeyScope.SCREEN], NOON, expires_at=until)
        api_keys.whose(tx, key, NOON)
        with pytest.raises(NotSignedIn):
            api_keys.whose(tx, key, until)


def test_who_asks_does_not_decide(platform: wiring.Platform, hana: str) -> None:
    ren = added(platform, "Ren")
    with platform.transaction() as tx:
        asked = approvals.request(tx, Leaving.PUBLISH, "evp_1", "for the press", hana, NOON)
        with pytest.raises(NotPermitted, match="another person"):
            approvals.decide(tx, asked, hana, NOON, granted=True)
        assert not approvals.is_granted(tx, Leaving.PUBLISH, "evp_1")
        approvals.decide(tx, asked, ren, NOON, granted=True)
        assert approvals.is_granted(tx, Leaving.PUBLISH, "evp_1")
        with pytest.raises(Conflict, match="decided already"):
            approvals.decide(tx, asked, ren, NOON, granted=False)


def test_the_database_itself_refuses_the_same_person(platform: wiring.Platform, hana: str) -> None:
    with platform.transaction() as tx:
        approvals.request(tx, Leaving.PUBLISH, "evp_1", "for the press", hana, NOON)
    with pytest.raises(IntegrityError), platform.transaction() as tx:
        tx.execute(update(approval_table).values(decided_by=hana, decided_at=NOON, granted=True))


def test_what_was_refused_may_be_asked_again_and_what_waits_may_not(platform: wiring.Platform, hana: str) -> None:
    ren = added(platform, "Ren")
    with platform.transaction() as tx:
        first = approvals.request(tx, Leaving.PUBLISH, "evp_1", "now", hana, NOON)
        with pytest.raises(Conflict, match="asked for already"):
            approvals.request(tx, Leaving.PUBLISH, "evp_1", "again", hana, NOON)
        approvals.decide(tx, first, ren, NOON, granted=False)
        assert approvals.request(tx, Leaving.PUBLISH, "evp_1", "better", hana, NOON)


def test_the_event_log_shows_the_newest_first_by_pages(platform: wiring.Platform) -> None:
    with platform.transaction() as tx:
        for n in range(5):
            events.record(tx, "per_1", "person.added", f"per_{n}", NOON)
        first = events.newest(tx, 2)
        second = events.newest(tx, 2, before=first[-1].number)
    assert [each.number for each in (*first, *second)] == [5, 4, 3, 2]
