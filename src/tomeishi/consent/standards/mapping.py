"""Which of our uses each term of each standard touches, and what is lost: one table for reading and for writing.

No term of any standard touches `reproduce`, `generate_character` or `generate_style`: none of them speaks of what a
generator puts out. docs/reference/standards.md shows the same table.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from tomeishi.consent.standards.signal import Stance, Standard, permits_more, shown
from tomeishi.values import Use

_TRAINING = (Use.TRAIN, Use.FINE_TUNE)
_AI = (*_TRAINING, Use.INPUT, Use.INDEX)
_ALL = (*_AI, Use.SEARCH)


@dataclass(frozen=True, slots=True)
class Term:
    """One word of one standard."""

    standard: Standard
    token: str
    allows: tuple[Use, ...]
    """Uses that its yes allows as a whole."""
    in_part: tuple[Use, ...]
    """Uses of which its yes allows a part only: they are constrained."""
    refuses: tuple[Use, ...]
    """Uses that its no refuses. A use that is refused in part is refused."""
    lost: str
    """What our uses do not say of it, or it does not say of our uses."""


def _term(
    standard: Standard,
    token: str,
    allows: tuple[Use, ...] = (),
    in_part: tuple[Use, ...] = (),
    refuses: tuple[Use, ...] = (),
    lost: str = "",
) -> Term:
    return Term(standard, token, allows, in_part, refuses, lost)


_GENERATIVE = "models that generate nothing are not meant by it"
_FETCHING = "speaks of fetching by crawlers; leave to fetch allows no use"
_NO_YES = "has no yes"
_ONLY_SEARCH = "its yes includes an index for search and no other"
_NOT_GENERATIVE = "its yes means models that generate nothing"
_MINING = "text and data mining; its yes does not say what may be shown"
_PLACE = "the terms that it points to are for a person to read; without them it is a refusal"

TERMS: tuple[Term, ...] = (
    _term(Standard.AIPREF, "train-ai", _TRAINING, (), _TRAINING, _GENERATIVE),
    _term(Standard.AIPREF, "search", (Use.SEARCH,), (), (Use.SEARCH, Use.INDEX), _ONLY_SEARCH),
    _term(Standard.ROBOTS, "disallow", (), (), _ALL, _FETCHING),
    _term(Standard.ROBOTS_TAG, "noai", (), (), _TRAINING, _NO_YES),
    _term(Standard.ROBOTS_TAG, "noimageai", (), (), _TRAINING, f"pictures of the page only; {_NO_YES}"),
    _term(Standard.ROBOTS_TAG, "noindex", (), (), (Use.INDEX, Use.SEARCH), f"meant for search; {_NO_YES}"),
    _term(
        Standard.ROBOTS_TAG, "noimageindex", (), (), (Use.INDEX, Use.SEARCH), f"pictures of the page only; {_NO_YES}"
    ),
    _term(Standard.ROBOTS_TAG, "none", (), (), (Use.INDEX, Use.SEARCH), f"meant for search; {_NO_YES}"),
    _term(Standard.CONTENT_SIGNAL, "ai-train", _TRAINING, (), _TRAINING, "nothing"),
    _term(Standard.CONTENT_SIGNAL, "ai-input", (Use.INPUT,), (), (Use.INPUT,), "nothing"),
    _term(Standard.CONTENT_SIGNAL, "search", (Use.SEARCH,), (), (Use.SEARCH, Use.INDEX), _ONLY_SEARCH),
    _term(Standard.TDMREP, "tdm-reservation", _TRAINING, (Use.INPUT, Use.INDEX), _AI, _MINING),
    _term(Standard.RSL, "all", _ALL, (), _ALL, "any automated processing; generating is not told apart"),
    _term(Standard.RSL, "ai-all", _AI, (), _AI, "any use by AI systems; generating is not told apart"),
    _term(Standard.RSL, "ai-train", _TRAINING, (), _TRAINING, "nothing"),
    _term(Standard.RSL, "ai-input", (Use.INPUT,), (), (Use.INPUT,), "nothing"),
    _term(Standard.RSL, "ai-index", (Use.INDEX,), (), (Use.INDEX,), "an index of an AI system only"),
    _term(Standard.RSL, "search", (Use.SEARCH,), (), (Use.SEARCH,), _ONLY_SEARCH),
    *(
        _term(standard, f"{prefix}.{token}", allows, in_part, refuses, lost)
        for standard, prefix in ((Standard.CAWG, "cawg"), (Standard.C2PA, "c2pa"))
        for token, allows, in_part, refuses, lost in (
            ("data_mining", (), (Use.INDEX,), (Use.INDEX,), "mining that is neither training nor input"),
            ("ai_inference", (Use.INPUT,), (), (Use.INPUT,), "also input that generates nothing"),
            ("ai_generative_training", _TRAINING, (), _TRAINING, _GENERATIVE),
            ("ai_training", (), _TRAINING, _TRAINING, _NOT_GENERATIVE),
        )
    ),
    _term(Standard.PLUS, "DMI-UNSPECIFIED", lost="says nothing"),
    _term(Standard.PLUS, "DMI-ALLOWED", (*_TRAINING, Use.INDEX), (Use.INPUT, Use.SEARCH), (), _MINING),
    _term(Standard.PLUS, "DMI-PROHIBITED-AIMLTRAINING", refuses=_TRAINING, lost=_NO_YES),
    _term(Standard.PLUS, "DMI-PROHIBITED-GENAIMLTRAINING", refuses=_TRAINING, lost=f"{_GENERATIVE}; {_NO_YES}"),
    _term(
        Standard.PLUS,
        "DMI-PROHIBITED-EXCEPTSEARCHENGINEINDEXING",
        (),
        (Use.INDEX, Use.SEARCH),
        (*_TRAINING, Use.INPUT),
        "an index of a search engine only",
    ),
    _term(Standard.PLUS, "DMI-PROHIBITED", refuses=_ALL, lost=_NO_YES),
    _term(Standard.PLUS, "DMI-PROHIBITED-SEECONSTRAINT", refuses=_ALL, lost=_PLACE),
    _term(Standard.PLUS, "DMI-PROHIBITED-SEEEMBEDDEDRIGHTSEXPR", refuses=_ALL, lost=_PLACE),
    _term(Standard.PLUS, "DMI-PROHIBITED-SEELINKEDRIGHTSEXPR", refuses=_ALL, lost=_PLACE),
    _term(
        Standard.AI_TXT,
        "rule",
        (),
        _TRAINING,
        _TRAINING,
        "patterns for kinds of files; no text defines what its yes is",
    ),
    _term(Standard.ODRL, "data-mining", (*_TRAINING, Use.INPUT), (Use.INDEX,), _AI, _MINING),
    _term(Standard.ODRL, "ai-training", _TRAINING, (), _TRAINING, "nothing"),
    _term(Standard.ODRL, "gen-ai", _TRAINING, (), _TRAINING, _GENERATIVE),
    _term(Standard.ODRL, "ai-augment", (Use.INPUT,), (), (Use.INPUT,), "nothing"),
    _term(Standard.ODRL, "search", (Use.SEARCH,), (), (Use.SEARCH,), "nothing"),
    _term(Standard.ODRL, "index", (Use.INDEX,), (), (Use.INDEX,), "nothing"),
    _term(Standard.ODRL, "tdm:mine", _TRAINING, (Use.INPUT, Use.INDEX), _AI, _MINING),
)

_BY_TOKEN = {(term.standard, term.token): term for term in TERMS}

_HINTS = {
    (Standard.RSL, "train-ai"): "RSL 1.0 says ai-train",
    (Standard.AIPREF, "ai-train"): "AIPREF says train-ai",
    (Standard.CONTENT_SIGNAL, "train-ai"): "Content-Signal says ai-train",
} | {
    (Standard.AIPREF, label): "a label of an earlier draft"
    for label in ("tdm", "ai", "genai", "inference", "all", "train-genai", "ai-use", "bots", "ai-output")
}


@dataclass(frozen=True, slots=True)
class Heard:
    """What terms amount to in our uses."""

    uses: Mapping[Use, Stance]
    derivation: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def terms_of(standard: Standard) -> tuple[Term, ...]:
    return tuple(term for term in TERMS if term.standard is standard)


def hear(standard: Standard, said: Iterable[tuple[str, Stance]]) -> Heard:
    """What tokens with their stances say about our uses; a token that is not in the table says nothing."""
    derivation: list[str] = []
    warnings: list[str] = []
    known: list[tuple[Term, Stance]] = []
    for token, stance in dict.fromkeys(said):
        term = _BY_TOKEN.get((standard, token))
        if term is None:
            hint = _HINTS.get((standard, token))
            warnings.append(f"{shown(token)} is not a term of {standard}: unknown" + (f" ({hint})" if hint else ""))
        elif stance is Stance.UNKNOWN:
            warnings.append(f"{token} has no value that {standard} knows: unknown")
        else:
            known.append((term, stance))
            derivation.append(_step(term, stance))
    return Heard(_merged(known), tuple(derivation), tuple(warnings))


def _step(term: Term, stance: Stance) -> str:
    if stance is Stance.DENY:
        return f"{term.token}: no, which refuses {_list(term.refuses)}"
    if stance is Stance.CONSTRAINED:
        touched = dict.fromkeys((*term.allows, *term.in_part, *term.refuses))
        return f"{term.token}: on terms, which constrains {_list(touched)}"
    allowed = [f"allows {_list(term.allows)}"] if term.allows else []
    allowed += [f"constrains {_list(term.in_part)} ({term.lost})"] if term.in_part else []
    return f"{term.token}: yes, which {' and '.join(allowed) or 'says nothing about our uses'}"


def _list(uses: Iterable[Use]) -> str:
    return ", ".join(uses)


def _merged(known: list[tuple[Term, Stance]]) -> dict[Use, Stance]:
    """Refusal first; then terms; then a whole yes, which a yes in part does not narrow."""
    refused = {use for term, stance in known if stance is Stance.DENY for use in term.refuses}
    on_terms = {
        use
        for term, stance in known
        if stance is Stance.CONSTRAINED
        for use in (*term.allows, *term.in_part, *term.refuses)
    }
    allowed = {use for term, stance in known if stance is Stance.ALLOW for use in term.allows}
    in_part = {use for term, stance in known if stance is Stance.ALLOW for use in term.in_part}
    uses: dict[Use, Stance] = {}
    for use in Use:
        if use in refused:
            uses[use] = Stance.DENY
        elif use in on_terms:
            uses[use] = Stance.CONSTRAINED
        elif use in allowed:
            uses[use] = Stance.ALLOW
        elif use in in_part:
            uses[use] = Stance.CONSTRAINED
    return uses


@dataclass(frozen=True, slots=True)
class Words:
    """Our uses put into the terms of a standard, and what they turn into on the way."""

    said: tuple[tuple[str, Stance], ...]
    reads_as: Mapping[Use, Stance]
    lost: tuple[str, ...]


def put_into(standard: Standard, tokens: Sequence[str], uses: Mapping[Use, Stance], *, terms: bool = False) -> Words:
    """`uses` in `tokens`: no where any use it is about is refused, yes only where what is read back permits no more.

    With `terms` the standard can say "on terms"; without, what is constrained is written as refused.
    """
    said: list[tuple[str, Stance]] = []
    waiting: list[tuple[str, Stance]] = []
    for token in tokens:
        term = _BY_TOKEN[standard, token]
        about = {uses.get(use, Stance.UNKNOWN) for use in (term.allows or term.refuses)}
        if Stance.DENY in about or (Stance.CONSTRAINED in about and not terms):
            said.append((token, Stance.DENY))
        elif Stance.CONSTRAINED in about:
            waiting.append((token, Stance.CONSTRAINED))
        elif about == {Stance.ALLOW}:
            waiting.append((token, Stance.ALLOW))
    for token, stance in waiting:
        if not permits_more(hear(standard, [*said, (token, stance)]).uses, uses):
            said.append((token, stance))
        elif stance is Stance.CONSTRAINED:
            said.append((token, Stance.DENY))
    said.sort(key=lambda each: tokens.index(each[0]))
    reads_as = hear(standard, said).uses
    return Words(tuple(said), reads_as, lost_between(uses, reads_as))


def lost_between(uses: Mapping[Use, Stance], reads_as: Mapping[Use, Stance]) -> tuple[str, ...]:
    """A line for each use that is not read back as it was."""
    return tuple(
        f"{use}: {before} is written as {after}"
        for use in Use
        if (before := uses.get(use, Stance.UNKNOWN)) is not (after := reads_as.get(use, Stance.UNKNOWN))
    )
