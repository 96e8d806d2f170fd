"""Merkle trees over a list of byte strings, and proofs about them: RFC 6962, section 2.1 (the same in RFC 9162).

An inclusion proof shows that a leaf stands at its place in a tree of which only the root is known; a consistency proof
shows that a smaller tree is the beginning of a larger one. Both are lists of digests, O(log n), and are checked without
the leaves. Digests here are 32 raw bytes (SHA-256). Leaves are counted from 0, as in the RFC. Pure.
"""

import hashlib
from collections.abc import Iterable, Sequence

from tomeishi.errors import BadInput


def leaf_digest(data: bytes) -> bytes:
    """MTH({d}): the prefix 0x00 keeps a leaf from passing for a node."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_digest(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


EMPTY_ROOT = hashlib.sha256(b"").digest()


class Tree:
    """All complete subtrees of some leaves, so that any root or proof of any size up to theirs costs O(log² n)."""

    def __init__(self, leaves: Iterable[bytes]) -> None:
        """`leaves` are the data, not their digests."""
        level = [leaf_digest(leaf) for leaf in leaves]
        self.size = len(level)
        self._levels = [level]
        while len(level) > 1:
            level = [node_digest(level[n], level[n + 1]) for n in range(0, len(level) - 1, 2)]
            self._levels.append(level)

    def root(self, size: int | None = None) -> bytes:
        """MTH(D[0:size]); of the whole tree without `size`."""
        size = self.size if size is None else size
        self._check(size)
        return self._digest(0, size) if size else EMPTY_ROOT

    def inclusion(self, number: int, size: int | None = None) -> tuple[bytes, ...]:
        """PATH(number, D[0:size]), section 2.1.1: from the leaf upwards."""
        size = self.size if size is None else size
        self._check(size)
        if not 0 <= number < size:
            raise BadInput(f"a tree of {size} leaves has no leaf {number} (counted from 0)")
        return tuple(self._path(number, 0, size))

    def consistency(self, first: int, second: int | None = None) -> tuple[bytes, ...]:
        """PROOF(first, D[0:second]), section 2.1.2; empty where both are the same tree, or the first has no leaf."""
        second = self.size if second is None else second
        self._check(second)
        if not 0 <= first <= second:
            raise BadInput(f"a tree of {first} leaves is not the beginning of one of {second}")
        return () if first in (0, second) else tuple(self._subproof(first, 0, second, whole=True))

    def _check(self, size: int) -> None:
        if not 0 <= size <= self.size:
            raise BadInput(f"the tree has {self.size} leaves, not {size}")

    def _digest(self, start: int, end: int) -> bytes:
        """MTH(D[start:end]), where the RFC's splits lead; `start` is a multiple of the range's upper power of two."""
        count = end - start
        if count & (count - 1) == 0:
            level = count.bit_length() - 1
            return self._levels[level][start >> level]
        middle = start + _split(count)
        return node_digest(self._digest(start, middle), self._digest(middle, end))

    def _path(self, number: int, start: int, end: int) -> list[bytes]:
        if end - start == 1:
            return []
        middle = start + _split(end - start)
        if number < middle:
            return [*self._path(number, start, middle), self._digest(middle, end)]
        return [*self._path(number, middle, end), self._digest(start, middle)]

    def _subproof(self, first: int, start: int, end: int, *, whole: bool) -> list[bytes]:
        """`whole`: the smaller tree's root is known to whoever checks, as long as it is a subtree by itself."""
        if first == end:
            return [] if whole else [self._digest(start, end)]
        middle = start + _split(end - start)
        if first <= middle:
            return [*self._subproof(first, start, middle, whole=whole), self._digest(middle, end)]
        return [*self._subproof(first, middle, end, whole=False), self._digest(start, middle)]


def included(leaf: bytes, number: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether `leaf` (a leaf digest) is number `number` (from 0) of the tree: RFC 9162, section 2.1.3.2."""
    if not 0 <= number < size or any(len(each) != 32 for each in proof):
        return False
    place, last, digest = number, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return False
        if place & 1 or place == last:
            digest = node_digest(sibling, digest)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            digest = node_digest(digest, sibling)
        place, last = place >> 1, last >> 1
    return last == 0 and digest == root


def consistent(first: int, first_root: bytes, second: int, second_root: bytes, proof: Sequence[bytes]) -> bool:
    """Whether the tree of `first` leaves is the beginning of that of `second`: RFC 9162, section 2.1.4.2."""
    if not 0 <= first <= second or any(len(each) != 32 for each in proof):
        return False
    if first == second:
        return not proof and first_root == second_root
    if first == 0:
        return not proof and first_root == EMPTY_ROOT
    path = [first_root, *proof] if first & (first - 1) == 0 else list(proof)
    if not path:
        return False
    place, last = first - 1, second - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    old = new = path[0]
    for sibling in path[1:]:
        if last == 0:
            return False
        if place & 1 or place == last:
            old, new = node_digest(sibling, old), node_digest(sibling, new)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            new = node_digest(new, sibling)
        place, last = place >> 1, last >> 1
    return last == 0 and old == first_root and new == second_root


def _split(count: int) -> int:
    """The largest power of two smaller than `count`."""
    return 1 << (count - 1).bit_length() - 1
