"""Identifiers of works in other registries, checked and written in one way.

EIDR (ISO 26324 DOI 10.5240) and ISAN (ISO 15706) end in a check character by ISO/IEC 7064, MOD 37,36.
"""

import re
import unicodedata
from collections.abc import Callable

from tomeishi.errors import BadInput

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_EIDR = re.compile(r"(?:(?:HTTPS?://)?(?:DX\.)?DOI\.ORG/|DOI:)?10\.5240/([0-9A-F]{4}(?:-[0-9A-F]{4}){4})-([0-9A-Z])")
_ISAN = re.compile(r"([0-9A-F]{16})([0-9A-Z]?)(?:([0-9A-F]{8})([0-9A-Z]?))?")


def check_character(digits: str) -> str:
    """The check character of `digits` (0-9, A-Z), ISO/IEC 7064 MOD 37,36."""
    product = 36
    for digit in digits:
        total = (product + _DIGITS.index(digit)) % 36 or 36
        product = total * 2 % 37
    return _DIGITS[(37 - product) % 36]


def cross_id(scheme: str, text: str) -> str:
    """`text` in the scheme's canonical form; BadInput where it is not an identifier of that scheme."""
    if scheme not in _READERS:
        raise BadInput(f"not a known registry: {scheme!r}; known are {', '.join(_READERS)}")
    return _READERS[scheme](unicodedata.normalize("NFKC", text).strip().upper())


def _eidr(text: str) -> str:
    found = _EIDR.fullmatch(text)
    if not found:
        raise BadInput(f"not an EIDR: {text[:80]!r}; write 10.5240/XXXX-XXXX-XXXX-XXXX-XXXX-C")
    expected = check_character(found[1].replace("-", ""))
    if found[2] != expected:
        raise BadInput(f"the check character of EIDR {text[-26:]} should be {expected}; compare it with the source")
    return f"10.5240/{found[1]}-{found[2]}"


def _isan(text: str) -> str:
    found = _ISAN.fullmatch(re.sub(r"^ISAN[:\s]*|[-\s]", "", text))
    if not found:
        raise BadInput(f"not an ISAN: {text[:80]!r}; write 16 or 24 digits (0-9, A-F) with their check characters")
    root, root_check, version, version_check = found.groups(default="")
    for digits, given in ((root, root_check), (root + version, version_check)):
        if given and given != check_character(digits):
            expected = check_character(digits)
            raise BadInput(f"a check character of ISAN {text[:60]} should be {expected}; compare it with the source")
    parts = [root[at : at + 4] for at in range(0, 16, 4)] + [check_character(root)]
    if version:
        parts += [version[:4], version[4:], check_character(root + version)]
    return "-".join(parts)


def _wikidata(text: str) -> str:
    if not re.fullmatch(r"Q[1-9][0-9]{0,11}", text):
        raise BadInput(f"not a Wikidata item: {text[:80]!r}; write Q and its number")
    return text


def _anilist(text: str) -> str:
    if not re.fullmatch(r"[1-9][0-9]{0,9}", text):
        raise BadInput(f"not an AniList id: {text[:80]!r}; write its number")
    return text


_READERS: dict[str, Callable[[str], str]] = {"eidr": _eidr, "isan": _isan, "wikidata": _wikidata, "anilist": _anilist}

SCHEMES = tuple(_READERS)
