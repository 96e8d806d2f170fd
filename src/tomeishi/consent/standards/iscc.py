"""ISCC, International Standard Content Code (ISO 24138:2024): identifiers by `iscc-lib`.

Anybody can compute them again. An ISCC names content; it is no proof of resemblance, and knows no characters. Codes of
64 bits, as `iscc-lib` makes them by default.
"""

from dataclasses import dataclass
from typing import BinaryIO

from iscc_lib import (
    gen_data_code_v0,
    gen_image_code_v0,
    gen_instance_code_v0,
    gen_iscc_code_v0,
    gen_meta_code_v0,
    iscc_decompose,
)

from tomeishi.errors import BadInput

PICTURE_SIDE = 32
PREFIX = "ISCC:"


@dataclass(frozen=True, slots=True)
class Codes:
    """Units and their composite. `content` is there for still pictures only."""

    meta: str
    content: str | None
    data: str
    instance: str
    iscc: str


def codes_of(title: str, file: BinaryIO, description: str | None = None, luma: bytes | None = None) -> Codes:
    """Codes of a work's file, read from its start in pieces.

    `luma` is the picture in grey, 32 x 32, row by row, scaled as the standard says; only the maker of a still
    picture's thumbnail knows it. Raises BadInput.
    """
    if not title.strip():
        raise BadInput("an ISCC Meta-Code needs a title")
    if luma is not None and len(luma) != PICTURE_SIDE**2:
        raise BadInput(f"a picture for an Image-Code has {PICTURE_SIDE**2} grey values, not {len(luma)}")
    meta = gen_meta_code_v0(title, description).iscc
    content = None if luma is None else gen_image_code_v0(luma).iscc
    file.seek(0)
    data = gen_data_code_v0(file).iscc
    file.seek(0)
    instance = gen_instance_code_v0(file).iscc
    units = [meta, *([content] if content is not None else []), data, instance]
    return Codes(meta, content, data, instance, gen_iscc_code_v0(units).iscc)


def instance_code(file: BinaryIO) -> str:
    """The Instance-Code of a file as `units_of` gives it, read from its start in pieces."""
    file.seek(0)
    return gen_instance_code_v0(file).iscc.removeprefix(PREFIX)


def units_of(code: str) -> tuple[str, ...]:
    """The units of a written code, without prefix; none where it is no ISCC."""
    try:
        return tuple(iscc_decompose(code.strip()))
    except ValueError:
        return ()


def names_a_file(unit: str) -> bool:
    """Whether it is an Instance-Code: equal ones are of equal bytes (64 bits of BLAKE3), which others are not."""
    return unit.startswith("IA")
