"""What an ONNX file from outside may hold, read from its bytes before any runtime sees it.

A model in the format of ONNX (Protocol Buffers, onnx.proto3) can name files beside it that the runtime would open, and
operators that only a library of its own knows. Both are refused here, and so is what no reader could be meant to read:
messages inside messages past all measure. Numbers of tensors are stepped over, never read. Pure.
"""

from collections.abc import Iterator

from tomeishi.errors import BadInput

LARGEST_BYTES = 2_000_000_000
"""Protocol Buffers end at 2 GiB, and a descriptor's weights far below it."""
_MOST_NODES = 200_000
_DEEPEST = 24
_KNOWN_DOMAINS = frozenset({"", "ai.onnx", "ai.onnx.ml", "com.microsoft"})
"""Sets of operators that onnxruntime itself brings; the last one holds those of quantised models."""
_BARRED = frozenset({"EPContext"})
"""Operators that open files by themselves."""

# Which fields of a message hold messages of which kind (onnx.proto3).
_INSIDE: dict[str, dict[int, str]] = {
    "model": {7: "graph", 20: "training", 25: "function"},
    "training": {1: "graph", 2: "graph"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "function": {7: "node", 11: "attribute"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
    "tensor": {},
}
_EXTERNAL_DATA, _DATA_LOCATION = 13, 14
_OP_TYPE, _NODE_DOMAIN, _FUNCTION_DOMAIN = 4, 7, 10


def check_model(data: bytes) -> None:
    """Raises BadInput, without a file's name, for what is no ONNX model or holds what is not taken."""
    if len(data) > LARGEST_BYTES:
        raise BadInput(f"has {len(data):,} bytes, and {LARGEST_BYTES:,} are the most")
    whole = memoryview(data)
    try:
        held = [field for field, _ in _fields(whole)]
        if 7 not in held or 8 not in held:
            raise BadInput("is no ONNX model: it has no graph")
        own = {
            bytes(value).decode("utf-8", "replace")
            for field, part in _fields(whole)
            if field == 25 and isinstance(part, memoryview)
            for inner, value in _fields(part)
            if inner == _FUNCTION_DOMAIN and isinstance(value, memoryview)
        }
        _Walk(_KNOWN_DOMAINS | own).into("model", whole, 0)
    except (ValueError, IndexError) as error:
        raise BadInput("is no ONNX model, or a damaged one") from error


class _Walk:
    def __init__(self, domains: frozenset[str]) -> None:
        self._domains = domains
        self._nodes = 0

    def into(self, kind: str, message: memoryview, depth: int) -> None:
        if depth > _DEEPEST:
            raise BadInput(f"holds graphs inside graphs more than {_DEEPEST} deep")
        inside, domain, operator = _INSIDE[kind], "", ""
        for field, value in _fields(message):
            if kind == "tensor" and (field == _EXTERNAL_DATA or (field == _DATA_LOCATION and value != 0)):
                raise BadInput("keeps weights in files beside it, which are not opened: export it as one file")
            if not isinstance(value, memoryview):
                continue
            if kind == "node" and field == _NODE_DOMAIN:
                domain = bytes(value).decode("utf-8", "replace")
            elif kind == "node" and field == _OP_TYPE:
                operator = bytes(value).decode("utf-8", "replace")
            elif field in inside:
                self.into(inside[field], value, depth + 1)
        if kind == "node":
            self._node(domain, operator)

    def _node(self, domain: str, operator: str) -> None:
        self._nodes += 1
        if self._nodes > _MOST_NODES:
            raise BadInput(f"has more than {_MOST_NODES:,} nodes")
        if domain not in self._domains or operator in _BARRED:
            named = f"{domain}.{operator}" if domain else operator
            raise BadInput(f"needs the operator {named[:80]!r}, which onnxruntime does not bring: export it without")


def _fields(message: memoryview) -> Iterator[tuple[int, memoryview | int]]:
    """Numbers and values of the fields of one message; raises ValueError or IndexError where it is damaged."""
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        field, wire = key >> 3, key & 7
        if wire == 0:
            value, at = _varint(message, at)
            yield field, value
            continue
        length, at = _varint(message, at) if wire == 2 else ({1: 8, 5: 4}.get(wire, -1), at)
        if length < 0 or at + length > len(message) or field == 0:
            raise ValueError("a field reaches past its message")
        yield field, message[at : at + length]
        at += length


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        byte = message[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
    raise ValueError("a number without an end")
