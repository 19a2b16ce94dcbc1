"""The Merkle tree against RFC 9162 word for word: a naive recursive reference, and proofs that hold only for the truth."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from govcloud.audit import merkle

SIZES = st.integers(min_value=1, max_value=70)


def entries(size: int) -> list[bytes]:
    return [f"entry {number}".encode() for number in range(size)]


def naive_root(data: list[bytes]) -> bytes:
    """MTH of RFC 9162 section 2.1.1."""
    if not data:
        return sha256(b"").digest()
    if len(data) == 1:
        return sha256(b"\x00" + data[0]).digest()
    split = largest_power_below(len(data))
    return sha256(b"\x01" + naive_root(data[:split]) + naive_root(data[split:])).digest()


def naive_path(index: int, data: list[bytes]) -> list[bytes]:
    """PATH of RFC 9162 section 2.1.3.1."""
    if len(data) == 1:
        return []
    split = largest_power_below(len(data))
    if index < split:
        return [*naive_path(index, data[:split]), naive_root(data[split:])]
    return [*naive_path(index - split, data[split:]), naive_root(data[:split])]


def naive_subproof(old: int, data: list[bytes], *, whole: bool) -> list[bytes]:
    """SUBPROOF of RFC 9162 section 2.1.4.1."""
    if old == len(data):
        return [] if whole else [naive_root(data)]
    split = largest_power_below(len(data))
    if old <= split:
        return [*naive_subproof(old, data[:split], whole=whole), naive_root(data[split:])]
    return [*naive_subproof(old - split, data[split:], whole=False), naive_root(data[:split])]


def largest_power_below(count: int) -> int:
    power = 1
    while power * 2 < count:
        power *= 2
    return power


class Store:
    """A tree grown leaf by leaf, with its nodes kept as the database keeps them."""

    def __init__(self, data: list[bytes]) -> None:
        self.frontier = merkle.Frontier()
        self.hashes: dict[tuple[int, int], bytes] = {}
        for position, entry in enumerate(data):
            leaf = merkle.leaf_hash(entry)
            self.hashes[0, position] = leaf
            for node in self.frontier.append(leaf):
                assert (node.level, node.position) not in self.hashes
                self.hashes[node.level, node.position] = node.hash

    def node(self, level: int, position: int) -> bytes:
        return self.hashes[level, position]


def test_the_empty_tree_has_the_root_of_the_standard() -> None:
    assert merkle.Frontier().root() == merkle.EMPTY_ROOT == naive_root([])


@given(SIZES)
def test_growing_leaf_by_leaf_gives_the_root_of_the_standard(size: int) -> None:
    data = entries(size)
    store = Store(data)
    assert store.frontier.size == size
    assert store.frontier.root() == naive_root(data) == merkle.root(size, store.node)


@given(SIZES)
def test_stored_nodes_are_the_perfect_subtrees(size: int) -> None:
    data = entries(size)
    for (level, position), stored in Store(data).hashes.items():
        assert stored == naive_root(data[position << level : (position + 1) << level])


@given(SIZES, SIZES)
def test_a_frontier_goes_on_from_stored_nodes(size: int, more: int) -> None:
    data = entries(size + more)
    store = Store(data[:size])
    frontier = merkle.Frontier(size, [store.node(*subtree) for subtree in merkle.perfect_subtrees(0, size)])
    for entry in data[size:]:
        frontier.append(merkle.leaf_hash(entry))
    assert frontier.root() == naive_root(data)


@given(st.data())
def test_an_inclusion_proof_is_that_of_the_standard_and_proves_only_the_truth(data: st.DataObject) -> None:
    size = data.draw(SIZES)
    index = data.draw(st.integers(min_value=0, max_value=size - 1))
    all_entries = entries(size)
    store = Store(all_entries)
    ranges = merkle.inclusion_ranges(index, size)
    path = merkle.proof(ranges, store.node)
    assert path == naive_path(index, all_entries)
    assert merkle.nodes_of(ranges) <= store.hashes.keys()
    leaf, root = merkle.leaf_hash(all_entries[index]), naive_root(all_entries)
    assert merkle.inclusion_holds(index, size, leaf, path, root)
    assert not merkle.inclusion_holds(index, size, merkle.leaf_hash(b"another"), path, root)
    assert not merkle.inclusion_holds(index, size, leaf, path, bytes(32))
    assert not merkle.inclusion_holds(index, size, leaf, [*path, bytes(32)], root)
    assert not merkle.inclusion_holds(size, size, leaf, path, root)
    for other in range(size):
        assert merkle.inclusion_holds(other, size, leaf, path, root) == (other == index)


@given(st.data())
def test_a_consistency_proof_is_that_of_the_standard_and_proves_only_the_truth(data: st.DataObject) -> None:
    size = data.draw(SIZES)
    old = data.draw(st.integers(min_value=1, max_value=size))
    all_entries = entries(size)
    store = Store(all_entries)
    path = merkle.proof(merkle.consistency_ranges(old, size), store.node)
    assert path == naive_subproof(old, all_entries, whole=True)
    old_root, root = naive_root(all_entries[:old]), naive_root(all_entries)
    assert merkle.consistency_holds(old, old_root, size, root, path)
    assert not merkle.consistency_holds(old, bytes(32), size, root, path)
    assert not merkle.consistency_holds(old, old_root, size, bytes(32), path)
    assert not merkle.consistency_holds(old, old_root, size, root, [*path, bytes(32)])
    for left_out in range(len(path)):
        assert not merkle.consistency_holds(old, old_root, size, root, path[:left_out] + path[left_out + 1 :])


@given(st.data())
def test_a_fork_has_no_consistency_proof_of_this_form(data: st.DataObject) -> None:
    size = data.draw(st.integers(min_value=2, max_value=70))
    old = data.draw(st.integers(min_value=1, max_value=size - 1))
    changed = data.draw(st.integers(min_value=0, max_value=old - 1))
    forked = entries(size)
    forked[changed] = b"rewritten"
    store = Store(forked)
    path = merkle.proof(merkle.consistency_ranges(old, size), store.node)
    assert not merkle.consistency_holds(old, naive_root(entries(old)), size, naive_root(forked), path)


@pytest.mark.parametrize(("index", "size"), [(0, 0), (1, 1), (-1, 3), (3, 3)])
def test_there_is_no_proof_for_a_leaf_outside_the_tree(index: int, size: int) -> None:
    with pytest.raises(ValueError, match="has no leaf"):
        merkle.inclusion_ranges(index, size)


@pytest.mark.parametrize(("old", "size"), [(0, 3), (4, 3)])
def test_there_is_no_consistency_proof_from_outside(old: int, size: int) -> None:
    with pytest.raises(ValueError, match="cannot continue"):
        merkle.consistency_ranges(old, size)
    assert not merkle.consistency_holds(old, bytes(32), size, bytes(32), [])


def test_a_frontier_needs_the_edge_of_its_size() -> None:
    with pytest.raises(ValueError, match="has an edge of 2 subtrees"):
        merkle.Frontier(5, [bytes(32)])


def test_a_range_begins_at_the_edge_of_a_subtree() -> None:
    with pytest.raises(ValueError, match="do not begin"):
        list(merkle.perfect_subtrees(1, 3))
