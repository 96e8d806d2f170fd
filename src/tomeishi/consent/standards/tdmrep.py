"""TDM Reservation Protocol (W3C Community Group): a file on the server, headers, HTML, EPUB and PDF.

Sections "TDM File on the Origin Server" (the first rule that matches counts), "TDM Header Field in HTTP Responses",
"TDM Metadata in HTML Content", "… in EPUB 2/3 files", "… in PDF files", "Processing priority" (the nearer to the work
supersedes, absence resets nothing) and "Specification of the TDM Policy" (an ODRL profile). Any value but 0 and 1 is
unset.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tomeishi.consent.standards.mapping import hear, put_into
from tomeishi.consent.standards.paths import matches, path_of
from tomeishi.consent.standards.signal import (
    Authority,
    Reading,
    Signal,
    Stance,
    Standard,
    Written,
    kept,
    no_statement,
    shown,
)
from tomeishi.consent.standards.text import Refused, json_of, raw_of
from tomeishi.errors import BadInput
from tomeishi.values import Use

RESERVATION, POLICY = "tdm-reservation", "tdm-policy"
_VALUES = {"0": Stance.ALLOW, "1": Stance.DENY}
_MOST_RULES = 5_000


def read_file(data: bytes, reading: Reading) -> tuple[Signal, ...]:
    """`/.well-known/tdmrep.json`: with a path the first rule that matches, without one a signal for each rule."""
    try:
        rules = _rules(data)
    except Refused as error:
        return (no_statement(Standard.TDMREP, reading, Authority.SITE, str(error), raw_of(data)),)
    found: list[Signal] = []
    for number, rule in enumerate(rules, start=1):
        if not isinstance(rule, dict) or not isinstance(rule.get("location"), str):
            found.append(
                no_statement(
                    Standard.TDMREP, reading, Authority.SITE, f"rule {number} has no location", json.dumps(rule)
                )
            )
        elif reading.path is None:
            found.append(_rule(rule, number, "", reading))
        elif matches(rule["location"], path_of(reading.path)):
            return (*found, _rule(rule, number, f": the first that covers {reading.path}", reading))
    return tuple(found)


def _rules(data: bytes) -> list[Any]:
    rules = json_of(data)
    if not isinstance(rules, list):
        raise Refused("the file is an array of rules, in brackets even for one")
    if len(rules) > _MOST_RULES:
        raise Refused(f"more than {_MOST_RULES:,} rules")
    return rules


def _rule(rule: Mapping[str, Any], number: int, why: str, reading: Reading) -> Signal:
    value = rule.get(RESERVATION)
    # `true` is not 1 here, and neither is "1": in JSON the protocol's value is a number.
    token = str(value) if type(value) is int else f"{value!r} (not the number 0 or 1)"
    policy = rule.get(POLICY)
    return signal(
        token,
        policy if isinstance(policy, str) else None,
        replace(reading, path=None),
        Authority.SITE,
        raw=json.dumps(rule, ensure_ascii=False),
        scope=rule["location"],
        derivation=(f"rule {number} for {shown(rule['location'])}{why}",),
    )


def signal(
    value: str,
    policy: str | None,
    reading: Reading,
    authority: Authority,
    *,
    raw: str,
    scope: str | None = None,
    derivation: tuple[str, ...] = (),
) -> Signal:
    """What a value of `tdm-reservation` says, wherever it stood. A policy tells how to ask; it does not soften a 1."""
    stance = _VALUES.get(value.strip(), Stance.UNKNOWN)
    heard = hear(Standard.TDMREP, [(RESERVATION, stance)])
    told = (f"policy: {shown(policy)}",) if policy and stance is Stance.DENY else ()
    return Signal(
        standard=Standard.TDMREP,
        source=reading.source,
        authority=authority,
        uses=heard.uses,
        scope=scope,
        raw=kept(raw),
        conditions=told,
        warnings=() if stance is not Stance.UNKNOWN else (f"{RESERVATION} is {shown(value)}: unset",),
        derivation=(*derivation, f"{RESERVATION} is {shown(value.strip())}", *heard.derivation),
        fetched_at=reading.fetched_at,
    )


def read_values(
    reservations: Sequence[str], policies: Sequence[str], reading: Reading, authority: Authority
) -> tuple[Signal, ...]:
    """Values of one header, page or file. Where it contradicts itself, 1 counts."""
    if not reservations:
        return ()
    value = next((each for each in reservations if each.strip() == "1"), reservations[-1])
    raw = "\n".join([*(f"{RESERVATION}: {each}" for each in reservations), *(f"{POLICY}: {each}" for each in policies)])
    return (signal(value, policies[-1] if policies else None, reading, authority, raw=raw),)


_PRIORITY = (Authority.SITE, Authority.HEADER, Authority.PAGE, Authority.EMBEDDED, Authority.SIGNED)


def settled(signals: Iterable[Signal]) -> tuple[Signal, ...]:
    """`signals` with what TDMRep itself says is superseded taken out ("Processing priority"); all others stay.

    What is unset supersedes nothing.
    """
    everything = tuple(signals)
    ranks = [_PRIORITY.index(each.authority) for each in everything if each.standard is Standard.TDMREP and each.uses]
    return tuple(
        each
        for each in everything
        if each.standard is not Standard.TDMREP or not ranks or _PRIORITY.index(each.authority) == max(ranks)
    )


@dataclass(frozen=True, slots=True)
class LocationRule:
    """One rule of the file: a pattern for paths, what is said there, and where a licence may be had."""

    location: str
    uses: Mapping[Use, Stance]
    policy: str | None = None


def write_file(rules: Sequence[LocationRule]) -> Written:
    """`tdmrep.json` with the rules in their order: the first that matches counts.

    A rule says 0 only where what is read back permits no more, and otherwise 1: the protocol knows no silence for a
    location that a later rule covers.
    """
    lines: list[dict[str, Any]] = []
    lost: list[str] = []
    for rule in rules:
        if not rule.location.startswith(("/", "*")):
            raise BadInput(f"a location begins with / or *: {rule.location!r}")
        value, losses = _reserved(rule.uses)
        lines.append({"location": rule.location, RESERVATION: value} | ({POLICY: rule.policy} if rule.policy else {}))
        lost += [f"{rule.location}: {each}" for each in losses]
    return Written(json.dumps(lines, indent=2, ensure_ascii=False) + "\n", tuple(lost))


def write_headers(uses: Mapping[Use, Stance], policy: str | None = None) -> Written:
    """The two header lines."""
    value, lost = _reserved(uses)
    lines = [f"{RESERVATION}: {value}", *([f"{POLICY}: {policy}"] if policy else [])]
    return Written("\n".join(lines) + "\n", lost)


def _reserved(uses: Mapping[Use, Stance]) -> tuple[int, tuple[str, ...]]:
    words = put_into(Standard.TDMREP, (RESERVATION,), uses)
    if words.said == ((RESERVATION, Stance.ALLOW),):
        return 0, words.lost
    refused = hear(Standard.TDMREP, [(RESERVATION, Stance.DENY)]).uses
    lost = tuple(
        f"{use}: {before} is written as {after}"
        for use in Use
        if (before := uses.get(use, Stance.UNKNOWN)) is not (after := refused.get(use, Stance.UNKNOWN))
    )
    return 1, lost


@dataclass(frozen=True, slots=True)
class Contact:
    """Whom to ask for a licence; only `name` is needed. `email` and `telephone` without their scheme."""

    name: str
    url: str | None = None
    email: str | None = None
    telephone: str | None = None


def write_policy(
    uid: str, contact: Contact, *, fee: bool = False, target: str | None = None, purpose: str | None = None
) -> str:
    """A TDM Policy: mining after consent was obtained, which is what "prior permission" is called there.

    `purpose` is `tdm:research` or `tdm:non-research`. Raises BadInput.
    """
    if purpose not in (None, "tdm:research", "tdm:non-research"):
        raise BadInput(f"a purpose is tdm:research or tdm:non-research, not {purpose!r}")
    duties = [{"action": "obtainConsent"}, *([{"action": "compensate"}] if fee else [])]
    permission: dict[str, Any] = {"action": "tdm:mine", "duty": duties}
    if target is not None:
        permission = {"target": target} | permission
    if purpose is not None:
        permission["constraint"] = [{"leftOperand": "purpose", "operator": "eq", "rightOperand": purpose}]
    assigner = {"uid": contact.url or uid, "vcard:fn": contact.name}
    for key, value in (
        ("vcard:hasEmail", contact.email and f"mailto:{contact.email}"),
        ("vcard:hasTelephone", contact.telephone and f"tel:{contact.telephone}"),
        ("vcard:hasURL", contact.url),
    ):
        if value:
            assigner[key] = value
    policy = {
        "@context": ["http://www.w3.org/ns/odrl.jsonld", "http://www.w3.org/ns/tdmrep.jsonld"],
        "@type": "Offer",
        "profile": "http://www.w3.org/ns/tdmrep",
        "uid": uid,
        "assigner": assigner,
        "permission": [permission],
    }
    return json.dumps(policy, indent=2, ensure_ascii=False) + "\n"
