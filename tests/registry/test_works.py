from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection

from tomeishi.errors import BadInput, Conflict, NotFound
from tomeishi.registry.works import (
    Role,
    add_character,
    add_member,
    add_name,
    add_work,
    find_names,
    list_members,
    list_works,
    member_by_name,
    set_cross_id,
    work,
    work_by_title,
)
from tomeishi.storage.db import Database

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture
def tx(registry: Database) -> Iterator[Connection]:
    with registry.transaction() as connection:
        yield connection
        connection.rollback()


@pytest.fixture
def member(tx: Connection) -> str:
    return add_member(tx, "星雲社")


def titles(tx: Connection, text: str) -> list[str]:
    return [found.title for found in find_names(tx, text)]


def test_a_work_is_handed_back_as_it_was_registered(tx: Connection, member: str) -> None:
    work_id = add_work(tx, member, "星のピコ丸", "ほしのぴこまる", ["Pico", "ピコ"], language="JA", recorded_at=NOON)
    rune = add_character(tx, work_id, "ルーン", "るーん", ["Rune"])
    set_cross_id(tx, work_id, "wikidata", "q42")
    found = work(tx, work_id)
    assert [(name.text, name.role, name.language, name.script) for name in found.names] == [
        ("星のピコ丸", Role.TITLE, "ja", "Jpan"),
        ("ほしのぴこまる", Role.READING, "ja", "Hira"),
        ("Pico", Role.ALIAS, None, "Latn"),
        ("ピコ", Role.ALIAS, None, "Kana"),
    ]
    assert (found.member, found.language, found.cross_ids, found.references) == (
        "星雲社",
        "ja",
        (("wikidata", "Q42"),),
        0,
    )
    assert [(character.id, character.name) for character in found.characters] == [(rune, "ルーン")]
    assert [name.text for name in found.characters[0].names] == ["ルーン", "るーん", "Rune"]
    assert found.created_at == NOON
    assert found == work_by_title(tx, member, "星のピコ丸") == list_works(tx)[0]


def test_one_work_is_read_without_the_names_of_another(tx: Connection, member: str) -> None:
    one, other = add_work(tx, member, "一", aliases=["A"]), add_work(tx, member, "二", aliases=["B"])
    add_character(tx, other, "三")
    assert [name.text for name in work(tx, one).names] == ["一", "A"]
    assert work(tx, one).characters == ()
    assert {found.title: [name.text for name in found.names] for found in list_works(tx)} == {
        "一": ["一", "A"],
        "二": ["二", "B"],
    }


def test_names_are_composed_and_trimmed(tx: Connection) -> None:
    add_member(tx, " か\u3099くえん\n社 ")
    assert member_by_name(tx, "がくえん 社").name == "がくえん 社"


def test_the_ideographs_that_people_write_their_names_with_are_kept(tx: Connection) -> None:
    add_member(tx, "\ufa19社")
    assert [found.name for found in list_members(tx)] == ["\ufa19社"]


@pytest.mark.parametrize("name", ["", "   ", "\t", "a\0b", "a\x1bb", "\ud800", "a\uffff", "長" * 501])
def test_what_cannot_be_shown_is_no_name(tx: Connection, name: str) -> None:
    with pytest.raises(BadInput, match="member's name") as raised:
        add_member(tx, name)
    assert str(raised.value).isprintable()


def test_a_name_taken_is_a_conflict(tx: Connection, member: str) -> None:
    work_id = add_work(tx, member, "星のピコ丸")
    add_character(tx, work_id, "ルーン")
    with pytest.raises(Conflict, match="星雲社"):
        add_member(tx, "星雲社")
    with pytest.raises(Conflict, match="星のピコ丸"):
        add_work(tx, member, "星のピコ丸")
    with pytest.raises(Conflict, match="ルーン"):
        add_character(tx, work_id, "ルーン")


def test_two_members_may_have_works_of_one_title(tx: Connection, member: str) -> None:
    add_work(tx, member, "星")
    add_work(tx, add_member(tx, "月光社"), "星")
    assert len(list_works(tx)) == 2


def test_what_is_not_there_is_not_found(tx: Connection, member: str) -> None:
    with pytest.raises(NotFound):
        member_by_name(tx, "月光社")
    with pytest.raises(NotFound):
        add_work(tx, "mem_none", "星")
    with pytest.raises(NotFound):
        work_by_title(tx, member, "星")
    with pytest.raises(NotFound):
        add_character(tx, "wrk_none", "星")
    with pytest.raises(NotFound):
        add_name(tx, "星", Role.ALIAS, character_id="chr_none")


def test_adding_a_name_again_adds_nothing(tx: Connection, member: str) -> None:
    work_id = add_work(tx, member, "星")
    for _ in range(2):
        add_name(tx, "Stella", Role.ALIAS, work_id=work_id, language="it")
    assert [name.text for name in work(tx, work_id).names] == ["星", "Stella"]


def test_a_cross_id_is_replaced_and_checked(tx: Connection, member: str) -> None:
    work_id = add_work(tx, member, "星")
    set_cross_id(tx, work_id, "anilist", "1")
    set_cross_id(tx, work_id, "anilist", "2")
    assert work(tx, work_id).cross_ids == (("anilist", "2"),)
    with pytest.raises(BadInput, match="EIDR"):
        set_cross_id(tx, work_id, "eidr", "1")


@pytest.mark.parametrize("text", ["日本語", "j", "ja_JP", "ja-", "english!"])
def test_what_is_no_language_tag_is_refused(tx: Connection, member: str, text: str) -> None:
    with pytest.raises(BadInput, match="language tag"):
        add_work(tx, member, "星", language=text)


@pytest.mark.parametrize(
    "text", ["ぴこまる", "ピコマル", "ﾋﾟｺﾏﾙ", "ピコまる", "pikomaru", "ＰＩＫＯＭＡＲＵ", "Picomaru", "piko", "コマ"]
)
def test_a_reading_is_found_in_every_script(tx: Connection, member: str, text: str) -> None:
    add_work(tx, member, "星のピコ丸", "ほしのピコまる")
    add_work(tx, member, "雨の日")
    assert titles(tx, text) == ["星のピコ丸"]


@pytest.mark.parametrize(
    "text", ["巨人", "巨", "進撃の巨人", "の巨", "shingeki no kyojin", "singekinokyozin", "シンゲキ"]
)
def test_names_of_one_and_two_letters_are_found(tx: Connection, member: str, text: str) -> None:
    add_work(tx, member, "進撃の巨人", "しんげきのきょじん")
    add_work(tx, member, "個人授業")
    assert titles(tx, text) == ["進撃の巨人"]


@pytest.mark.parametrize("text", ["toukyou", "tōkyō", "tokyo", "トーキョー", "とうきょう"])
def test_long_vowels_are_found_however_they_are_written(tx: Connection, member: str, text: str) -> None:
    add_work(tx, member, "東京竜", "とうきょうりゅう")
    assert titles(tx, text) == ["東京竜"]


def test_whole_names_come_before_beginnings_and_parts(tx: Connection, member: str) -> None:
    for title in ("大星空", "星空の下で", "ほしぞら", "星空"):
        add_work(tx, member, title)
    assert titles(tx, "星空") == ["星空", "星空の下で", "大星空"]
    assert [found.exact for found in find_names(tx, "星空")] == [True, False, False]


def test_a_work_is_found_once_by_its_best_name_and_a_character_with_its_work(tx: Connection, member: str) -> None:
    work_id = add_work(tx, member, "ルーンの旅", "るーんのたび", ["Rune's Journey", "Rune"])
    character = add_character(tx, work_id, "ルーン", None, ["Rune"])
    found = find_names(tx, "rune")
    assert [(hit.work_id, hit.character_id, hit.title, hit.name.text) for hit in found] == [
        (work_id, None, "ルーンの旅", "Rune"),
        (work_id, character, "ルーンの旅", "Rune"),
    ]


def test_a_single_kana_does_not_find_every_name_with_its_vowel(tx: Connection, member: str) -> None:
    add_work(tx, member, "かさ")
    add_work(tx, member, "あさ")
    assert titles(tx, "あ") == ["あさ"]


@pytest.mark.parametrize("text", ["%", "_", "/", "\\", "'", '"', "%_%"])
def test_signs_that_sql_knows_find_only_themselves(tx: Connection, member: str, text: str) -> None:
    add_work(tx, member, "星空")
    assert titles(tx, text) == []
    add_work(tx, member, text)
    assert titles(tx, text) == [text]


def test_a_search_is_bounded(tx: Connection, member: str) -> None:
    for number in range(60):
        add_work(tx, member, f"星 {number}")
    assert len(find_names(tx, "星")) == 50
    assert len(find_names(tx, "星", limit=3)) == 3


def test_a_search_for_nothing_is_refused(tx: Connection) -> None:
    with pytest.raises(BadInput, match="empty"):
        find_names(tx, "  ")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Cn"]), min_size=1, max_size=12))
def test_a_registered_name_is_found_by_itself(tx: Connection, name: str) -> None:
    if not name.strip():
        return
    with tx.begin_nested() as only_now:
        work_id = add_work(tx, add_member(tx, "誰か"), name)
        assert work_id in [found.work_id for found in find_names(tx, name)]
        assert find_names(tx, name)[0].exact
        only_now.rollback()
