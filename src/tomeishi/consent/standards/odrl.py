"""ODRL 2.2 (W3C Recommendation 2018) as JSON-LD, with the actions of the draft "ODRL Profile: AI Vocabulary" (2026).

Read strictly and without fetching a context: rules on known actions; a permission with a duty, a constraint, a
refinement or somebody it is given to is on terms, a prohibition is a refusal whatever narrows it. Our uses that no
profile knows are written as actions of our own namespace, whose context ships in `contexts/`.
"""

import json
from collections.abc import Iterator, Mapping
from importlib import resources
from typing import Any

from tomeishi.consent.standards.mapping import hear, put_into
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

CONTEXT = "http://www.w3.org/ns/odrl.jsonld"
AI_PROFILE = "https://w3c.github.io/odrl/ai-vocab/"
OWN = "urn:tomeishi:use:"
OWN_CONTEXT = "urn:tomeishi:context:uses"
_ODRL = ("http://www.w3.org/ns/odrl/2/", "odrl:")
_MINE = frozenset({"tdm:mine", "mine", "http://www.w3.org/ns/tdmrep#mine", "http://www.w3.org/ns/tdmrep/mine"})
_TOKENS = ("ai-training", "ai-augment", "index", "search")
_OWN_USES = (Use.REPRODUCE, Use.GENERATE_CHARACTER, Use.GENERATE_STYLE)
_NARROWING = ("constraint", "duty", "assignee", "refinement", "consequence", "remedy", "inheritFrom")
_STATING = frozenset({"Set", "Offer", "Agreement", "Policy"})
"""Types of policies in which somebody states something; in a Request somebody asks for it."""


def read(data: bytes, reading: Reading, authority: Authority = Authority.SITE) -> tuple[Signal, ...]:
    """One signal for each target that the policy's rules name."""
    try:
        policy = _policy(data)
        rules = tuple(_rules(policy))
    except Refused as error:
        return (no_statement(Standard.ODRL, reading, authority, str(error), raw_of(data)),)
    targets = dict.fromkeys(target for target, *_ in rules)
    return tuple(_signal(target, policy, rules, reading, authority, raw_of(data)) for target in targets)


def _policy(data: bytes) -> dict[str, Any]:
    policy = json_of(data)
    if not isinstance(policy, dict):
        raise Refused("a policy is one JSON object")
    kinds = {_bare(_identifier(each) or "") for each in _several(policy.get("@type", policy.get("type")))}
    if not kinds <= _STATING:
        raise Refused(f"a policy of type {shown(', '.join(sorted(kinds)))} states nothing")
    if not policy.get("permission") and not policy.get("prohibition"):
        raise Refused("no permission and no prohibition")
    return policy


def _rules(policy: Mapping[str, Any]) -> Iterator[tuple[str | None, bool, str, tuple[str, ...]]]:
    """Target, whether it permits, action, and what narrows it."""
    for key in ("permission", "prohibition"):
        for rule in _several(policy.get(key)):
            if not isinstance(rule, dict):
                raise Refused(f"a {key} is an object")
            target = rule.get("target", policy.get("target"))
            name = target if isinstance(target, str) else _identifier(target)
            narrowing = tuple(each for each in _NARROWING if rule.get(each) or policy.get(each))
            for action in _several(rule.get("action", policy.get("action"))):
                refined = isinstance(action, dict) and any(part not in _NAMES for part in action)
                yield name, key == "permission", _action(action), (*narrowing, *(("refinement",) if refined else ()))


_NAMES = frozenset({"@id", "id", "uid", "rdf:value", "@type", "type"})


def _several(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _identifier(value: Any) -> str | None:
    """The name of a node, however it is written."""
    if isinstance(value, str):
        return value
    if isinstance(value, dict):
        return next(
            (found for name in ("@id", "id", "uid", "rdf:value") if (found := _identifier(value.get(name)))), None
        )
    return None


def _action(action: Any) -> str:
    name = _identifier(action) or ""
    if name in _MINE:
        return "tdm:mine"
    return _bare(name)


def _bare(name: str) -> str:
    """A name of ODRL without its namespace."""
    for start in _ODRL:
        name = name.removeprefix(start)
    return name


def _signal(
    target: str | None,
    policy: Mapping[str, Any],
    rules: tuple[tuple[str | None, bool, str, tuple[str, ...]], ...],
    reading: Reading,
    authority: Authority,
    raw: str,
) -> Signal:
    said: list[tuple[str, Stance]] = []
    conditions: list[str] = []
    own: dict[Use, Stance] = {}
    about = [rule for rule in rules if rule[0] == target]
    for _, permits, action, narrowing in about:
        stance = Stance.DENY if not permits else Stance.CONSTRAINED if narrowing else Stance.ALLOW
        if permits and narrowing:
            conditions.append(f"{shown(action)} with {', '.join(dict.fromkeys(narrowing))}")
        use = next((each for each in _OWN_USES if action in (f"{OWN}{each}", f"tomeishi:{each}")), None)
        if use is None:
            said.append((action, stance))
        else:
            # A prohibition beats a permission, and a permission on terms a plain one.
            own[use] = min(own.get(use, stance), stance, key=[Stance.DENY, Stance.CONSTRAINED, Stance.ALLOW].index)
    heard = hear(Standard.ODRL, said)
    uses = dict(heard.uses) | own
    kind = policy.get("@type", policy.get("type"))
    return Signal(
        standard=Standard.ODRL,
        source=reading.source,
        authority=authority,
        uses={use: uses[use] for use in Use if use in uses},
        scope=target,
        raw=kept(raw),
        conditions=tuple(conditions),
        warnings=heard.warnings,
        derivation=(
            f"policy {shown(str(policy.get('uid')))} of type {shown(str(kind))}",
            *heard.derivation,
            *(f"{OWN}{use}: {stance}" for use, stance in own.items()),
        ),
        fetched_at=reading.fetched_at,
    )


def write(uid: str, target: str, uses: Mapping[Use, Stance], *, assigner: str | None = None) -> Written:
    """A policy (a Set, or an Offer where the `assigner` is named) with `conflict` set to `prohibit`.

    What is on terms becomes a permission with the duty to obtain consent. Raises BadInput.
    """
    if not uid or not target:
        raise BadInput("a policy needs an identifier of its own, and one of what it is about")
    words = put_into(Standard.ODRL, _TOKENS, uses, terms=True)
    said = [(f"odrl:{token}", stance) for token, stance in words.said]
    said += [
        (f"tomeishi:{use}", stance) for use in _OWN_USES if (stance := uses.get(use)) not in (None, Stance.UNKNOWN)
    ]
    policy: dict[str, Any] = {
        "@context": [CONTEXT, OWN_CONTEXT],
        "@type": "Set" if assigner is None else "Offer",
        "profile": [AI_PROFILE, OWN_CONTEXT],
        "uid": uid,
        "conflict": "prohibit",
        "target": target,
    }
    if assigner is not None:
        policy["assigner"] = assigner
    permissions: list[dict[str, Any]] = []
    for action, stance in said:
        if stance is Stance.ALLOW:
            permissions.append({"action": action})
        elif stance is Stance.CONSTRAINED:
            permissions.append({"action": action, "duty": [{"action": "obtainConsent"}]})
    prohibitions = [{"action": action} for action, stance in said if stance is Stance.DENY]
    policy |= {"permission": permissions} if permissions else {}
    policy |= {"prohibition": prohibitions} if prohibitions else {}
    lost = tuple(line for line in words.lost if line.partition(":")[0] not in _OWN_USES)
    return Written(json.dumps(policy, indent=2, ensure_ascii=False) + "\n", lost)


def context(address: str) -> dict[str, Any]:
    """A JSON-LD context that policies written here name, from the package: nothing has to be fetched."""
    names = {CONTEXT: "odrl.jsonld", OWN_CONTEXT: "uses.jsonld", "http://www.w3.org/ns/tdmrep.jsonld": "tdmrep.jsonld"}
    if address not in names:
        raise BadInput(f"no context {address!r} is shipped; there are {', '.join(names)}")
    found: dict[str, Any] = json.loads(
        resources.files(__package__).joinpath("contexts", names[address]).read_text(encoding="utf-8")
    )
    return found
