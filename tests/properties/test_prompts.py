"""What holds for every name and every prompt."""

import string

from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from tomeishi.screening.levelling import level, level_all, level_katakana, level_once
from tomeishi.screening.names import NameIndex
from tomeishi.screening.ordinary import ordinary_words
from tomeishi.screening.reading import NameFound
from tomeishi.screening.second_look import SHORT
from tomeishi.screening.spellings import RegisteredName

KATAKANA = "ケソヌフヘムメユレワガギグゲゴザズゼゾダデドバビブベボパピプペポ"
HAN = "鬱薔薇顎髑髏麒麟饕餮"
"""Letters that hardly make an ordinary word."""


def _is_no_word(name: str) -> bool:
    return level_all([name])[0].strip() not in ordinary_words()


names = st.one_of(
    st.text(KATAKANA, min_size=5, max_size=9),
    st.text(HAN, min_size=3, max_size=6),
    st.text("bdgkmnprstz", min_size=4, max_size=8).map(lambda word: "a".join(word) + "o"),
).filter(_is_no_word)
noise = st.text(st.characters(), max_size=60)
WORK = "wrk_a"


def _found(name: str, prompt: str, *others: str) -> list[NameFound]:
    index = NameIndex([RegisteredName(name, WORK, "chr_a"), *(RegisteredName(o, "wrk_b", "chr_b") for o in others)])
    return [found for found in index.find([prompt])[0] if found.name.work_id == WORK]


@given(names)
def test_a_registered_name_alone_is_found_whole(name: str) -> None:
    (found,) = _found(name, name)
    assert (found.start, found.end) == (0, len(name))


@given(names, st.sampled_from(["\u200b", "\u2060", "\ufeff", "\u00ad", "\u200e", "\u0301"]))
def test_invisible_characters_hide_nothing(name: str, invisible: str) -> None:
    (found,) = _found(name, invisible.join(name))
    assert found.start == 0


@given(names, st.sampled_from([" ", "-", "_", ".", "・"]))
def test_a_name_spelled_out_is_found(name: str, between: str) -> None:
    prompt = between.join(name)
    assert [(each.start, each.end) for each in _found(name, prompt)] == [(0, len(prompt))]


@given(names, st.data())
def test_a_name_broken_in_two_is_found(name: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(1, len(name) - 1))
    pieces = [piece.strip() for piece in level_all([name[:at], name[at:]])]
    odd = [piece not in ordinary_words() for piece in pieces]
    assume(any(odd))  # else nothing tells them from two words
    assume(all(each or len(piece) <= SHORT for each, piece in zip(odd, pieces, strict=True)))
    (found,) = _found(name, f"{name[:at]} {name[at:]}")
    assert (found.start, found.end) == (0, len(name) + 1)


@given(names)
def test_full_width_capitals_and_half_width_kana_hide_nothing(name: str) -> None:
    wide = name.upper().translate({ord(c): ord(c) + 0xFEE0 for c in string.ascii_uppercase})
    (found,) = _found(name, wide)
    assert (found.start, found.end) == (0, len(wide))


@given(names, noise, noise)
def test_a_find_points_at_what_was_matched(name: str, before: str, after: str) -> None:
    prompt = f"{before} {name}、{after}"
    found = _found(name, prompt)
    assert found
    for each in found:
        assert 0 <= each.start < each.end <= len(prompt)
    assert any(level_all([prompt[e.start : e.end]])[0].strip() == level_all([name])[0].strip() for e in found)


@given(names, names, noise)
@example("薇薇薇", "薇薔薇", "薇薔")
def test_adding_an_unrelated_name_removes_no_find(name: str, other: str, before: str) -> None:
    prompt = f"{before} {name}"
    if level_all([name])[0].strip() not in level_all([other])[0]:
        assert {(f.start, f.end) for f in _found(name, prompt)} <= {
            (f.start, f.end) for f in _found(name, prompt, other)
        }


written = st.text("あかなっんウイサギチュウー力二八o々鬱wob '-・\u3000Ａ１éжßﾋﾟ", max_size=24)


@given(st.lists(noise | written | names, max_size=8))
def test_texts_levelled_once_are_levelled_as_those_that_are_kept(texts: list[str]) -> None:
    assert level_once(texts) == level_all(texts)


katakana = st.lists(
    st.text("アァイウヴオカクゴツッテディンヤャヨフホラリワヲー", min_size=2, max_size=8), min_size=1, max_size=3
)


@given(st.lists(katakana, max_size=8), st.sampled_from("・＝‐－- \u3000"))
def test_words_of_katakana_are_levelled_the_short_way_as_the_long_way(names: list[list[str]], between: str) -> None:
    texts = [between.join(word if word[0] != "ー" else f"ア{word}" for word in words) for words in names]
    assert level_katakana(texts) == level_all(texts)


@given(noise | st.text("aeiouAEIOUnんアイウエオーコ ", max_size=20))
@example("テッポウオ")
def test_both_ways_of_levelling_agree(text: str) -> None:
    levelled = level(text)
    assert levelled.stream.split() == level_all([text])[0].split()
    assert len(levelled.starts) == len(levelled.ends) == len(levelled.stream)


@settings(max_examples=30)
@given(st.lists(noise, max_size=6), names)
def test_prompts_do_not_disturb_one_another(prompts: list[str], name: str) -> None:
    index = NameIndex([RegisteredName(name, WORK, None)])
    together = index.find([*prompts, name])
    assert together == [index.find([prompt])[0] for prompt in [*prompts, name]]
