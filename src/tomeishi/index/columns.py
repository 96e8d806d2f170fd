"""Columns on disk: `.npy` files that grow by blocks, are made durable, and are read memory-mapped.

Nothing here has to fit into memory. Whoever writes gets StorageFailure when the disk says no; whoever reads gets
Tampered when a file is not what was written.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import DTypeLike, NDArray

from tomeishi.errors import StorageFailure, Tampered


@contextmanager
def storing(path: Path) -> Iterator[None]:
    """Turns an OSError of the writing inside into one line for the user."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise StorageFailure(f"{path}: {reason}; free space or allow writing there, then run it again") from error


def sync_folder(folder: Path) -> None:
    """Make the names in `folder` durable; fsync of a file does not cover the entry that leads to it."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_durably(path: Path, data: bytes) -> None:
    """Write the new file `path` and fsync it."""
    with storing(path), path.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


class ColumnWriter:
    """A new `.npy` file, appended to block by block; complete and fsynced when the `with` block ends well."""

    def __init__(self, path: Path, dtype: DTypeLike, width: int | None = None) -> None:
        """Entries of `dtype`; rows of `width` entries, or single ones."""
        self._path = path
        self._dtype: np.dtype[Any] = np.dtype(dtype)
        self._width = width
        self.length = 0
        with storing(path):
            self._file = path.open("xb")
            self._write_header()

    def append(self, block: NDArray[Any]) -> None:
        with storing(self._path):
            self._file.write(np.ascontiguousarray(block, dtype=self._dtype).data)
        self.length += len(block)

    def _write_header(self) -> None:
        # numpy pads the header so that the first axis can grow to any length in place.
        shape = (self.length,) if self._width is None else (self.length, self._width)
        header = {"descr": np.lib.format.dtype_to_descr(self._dtype), "fortran_order": False, "shape": shape}
        self._file.seek(0)
        np.lib.format.write_array_header_1_0(self._file, header)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if error is not None:
            with suppress(OSError):  # closing flushes, and a full disk says no a second time
                self._file.close()
            return
        with storing(self._path), self._file:
            self._write_header()
            self._file.flush()
            os.fsync(self._file.fileno())


def open_column(path: Path) -> NDArray[Any]:
    """The file's array, memory-mapped and read-only."""
    try:
        column: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError) as error:
        raise Tampered(f"{path} is not a column of an index: {error}; build the index again") from error
    return column
