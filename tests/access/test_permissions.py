"""Who may do what: what must hold of the table, whatever is added to it."""

import pytest

from tomeishi.access.permissions import (
    BY_ORGANISATION,
    BY_ROLE,
    BY_SCOPE,
    ROLES_OF,
    Action,
    KeyScope,
    OrganisationKind,
    Ownership,
    Role,
    reach_of_key,
    reach_of_roles,
)


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("action", Action)
def test_what_the_table_does_not_name_is_refused(role: Role, action: Action) -> None:
    may, whose = BY_ROLE[role]
    assert reach_of_roles([role], action) == (whose if action in may else frozenset())


def test_nobody_without_a_role_or_scope_may_do_anything() -> None:
    assert not any(reach_of_roles([], action) for action in Action)
    assert not any(reach_of_key([], OrganisationKind.COALITION, action) for action in Action)


def test_nobody_outside_the_coalition_reaches_what_belongs_to_others() -> None:
    for kind in (OrganisationKind.MEMBER, OrganisationKind.PROVIDER):
        assert Ownership.OTHER not in BY_ORGANISATION[kind]
        assert not [role for role in ROLES_OF[kind] if Ownership.OTHER in BY_ROLE[role][1]]


def test_an_auditor_changes_nothing() -> None:
    assert not [action for action in BY_ROLE[Role.AUDITOR][0] if action.value.split(".")[1] not in READING]


READING = ("read", "check", "verify")


def test_no_key_decides_what_leaves_the_house() -> None:
    assert not [scope for scope in KeyScope if Action.DECIDE_APPROVALS in BY_SCOPE[scope]]


def test_only_administrators_change_people_and_keys() -> None:
    for action in (Action.WRITE_PEOPLE, Action.WRITE_KEYS):
        assert [role for role in Role if reach_of_roles([role], action)] == [Role.ADMINISTRATOR]
        assert [scope for scope in KeyScope if action in BY_SCOPE[scope]] == [KeyScope.ADMIN]
