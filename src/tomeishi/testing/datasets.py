"""Small data sets in the layouts that there are, for the tests and measurements of audits."""

import io
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from PIL import Image
from pyarrow import parquet as pq


def jpeg(pixels: NDArray[np.uint8], quality: int = 85, side: int = 256) -> bytes:
    """A picture made small, its longer side `side` pixels at most, and encoded."""
    picture = Image.fromarray(pixels)
    picture.thumbnail((side, side))
    data = io.BytesIO()
    picture.save(data, "JPEG", quality=quality)
    return data.getvalue()


def nobodys_picture(seed: int, side: int = 200) -> bytes:
    """Soft blotches of colour, as nobody registers them."""
    values = np.random.default_rng(seed).integers(0, 256, (6, 6, 3), np.uint8)
    return jpeg(np.asarray(Image.fromarray(values).resize((side, side * 3 // 4))))


def write_tar(path: Path, members: Mapping[str, bytes]) -> Path:
    """An archive of these members, in their order."""
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as archive:
        for name, data in members.items():
            about = tarfile.TarInfo(name)
            about.size = len(data)
            archive.addfile(about, io.BytesIO(data))
    return path


def write_parquet(path: Path, columns: Mapping[str, Any], *, rows_in_group: int | None = None) -> Path:
    pq.write_table(pa.table(dict(columns)), path, row_group_size=rows_in_group)
    return path
