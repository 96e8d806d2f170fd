"""What goes through a standard never comes back freer, unknown words allow nothing, and order is no matter."""

import json
import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tomeishi.consent.standards import aipref, cawg, odrl, robots, rsl, tdmrep
from tomeishi.consent.standards.forms import HEAD_BYTES, READERS, Form, form_of
from tomeishi.consent.standards.mapping import TERMS, hear
from tomeishi.consent.standards.signal import (
    Authority,
    Reading,
    Signal,
    Stance,
    Standard,
    combine,
    permits_more,
)
from tomeishi.consent.standards.tdmrep import LocationRule
from tomeishi.values import Use

Stances = Mapping[Use, Stance]
STANCES: st.SearchStrategy[Stances] = st.dictionaries(st.sampled_from(list(Use)), st.sampled_from(list(Stance)))
HERE = Reading("here", "/a/b")
PATHS = st.sampled_from(["/", "/a", "/a/", "/a/b", "/c", "/a/*", "/*b$"])


def _together(signals: Sequence[Signal]) -> Stances:
    return combine(signals).uses


@given(STANCES)
def test_a_header_of_aipref_permits_no_more_than_before(uses: Stances) -> None:
    written = aipref.write_header(uses)
    assert not permits_more(_together(aipref.read_header([written.text], HERE)), uses)


@given(st.dictionaries(PATHS, STANCES, min_size=1))
def test_rules_of_aipref_permit_no_more_than_before_on_any_path(by_path: Mapping[str, Stances]) -> None:
    text = aipref.write_rules(by_path).text.encode()
    for path, uses in by_path.items():
        asked = path.replace("*", "x").replace("$", "")
        covering = [signal for signal in robots.read(text, Reading("here", asked)) if signal.scope == path]
        assert all(not permits_more(signal.uses, uses) for signal in covering)


@given(st.lists(st.tuples(PATHS, STANCES), min_size=1, max_size=5), PATHS)
def test_a_tdmrep_file_permits_no_more_than_its_first_rule_for_a_path(
    rules: list[tuple[str, Stances]], path: str
) -> None:
    asked = path.replace("*", "x").replace("$", "")
    written = tdmrep.write_file([LocationRule(location, uses) for location, uses in rules])
    for signal in tdmrep.read_file(written.text.encode(), Reading("here", asked)):
        first = next(uses for location, uses in rules if location == signal.scope)
        assert not permits_more(signal.uses, first)


@given(STANCES)
def test_headers_of_tdmrep_permit_no_more_than_before(uses: Stances) -> None:
    text = b"HTTP/1.1 200 OK\n" + tdmrep.write_headers(uses).text.encode()
    assert not permits_more(_together(READERS[Form.HEADERS](text, HERE)), uses)


@given(STANCES)
def test_an_rsl_document_permits_no_more_than_before(uses: Stances) -> None:
    written = rsl.write([rsl.Content("/a/*", uses)])
    assert not permits_more(_together(rsl.read(written.text.encode(), HERE)), uses)


@given(STANCES, st.sampled_from([None, "", "https://hoshikawa.example/terms"]))
def test_a_cawg_assertion_permits_no_more_than_before(uses: Stances, terms: str | None) -> None:
    assertion, _ = cawg.assertion(uses, terms)
    store = {
        "validation_state": "Valid",
        "active_manifest": "m",
        "manifests": {"m": {"assertions": [assertion]}},
    }
    assert not permits_more(_together(cawg.read(store, HERE)), uses)


@given(STANCES, st.sampled_from([None, "https://hoshikawa.example"]))
def test_an_odrl_policy_permits_no_more_than_before(uses: Stances, assigner: str | None) -> None:
    written = odrl.write("urn:policy:1", "urn:work:1", uses, assigner=assigner)
    assert not permits_more(_together(odrl.read(written.text.encode(), HERE)), uses)


@given(STANCES)
def test_what_is_lost_on_the_way_is_told(uses: Stances) -> None:
    header, document = aipref.write_header(uses), rsl.write([rsl.Content("/", uses)])
    for written, signals in (
        (header, aipref.read_header([header.text], HERE)),
        (document, rsl.read(document.text.encode(), HERE)),
    ):
        read = _together(signals)
        both = {use: (uses.get(use, Stance.UNKNOWN), read.get(use, Stance.UNKNOWN)) for use in Use}
        changed = {f"{use}: {before} is written as {after}" for use, (before, after) in both.items() if before != after}
        assert {line.removeprefix("/: ") for line in written.lost} == changed


@given(st.sampled_from(list(Standard)), st.lists(st.tuples(st.text(max_size=20), st.sampled_from(list(Stance)))))
def test_an_unknown_word_allows_nothing(standard: Standard, said: list[tuple[str, Stance]]) -> None:
    known = {term.token for term in TERMS if term.standard is standard}
    unknown = [(token, stance) for token, stance in said if token not in known]
    heard = hear(standard, unknown)
    assert not heard.uses
    assert len(heard.warnings) == len(set(unknown))


@given(st.data())
def test_unknown_words_beside_known_ones_change_nothing(data: st.DataObject) -> None:
    term = data.draw(st.sampled_from(TERMS))
    stance = data.draw(st.sampled_from(list(Stance)))
    strange = data.draw(st.lists(st.text("xyz-", min_size=1), max_size=3))
    said = data.draw(st.permutations([(term.token, stance), *((each, Stance.ALLOW) for each in strange)]))
    assert hear(term.standard, said).uses == hear(term.standard, [(term.token, stance)]).uses


def _signals() -> st.SearchStrategy[Signal]:
    return st.builds(
        Signal,
        standard=st.sampled_from(list(Standard)),
        source=st.sampled_from(["a", "b"]),
        authority=st.sampled_from(list(Authority)),
        uses=STANCES,
    )


@given(st.lists(_signals(), max_size=6), st.randoms(use_true_random=False))
def test_the_order_of_signals_changes_nothing(signals: list[Signal], chance: Any) -> None:
    mixed = list(signals)
    chance.shuffle(mixed)
    assert combine(mixed) == combine(signals)


@given(st.lists(_signals(), max_size=5), _signals())
def test_a_refusal_that_is_added_never_frees(signals: list[Signal], added: Signal) -> None:
    refusing = {use for use in Use if added.stance(use) is Stance.DENY}
    after = combine([*signals, added])
    assert all(after.stance(use) is Stance.DENY for use in refusing)
    before = combine(signals)
    assert all(after.stance(use) is Stance.DENY for use in Use if before.stance(use) is Stance.DENY)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(list(Form)), st.one_of(st.binary(max_size=300), st.text(max_size=200).map(str.encode)))
def test_no_bytes_break_a_reader(form: Form, data: bytes) -> None:
    for signal in READERS[form](data, HERE):
        json.dumps(signal.to_json())


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=8),
        _nested := lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    [
                        "location",
                        "tdm-reservation",
                        "permission",
                        "prohibition",
                        "action",
                        "target",
                        "manifests",
                        "assertions",
                        "label",
                        "data",
                        "entries",
                        "use",
                        "cawg.ai_training",
                        "uid",
                        "@id",
                    ]
                ),
                inner,
                max_size=4,
            )
        ),
        max_leaves=12,
    )
)
def test_no_json_breaks_a_reader(value: Any) -> None:
    data = json.dumps(value).encode()
    for form in (Form.TDMREP, Form.ODRL, Form.C2PA_JSON):
        for signal in READERS[form](data, HERE):
            assert Stance.ALLOW not in signal.uses.values() or form is not Form.C2PA_JSON


EXAMPLES = sorted(path for path in (Path(__file__).parents[1] / "golden" / "standards").iterdir())
FRAGMENTS = [
    *rb'" { } [ ] < > & null 1e999 * $ %zz : , = ; //[ http://[ # \ud800 <!['.split(),
    *(b"\xff", b"\x00", b" ", b"\r\n", b"9" * 400, "あ".encode()),
]


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_a_damaged_example_breaks_no_reader(path: Path) -> None:
    chance, whole = random.Random(path.name), path.read_bytes()
    for _ in range(60):
        data = bytearray(whole)
        for _ in range(chance.randint(1, 4)):
            at = chance.randrange(len(data) + 1)
            data[at : at + chance.choice([0, 1, 9])] = chance.choice(FRAGMENTS)
        for form in {form_of(path.name, bytes(data[:HEAD_BYTES])), chance.choice(list(Form))}:
            asked = Reading(
                "damaged", chance.choice([None, "/", "/ep/1", "http://[", "/%zz"]), chance.choice([None, "*"])
            )
            signals = READERS[form](bytes(data), asked)
            json.dumps([signal.to_json() for signal in tdmrep.settled(signals)], ensure_ascii=False).encode()
