"""Who may do what: one pure table of role, action and ownership. What is not in it is refused.

Ownership says how a thing stands to the organisation of whoever asks: its `own` (a member's work, a provider's
screening), `addressed` to it (an evidence package that was sent to it), `shared` (belongs to nobody alone, such as the
list of members), or `other`: another organisation's.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum


class Role(StrEnum):
    ADMINISTRATOR = "administrator"
    INVESTIGATOR = "investigator"
    MEMBER_LEGAL = "member_legal"
    PROVIDER_DESK = "provider_desk"
    ENGINEER = "engineer"
    AUDITOR = "auditor"
    """Reads everything and changes nothing."""


class KeyScope(StrEnum):
    """What an API key is for."""

    SCREEN = "screen"
    CONSENT = "consent"
    REGISTRY = "registry"
    AUDIT = "audit"
    ADMIN = "admin"


class OrganisationKind(StrEnum):
    COALITION = "coalition"
    MEMBER = "member"
    PROVIDER = "provider"


class Ownership(StrEnum):
    OWN = "own"
    ADDRESSED = "addressed"
    SHARED = "shared"
    OTHER = "other"


class Action(StrEnum):
    READ_SELF = "self.read"
    READ_MEMBERS = "members.read"
    WRITE_MEMBERS = "members.write"
    READ_WORKS = "works.read"
    WRITE_WORKS = "works.write"
    CHECK_CONSENTS = "consents.check"
    READ_CONSENTS = "consents.read"
    WRITE_CONSENTS = "consents.write"
    READ_SCREENINGS = "screenings.read"
    WRITE_SCREENINGS = "screenings.write"
    READ_MATCHES = "matches.read"
    DECIDE_MATCHES = "matches.decide"
    ASSIGN_MATCHES = "matches.assign"
    READ_EXCLUSIONS = "exclusions.read"
    WRITE_EXCLUSIONS = "exclusions.write"
    READ_EVIDENCE = "evidence.read"
    WRITE_EVIDENCE = "evidence.write"
    VERIFY_EVIDENCE = "evidence.verify"
    READ_APPROVALS = "approvals.read"
    REQUEST_APPROVALS = "approvals.request"
    DECIDE_APPROVALS = "approvals.decide"
    READ_OPERATIONS = "operations.read"
    READ_EVENTS = "events.read"
    READ_AUDITS = "audits.read"
    WRITE_AUDITS = "audits.write"
    READ_PEOPLE = "people.read"
    WRITE_PEOPLE = "people.write"
    READ_KEYS = "keys.read"
    WRITE_KEYS = "keys.write"


_ALL = frozenset(Ownership)
_OWN = frozenset({Ownership.OWN, Ownership.SHARED})
_THEIRS = frozenset({Ownership.OWN, Ownership.ADDRESSED, Ownership.SHARED})

_READS = frozenset(action for action in Action if action.value.endswith((".read", ".check", ".verify")))

_INVESTIGATOR = _READS - {Action.READ_PEOPLE, Action.READ_KEYS, Action.READ_EVENTS} | {
    Action.WRITE_WORKS,
    Action.WRITE_SCREENINGS,
    Action.DECIDE_MATCHES,
    Action.ASSIGN_MATCHES,
    Action.WRITE_EXCLUSIONS,
    Action.WRITE_EVIDENCE,
    Action.REQUEST_APPROVALS,
    Action.DECIDE_APPROVALS,
}

_MEMBER_LEGAL = frozenset(
    {
        Action.READ_SELF,
        Action.READ_MEMBERS,
        Action.READ_WORKS,
        Action.WRITE_WORKS,
        Action.CHECK_CONSENTS,
        Action.READ_CONSENTS,
        Action.WRITE_CONSENTS,
        Action.READ_SCREENINGS,
        Action.WRITE_SCREENINGS,
        Action.READ_MATCHES,
        Action.DECIDE_MATCHES,
        Action.ASSIGN_MATCHES,
        Action.READ_EXCLUSIONS,
        Action.WRITE_EXCLUSIONS,
        Action.READ_EVIDENCE,
        Action.WRITE_EVIDENCE,
        Action.VERIFY_EVIDENCE,
        Action.READ_APPROVALS,
        Action.REQUEST_APPROVALS,
        Action.DECIDE_APPROVALS,
        Action.READ_OPERATIONS,
    }
)

_ENGINEER = frozenset(
    {
        Action.READ_SELF,
        Action.READ_MEMBERS,
        Action.CHECK_CONSENTS,
        Action.READ_SCREENINGS,
        Action.WRITE_SCREENINGS,
        Action.VERIFY_EVIDENCE,
        Action.READ_OPERATIONS,
        Action.READ_AUDITS,
        Action.WRITE_AUDITS,
    }
)

_PROVIDER_DESK = frozenset(
    {
        Action.READ_SELF,
        Action.CHECK_CONSENTS,
        Action.READ_SCREENINGS,
        Action.WRITE_SCREENINGS,
        Action.READ_EVIDENCE,
        Action.VERIFY_EVIDENCE,
        Action.READ_OPERATIONS,
    }
)

BY_ROLE: Mapping[Role, tuple[frozenset[Action], frozenset[Ownership]]] = {
    Role.ADMINISTRATOR: (frozenset(Action), _ALL),
    Role.INVESTIGATOR: (_INVESTIGATOR, _ALL),
    Role.MEMBER_LEGAL: (_MEMBER_LEGAL, _OWN),
    Role.PROVIDER_DESK: (_PROVIDER_DESK, _THEIRS),
    Role.ENGINEER: (_ENGINEER, _OWN),
    Role.AUDITOR: (_READS, _ALL),
}
"""What a role may do, and to whose things."""

_SCREEN = frozenset(
    {
        Action.READ_SELF,
        Action.READ_MEMBERS,
        Action.READ_SCREENINGS,
        Action.WRITE_SCREENINGS,
        Action.READ_MATCHES,
        Action.CHECK_CONSENTS,
        Action.VERIFY_EVIDENCE,
        Action.READ_OPERATIONS,
    }
)

BY_SCOPE: Mapping[KeyScope, frozenset[Action]] = {
    KeyScope.SCREEN: _SCREEN,
    KeyScope.CONSENT: frozenset(
        {Action.READ_SELF, Action.READ_MEMBERS, Action.CHECK_CONSENTS, Action.READ_CONSENTS, Action.WRITE_CONSENTS}
    ),
    KeyScope.REGISTRY: frozenset(
        {
            Action.READ_SELF,
            Action.READ_MEMBERS,
            Action.WRITE_MEMBERS,
            Action.READ_WORKS,
            Action.WRITE_WORKS,
            Action.READ_EXCLUSIONS,
            Action.WRITE_EXCLUSIONS,
            Action.READ_OPERATIONS,
        }
    ),
    KeyScope.AUDIT: frozenset(
        {Action.READ_SELF, Action.READ_MEMBERS, Action.READ_AUDITS, Action.WRITE_AUDITS, Action.READ_OPERATIONS}
    ),
    KeyScope.ADMIN: frozenset(Action) - {Action.DECIDE_APPROVALS},
}
"""What a key may do. That something leaves the house is decided by people alone."""

BY_ORGANISATION: Mapping[OrganisationKind, frozenset[Ownership]] = {
    OrganisationKind.COALITION: _ALL,
    OrganisationKind.MEMBER: _OWN,
    OrganisationKind.PROVIDER: _THEIRS,
}
"""Whose things a key of such an organisation reaches."""

ROLES_OF: Mapping[OrganisationKind, frozenset[Role]] = {
    OrganisationKind.COALITION: frozenset(
        {Role.ADMINISTRATOR, Role.INVESTIGATOR, Role.ENGINEER, Role.AUDITOR},
    ),
    OrganisationKind.MEMBER: frozenset({Role.MEMBER_LEGAL, Role.ENGINEER}),
    OrganisationKind.PROVIDER: frozenset({Role.PROVIDER_DESK, Role.ENGINEER}),
}
"""Which roles people of such an organisation can have: nobody outside the coalition reads everything."""


def reach_of_roles(roles: Iterable[Role], action: Action) -> frozenset[Ownership]:
    """Whose things somebody in these roles may do it to; empty: may not at all."""
    return frozenset(ownership for role in roles if action in BY_ROLE[role][0] for ownership in BY_ROLE[role][1])


def reach_of_key(scopes: Iterable[KeyScope], kind: OrganisationKind, action: Action) -> frozenset[Ownership]:
    """The same for a key of an organisation."""
    if any(action in BY_SCOPE[scope] for scope in scopes):
        return BY_ORGANISATION[kind]
    return frozenset()
