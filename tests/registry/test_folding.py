import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tomeishi.registry.folding import fold, grams, query_grams, romaji, script_of


@pytest.mark.parametrize(
    "text", ["ピコマル", "ﾋﾟｺﾏﾙ", "ピコ・マル", "ぴこ まる", "「ぴこまる」", "ピーコマル", "ぴこまる!"]
)
def test_kana_fold_alike_in_every_script_and_width(text: str) -> None:
    assert fold(text) == "ぴこまる"


@pytest.mark.parametrize("text", ["PIKOMARU", "ＰＩＫＯＭＡＲＵ", "Piko-Maru", "píkōmaru"])
def test_latin_letters_fold_alike_in_every_case_and_width(text: str) -> None:
    assert fold(text) == "pikomaru"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ヴァルキリー", "バルキリー"),
        ("リリィ", "りりい"),
        ("スパイ・ファミリー", "スパイファミリー"),
        ("SPY×FAMILY", "spy x family"),
        ("か\u3099", "が"),
        ("か゛", "が"),
        ("神", "\ufa19"),
        ("Straße", "STRASSE"),
        ("Ⅲ", "III"),
    ],
)
def test_spellings_of_one_name_fold_alike(one: str, other: str) -> None:
    assert fold(one) == fold(other)


@pytest.mark.parametrize(("one", "other"), [("は", "ば"), ("か", "が"), ("巨人", "個人"), ("きゃ", "きや")])
def test_letters_that_differ_stay_apart(one: str, other: str) -> None:
    assert fold(one) != fold(other)


@pytest.mark.parametrize("text", ["とうきょう", "トーキョー", "toukyou", "tōkyō", "TOKYO", "tookyoo", "Tôkyô"])
def test_long_vowels_sound_alike_however_they_are_written(text: str) -> None:
    assert romaji(text) == "tokyo"


@pytest.mark.parametrize(
    ("kana", "latin"),
    [
        ("ぴこまる", "pikomaru"),
        ("しんぶん", "shimbun"),
        ("しんぶん", "sinbun"),
        ("まっちゃ", "matcha"),
        ("まっちゃ", "maccha"),
        ("ちゃじゅつ", "chajutsu"),
        ("ざっし", "zasshi"),
        ("じゃ", "jya"),
        ("じゃ", "ja"),
        ("じ", "ji"),
        ("つづく", "tsuduku"),
        ("つづく", "tsuzuku"),
        ("ファン", "fan"),
        ("ふじ", "Fuji"),
        ("こんや", "kon'ya"),
        ("きみを", "kimi wo"),
        ("きみを", "kimi o"),
        ("おおさか", "Ōsaka"),
        ("ラーメン", "rāmen"),
        ("ヴァイオリン", "baiorin"),
        ("ティーチャー", "tiicha"),
    ],
)
def test_kana_and_their_latin_spellings_sound_alike(kana: str, latin: str) -> None:
    assert romaji(kana) == romaji(latin)


def test_kanji_have_no_sound_without_a_reading() -> None:
    assert romaji("進撃の巨人") == "進撃no巨人"


@pytest.mark.parametrize(
    ("text", "script"),
    [
        ("ぴこまる", "Hira"),
        ("ピコマル", "Kana"),
        ("ﾋﾟｺﾏﾙ", "Kana"),
        ("ピコまる", "Jpan"),
        ("巨人", "Hani"),
        ("進撃の巨人", "Jpan"),
        ("Rune 3", "Latn"),
        ("PICO丸", "Jpan"),
        ("나무", "Hang"),
        ("Чебурашка", "Cyrl"),
        ("Чеб a", None),
        ("86", None),
        ("スーパー", "Kana"),
    ],
)
def test_a_script_is_told_by_the_letters(text: str, script: str | None) -> None:
    assert script_of(text) == script


def test_a_query_is_looked_up_by_its_pairs_or_its_one_letter() -> None:
    assert query_grams("巨人") == {"巨人"}
    assert query_grams("巨") == {"巨"}
    assert query_grams("進撃の") == {"進撃", "撃の"}
    assert grams("巨人") == {"巨", "人", "巨人"}


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=12))
def test_folding_a_key_again_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="ぁあかがきゃっつゔアィヴヽーﾞﾟｶﾊ゛゜ \u3099\u309a\u0301Aａé×xſßİ々・", max_size=8))
def test_folding_kana_with_their_marks_again_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(st.text(min_size=1, max_size=12))
def test_only_blanks_fold_to_nothing(text: str) -> None:
    assert bool(fold(text)) == bool(text.strip())
