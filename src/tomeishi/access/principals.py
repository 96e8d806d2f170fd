"""Whoever asks: a person who is signed in, or an API key; and whose things they may do what to."""

from dataclasses import dataclass

from tomeishi.access.organisations import Organisation
from tomeishi.access.permissions import (
    Action,
    KeyScope,
    OrganisationKind,
    Ownership,
    Role,
    reach_of_key,
    reach_of_roles,
)
from tomeishi.errors import NotFound, NotPermitted


@dataclass(frozen=True, slots=True)
class Sight:
    """What of a list somebody may see: everything, or what belongs or is addressed to their organisation."""

    everything: bool
    organisation_id: str
    member_id: str | None
    member: str | None
    provider: str | None


@dataclass(frozen=True, slots=True)
class Principal:
    """A person in roles, or a key with scopes; never both."""

    id: str
    name: str
    organisation: Organisation
    roles: frozenset[Role]
    scopes: frozenset[KeyScope]
    language: str
    """`ja` or `en`."""

    @property
    def is_person(self) -> bool:
        return not self.scopes

    def reach(self, action: Action) -> frozenset[Ownership]:
        """Whose things this principal may do it to; empty: nobody's."""
        if self.is_person:
            return reach_of_roles(self.roles, action)
        return reach_of_key(self.scopes, self.organisation.kind, action)

    def require(self, action: Action) -> None:
        """NotPermitted unless it may be done to anything at all."""
        if not self.reach(action):
            raise NotPermitted(f"{self._as()} may not do this ({action.value})")

    def sight(self, action: Action) -> Sight:
        """What lists show; NotPermitted where they may not be read at all."""
        self.require(action)
        everything = Ownership.OTHER in self.reach(action)
        mine = self.organisation
        member = mine.name if mine.member_id is not None else None
        return Sight(everything, mine.id, mine.member_id, member, mine.provider)

    def may(self, action: Action, *, member_id: str | None = None, organisation_id: str | None = None) -> bool:
        """Whether it may be done to a thing of this member or organisation."""
        return self._ownership(member_id, organisation_id) in self.reach(action)

    def require_for(self, action: Action, *, member_id: str | None = None, organisation_id: str | None = None) -> None:
        """NotPermitted unless `may`. Whoever may not even read a thing is told that it is not there, by `found`."""
        if not self.may(action, member_id=member_id, organisation_id=organisation_id):
            raise NotPermitted(f"{self._as()} may not do this to what belongs to others ({action.value})")

    def require_found(
        self, action: Action, what: str, *, member_id: str | None = None, organisation_id: str | None = None
    ) -> None:
        """NotFound, in the words for a thing that isn't there, where it may not be seen."""
        if not self.may(action, member_id=member_id, organisation_id=organisation_id):
            raise NotFound(f"no {what}")

    def _ownership(self, member_id: str | None, organisation_id: str | None) -> Ownership:
        mine = self.organisation
        if member_id is not None and member_id == mine.member_id:
            return Ownership.OWN
        if organisation_id is not None and organisation_id == mine.id:
            return Ownership.OWN
        return Ownership.OTHER

    def _as(self) -> str:
        if not self.is_person:
            return f"a key for {', '.join(sorted(self.scopes))}"
        kind = "" if self.organisation.kind is OrganisationKind.COALITION else f" of a {self.organisation.kind}"
        return f"{' and '.join(sorted(role.value for role in self.roles)) or 'nobody'}{kind}"
