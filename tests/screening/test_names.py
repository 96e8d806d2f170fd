"""Names in prompts: which are found, where, and which are not."""

import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from tomeishi.screening.names import NameIndex
from tomeishi.screening.reading import Found, NameFound
from tomeishi.screening.spellings import RegisteredName

WORK, OTHER = "wrk_star", "wrk_sea"


def _index(*more: tuple[str, str, str | None]) -> NameIndex:
    names = [
        ("星のピコ丸", WORK, None),
        ("ほしのぴこまる", WORK, None),
        ("Pikomaru of the Stars", WORK, None),
        ("ピコマルス", WORK, "chr_piko"),
        ("東雲ツムギ", WORK, "chr_tsumugi"),
        ("しののめ つむぎ", WORK, "chr_tsumugi"),
        ("雪", WORK, "chr_yuki"),
        ("サトシ", WORK, "chr_satoshi"),
        ("灯台守のうた", OTHER, None),
        ("Marchetto Vail", OTHER, "chr_vail"),
        *more,
    ]
    return NameIndex(RegisteredName(*name) for name in names)


INDEX = _index()


def _found(prompt: str, index: NameIndex = INDEX) -> list[NameFound]:
    (found,) = index.find([prompt])
    return found


def _owners(prompt: str, index: NameIndex = INDEX) -> set[str]:
    return {each.name.character_id or each.name.work_id for each in _found(prompt, index)}


@pytest.mark.parametrize(
    ("prompt", "written", "owner"),
    [
        ("星のピコ丸が丘に立つ", "星のピコ丸", WORK),
        ("絵本風の星の ピコ丸を", "星の ピコ丸", WORK),
        ("星のﾋﾟｺ丸", "星のﾋﾟｺ丸", WORK),
        ("a poster of pikomaru of the stars, 4k", "pikomaru of the stars", WORK),
        ("ＰＩＫＯＭＡＲＵ　ＯＦ　ＴＨＥ　ＳＴＡＲＳ", "ＰＩＫＯＭＡＲＵ　ＯＦ　ＴＨＥ　ＳＴＡＲＳ", WORK),
        ("draw hoshinopikomaru", "hoshinopikomaru", WORK),
        ("draw hosinopikomaru", "hosinopikomaru", WORK),
        ("draw Hoshi no Pikomaru now", "Hoshi no Pikomaru", WORK),
        ("ピコマルスの絵", "ピコマルス", "chr_piko"),
        ("ぴこまるすの絵", "ぴこまるす", "chr_piko"),
        ("ﾋﾟｺﾏﾙｽの絵", "ﾋﾟｺﾏﾙｽ", "chr_piko"),
        ("ピ コ マ ル スの絵", "ピ コ マ ル ス", "chr_piko"),
        ("pikomarusu, 1girl", "pikomarusu", "chr_piko"),
        ("p i k o m a r u s u", "p i k o m a r u s u", "chr_piko"),
        ("piko-marusu", "piko-marusu", "chr_piko"),
        ("рikоmаrusu", "рikоmаrusu", "chr_piko"),
        ("p1k0marusu", "p1k0marusu", "chr_piko"),
        ("pikomarusu2", "pikomarusu", "chr_piko"),
        ("march3tto v41l", "march3tto v41l", "chr_vail"),
        ("p1k0marusu at 4k", "p1k0marusu", "chr_piko"),
        ("pi\u200bko\u200bmarusu", "pi\u200bko\u200bmarusu", "chr_piko"),
        ("ピコマルスイラスト", "ピコマルス", "chr_piko"),
        ("shinonome tsumugi", "shinonome tsumugi", "chr_tsumugi"),
        ("tumugi sinonome", "tumugi sinonome", "chr_tsumugi"),
        ("しののめつむぎ", "しののめつむぎ", "chr_tsumugi"),
        ("Vail Marchetto at sea", "Vail Marchetto", "chr_vail"),
        ("marchetto_vail", "marchetto_vail", "chr_vail"),
        ("MarchettoVail", "MarchettoVail", "chr_vail"),
        ("Marçhetto Vail's lamp", "Marçhetto Vail", "chr_vail"),
    ],
)
def test_a_name_is_found_however_it_is_typed(prompt: str, written: str, owner: str) -> None:
    (found,) = _found(prompt)
    assert (found.name.character_id or found.name.work_id) == owner
    assert prompt[found.start : found.end] == written


@pytest.mark.parametrize(
    "prompt",
    [
        "",
        "   \n",
        "a cat on a red bicycle in the rain",
        "雪の積もった山と湖の写真",
        "サトシという名前の少年",
        "スーパーピコマルスター",
        "灯台守の家",
        "a star of the stars, piko",
        "🎨🖌️",
    ],
)
def test_ordinary_prompts_hold_no_name(prompt: str) -> None:
    assert _found(prompt) == []


def test_the_longest_name_wins() -> None:
    index = _index(
        ("ピカリチュウ", WORK, "chr_long"), ("チュウリン", OTHER, "chr_tail"), ("リチュウ", OTHER, "chr_inside")
    )
    assert _owners("ピカリチュウの絵", index) == {"chr_long"}


def test_names_that_share_some_letters_are_both_told() -> None:
    index = _index(("鬱薔薇髑", WORK, "chr_first"), ("髑髏麒麟", OTHER, "chr_second"))
    assert _owners("鬱薔薇髑髏麒麟", index) == {"chr_first", "chr_second"}


def test_a_name_inside_another_word_is_not_one() -> None:
    index = _index(("チュウリン", OTHER, "chr_tail"))
    assert _owners("ピカチュウリンの絵", index) == set()
    assert _owners("チュウリンの絵", index) == {"chr_tail"}


def test_a_short_or_common_name_counts_only_beside_its_work() -> None:
    assert _owners("サトシと雪") == set()
    assert _owners("星のピコ丸のサトシと雪") == {WORK, "chr_satoshi", "chr_yuki"}
    assert _owners("灯台守のうたのサトシ") == {OTHER}


def test_an_ordinary_title_counts_beside_one_of_its_characters_or_in_book_marks() -> None:
    index = _index(
        ("Frozen", "wrk_ice", None),
        ("Anna", "wrk_ice", "chr_anna"),
        ("春", "wrk_spring", None),
        ("時計", "wrk_clock", None),
    )
    assert _owners("a frozen lake", index) == set()
    assert _owners("Anna on a lake", index) == set()
    assert _owners("Anna from Frozen", index) == {"wrk_ice", "chr_anna"}
    assert _owners("『時計』の表紙", index) == {"wrk_clock"}
    assert _owners("時計の写真", index) == set()


def test_a_name_of_plain_english_words_counts_where_it_is_capitalised() -> None:
    index = _index(("Orange Juice", "wrk_orange", None))
    assert _owners("a glass of orange juice", index) == set()
    assert _owners("Orange juice on a table", index) == set()
    assert _owners("A Glass Of Orange Juice", index) == set()
    assert _owners("a scene from Orange Juice", index) == {"wrk_orange"}
    assert _owners("Orange Juice", index) == {"wrk_orange"}


def test_a_short_name_may_be_written_in_hiragana_or_with_figures_beside_its_work() -> None:
    index = _index(
        ("ポッポ", WORK, "chr_poppo"),
        ("ホウオウ", WORK, "chr_ho"),
        ("ヒトカゲ", WORK, "chr_lizard"),
        ("Onix", WORK, "chr_o"),
    )
    assert _owners("ぽっぽとひとかげが歩く、0n1x", index) == set()
    assert _owners("ピコマルスとぽっぽが歩く", index) == {"chr_piko", "chr_poppo"}
    assert _owners("ピコマルスのひとかげが歩く", index) == {"chr_piko", "chr_lizard"}
    assert _owners("ピコマルスのほうおうが歩く", index) == {"chr_piko", "chr_ho"}
    assert _owners("ピコマルス and 0n1x", index) == {"chr_piko", "chr_o"}
    assert _owners("ピコマルスの穂が揺れるほど", index) == {"chr_piko"}


def test_ordinary_hiragana_beside_a_named_work_is_no_character_of_it() -> None:
    names = ("テル", "カーラ", "サイ", "パティ", "シー")
    index = _index(*((name, WORK, f"chr_{name}") for name in names))
    prompt = "ピコマルスが走っている、丘からバースデーパーティーに小さい旗を出し、歌う"
    assert _owners(prompt, index) == {"chr_piko"}
    assert _owners(f"{prompt}。カーラとパティ", index) == {"chr_piko", "chr_カーラ", "chr_パティ"}


@pytest.mark.parametrize(
    ("name", "prompt"),
    [
        ("Tohsaka Rinne", "toosaka rinne"),
        ("Toosaka Rinne", "rinne tohsaka"),
        ("Ootsuki Mayumi", "ohtsuki mayumi"),
        ("Sakurada Shin'ichi", "sakurada shinichi"),
        ("Sakurada Shinichi", "sakurada shin’ichi"),
        ("Amanogawa Ai", "ai amanogawa"),
        ("Kaburazaki T. Kotetsu", "kotetsu t kaburazaki"),
        ("Kaburazaki T. Kotetsu", "kotetsu kaburazaki"),
        ("Soryuu Asukai Langley", "asukai langley soryu"),
        ("Fujiwara no Mokotan", "fujiwara mokotan"),
        ("Zorbin & Quell", "zorbin and quell"),
        ("Zorbin and Quell", "zorbin & quell"),
        ("Marchetta Lockhart", "marchetta lockheart"),
        ("Marchetta Lockhart", "lockheart marchetta"),
    ],
)
def test_a_name_in_latin_letters_is_found_by_the_other_ways_of_writing_it(name: str, prompt: str) -> None:
    (found,) = _found(f"1girl, {prompt}, smile", NameIndex([RegisteredName(name, OTHER, "chr_other")]))
    assert f"1girl, {prompt}, smile"[found.start : found.end] == prompt


def test_a_word_near_a_part_of_a_name_is_not_the_name() -> None:
    index = NameIndex([RegisteredName("Marchetta Lockhart", OTHER, "chr_other")])
    assert _found("a lockheart on a chain, marble", index) == []


def test_a_typing_error_is_near() -> None:
    (found,) = _found("draw Zephirine in the rain", _index(("Zephyrine", OTHER, "chr_zeph")))
    assert found.how is Found.NEAR
    assert 0 < found.likeness < 1


def test_a_name_of_two_works_is_found_for_both() -> None:
    index = _index(("ピコマルス", OTHER, "chr_twin"))
    assert _owners("ピコマルス", index) == {"chr_piko", "chr_twin"}


def test_those_written_as_registered_are_told_first() -> None:
    index = _index(("ぴこまるす(着ぐるみ)", OTHER, "chr_suit"), ("ピコマルス", OTHER, "chr_twin"))
    first, second, last = _found("ピコマルスの絵", index)
    assert [first.how, second.how, last.how] == [Found.WRITTEN, Found.WRITTEN, Found.LEVELLED]
    assert last.name.character_id == "chr_suit"


@pytest.mark.parametrize("written", ["Jun'ichi Kumo", "Junichi Kumo"])
def test_of_the_names_of_one_owner_the_one_that_is_written_is_told(written: str) -> None:
    index = _index(("Jun'ichi Kumo", OTHER, "chr_jun"), ("Junichi Kumo", OTHER, "chr_jun"))
    assert [each.name.text for each in _found(f"{written.lower()} in the rain", index)] == [written]


@pytest.mark.parametrize("prompt", ["ピコ・マルスの絵", "ピコ マルスとカメラ", "ピコマロスの絵"])
def test_katakana_in_pieces_or_near_a_name_gets_a_second_look(prompt: str) -> None:
    assert _owners(prompt, _index(("ピコマロスカ", OTHER, "chr_near"))) & {"chr_piko", "chr_near"}


def test_an_empty_registry_finds_nothing() -> None:
    assert NameIndex([]).find(["星のピコ丸", ""]) == [[], []]


def test_a_name_without_letters_harms_nothing() -> None:
    assert _found("!!! ???", NameIndex([RegisteredName("!!!", WORK, None)])) == []


def test_threads_that_ask_a_fresh_index_at_once_all_get_the_whole_answer() -> None:
    others = [
        (f"空{chr(0x4E00 + n)}{chr(0x5E00 + n // 7)}丸", WORK if n % 2 else OTHER, f"chr_{n}") for n in range(2000)
    ]
    every_moment = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for _ in range(10):
            index = _index(*others, ("霧", WORK, "chr_kiri"))
            with ThreadPoolExecutor(8) as threads:
                answers = list(threads.map(_owners, ["星のピコ丸と霧の絵"] * 8, [index] * 8))
            assert answers == [{WORK, "chr_kiri"}] * 8
    finally:
        sys.setswitchinterval(every_moment)


def test_a_name_behind_a_vowel_is_found_though_an_ordinary_word_sounds_like_its_rest() -> None:
    """の and ウテレビジョン level to NOTEREBIZYON: what is sought is the name without its first letter."""
    name = RegisteredName("ウテレビジョン", "wrk_a", "chr_a")
    for others in ((), (RegisteredName("テレビジョン", "wrk_b", "chr_b"),)):
        (found,) = NameIndex([name, *others]).find(["あのうてれびじょんがいい"])
        assert [each.name for each in found] == [name]
