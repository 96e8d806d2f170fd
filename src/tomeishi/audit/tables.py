"""Rows of tables: CSV, JSON lines, lists of addresses, Parquet as LAION, DataComp, img2dataset, Hugging Face write it.

Columns are told by what they hold (`items.words_of`): an address is an address whatever its column is called.
Pictures may be embedded: bytes, or a struct of `bytes` and `path`, or a list of such.
"""

import csv
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow
from pyarrow import parquet as pq

from tomeishi.audit import stores
from tomeishi.audit.archives import Damaged
from tomeishi.audit.items import Item, Medium, MediumKind, clean, decoded, key_of, key_text, medium_kind, words_of
from tomeishi.audit.shards import Form, Shard, header_of
from tomeishi.media.pictures import form_of

_ROWS_AT_ONCE = 64
_LONGEST_LINE = 1 << 20


def rows(shard: Shard) -> Iterator[Item]:
    """Items of one shard of a table. Raises Damaged where the rest cannot be read."""
    match shard.source.form:
        case Form.PARQUET:
            yield from _parquet_rows(shard)
        case Form.CSV | Form.TSV:
            yield from _csv_rows(shard)
        case _:
            yield from _line_rows(shard)


def _lines(shard: Shard) -> Iterator[bytes]:
    with stores.reading(shard.source.location) as file:
        file.seek(shard.start)
        at = shard.start
        while at < shard.stop and (line := file.readline(shard.stop - at)):
            at += len(line)
            yield line


def _line_rows(shard: Shard) -> Iterator[Item]:
    name, form = shard.source.name, shard.source.form
    for number, line in enumerate(_lines(shard), shard.first):
        if not line.strip():
            continue
        key = f"{name}:{number}"
        if len(line) > _LONGEST_LINE:
            yield Item(key, problem=f"a line of {len(line):,} bytes is not read")
        elif form is Form.URLS:
            address = clean(decoded(line).strip())
            words = words_of({"url": address})
            yield Item(key_text(address), words, problem=None if words.urls else "is no address")
        else:
            yield _json_item(key, line)


def _json_item(key: str, line: bytes) -> Item:
    try:
        fields = json.loads(decoded(line))
    except (ValueError, RecursionError):
        return Item(key, problem="is not a line of JSON")
    if not isinstance(fields, dict):
        return Item(key, problem="is not a JSON object")
    return Item(key_of(fields) or key, words_of(fields))


def _csv_rows(shard: Shard) -> Iterator[Item]:
    source = shard.source
    header = header_of(source)
    texts = (decoded(line) for line in _lines(shard))
    delimiter = "\t" if source.form is Form.TSV else ","
    reader = csv.reader(texts, delimiter=delimiter)
    number = shard.first
    while True:
        try:
            cells = next(reader, None)
        except csv.Error as error:
            yield Item(f"{source.name}:{number}", problem=f"is no row of a table: {error}")
            number += 1
            continue
        if cells is None:
            return
        if cells and (number or cells != header):
            yield _csv_item(f"{source.name}:{number}", header, cells)
        number += 1


def _csv_item(key: str, header: list[str], cells: list[str]) -> Item:
    fields = dict(zip(header, cells, strict=False))
    if len(cells) != len(header):
        why = f"has {len(cells)} cells under {len(header)} columns"
        return Item(key_of(fields) or key, words_of({**fields, "more": cells[len(header) :]}), problem=why)
    return Item(key_of(fields) or key, words_of(fields))


@contextmanager
def parquet(file: BinaryIO, name: str) -> Iterator[pq.ParquetFile]:
    """The opened file; Damaged where it cannot be read, now or later."""
    try:
        with pq.ParquetFile(file, pre_buffer=False) as opened:
            yield opened
    except (pyarrow.ArrowException, OSError, ValueError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        line = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise Damaged(f"cannot be read as Parquet: {line[:160]}") from error


def _parquet_rows(shard: Shard) -> Iterator[Item]:
    number = shard.first
    with stores.reading(shard.source.location) as file, parquet(file, shard.source.name) as opened:
        for group in range(shard.start, shard.stop):
            for batch in opened.iter_batches(batch_size=_ROWS_AT_ONCE, row_groups=[group], use_threads=False):
                for fields in _dictionaries(batch):
                    yield _parquet_item(f"{shard.source.name}:{number}", fields)
                    number += 1


def _dictionaries(batch: pyarrow.RecordBatch) -> Iterator[dict[str, Any]]:
    """Rows as Python values; text that is not UTF-8, which Arrow refuses to decode, as `\\xff`."""
    try:
        yield from batch.to_pylist()
    except UnicodeDecodeError:
        columns = []
        for column in batch.columns:
            if pyarrow.types.is_string(column.type) or pyarrow.types.is_large_string(column.type):
                raw = column.cast(pyarrow.large_binary()).to_pylist()
                columns.append([None if each is None else decoded(each) for each in raw])
            else:
                columns.append(column.to_pylist())
        for cells in zip(*columns, strict=True):
            yield dict(zip(batch.schema.names, cells, strict=True))


def _parquet_item(key: str, fields: Mapping[str, Any]) -> Item:
    media: list[Medium] = []
    missing: list[str] = []
    for column, value in fields.items():
        for each in value if isinstance(value, list) else [value]:
            _embedded(str(column), each, media, missing)
    plain = {column: value for column, value in fields.items() if not isinstance(value, bytes)}
    words = words_of(plain)
    problem = f"its media lies elsewhere: {missing[0]}" if missing and not media else None
    if not media and not missing and words == type(words)():
        problem = "none of its columns holds anything that is looked at"
    return Item(key_of(plain) or key, words, tuple(media), problem)


def _embedded(column: str, value: Any, media: list[Medium], missing: list[str]) -> None:
    """What a cell holds of media."""
    name = column
    if isinstance(value, Mapping) and "bytes" in value:
        name = str(value.get("path") or column)
        if value["bytes"] is None and value.get("path"):
            missing.append(Path(name).name)
            return
        value = value["bytes"]
    if not isinstance(value, bytes) or not value:
        return
    kind = MediumKind.PICTURE if form_of(value[:64]) is not None else medium_kind(name) or medium_kind(f".{column}")
    if kind is not None:
        media.append(Medium(clean(name), kind, data=value))
