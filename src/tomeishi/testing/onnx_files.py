"""Small ONNX files, written byte by byte: stand-ins for exported models, and files that must be refused.

The format is onnx.proto3's; only what these few operators need is written.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_FLOAT, _INT64 = 1, 7


def varint(value: int) -> bytes:
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def number(field: int, value: int) -> bytes:
    return varint(field << 3) + varint(value)


def part(field: int, value: bytes | str) -> bytes:
    data = value.encode() if isinstance(value, str) else value
    return varint(field << 3 | 2) + varint(len(data)) + data


def tensor(name: str, values: NDArray[np.float32], *, beside: str | None = None) -> bytes:
    """A TensorProto; with `beside` its numbers are said to lie in that file."""
    head = b"".join(number(1, side) for side in values.shape) + number(2, _FLOAT) + part(8, name)
    if beside is None:
        return head + part(9, values.astype("<f4").tobytes())
    return head + part(13, part(1, "location") + part(2, beside)) + number(14, 1)


def whole_numbers(values: Sequence[int]) -> bytes:
    """The shape, kind and numbers of a tensor of int64, one axis."""
    return number(1, len(values)) + number(2, _INT64) + part(9, np.array(values, "<i8").tobytes())


def inside(of: bytes) -> bytes:
    """The GraphProto in a model that `model` wrote."""
    start = len(number(1, 8)) + 1
    length, shift = 0, 0
    while True:
        length |= (of[start] & 0x7F) << shift
        start, shift = start + 1, shift + 7
        if of[start - 1] < 0x80:
            return of[start : start + length]


def ints(name: str, values: Sequence[int]) -> bytes:
    """An attribute of whole numbers."""
    return part(1, name) + b"".join(number(8, value) for value in values) + number(20, 7)


def node(
    operator: str, takes: Sequence[str], gives: str, attributes: Sequence[bytes] = (), *, domain: str = ""
) -> bytes:
    words = b"".join(part(1, each) for each in takes) + part(2, gives) + part(4, operator)
    return words + b"".join(part(5, each) for each in attributes) + (part(7, domain) if domain else b"")


def value(name: str, shape: Sequence[int | str]) -> bytes:
    """A ValueInfoProto of floats; a text stands for a side of any length."""
    sides = b"".join(part(1, number(1, side) if isinstance(side, int) else part(2, side)) for side in shape)
    return part(1, name) + part(2, part(1, number(1, _FLOAT) + part(2, sides)))


def model(nodes: Sequence[bytes], tensors: Sequence[bytes], takes: Sequence[bytes], gives: Sequence[bytes]) -> bytes:
    """A ModelProto of operator set 13."""
    graph = (
        b"".join(part(1, each) for each in nodes)
        + part(2, "stand-in")
        + b"".join(part(5, each) for each in tensors)
        + b"".join(part(11, each) for each in takes)
        + b"".join(part(12, each) for each in gives)
    )
    return number(1, 8) + part(7, graph) + part(8, part(1, "") + number(2, 13))


def stand_in(
    *, side: int = 64, layout: str = "nchw", dim: int = 48, beside: str | None = None, domain: str = ""
) -> bytes:
    """A model that describes a picture by the colours of 8 x 8 fields, turned into `dim` numbers by chance."""
    turned = np.random.default_rng(dim).normal(size=(192, dim)).astype(np.float32)
    shape: list[int | str] = ["batch", 3, side, side] if layout == "nchw" else ["batch", side, side, 3]
    first = [] if layout == "nchw" else [node("Transpose", ["pixels"], "upright", [ints("perm", (0, 3, 1, 2))])]
    step = (side // 8, side // 8)
    nodes = [
        *first,
        node("AveragePool", ["upright" if first else "pixels"], "fields",
             [ints("kernel_shape", step), ints("strides", step)]),
        node("Flatten", ["fields"], "flat"),
        node("ReduceMean", ["flat"], "mean", [ints("axes", (1,))]),
        node("Sub", ["flat", "mean"], "level"),
        node("MatMul", ["level", "turned"], "rows", domain=domain),
    ]  # fmt: skip
    return model(
        nodes, [tensor("turned", turned, beside=beside)], [value("pixels", shape)], [value("rows", ["batch", dim])]
    )
