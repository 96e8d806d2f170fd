"""CAWG training and data mining assertion 1.1 (DIF, May 2025), and its forerunner in C2PA 1.x.

Read from a C2PA manifest store as JSON, the way `media.provenance` hands it over. "Assertion definition": entries
say `allowed`, `notAllowed` or `constrained`, and constrained without terms is notAllowed. Some files of the forerunner
leave out the level `entries`. The text of the standard says `constraints_info`, its schema `constraint_info`: both
are read, the schema's is written.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from tomeishi import clock
from tomeishi.consent.standards.mapping import Words, hear, put_into
from tomeishi.consent.standards.signal import (
    Authority,
    Reading,
    Signal,
    Stance,
    Standard,
    kept,
    no_statement,
    shown,
)
from tomeishi.consent.standards.text import Refused, json_of, raw_of
from tomeishi.errors import BadInput
from tomeishi.values import Use, canonical

LABELS = {"cawg.training-mining": Standard.CAWG, "c2pa.training-mining": Standard.C2PA}
_TOKENS = ("cawg.data_mining", "cawg.ai_inference", "cawg.ai_generative_training", "cawg.ai_training")
_VALUES = {"allowed": Stance.ALLOW, "notAllowed": Stance.DENY, "constrained": Stance.CONSTRAINED}
_WORDS = {stance: word for word, stance in _VALUES.items()}
_HOLDS = frozenset({"Valid", "Trusted"})


def read_text(data: bytes, reading: Reading) -> tuple[Signal, ...]:
    """A manifest store in a JSON file, as C2PA's tools print it. Nobody checked its signature here: it is embedded."""
    try:
        store = _store(data)
    except Refused as error:
        return (no_statement(Standard.CAWG, reading, Authority.EMBEDDED, str(error), raw_of(data)),)
    return _read(store, reading, Authority.EMBEDDED)


def _store(data: bytes) -> dict[str, Any]:
    store = json_of(data)
    if not isinstance(store, dict) or not isinstance(store.get("manifests"), dict):
        raise Refused("not a manifest store")
    return store


def read(store: Mapping[str, Any], reading: Reading) -> tuple[Signal, ...]:
    """What a manifest store that was checked says: nothing where its signature does not hold.

    Manifests of ingredients may refuse and constrain; what they allow was said of another file.
    """
    state = store.get("validation_state")
    if state not in _HOLDS and any(True for _ in _assertions(store)):
        why = f"the signature of its content credentials does not hold ({shown(str(state))})"
        return (no_statement(Standard.CAWG, reading, Authority.SIGNED, why, _text(store.get("validation_status"))),)
    if state == "NotFetched":
        why = "its content credentials lie elsewhere and are not fetched"
        return (no_statement(Standard.CAWG, reading, Authority.SIGNED, why, _text(store.get("remote_manifest"))),)
    return _read(store, reading, Authority.SIGNED)


def _read(store: Mapping[str, Any], reading: Reading, authority: Authority) -> tuple[Signal, ...]:
    active = store.get("active_manifest")
    return tuple(
        _signal(standard, name, data, when, reading, authority, ingredient=name != active)
        for name, standard, data, when in _assertions(store)
    )


def _assertions(store: Mapping[str, Any]) -> Iterator[tuple[str, Standard, Any, Any]]:
    manifests = store.get("manifests")
    for name, manifest in manifests.items() if isinstance(manifests, dict) else ():
        if not isinstance(manifest, dict):
            continue
        signature = manifest.get("signature_info")
        when = signature.get("time") if isinstance(signature, dict) else None
        assertions = manifest.get("assertions")
        for each in assertions if isinstance(assertions, list) else ():
            label = each.get("label") if isinstance(each, dict) else None
            # A second assertion of one label is numbered: `cawg.training-mining__1`.
            standard = LABELS.get(label.partition("__")[0]) if isinstance(label, str) else None
            if standard is not None:
                yield str(name), standard, each.get("data"), when


def _signal(
    standard: Standard,
    manifest: str,
    data: Any,
    when: Any,
    reading: Reading,
    authority: Authority,
    *,
    ingredient: bool,
) -> Signal:
    whose = f"{'ingredient' if ingredient else 'active'} manifest {shown(manifest)}"
    entries = data.get("entries", data) if isinstance(data, dict) else None
    if not isinstance(entries, dict):
        return no_statement(standard, reading, authority, f"{whose}: the assertion has no entries", _text(data))
    said: list[tuple[str, Stance]] = []
    conditions: list[str] = []
    for token, entry in entries.items():
        if token == "metadata":  # noqa: S105 a key of the assertion, where files leave out `entries`
            continue
        stance, terms = _entry(entry)
        if terms is not None:
            conditions.append(f"{token}: {terms}")
        if not (ingredient and stance is Stance.ALLOW):
            said.append((token, stance))
    heard = hear(standard, said)
    return Signal(
        standard=standard,
        source=reading.source,
        authority=authority,
        uses=heard.uses,
        raw=kept(_text(data)),
        conditions=tuple(conditions),
        warnings=heard.warnings,
        derivation=(whose, *heard.derivation),
        fetched_at=reading.fetched_at,
        declared_at=_moment(when),
    )


def _entry(entry: Any) -> tuple[Stance, str | None]:
    if not isinstance(entry, dict):
        return Stance.UNKNOWN, None
    use = entry.get("use")
    stance = _VALUES.get(use, Stance.UNKNOWN) if isinstance(use, str) else Stance.UNKNOWN
    terms = entry.get("constraint_info", entry.get("constraints_info"))
    if stance is not Stance.CONSTRAINED:
        return stance, None
    if not isinstance(terms, str) or not terms.strip():
        return Stance.DENY, None
    return stance, terms


def _moment(when: Any) -> datetime | None:
    try:
        return clock.from_text(when) if isinstance(when, str) else None
    except BadInput:
        return None


def _text(value: Any) -> str:
    try:
        return canonical(value).decode()
    except BadInput:
        return repr(value)


def assertion(uses: Mapping[Use, Stance], terms: str | None = None) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The assertion for a C2PA manifest, and what it could not say. What is constrained needs `terms`, an address or a
    text, or is written as notAllowed."""
    words: Words = put_into(Standard.CAWG, _TOKENS, uses, terms=bool(terms and terms.strip()))
    entries: dict[str, Any] = {}
    for token, stance in words.said:
        entries[token] = {"use": _WORDS[stance]}
        if stance is Stance.CONSTRAINED:
            entries[token]["constraint_info"] = terms
    return {"label": "cawg.training-mining", "data": {"entries": entries}}, words.lost
