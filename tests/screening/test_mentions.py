"""What a prompt wants of a name that it holds."""

import pytest

from tomeishi.screening.mentions import Mention, mention_of

NAMES = ("Pikomaru", "ピコマル")


def _mention(prompt: str) -> Mention:
    name = next(each for each in NAMES if each in prompt)
    start = prompt.index(name)
    return mention_of(prompt, start, start + len(name))


@pytest.mark.parametrize(
    "prompt",
    [
        "Pikomaru on a hill",
        "not bad at all, Pikomaru in the rain",
        "no text, Pikomaru",
        "not without Pikomaru",
        "no one but Pikomaru",
        "a man who looks like Pikomaru",
        "ピコマルが丘に立つ",
        "ピコマルを描いて",
        "ピコマルじゃないですか",
        "人のいない丘とピコマル",
        "ピコマルのファンアート",
        "ピコマルを描かないといけない",
    ],
)
def test_what_no_rule_knows_is_to_be_depicted(prompt: str) -> None:
    assert _mention(prompt) is Mention.DEPICT


@pytest.mark.parametrize(
    "prompt",
    [
        "a hill, no Pikomaru",
        "a hill without any Pikomaru",
        "don't draw Pikomaru",
        "a bear, --no Pikomaru",
        "anything but Pikomaru",
        'must not include "Pikomaru"',
        "a Pikomaru-free hill",
        "ピコマルなしの丘",
        "ピコマル以外のクマ",
        "ピコマルを描かないで",
        "「ピコマル」は絶対に入れないでください",
        "これはピコマルではない",
        "ピコマル禁止",
        "ピコマル抜きで",
    ],
)
def test_a_negation_beside_the_name_is_noticed(prompt: str) -> None:
    assert _mention(prompt) is Mention.NEGATED


@pytest.mark.parametrize(
    "prompt",
    [
        "who created Pikomaru?",
        "tell me about Pikomaru",
        "write a review of Pikomaru",
        "ピコマルとは何ですか",
        "ピコマルの作者を教えて",
        "ピコマルについて説明して",
    ],
)
def test_a_name_that_is_only_spoken_of_is_a_mention(prompt: str) -> None:
    assert _mention(prompt) is Mention.MENTION
