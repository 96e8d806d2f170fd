"""What holds of every Merkle tree: proofs prove, and nothing else does."""

import hashlib

from hypothesis import given, settings
from hypothesis import strategies as st

from tomeishi.storage import merkle

seeded = settings(derandomize=True, deadline=None, max_examples=80)
sizes = st.integers(1, 40)


def leaves(count: int) -> list[bytes]:
    return [str(number).encode() for number in range(count)]


def plain_root(data: list[bytes]) -> bytes:
    """The RFC's definition, word by word."""
    if len(data) <= 1:
        return hashlib.sha256(b"\x00" + data[0] if data else b"").digest()
    split = 1
    while split * 2 < len(data):
        split *= 2
    return hashlib.sha256(b"\x01" + plain_root(data[:split]) + plain_root(data[split:])).digest()


@seeded
@given(st.integers(0, 70))
def test_a_root_is_what_the_rfc_defines(size: int) -> None:
    assert merkle.Tree(leaves(size)).root() == plain_root(leaves(size))
    assert merkle.Tree(leaves(70)).root(size) == plain_root(leaves(size))


@seeded
@given(sizes, st.data())
def test_every_leaf_is_proved_and_no_other_in_its_place(size: int, data: st.DataObject) -> None:
    tree = merkle.Tree(leaves(40))
    number, other = (data.draw(st.integers(0, size - 1)) for _ in range(2))
    proof = tree.inclusion(number, size)
    leaf = merkle.leaf_digest(leaves(40)[number])
    assert merkle.included(leaf, number, size, proof, tree.root(size))
    assert not merkle.included(merkle.leaf_digest(b"other"), number, size, proof, tree.root(size))
    if other != number:
        assert not merkle.included(leaf, other, size, proof, tree.root(size))
    assert not merkle.included(leaf, number, size, (*proof, leaf), tree.root(size))
    if proof:
        assert not merkle.included(leaf, number, size, proof[:-1], tree.root(size))
        assert not merkle.included(leaf, number, size, (*proof[:-1], proof[-1][:-1] + b"!"), tree.root(size))


@seeded
@given(sizes, sizes, st.integers(0, 39))
def test_a_beginning_is_proved_and_no_rewritten_one(one: int, other: int, changed: int) -> None:
    first, second = sorted((one, other))
    tree = merkle.Tree(leaves(40))
    proof = tree.consistency(first, second)
    roots = tree.root(first), tree.root(second)
    assert merkle.consistent(first, roots[0], second, roots[1], proof)
    rewritten = leaves(second)
    rewritten[changed % second] = b"rewritten"
    false = merkle.Tree(rewritten)
    if changed % second < first:
        assert not merkle.consistent(first, roots[0], second, false.root(), false.consistency(first))
    assert not merkle.consistent(first, roots[0], second, false.root(), proof)
    assert not merkle.consistent(first, false.root(), second, roots[1], proof) or first == 0
    if first < second:
        assert not merkle.consistent(second, roots[1], first, roots[0], proof)
        assert not merkle.consistent(first, roots[0], second, roots[1], (*proof, roots[0]))


@seeded
@given(st.integers(-2, 40), st.integers(-2, 40), st.lists(st.binary(min_size=0, max_size=33), max_size=6))
def test_no_made_up_proof_holds_or_breaks_anything(one: int, other: int, proof: list[bytes]) -> None:
    leaf, root = merkle.leaf_digest(b"made up"), merkle.Tree(leaves(40)).root()
    assert not merkle.included(leaf, one, other, proof, root)
    if one != other:
        assert not merkle.consistent(one, leaf, other, root, proof)
