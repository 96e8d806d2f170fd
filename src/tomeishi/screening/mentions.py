"""Whether a name in a prompt is to be depicted, kept out, or only spoken of.

Rules over the words right before and after the name, in English and Japanese. What no rule knows counts as `depict`:
a wrong "negated" would let a picture through, a wrong "depict" only has somebody look. So a negation must stand next
to the name, within its clause, and two of them cancel out.
"""

import re
from enum import StrEnum


class Mention(StrEnum):
    """What a prompt wants of a name."""

    DEPICT = "depict"
    NEGATED = "negated"
    MENTION = "mention"


_REACH = 60
"""Letters before and after the name that are read."""

_CLAUSE = re.compile(r"[,.;:!?\n、。，；：！？]|\b(?:(?<!anything )but|instead|just|and then)\b")
_QUOTE = r"[\s\"'“‘「『(]*$"
_NOT_BEFORE = re.compile(
    r"\b(?:no|not|without|except|excluding|exclude|avoid|never|omit|remove|nor|minus|sans|free of|"
    r"rather than|instead of|other than|anything but|--no|(?:do not|don'?t) (?:draw|show|include|use|add|depict|want)|"
    r"(?:must|should|can)(?:not|n't| not) (?:be|show|include|contain|resemble))"
    r"(?: (?:a|an|the|any|of|include|including|like|be|single|real|with|in it))*" + _QUOTE,
    re.IGNORECASE,
)
_DOUBLE = re.compile(
    r"\b(?:not|never|n't|nothing)\s+(?:\w+\s+)?(?:without|except|exclude|avoid|omit|remove|other than)\b", re.IGNORECASE
)
_NOT_AFTER = re.compile(
    r"^[\s\"'”’」』)]*(?:-free\b|(?:is |are )?(?:not (?:included|shown|present|allowed|wanted)|excluded|forbidden)\b)",
    re.IGNORECASE,
)
_JA_NOT_AFTER = re.compile(
    r"^[\s」』”\"）)]*(?:(?:は|を|が|も|の)?(?:なし(?!で(?:は|きな))|無し|ナシ|抜き(?!ん)|以外|禁止|除く|除いて|除外|いない|居ない|ない(?!と)|無い|"
    r"(?:絶対に|一切|決して)?(?:描か|書か|出さ|入れ|含め|使わ|登場させ|似せ|生成し)ない(?!と|わけ|で?は?いけ|で?は?なら)|登場しない|"
    r"出てこない|不要|避け|やめ)|(?:では|じゃ|で)(?:は)?(?:ない|なく|なくて)(?!か|です?か)|(?:風|っぽく|らしく)(?:に)?(?:は)?(?:しない|ならない)|"
    r"(?:の|と)?(?:代わりに|かわりに))"
)
_ABOUT_BEFORE = re.compile(
    r"\b(?:what(?:'s| is| are)|who(?:'s| is| are| (?:created|made|drew|wrote|owns))|when (?:was|did)|explain|define|"
    r"tell me about|(?:article|essay) (?:on|about)|translate|the word|"
    r"(?:definition|history|meaning|review|summary|plot|author|creator|fans?|sales|spelling) of)"
    r"(?: the| a| an| name| word)*" + _QUOTE,
    re.IGNORECASE,
)
_ABOUT_AFTER = re.compile(
    r"^[\s」』”\"）)]*(?:とは(?:何|なに|誰|だれ|どんな|[?？]|$)|って(?:何|なに|誰|だれ)|の(?:作者|原作者|声優|歴史|著作権|あらすじ|感想|意味|"
    r"由来|発売日|売上|ファン(?![アタ]))|(?:について|に関する|に関して)(?:教え|説明|調べ|知り|の(?:記事|論文|感想|説明))|を(?:知って|ご存)|"
    r"(?:は|って)(?:誰|だれ|何(?:歳|才|年|の)))"
)
_ABOUT_AFTER_ENGLISH = re.compile(
    r"^(?:'s)? (?:fans?\b|copyright\b|trademark\b|(?:was|were) (?:created|drawn|written|released) )", re.IGNORECASE
)


def mention_of(prompt: str, start: int, end: int) -> Mention:
    """How the name at [start, end) is meant."""
    before, after = prompt[max(0, start - _REACH) : start], prompt[end : end + _REACH]
    before = _CLAUSE.split(before.replace("Negative prompt:", "--no").replace("negative prompt:", "--no"))[-1]
    if _NOT_BEFORE.search(before) and not _DOUBLE.search(before):
        return Mention.NEGATED
    if _NOT_AFTER.search(after) or _JA_NOT_AFTER.search(after):
        return Mention.NEGATED
    if _ABOUT_BEFORE.search(before) or _ABOUT_AFTER.search(after) or _ABOUT_AFTER_ENGLISH.search(after):
        return Mention.MENTION
    return Mention.DEPICT
