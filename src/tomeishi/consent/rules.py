"""From entries to a permission: pure and total, the same for every order of the entries.

1. Silence is "not allowed". That is the coalition's policy; it says nothing about any law.
2. An entry is in effect from the latest of three moments (its `valid_from`, its declaration, its recording) until
   `valid_until`, that moment excluded. So an answer about a moment is the answer that the ledger gave at that moment,
   and nothing recorded later changes it: permission is prior permission, and whoever relied on an answer can show it.
   What was declared earlier and recorded late stays visible in the history; it decides nothing before its recording.
3. A revocation ends the entry that it names, from the moment at which the revocation is in effect by rule 2. A lawyer
   expects no less: a declaration works when it arrives (Civil Code of Japan, art. 97(1)), and here it arrives when
   it is recorded. It is final; only whoever stated the entry can end it.
4. Entries count only for works of the member who stated them. Only the coalition's own reservations count for all.
5. A grant covers the uses, the provider, model and version that it names and no others. A question that names no
   provider (or model, or version) is asked for any: only a grant to all covers it, and a reservation against any one of
   them answers it. So what is allowed without a name is allowed under every name. Names are compared folded (NFKC,
   case ignored).
6. Narrower scope beats wider (`scopes`): a grant stands if no reservation has its scope or a narrower one. Within one
   scope a reservation wins, whichever is newer or names its provider more exactly. Allowed means that one grant stands.
7. A refusal needs no signature; a permission that overrides a signed refusal does. So an entry that was recorded on
   the member's word ("recorded by") counts, and the answer says so, but an unsigned grant never stands against a signed
   reservation, however wide, and an unsigned revocation never ends a signed reservation.
8. A condition that the question contradicts (another territory, a longer clip) takes the entry out of the answer. One
   that the question leaves open limits a grant, and the answer says to what; it does not limit a reservation: asked for
   any territory, a reservation for one of them answers. A reservation about a part of what is asked (one character of
   the work) leaves the rest allowed, and the answer names the part. So what is allowed on conditions is allowed for
   every question that meets one of them.

Adding a reservation, a revocation of a grant, or a condition to a grant can therefore never permit more.
"""

import unicodedata
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import lru_cache

from tomeishi.access.keys import COALITION
from tomeishi.consent import wording
from tomeishi.consent.conditions import NONE, Question, Why
from tomeishi.consent.entries import Entry, EntryKind, WorkRef
from tomeishi.consent.permission import Lost, Permission, Proviso
from tomeishi.values import Use

Names = tuple[str | None, str | None, str | None]
"""Of provider, model and version, folded."""

Losers = list[tuple[Entry, Why, Sequence[Entry]]]
"""Entry, reason, and what it lost to."""


def permission(
    entries: Sequence[Entry], work: WorkRef, use: Use, provider: str | None, model: str | None, moment: datetime
) -> Permission:
    """The answer for one use of one work by one provider and model (None: any) at one timezone-aware moment."""
    return answer(entries, Question(work, use, provider, model), moment)


def answer(entries: Sequence[Entry], asked: Question, moment: datetime) -> Permission:
    """The answer to one question at one timezone-aware moment."""
    names, who = _asking(asked.provider, asked.model, asked.version)
    if not entries:
        return _silence(asked.use, wording.doing(asked), who)
    found = _Considered(entries, asked, names, moment)
    grants, reservations, losers = found.grants, found.reservations, found.losers
    if not (grants or reservations or losers):
        return _silence(asked.use, wording.doing(asked), who)
    beaten = {grant.id: [r for r in reservations if _beats(r, grant)] for grant in grants}
    standing = [grant for grant in grants if not beaten[grant.id]]
    for grant in grants:
        if by := beaten[grant.id]:
            narrow = any(_rank(reserved) >= _rank(grant) for reserved in by)
            losers.append((grant, Why.RESERVED if narrow else Why.UNSIGNED, _in_order(by)))
    allowed = False
    provisos: tuple[Proviso, ...] = ()
    if standing:
        allowed = True
        because, provisos = _decided(standing, found.parts, asked, losers)
        losers += [(reserved, Why.GRANTED, because) for reserved in reservations]
        english, japanese = wording.allowed(asked, who, because, provisos)
    elif reservations:
        because = _narrowest([r for r in reservations if not grants or any(r in by for by in beaten.values())])
        losers += [(reserved, Why.WIDER, because) for reserved in reservations if reserved not in because]
        english, japanese = wording.reserved(asked, who, because)
    elif because := _in_order(found.unmet):
        english, japanese = wording.outside(asked, who, because)
    elif because := _in_order(ending for grant in found.past for ending in found.endings(grant)):
        english, japanese = wording.revoked(asked, who, because)
    elif because := _in_order(found.past):
        english, japanese = wording.ended(asked, who, because)
    elif because := _in_order(found.coming):
        english, japanese = wording.not_begun(asked, who, because)
    else:
        english, japanese = wording.silent(wording.doing(asked), who)
    ids = tuple(dict.fromkeys(entry.id for entry in because))
    return Permission(asked.use, allowed, ids, english, japanese, _lost(losers), provisos)


@lru_cache(maxsize=8192)
def _silence(use: Use, doing: wording.Sentences, who: wording.Sentences) -> Permission:
    return Permission(use, False, (), *wording.silent(doing, who))


class _Considered:
    """The entries that were known at the moment and are about what is asked, by what became of them."""

    __slots__ = ("_revocations", "coming", "grants", "losers", "parts", "past", "reservations", "unmet")

    def __init__(self, entries: Iterable[Entry], asked: Question, names: Names, moment: datetime) -> None:
        self.grants: list[Entry] = []
        self.reservations: list[Entry] = []
        self.parts: list[Entry] = []
        """Reservations in effect about a part of what is asked."""
        self.unmet: list[Entry] = []
        """Grants in effect under conditions that the question contradicts."""
        self.past: list[Entry] = []
        """Grants that have begun and are over."""
        self.coming: list[Entry] = []
        self.losers: Losers = []
        self._revocations: dict[str, list[Entry]] = {}
        owners = (asked.work.member_id, COALITION)
        about = []
        for entry in entries:
            if entry.statement.member_id not in owners or entry.recorded_at > moment:
                continue
            if entry.statement.kind is not EntryKind.REVOCATION:
                about.append(entry)
            elif entry.in_effect_from <= moment and entry.statement.revokes is not None:
                self._revocations.setdefault(entry.statement.revokes, []).append(entry)
        for entry in _in_order(about):
            self._consider(entry, asked, names, moment)

    def _consider(self, entry: Entry, asked: Question, names: Names, moment: datetime) -> None:
        stated = entry.statement
        if stated.scope is None or not (stated.uses is None or asked.use in stated.uses):
            return
        is_grant = stated.kind is EntryKind.GRANT
        whole = stated.scope.covers(asked.work)
        part = not whole and not is_grant and stated.scope.lies_inside(asked.work)
        if not (whole or part) or not _concerns(entry, names):
            return
        unmet = stated.conditions.unmet(asked)
        endings = self.endings(entry)
        begun = entry.in_effect_from <= moment
        ended = stated.valid_until is not None and moment >= stated.valid_until
        if part:
            if begun and not ended and not endings and unmet is None:
                self.parts.append(entry)
        elif unmet is not None:
            self.losers.append((entry, unmet, ()))
            if is_grant and begun and not ended and not endings:
                self.unmet.append(entry)
        elif begun and not ended and not endings:
            (self.grants if is_grant else self.reservations).append(entry)
        else:
            self.losers.append(
                (entry, Why.REVOKED, _in_order(endings))
                if endings
                else (entry, Why.ENDED if begun else Why.NOT_BEGUN, ())
            )
            if is_grant and begun:
                self.past.append(entry)
            elif is_grant and not endings:
                self.coming.append(entry)

    def endings(self, entry: Entry) -> list[Entry]:
        """The revocations in effect that end `entry` (rules 3 and 7)."""
        needs_signature = entry.statement.kind is EntryKind.RESERVATION and entry.signed is not None
        return [
            revocation
            for revocation in self._revocations.get(entry.id, ())
            if revocation.statement.member_id == entry.statement.member_id
            and (revocation.signed is not None or not needs_signature)
        ]


def _decided(
    standing: Sequence[Entry], parts: Sequence[Entry], asked: Question, losers: Losers
) -> tuple[list[Entry], tuple[Proviso, ...]]:
    """Which of the grants that stand decide, and on what conditions: one without any is enough by itself."""
    provisos: dict[str, Proviso] = {}
    free: list[Entry] = []
    for grant in _in_order(standing):
        conditions = grant.statement.conditions.left_open(asked)
        apart = tuple((r.id, r.statement.scope) for r in _in_order(parts) if r.statement.scope and _beats(r, grant))
        if conditions == NONE and not apart:
            free.append(grant)
        else:
            provisos[grant.id] = Proviso(grant.id, conditions, apart)
    if not free:
        return _in_order(standing), tuple(provisos.values())
    because = _narrowest(free)
    losers += [
        (grant, Why.CONDITIONAL if grant.id in provisos else Why.WIDER, because)
        for grant in standing
        if grant not in because
    ]
    return because, ()


def _concerns(entry: Entry, names: Names) -> bool:
    """Rule 5."""
    stated = entry.statement
    if stated.provider is None:
        return True
    reserved = stated.kind is EntryKind.RESERVATION
    for named, asked in zip((stated.provider, stated.model, stated.version), names, strict=True):
        if named is not None and not (reserved if asked is None else _folded(named) == asked):
            return False
    return True


def _beats(reserved: Entry, grant: Entry) -> bool:
    """Rules 6 and 7."""
    return _rank(reserved) >= _rank(grant) or (reserved.signed is not None and grant.signed is None)


def _rank(entry: Entry) -> int:
    return -1 if entry.statement.scope is None else entry.statement.scope.level.rank


def _narrowest(entries: Sequence[Entry]) -> list[Entry]:
    top = max(map(_rank, entries))
    return _in_order(entry for entry in entries if _rank(entry) == top)


def _in_order(entries: Iterable[Entry]) -> list[Entry]:
    """As recorded, each once."""
    listed = list(entries)
    if len(listed) < 2:
        return listed
    found = {(entry.number, entry.id): entry for entry in listed}
    return [found[key] for key in sorted(found)]


def _lost(losers: Losers) -> tuple[Lost, ...]:
    return tuple(
        Lost(entry.id, why, tuple(dict.fromkeys(each.id for each in against)))
        for entry, why, against in sorted(losers, key=lambda each: (each[0].number, each[0].id))
    )


@lru_cache(maxsize=8192)
def _asking(provider: str | None, model: str | None, version: str | None) -> tuple[Names, wording.Sentences]:
    """Who asks, as names are compared, and as it is said."""
    names = (_folded(provider), _folded(model), _folded(version))
    said = (given if name else None for given, name in zip((provider, model, version), names, strict=True))
    return names, wording.who(*said)


@lru_cache(maxsize=8192)
def _folded(name: str | None) -> str | None:
    """None for no name, also for a blank one."""
    if name is None:
        return None
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold()).strip() or None
