"""One item of a data set, whatever the layout it came in: its key, its media, and what is said about it.

Keys are the data set's own. Text from outside is kept as UTF-8: a byte that is none stands as `\\xff`, so that two keys
never become one.
"""

import json
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

LONGEST_TEXT = 50_000
"""Letters of one caption or field that are looked at."""
MOST_FIELDS = 64
"""Fields of one row or sidecar that are looked at, however deep they are nested."""
_DEEPEST = 4

_KEYS = ("__key__", "key", "uid", "id", "sample_id", "image_id", "video_id", "file_name", "filename")
_NO_TEXT = re.compile(
    r"(.*_)?(id|key|uid|sha256|sha1|md5|hash|digest|phash|pwatermark|status|error_message|mime(_?type)?|format|split|"
    r"license|licence|language|lang|width|height|similarity|punsafe|nsfw|exif|__index_level_0__)"
)
_HEADERS = frozenset({"headers", "http_headers", "response_headers"})
_HEADER_FIELDS = frozenset(
    {"x-robots-tag", "content-usage", "content-signal", "tdm-reservation", "tdm-policy", "link", "date"}
)
_ADDRESS = re.compile(r"(?i)https?://\S+")
_SHA256 = re.compile(r"(?i)(sha256:)?([0-9a-f]{64})")


class MediumKind(StrEnum):
    """What kind of file a member is, by its name: only media are decoded, by their bytes."""

    PICTURE = "picture"
    FILM = "film"
    SOUND = "sound"


_SUFFIXES = {
    MediumKind.PICTURE: "jpg jpeg png webp gif bmp tif tiff avif apng jfif image",
    MediumKind.FILM: "mp4 m4v mov mkv webm avi mpg mpeg ts m2ts ogv flv wmv 3gp video",
    MediumKind.SOUND: "wav mp3 m4a aac flac ogg opus audio",
}
_BY_SUFFIX = {suffix: kind for kind, listed in _SUFFIXES.items() for suffix in listed.split()}


def medium_kind(name: str) -> MediumKind | None:
    """By the last suffix; None for what is no medium."""
    return _BY_SUFFIX.get(name.rpartition(".")[2].lower()) if "." in name else None


@dataclass(frozen=True, slots=True)
class Medium:
    """A media file of an item: in memory, or a file that lies there until the next item is asked for."""

    name: str
    kind: MediumKind
    data: bytes | None = None
    path: Path | None = None


@dataclass(frozen=True, slots=True)
class Words:
    """What is said about an item beside its media."""

    texts: tuple[str, ...] = ()
    urls: tuple[str, ...] = ()
    digests: tuple[str, ...] = ()
    """`sha256:…`, as recorded; nobody checked them here."""
    isccs: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()
    """Lines `Name: value` of the answer that brought it, as recorded."""

    def joined(self, other: "Words") -> "Words":
        return Words(
            self.texts + other.texts,
            self.urls + other.urls,
            self.digests + other.digests,
            self.isccs + other.isccs,
            self.headers + other.headers,
        )


@dataclass(frozen=True, slots=True)
class Item:
    """One item. `problem` says what of it could not be read; the rest is checked all the same."""

    key: str
    words: Words = field(default_factory=Words)
    media: tuple[Medium, ...] = ()
    problem: str | None = None


def clean(text: str) -> str:
    """`text` as it may be kept: valid UTF-8, composed (NFC), cut at `LONGEST_TEXT`."""
    if not text.isascii():
        text = unicodedata.normalize("NFC", text.encode("utf-8", "backslashreplace").decode())
    return text[:LONGEST_TEXT]


def decoded(data: bytes) -> str:
    """UTF-8 with or without its mark; other bytes as `\\xff`."""
    return data.decode("utf-8", "backslashreplace").removeprefix("\ufeff")


def key_of(fields: Mapping[str, Any]) -> str | None:
    """The item's own key among its fields: an id, else its address; None where there is neither."""
    by_name = {str(name).lower(): value for name, value in fields.items()}
    for name in _KEYS:
        value = by_name.get(name)
        if isinstance(value, str | int) and not isinstance(value, bool) and str(value):
            return key_text(str(value))
    for value in by_name.values():
        if isinstance(value, str) and _ADDRESS.fullmatch(value):
            return key_text(value)
    return None


def key_text(key: str) -> str:
    """A key as it is written down, on one line."""
    key = key.encode("utf-8", "backslashreplace").decode()
    return key if key.isprintable() else "".join(c if c.isprintable() or c == "\u3000" else ascii(c)[1:-1] for c in key)


def words_of(fields: Mapping[str, Any]) -> Words:
    """Captions, addresses, digests, codes and headers among the fields of a row or sidecar."""
    texts: list[str] = []
    urls: list[str] = []
    digests: list[str] = []
    isccs: list[str] = []
    headers: list[str] = []
    for number, (name, value) in enumerate(_flat(fields, 0)):
        if number >= MOST_FIELDS:
            break
        plain = name.replace("_", "-")
        if name in _HEADERS:
            headers += _lines(value)
        elif plain in _HEADER_FIELDS:
            headers.append(f"{plain}: {_one_line(value)}")
        elif name == "iscc":
            isccs.append(value.strip())
        elif (digest := _SHA256.fullmatch(value)) is not None and "sha256" in (name + value[:7]).lower():
            digests.append("sha256:" + digest[2].lower())
        elif _ADDRESS.fullmatch(value):
            urls.append(clean(value))
        elif not _NO_TEXT.fullmatch(name) and not value.isdecimal():
            texts.append(clean(value))
    return Words(tuple(texts), tuple(urls), tuple(digests), tuple(isccs), tuple(headers))


def _flat(value: Any, depth: int, name: str = "") -> Iterator[tuple[str, str]]:
    """Every text below `value`, under the name of the nearest field."""
    if isinstance(value, str):
        if value.strip():
            yield name, value
    elif depth < _DEEPEST and isinstance(value, Mapping):
        for key, each in value.items():
            below = str(key).lower()
            if below in _HEADERS and isinstance(each, Mapping):
                yield below, json.dumps({str(k): str(v) for k, v in each.items()})
            else:
                yield from _flat(each, depth + 1, below)
    elif depth < _DEEPEST and isinstance(value, list | tuple):
        for each in value:
            yield from _flat(each, depth + 1, name)


def _lines(value: str) -> list[str]:
    """A dump of headers, as text or as a JSON object."""
    try:
        read = json.loads(value)
    except (ValueError, RecursionError):
        read = None
    if isinstance(read, dict):
        return [f"{name}: {_one_line(str(each))}" for name, each in read.items()]
    return [line for line in value.splitlines()[:MOST_FIELDS] if ":" in line]


def _one_line(text: str) -> str:
    return " ".join(text.split())
