"""People with accounts: their organisation, roles, language, password, second factor, and account elsewhere.

A name is one person's, in whatever case and width it is written. Whoever loses a role or is shut out is signed out.
"""

import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from tomeishi.access import passwords
from tomeishi.access.organisations import Organisation, list_organisations, organisation
from tomeishi.access.permissions import ROLES_OF, Role
from tomeishi.access.principals import Principal
from tomeishi.errors import BadInput, Conflict, NotFound, NotPermitted, NotSignedIn
from tomeishi.storage.tables import people, person_roles, recovery_codes, sessions
from tomeishi.values import new_id

LANGUAGES = ("ja", "en")
_BREAKING = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


@dataclass(frozen=True, slots=True)
class Person:
    id: str
    name: str
    organisation: Organisation
    roles: frozenset[Role]
    language: str
    has_password: bool
    has_second_factor: bool
    account: tuple[str, str] | None
    """Issuer and subject of OpenID Connect."""
    created_at: datetime
    disabled_at: datetime | None

    @property
    def principal(self) -> Principal:
        return Principal(self.id, self.name, self.organisation, self.roles, frozenset(), self.language)


def folded(name: str) -> str:
    """By which a name is found: case and width make no other person."""
    return unicodedata.normalize("NFKC", name).casefold().strip()


def add_person(
    tx: Connection,
    name: str,
    of: Organisation,
    roles: Iterable[Role],
    at: datetime,
    *,
    password: str | None = None,
    language: str = "ja",
) -> str:
    """The new person's id. Without a password they sign in by OpenID Connect, once an account is linked."""
    name = unicodedata.normalize("NFC", name).strip()
    if not 1 <= len(name) <= 100 or any(unicodedata.category(letter) in _BREAKING for letter in name):
        raise BadInput("a person's name has 1 to 100 characters on one line")
    if tx.execute(select(people.c.id).where(people.c.folded == folded(name))).first():
        raise Conflict(f"somebody is called {name!r} already; choose a name that tells them apart")
    person_id = new_id("per")
    values = {"id": person_id, "organisation_id": of.id, "name": name, "folded": folded(name), "created_at": at}
    kept = None if password is None else passwords.kept(password)
    tx.execute(insert(people).values(**values, password=kept, language=_language(language)))
    _keep_roles(tx, person_id, of, roles)
    return person_id


def person(tx: Connection, person_id: str) -> Person:
    row = tx.execute(select(people).where(people.c.id == person_id)).first()
    if row is None:
        raise NotFound(f"no person {person_id}")
    return _person(tx, row)


def person_by_name(tx: Connection, name: str) -> Person:
    row = tx.execute(select(people).where(people.c.folded == folded(name))).first()
    if row is None:
        raise NotFound(f"nobody is called {name!r}")
    return _person(tx, row)


def person_by_account(tx: Connection, issuer: str, subject: str) -> Person:
    """Who signs in by this account of OpenID Connect; NotSignedIn where nobody does, or no longer."""
    mine = (people.c.issuer == issuer) & (people.c.subject == subject)
    row = tx.execute(select(people).where(mine, people.c.disabled_at.is_(None))).first()
    if row is None:
        raise NotSignedIn("this account is linked to nobody here; ask an administrator")
    return _person(tx, row)


def list_people(tx: Connection) -> list[Person]:
    """By name; three queries, however many they are."""
    houses = {each.id: each for each in list_organisations(tx)}
    roles: defaultdict[str, set[Role]] = defaultdict(set)
    for person_id, role in tx.execute(select(person_roles.c.person_id, person_roles.c.role)):
        roles[person_id].add(Role(role))
    rows = tx.execute(select(people).order_by(people.c.folded))
    return [_person_of(row, houses[row.organisation_id], roles[row.id]) for row in rows]


def set_roles(tx: Connection, person_id: str, roles: Iterable[Role]) -> None:
    """In place of the earlier ones."""
    known = person(tx, person_id)
    tx.execute(delete(person_roles).where(person_roles.c.person_id == person_id))
    _keep_roles(tx, person_id, known.organisation, roles)
    sign_out_everywhere(tx, person_id)


def set_password(tx: Connection, person_id: str, password: str) -> None:
    person(tx, person_id)
    tx.execute(update(people).where(people.c.id == person_id).values(password=passwords.kept(password)))
    sign_out_everywhere(tx, person_id)


def set_language(tx: Connection, person_id: str, language: str) -> None:
    tx.execute(update(people).where(people.c.id == person_id).values(language=_language(language)))


def disable(tx: Connection, person_id: str, at: datetime) -> None:
    """Shut out from now on; what the person did stays theirs."""
    person(tx, person_id)
    tx.execute(update(people).where(people.c.id == person_id).values(disabled_at=at))
    sign_out_everywhere(tx, person_id)


def enable(tx: Connection, person_id: str) -> None:
    person(tx, person_id)
    tx.execute(update(people).where(people.c.id == person_id).values(disabled_at=None))


def link_account(tx: Connection, person_id: str, issuer: str, subject: str) -> None:
    """The account of OpenID Connect by which the person signs in; by issuer and subject, never by a mail address."""
    same = select(people.c.id).where(people.c.issuer == issuer, people.c.subject == subject)
    if tx.execute(same).scalar() not in (None, person_id):
        raise Conflict(f"this account of {issuer} is linked to another person")
    tx.execute(update(people).where(people.c.id == person_id).values(issuer=issuer, subject=subject))


def begin_second_factor(tx: Connection, person_id: str) -> str:
    """A new secret for time-based codes; it counts once a first code was given to `confirm_second_factor`."""
    if person(tx, person_id).has_second_factor:
        raise Conflict("there is a second factor already; take it away first")
    secret = passwords.new_secret()
    tx.execute(update(people).where(people.c.id == person_id).values(totp_secret=secret, totp_last_step=None))
    return secret


def confirm_second_factor(tx: Connection, person_id: str, code: str, at: datetime) -> list[str]:
    """From now on a code is needed to sign in; the recovery codes, shown once."""
    row = tx.execute(select(people.c.totp_secret, people.c.totp_since).where(people.c.id == person_id)).first()
    if row is None or row.totp_secret is None or row.totp_since is not None:
        raise Conflict("no second factor waits to be confirmed; begin anew")
    step = passwords.step_of(code, row.totp_secret, at.timestamp(), None)
    if step is None:
        raise NotPermitted("this is not the code of now; check the clock of the device that shows it")
    tx.execute(update(people).where(people.c.id == person_id).values(totp_since=at, totp_last_step=step))
    tx.execute(delete(recovery_codes).where(recovery_codes.c.person_id == person_id))
    codes = passwords.new_recovery_codes()
    tx.execute(
        insert(recovery_codes),
        [{"person_id": person_id, "digest": passwords.recovery_digest(code)} for code in codes],
    )
    return codes


def take_second_factor_away(tx: Connection, person_id: str) -> None:
    nothing = {"totp_secret": None, "totp_since": None, "totp_last_step": None}
    tx.execute(update(people).where(people.c.id == person_id).values(nothing))
    tx.execute(delete(recovery_codes).where(recovery_codes.c.person_id == person_id))
    sign_out_everywhere(tx, person_id)


def sign_out_everywhere(tx: Connection, person_id: str) -> None:
    """Ends every session of the person."""
    tx.execute(delete(sessions).where(sessions.c.person_id == person_id))


def _keep_roles(tx: Connection, person_id: str, of: Organisation, roles: Iterable[Role]) -> None:
    wanted = sorted(set(roles))
    if not wanted:
        raise BadInput("a person has at least one role")
    for role in wanted:
        if role not in ROLES_OF[of.kind]:
            fitting = ", ".join(sorted(ROLES_OF[of.kind]))
            raise BadInput(f"nobody of a {of.kind} is {role}; there it is one of: {fitting}")
    tx.execute(insert(person_roles), [{"person_id": person_id, "role": role.value} for role in wanted])


def _language(language: str) -> str:
    if language not in LANGUAGES:
        raise BadInput(f"no language {language[:20]!r}; it is one of: {', '.join(LANGUAGES)}")
    return language


def _person(tx: Connection, row: Any) -> Person:
    roles = tx.execute(select(person_roles.c.role).where(person_roles.c.person_id == row.id)).scalars()
    return _person_of(row, organisation(tx, row.organisation_id), map(Role, roles))


def _person_of(row: Any, of: Organisation, roles: Iterable[Role]) -> Person:
    return Person(
        id=row.id,
        name=row.name,
        organisation=of,
        roles=frozenset(roles),
        language=row.language,
        has_password=row.password is not None,
        has_second_factor=row.totp_since is not None,
        account=None if row.issuer is None else (row.issuer, row.subject),
        created_at=row.created_at,
        disabled_at=row.disabled_at,
    )
