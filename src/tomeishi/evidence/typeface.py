"""What the shipped typeface can show, and text from outside made fit to be printed with it.

PDF/A refuses a character without a glyph, and a title or prompt may hold any: emoji, other scripts, marks that turn the
direction of reading (which could make a document say what its data do not). Such characters are printed as [U+hex].
"""

import re
import struct
from functools import cache
from pathlib import Path
from unicodedata import category, normalize

FONTS = Path(__file__).parent / "fonts"

_COMBINED = re.compile(r".[\u0300-\u036f\u3099\u309a]+")
_VARIATION = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]")
_LONG = re.compile(r"[!-~]{25,}")
_BREAK = re.compile(r"[!-~]{1,12}(?<=[/?&=._-])|[!-~]{12}")


@cache
def _covered() -> tuple[tuple[int, int], ...]:
    """Ranges of code points with a glyph, from the `cmap` of the regular weight (OpenType, format 12)."""
    data = (FONTS / "BIZUDPGothic-Regular.ttf").read_bytes()
    (tables,) = struct.unpack_from(">H", data, 4)
    records = [struct.unpack_from(">4sLLL", data, 12 + 16 * i) for i in range(tables)]
    cmap = next(offset for tag, _, offset, _ in records if tag == b"cmap")
    (count,) = struct.unpack_from(">H", data, cmap + 2)
    subtables = [cmap + struct.unpack_from(">HHL", data, cmap + 4 + 8 * i)[2] for i in range(count)]
    wide = next(at for at in subtables if struct.unpack_from(">H", data, at) == (12,))
    (groups,) = struct.unpack_from(">L", data, wide + 12)
    return tuple(struct.unpack_from(">LL", data, wide + 16 + 12 * i) for i in range(groups))


@cache
def shows(character: str) -> bool:
    """Is there a glyph, and is it a character that is seen where it stands?"""
    if category(character) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"):
        return False
    return any(first <= ord(character) <= last for first, last in _covered())


def printable(text: str, longest: int = 1000) -> str:
    """`text` in one line with what the typeface lacks spelt out; cut with an ellipsis past `longest` characters.

    Kana and accents written in two parts (as some file systems do) are joined; marks that only choose a variant of a
    character are left out; very long words are given places to break.
    """
    if len(text) > longest:
        text = text[:longest] + "…"
    text = _COMBINED.sub(lambda found: normalize("NFC", found[0]), _VARIATION.sub("", text))
    text = "".join(" " if c in "\t\n\r" else c if shows(c) else f"[U+{ord(c):04X}]" for c in text)
    return _LONG.sub(lambda word: _BREAK.sub(lambda part: part[0] + "\u200b", word[0]), text)
