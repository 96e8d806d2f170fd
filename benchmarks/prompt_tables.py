"""Tables of what was measured about names in prompts, for `benchmarks.tables`."""

from typing import Any

_DATA = {"jsts": "Japanese captions (JSTS)", "flickr8k": "English captions (Flickr8k)", "parti": "PartiPrompts"}
_RECALL = {
    "pokemon_ja_with_title": "names of `pokemon`, Japanese, beside the title",
    "pokemon_en_with_title": "the same, English",
    "danbooru_aliases_registered_with_title": "aliases that taggers wrote, registered, beside the title",
    "variant_hiragana": "katakana names in hiragana",
    "variant_half_width": "in half width",
    "variant_spelled_out": "with blanks between the letters",
    "variant_dots": "with points between the letters",
    "variant_zero_width": "with invisible characters between",
    "variant_decomposed": "decomposed",
    "variant_look_alike": "with kanji that pass for kana",
    "variant_en_upper": "English, in capitals",
    "variant_en_full_width": "in full width",
    "variant_en_spelled_out": "with blanks between the letters",
    "variant_en_zero_width": "with invisible characters between",
    "variant_en_cyrillic": "with Cyrillic letters",
    "variant_en_figures": "with figures for letters",
    "danbooru_spellings_not_registered_by_convention": "not registered: other romanisation, order, initials, signs",
    "danbooru_spellings_not_registered_with_letters_wrong": "not registered: one or two letters wrong",
    "danbooru_spellings_not_registered_that_need_their_work": "not registered: short or ordinary, without the work",
    "danbooru_spellings_not_registered_of_other_names": "not registered: other names and translations",
    "pokemon_ja_alone": "all Japanese names without the title",
    "pokemon_ja_alone_not_common": "of these, neither in a dictionary nor shorter than four kana",
    "pokemon_en_alone": "all English names without the title",
    "pokemon_en_alone_not_common": "of these, neither in a dictionary nor shorter than five letters",
    "danbooru_aliases_registered_several_words_alone": "registered aliases of several words, without the title",
    "danbooru_aliases_registered_several_words_alone_not_common": "of these, not of plain English words, eight letters",
}


def speed(figures: dict[str, Any], names: dict[str, Any]) -> list[str]:
    """Prompts a second of one core's processor time, beside the bare automaton of the same run."""
    build = figures["build"]
    lines = [
        f"{build['names']:,} names ({names['names_from']}) are built in **{build['seconds']:.2f} s** of one core's "
        f"processor time (aim: 1 s); a bare automaton over the same in {build['bare_automaton_seconds']:.2f} s. "
        f"Load of the machine {build['load']}.",
        "",
        "| names | prompts | seen before, a second | not seen before | bare automaton, which folds nothing | load |",
        "|---|---|---|---|---|---|",
    ]
    for which, count in (("speed", build["names"]), ("speed_danbooru", figures.get("danbooru_names", 0))):
        for data, row in figures.get(which, {}).items():
            lines.append(
                f"| {count:,} | {_DATA[data]}, {row['letters_each']:.0f} letters each | {row['per_second']:,} "
                f"| {row['unseen_per_second']:,} | {row['bare_automaton_per_second']:,} | {row['load']} |"
            )
    return lines


def recall(figures: dict[str, Any]) -> list[str]:
    lines = ["| names and spellings | prompts | found |", "|---|---|---|"]
    for key, told in _RECALL.items():
        if row := figures["recall"].get(key):
            lines.append(f"| {told} | {row['prompts']:,} | {row['recall']:.1%} |")
    return lines


def false_finds(figures: dict[str, Any]) -> list[str]:
    lines = [
        "| names | prompts | with a find | of these name such a figure | false |",
        "|---|---|---|---|---|",
    ]
    for which, told in (("false_finds_bdfan", "bdfan"), ("false_finds_danbooru", "names and aliases of danbooru")):
        for data, row in figures.get(which, {}).items():
            lines.append(
                f"| {told} | {row['prompts']:,} {_DATA[data]} | {row['with_finds']} | {row['that_name_a_figure']} "
                f"| {row['false']} ({row['false_share']:.3%}) |"
            )
    if beside := figures.get("false_finds_beside_a_title"):
        lines += [
            "",
            f"Behind the title of a large work, {beside['with_finds']} of {beside['prompts']:,} Japanese captions "
            f"({beside['share']:.2%}) seem to name one of its characters: "
            f"{', '.join(beside['names'][:5])} and the like.",
        ]
    return lines
