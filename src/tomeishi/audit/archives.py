"""Members of a tar archive, read from a stream by hand: nothing is ever written under a member's own name.

POSIX ustar and pax (IEEE 1003.1-2017, pax "ustar Interchange Format"), and GNU's long names. Links, devices and sparse
members are told and not followed; extended headers are bounded before they are read. The standard library's reader
takes as much memory as an extended header says.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from tomeishi.errors import BadInput

_BLOCK = 512
_LONGEST_EXTENSION = 1 << 20
_PIECE = 1 << 20
_REGULAR, _FOLDER = (b"0", b"\0", b"7"), b"5"
_EXTENSIONS = {b"x": "pax", b"g": "pax global", b"L": "GNU name", b"K": "GNU link"}
_TOLD = {
    b"1": "is a hard link",
    b"2": "is a symbolic link",
    b"3": "is a device",
    b"4": "is a device",
    b"6": "is a pipe",
}


class Damaged(BadInput):
    """The archive ends or breaks where a member should be; what came before holds."""


@dataclass(slots=True)
class Member:
    """A member at whose bytes the archive stands; they are gone once the next one is asked for."""

    name: str
    size: int
    problem: str | None
    """Why its bytes are not read."""
    _file: BinaryIO
    _left: int

    def pieces(self) -> Iterator[bytes]:
        """Its bytes, in pieces. Raises Damaged where the archive ends before them."""
        while self._left:
            piece = self._file.read(min(_PIECE, self._left))
            if not piece:
                raise Damaged(f"ends in the middle of {self.name!r}")
            self._left -= len(piece)
            yield piece

    def data(self) -> bytes:
        return b"".join(self.pieces())


def members(file: BinaryIO) -> Iterator[Member]:
    """Regular files and what is told instead of them, in order; folders are passed over.

    Raises Damaged where the archive is cut off, or is none.
    """
    extended: dict[str, bytes] = {}
    first = True
    while True:
        header = _exactly(file, _BLOCK)
        if header == bytes(_BLOCK):
            return
        if len(header) < _BLOCK:
            raise Damaged(
                "ends in the middle of a header" if header else "ends without the closing blocks of an archive"
            )
        if not _sound(header):
            raise Damaged("is not a tar archive" if first else "is damaged: a header does not hold its checksum")
        first = False
        size, form = _number(header[124:136]), header[156:157]
        if form in _EXTENSIONS:
            if size > _LONGEST_EXTENSION:
                raise Damaged(f"holds an extended header of {size:,} bytes")
            data = _exactly(file, _padded(size))[:size]
            if len(data) < size:
                raise Damaged("ends in the middle of an extended header")
            if form == b"x":
                extended |= _records(data)
            elif form == b"L":
                extended["path"] = data.rstrip(b"\0")
            continue
        if "size" in extended:
            size = _decimal(extended["size"])
        name = extended.get("path") or _name(header)
        sparse = any(key.startswith("GNU.sparse") for key in extended)
        extended = {}
        problem = _TOLD.get(form)
        if problem is not None:
            size, problem = (0, f"{problem}, which is not followed")
        elif sparse or (form not in _REGULAR and form != _FOLDER):
            problem = "is stored in a form that is not read (sparse, or of another system)"
        member = Member(name.decode("utf-8", "backslashreplace"), size, problem, file, size)
        if form != _FOLDER:
            yield member
        for _ in member.pieces():
            pass
        if len(_exactly(file, _padded(size) - size)) < _padded(size) - size:
            raise Damaged(f"ends right after {member.name!r}")


def _exactly(file: BinaryIO, length: int) -> bytes:
    """As many bytes as there are, up to `length`: a store may hand over less at a time."""
    parts, left = [], length
    while left and (part := file.read(left)):
        parts.append(part)
        left -= len(part)
    return b"".join(parts)


def _padded(size: int) -> int:
    return -(-size // _BLOCK) * _BLOCK


def _sound(header: bytes) -> bool:
    """Checksum: the sum of all bytes, its own field taken as blanks; some writers took bytes as signed."""
    try:
        given = _number(header[148:156])
    except Damaged:
        return False
    plain = header[:148] + b" " * 8 + header[156:]
    return given in (sum(plain), sum(byte - 256 if byte > 127 else byte for byte in plain))


def _number(field: bytes) -> int:
    """Octal, or GNU's base 256 for what is too large for it."""
    if field[0] & 0x80:
        return int.from_bytes(bytes([field[0] & 0x7F]) + field[1:], "big")
    text = field.split(b"\0", 1)[0].strip()
    try:
        return int(text or b"0", 8)
    except ValueError as error:
        raise Damaged("is damaged: a header holds no number where one belongs") from error


def _decimal(text: bytes) -> int:
    if not text.isdigit() or len(text) > 18:
        raise Damaged("is damaged: an extended header holds no size")
    return int(text)


def _name(header: bytes) -> bytes:
    name, prefix = header[:100].split(b"\0", 1)[0], header[345:500].split(b"\0", 1)[0]
    return prefix + b"/" + name if prefix and header[257:262] == b"ustar" and header[257:265] != b"ustar  \0" else name


def _records(data: bytes) -> dict[str, bytes]:
    """`length key=value\\n`, where length counts the whole record."""
    found: dict[str, bytes] = {}
    while data:
        length, blank, rest = data.partition(b" ")
        if not blank or not length.isdigit() or not len(length) + 1 < int(length) <= len(data):
            raise Damaged("is damaged: an extended header cannot be read")
        key, _, value = rest[: int(length) - len(length) - 2].partition(b"=")
        found[key.decode("utf-8", "backslashreplace")] = value
        data = data[int(length) :]
    return found
