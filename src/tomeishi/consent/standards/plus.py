"""PLUS data mining in XMP: `plus:DataMining`, as IPTC Photo Metadata took it over in 2023.1 (PLUS License Data Format,
vocabulary DMI; nine values).

The three values that point elsewhere are terms where what they point to is there, and refusals where it is not, as
CAWG 1.1 reads "constrained" without terms. Nobody signed an XMP packet: it is embedded, no more.
"""

from collections.abc import Mapping
from xml.etree.ElementTree import Element

from tomeishi.consent.standards.mapping import hear
from tomeishi.consent.standards.signal import (
    Authority,
    Reading,
    Signal,
    Stance,
    Standard,
    kept,
)
from tomeishi.consent.standards.xmp import properties
from tomeishi.values import Use

NAMESPACE = "http://ns.useplus.org/ldf/xmp/1.0/"
IPTC_EXTENSION = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
VOCABULARY = "http://ns.useplus.org/ldf/vocab/"

_ALLOWING = frozenset({"DMI-ALLOWED", "DMI-PROHIBITED-EXCEPTSEARCHENGINEINDEXING"})
_BOTH = frozenset({"DMI-PROHIBITED-EXCEPTSEARCHENGINEINDEXING"})
_TERMS_AT = {
    "DMI-PROHIBITED-SEECONSTRAINT": (NAMESPACE, "OtherConstraints"),
    "DMI-PROHIBITED-SEEEMBEDDEDRIGHTSEXPR": (IPTC_EXTENSION, "EmbdEncRightsExpr"),
    "DMI-PROHIBITED-SEELINKEDRIGHTSEXPR": (IPTC_EXTENSION, "LinkedEncRightsExpr"),
}


def read(root: Element, raw: str, reading: Reading) -> tuple[Signal, ...]:
    """What a packet says; nothing where it has no such property."""
    values = [each.value for each in properties(root, NAMESPACE) if each.name == "DataMining"]
    return tuple(_signal(value, root, raw, reading) for value in values)


def _signal(value: str, root: Element, raw: str, reading: Reading) -> Signal:
    token = value.rsplit("/", 1)[-1] if value.lower().startswith(VOCABULARY) else value
    conditions = _conditions(token, root)
    said = [(token, Stance.CONSTRAINED if conditions else Stance.DENY)]
    if token in _ALLOWING:
        said = [(token, Stance.ALLOW)]
    heard = hear(Standard.PLUS, said)
    uses: Mapping[Use, Stance] = heard.uses
    derivation = heard.derivation
    if token in _BOTH:
        # One value says both: no to everything, and leave for one thing.
        refused = hear(Standard.PLUS, [(token, Stance.DENY)])
        uses = dict(uses) | dict(refused.uses)
        derivation = (*refused.derivation, *derivation)
    return Signal(
        standard=Standard.PLUS,
        source=reading.source,
        authority=Authority.EMBEDDED,
        uses={use: uses[use] for use in Use if use in uses},
        raw=kept(raw),
        conditions=conditions,
        warnings=heard.warnings,
        derivation=derivation,
        fetched_at=reading.fetched_at,
    )


def _conditions(token: str, root: Element) -> tuple[str, ...]:
    if token not in _TERMS_AT:
        return ()
    namespace, name = _TERMS_AT[token]
    return tuple(each.value for each in properties(root, namespace) if each.name == name and each.value)
