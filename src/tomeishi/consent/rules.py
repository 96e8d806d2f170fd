"""From entries to a permission: pure and total, the same for every order of the entries.

1. Silence is "not allowed". That is the coalition's policy; it says nothing about any law.
2. An entry is in effect from the latest of three moments (its `valid_from`, its declaration, its recording) until
   `valid_until`, that moment excluded. So an answer about a moment is the answer that the ledger gave at that moment,
   and nothing recorded later changes it: permission is prior permission, and whoever relied on an answer can show it.
   What was declared earlier and recorded late stays visible in the history; it decides nothing before its recording.
3. A revocation ends the entry that it names, from the moment at which the revocation is in effect by rule 2. A lawyer
   expects no less: a declaration works when it arrives (Civil Code of Japan, art. 97(1)), and here it arrives when
   it is recorded. It is final; only the member who stated the entry can end it.
4. Entries count only for works of the member who stated them.
5. A grant covers the uses, the provider and the model that it names and no others. A question that names no provider
   (or model) is asked for any: only a grant to all covers it, and a reservation against any one of them answers it.
   So what is allowed without a name is allowed under every name. Names are compared folded (NFKC, case ignored).
6. Narrower scope beats wider: a grant stands if no reservation has its scope or a narrower one. Within one scope a
   reservation wins, whichever is newer or names its provider more exactly. Allowed means that one grant stands.
7. A refusal needs no signature; a permission that overrides a signed refusal does. So an entry that was recorded on
   the member's word ("recorded by") counts, and the answer says so, but an unsigned grant never stands against a signed
   reservation, however wide, and an unsigned revocation never ends a signed reservation.

Adding a reservation, or a revocation of a grant, can therefore never permit more.
"""

import unicodedata
from collections.abc import Iterable, Sequence
from datetime import datetime

from tomeishi.consent import wording
from tomeishi.consent.entries import Entry, EntryKind, WorkRef
from tomeishi.consent.permission import Permission
from tomeishi.values import Use


def permission(
    entries: Sequence[Entry], work: WorkRef, use: Use, provider: str | None, model: str | None, moment: datetime
) -> Permission:
    """The answer for one use of one work by one provider and model (None: any) at one timezone-aware moment."""
    ours = [entry for entry in entries if entry.statement.member_id == work.member_id]
    revocations = [entry for entry in ours if entry.statement.kind is EntryKind.REVOCATION and _begun(entry, moment)]
    names = (_folded(provider), _folded(model))
    concerned = [entry for entry in ours if _concerns(entry, work, use, names)]
    live = [entry for entry in concerned if _in_term(entry, moment) and not _ending(entry, revocations)]
    grants = [entry for entry in live if entry.statement.kind is EntryKind.GRANT]
    reservations = [entry for entry in live if entry.statement.kind is EntryKind.RESERVATION]

    allowed, because = False, _in_order(())
    who = wording.who(provider if names[0] else None, model if names[1] else None)
    if standing := [grant for grant in grants if not any(_beats(reserved, grant) for reserved in reservations)]:
        allowed, because = True, _narrowest(standing)
        english, japanese = wording.allowed(use, who, because)
    elif reservations:
        because = _narrowest([r for r in reservations if not grants or any(_beats(r, grant) for grant in grants)])
        english, japanese = wording.reserved(use, who, because)
    else:
        known = [e for e in concerned if e.statement.kind is EntryKind.GRANT and e.recorded_at <= moment]
        past = [grant for grant in known if _begun(grant, moment)]
        if because := _in_order(ending for grant in past for ending in _ending(grant, revocations)):
            english, japanese = wording.revoked(use, who, because)
        elif because := _in_order(past):
            english, japanese = wording.ended(use, who, because)
        elif because := _in_order(grant for grant in known if not _ending(grant, revocations)):
            english, japanese = wording.not_begun(use, who, because)
        else:
            english, japanese = wording.silent(use, who)
    ids = tuple(dict.fromkeys(entry.id for entry in because))
    return Permission(use, allowed, ids, english, japanese)


def _concerns(entry: Entry, work: WorkRef, use: Use, names: tuple[str | None, str | None]) -> bool:
    """Whether a grant or reservation is about what is asked, whenever it is in effect; `names` folded (rule 5)."""
    stated = entry.statement
    if stated.scope is None or not stated.scope.covers(work) or not (stated.uses is None or use in stated.uses):
        return False
    reserved = stated.kind is EntryKind.RESERVATION
    return all(
        named is None or (reserved if asked is None else _folded(named) == asked)
        for named, asked in zip((stated.provider, stated.model), names, strict=True)
    )


def _begun(entry: Entry, moment: datetime) -> bool:
    return entry.in_effect_from <= moment


def _in_term(entry: Entry, moment: datetime) -> bool:
    until = entry.statement.valid_until
    return _begun(entry, moment) and (until is None or moment < until)


def _ending(entry: Entry, revocations: Iterable[Entry]) -> list[Entry]:
    """Those of the revocations that end `entry` (rules 3 and 7)."""
    needs_signature = entry.statement.kind is EntryKind.RESERVATION and entry.signed is not None
    return [
        revocation
        for revocation in revocations
        if revocation.statement.revokes == entry.id and (revocation.signed is not None or not needs_signature)
    ]


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
    return sorted({(entry.number, entry.id): entry for entry in entries}.values(), key=lambda e: (e.number, e.id))


def _folded(name: str | None) -> str | None:
    """None for no name, also for a blank one."""
    if name is None:
        return None
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold()).strip() or None
