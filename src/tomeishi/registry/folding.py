"""Two keys under which names find each other, whatever script, width, case or accent they were written in.

`fold` keeps the script apart from kana: ピコマル, ぴこまる and ﾋﾟｺﾏﾙ fold alike, as do PIKOMARU and ｐｉｋｏｍａｒｕ.
`romaji` writes kana in Latin letters and levels the ways of doing so (Hepburn, Kunrei, macrons, ou and oo), so that
toukyou, tōkyō, tokyo and とうきょう meet. Kanji stay as they are: only a registered reading tells how they sound.
Both are keys for comparing, never text to show.
"""

import re
import unicodedata

_ACCENTS = re.compile("[\u0300-\u036f]")
_LONG_VOWEL = "ー"
_HIRAGANA = {code: code - 0x60 for code in (*range(0x30A1, 0x30F7), 0x30FD, 0x30FE)}
_LARGE_VOWELS = str.maketrans("ぁぃぅぇぉゎ", "あいうえおわ")
_V_TO_B = [("ゔぁ", "ば"), ("ゔぃ", "び"), ("ゔぇ", "べ"), ("ゔぉ", "ぼ"), ("ゔゅ", "びゅ"), ("ゔ", "ぶ")]
_TIMES_SIGN = re.compile("(?<=[a-z0-9])\\s*×\\s*(?=[a-z0-9])")

_SYLLABLES = """
    あ a い i う u え e お o  か ka き ki く ku け ke こ ko  さ sa し si す su せ se そ so
    た ta ち ti つ tu て te と to  な na に ni ぬ nu ね ne の no  は ha ひ hi ふ hu へ he ほ ho
    ま ma み mi む mu め me も mo  や ya ゆ yu よ yo  ら ra り ri る ru れ re ろ ro  わ wa ゐ i ゑ e を o ん n
    が ga ぎ gi ぐ gu げ ge ご go  ざ za じ zi ず zu ぜ ze ぞ zo  だ da ぢ zi づ zu で de ど do
    ば ba び bi ぶ bu べ be ぼ bo  ぱ pa ぴ pi ぷ pu ぺ pe ぽ po  ゔ bu
    ぁ a ぃ i ぅ u ぇ e ぉ o ゃ ya ゅ yu ょ yo ゎ wa ゕ ka ゖ ke
    ふぁ fa ふぃ fi ふぇ fe ふぉ fo ふゅ fyu  うぃ wi うぇ we うぉ wo  ゔぁ ba ゔぃ bi ゔぇ be ゔぉ bo ゔゅ byu
    しぇ sye ちぇ tye じぇ zye  てぃ ti でぃ di てゅ tyu でゅ dyu とぅ tu どぅ du
    つぁ tsa つぃ tsi つぇ tse つぉ tso  いぇ ye  くぁ kwa くぃ kwi くぇ kwe くぉ kwo ぐぁ gwa
"""
_KANA = dict(zip(_SYLLABLES.split()[::2], _SYLLABLES.split()[1::2], strict=True))
_KANA |= {
    first + second: _KANA[first][:-1] + _KANA[second] for first in "きしちにひみりぎじぢびぴ" for second in "ゃゅょ"
}
_KANA_RUN = re.compile("|".join(sorted(_KANA, key=len, reverse=True)))
_SMALL_TSU = re.compile("っ(?=([b-df-hj-np-tv-z]))")

# Latin spellings levelled to one: Hepburn to Kunrei, then what Japanese ears and keyboards do not tell apart.
_SPELLINGS = [
    (re.compile(pattern), key)
    for pattern, key in (
        ("tch|cch", "tty"),
        ("ssh", "ssy"),
        ("sh", "sy"),
        ("ch", "ty"),
        ("j", "zy"),
        ("([stz])y(?=[yi])", r"\1"),
        ("(?<=[stz])y+", "y"),
        ("tsu", "tu"),
        ("dzu|du", "zu"),
        ("fu", "hu"),
        ("wo", "o"),
        ("l", "r"),
        ("v", "b"),
        ("c", "k"),
        ("m(?=[bpm])", "n"),
        ("a+", "a"),
        ("i+", "i"),
        ("u+", "u"),
        ("e[ei]+", "e"),
        ("o[ou]+", "o"),
    )
]

_SCRIPTS = {
    "LATIN": "Latn",
    "HIRAGANA": "Hira",
    "KATAKANA": "Kana",
    "CJK": "Hani",
    "HANGUL": "Hang",
    "CYRILLIC": "Cyrl",
    "GREEK": "Grek",
    "THAI": "Thai",
    "ARABIC": "Arab",
    "HEBREW": "Hebr",
    "DEVANAGARI": "Deva",
}


def fold(text: str) -> str:
    """The key of `text` in its own script. Folding a key again changes nothing; never empty unless `text` is blank."""
    key = _stable(text)
    return key or "".join(unicodedata.normalize("NFKC", text).casefold().split()) or "".join(text.split())


def romaji(text: str) -> str:
    """The key of `text` in Latin letters as far as it has kana or Latin letters; the rest as folded."""
    key = _plain(text).replace("・", "")
    key = _KANA_RUN.sub(lambda found: _KANA[found[0]], key)
    key = _letters(_SMALL_TSU.sub(r"\1", key))
    for pattern, spelling in _SPELLINGS:
        key = pattern.sub(spelling, key)
    return key


def grams(*keys: str) -> set[str]:
    """Every letter and every pair of neighbours in `keys`: what a name is looked up by."""
    return {key[at : at + size] for key in keys for size in (1, 2) for at in range(len(key) - size + 1)}


def query_grams(key: str) -> set[str]:
    """The grams that a name must all have to contain `key`: its pairs, or the letter itself."""
    return {key[at : at + 2] for at in range(len(key) - 1)} or {key}


def script_of(text: str) -> str | None:
    """ISO 15924 code: Jpan for mixed Japanese, else the one script of its letters; None where there is no such."""
    letters = [char for char in unicodedata.normalize("NFKC", text) if char.isalpha() and char not in "ー々"]
    found = {_SCRIPTS.get(unicodedata.name(char, "?").split()[0]) for char in letters}
    if len(found) == 1:
        return found.pop()
    return "Jpan" if found and found <= {"Hira", "Kana", "Hani", "Latn"} else None


def _stable(text: str) -> str:
    previous = None
    while previous != text:
        previous = text
        text = _letters(_plain(text))
        for kana, key in _V_TO_B:
            text = text.replace(kana, key)
        text = text.translate(_LARGE_VOWELS)
    return text


def _plain(text: str) -> str:
    """One width, one case, no accents, hiragana; voicing marks joined to their kana even where a space came between."""
    text = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    text = _ACCENTS.sub("", unicodedata.normalize("NFD", text))
    text = re.sub("\\s+(?=[\u3099\u309a])", "", text)
    text = _TIMES_SIGN.sub("x", text)
    return unicodedata.normalize("NFKC", text).translate(_HIRAGANA)


def _letters(text: str) -> str:
    return "".join(char for char in text if unicodedata.category(char)[0] in "LNM" and char != _LONG_VOWEL)
