"""The Merkle tree of RFC 9162 section 2.1 over SHA-256, as pure functions: append, root, inclusion and consistency proofs.

A tree of any size is a row of perfect subtrees. The hash of a perfect subtree never changes once its last leaf stands, so
only those are stored: node ``(level, position)`` covers the leaves ``[position * 2**level, (position + 1) * 2**level)``, and
level 0 are the leaf hashes themselves. Every hash that a root or a proof needs is made from at most ``log2(size)`` of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256

EMPTY_ROOT = sha256(b"").digest()
"""The root of the empty tree (RFC 9162 section 2.1.1)."""

NodeLookup = Callable[[int, int], bytes]
"""Gives the stored hash of the perfect subtree ``(level, position)``."""


@dataclass(frozen=True, slots=True)
class Node:
    """The hash of one perfect subtree."""

    level: int
    position: int
    hash: bytes


def leaf_hash(entry: bytes) -> bytes:
    """Return the hash of a leaf, ``SHA-256(0x00 || entry)`` (RFC 9162 section 2.1.1)."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of an inner node, ``SHA-256(0x01 || left || right)`` (RFC 9162 section 2.1.1)."""
    return sha256(b"\x01" + left + right).digest()


class Frontier:
    """The right edge of a growing tree: the perfect subtrees that its size is the sum of, largest first."""

    def __init__(self, size: int = 0, edge: Sequence[bytes] = ()) -> None:
        """Go on from a tree of ``size`` leaves whose subtrees ``perfect_subtrees(0, size)`` hash to ``edge``."""
        if size.bit_count() != len(edge):
            raise ValueError(f"a tree of {size} leaves has an edge of {size.bit_count()} subtrees, got {len(edge)}")
        self.size = size
        self._edge = list(edge)

    def append(self, leaf: bytes) -> list[Node]:
        """Add a leaf hash; return the inner nodes that it completes, lowest first."""
        completed: list[Node] = []
        level, position, carried = 0, self.size, leaf
        while position & 1:
            carried = node_hash(self._edge.pop(), carried)
            level, position = level + 1, position >> 1
            completed.append(Node(level, position, carried))
        self._edge.append(carried)
        self.size += 1
        return completed

    def root(self) -> bytes:
        """Return the root of all leaves so far."""
        return _fold(self._edge)


def perfect_subtrees(start: int, end: int) -> Iterator[tuple[int, int]]:
    """Give ``(level, position)`` of the perfect subtrees that the leaves ``[start, end)`` consist of, left to right.

    ``start`` is a multiple of the largest power of two that fits, as all ranges of RFC 9162's recursions are.
    """
    while start < end:
        level = (end - start).bit_length() - 1
        if start % (1 << level):
            raise ValueError(f"leaves [{start}, {end}) do not begin at the edge of a subtree")
        yield level, start >> level
        start += 1 << level


def root(size: int, node: NodeLookup) -> bytes:
    """Return the root of the first ``size`` leaves."""
    return _range_hash(0, size, node)


def inclusion_ranges(index: int, size: int) -> list[tuple[int, int]]:
    """Return the leaf ranges whose hashes prove leaf ``index`` in a tree of ``size``, bottom up (RFC 9162 section 2.1.3.1).

    Raises:
        ValueError: the tree has no such leaf.
    """
    if not 0 <= index < size:
        raise ValueError(f"a tree of {size} leaves has no leaf {index}")
    ranges: list[tuple[int, int]] = []
    start, end = 0, size
    while end - start > 1:
        split = start + _largest_power_below(end - start)
        if index < split:
            ranges.append((split, end))
            end = split
        else:
            ranges.append((start, split))
            start = split
    return ranges[::-1]


def consistency_ranges(old: int, size: int) -> list[tuple[int, int]]:
    """Return the leaf ranges whose hashes prove that the tree of ``size`` continues that of ``old`` (RFC 9162 section 2.1.4.1).

    Raises:
        ValueError: ``old`` is not in ``1 … size``.
    """
    if not 0 < old <= size:
        raise ValueError(f"a tree of {size} leaves cannot continue one of {old}")
    ranges: list[tuple[int, int]] = []
    start, end, whole = 0, size, True
    while old != end:
        split = start + _largest_power_below(end - start)
        if old <= split:
            ranges.append((split, end))
            end = split
        else:
            ranges.append((start, split))
            start, whole = split, False
    if not whole:
        ranges.append((start, end))
    return ranges[::-1]


def proof(ranges: Iterable[tuple[int, int]], node: NodeLookup) -> list[bytes]:
    """Return the hashes of the leaf ranges of a proof."""
    return [_range_hash(start, end, node) for start, end in ranges]


def nodes_of(ranges: Iterable[tuple[int, int]]) -> set[tuple[int, int]]:
    """Return every ``(level, position)`` that ``proof`` will ask for, so that they can be fetched at once."""
    return {subtree for start, end in ranges for subtree in perfect_subtrees(start, end)}


def inclusion_holds(index: int, size: int, leaf: bytes, path: Sequence[bytes], tree_root: bytes) -> bool:
    """Say whether ``path`` proves ``leaf`` at ``index`` of the tree (RFC 9162 section 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    position, last, carried = index, size - 1, leaf
    for sibling in path:
        if last == 0:
            return False
        if position & 1 or position == last:
            carried = node_hash(sibling, carried)
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            carried = node_hash(carried, sibling)
        position, last = position >> 1, last >> 1
    return last == 0 and carried == tree_root


def consistency_holds(old: int, old_root: bytes, size: int, tree_root: bytes, path: Sequence[bytes]) -> bool:
    """Say whether ``path`` proves that the tree of ``size`` begins with the tree of ``old`` (RFC 9162 section 2.1.4.2)."""
    if not 0 < old <= size:
        return False
    if old == size:
        return not path and old_root == tree_root
    if not path:
        return False
    steps = [old_root, *path] if old & (old - 1) == 0 else list(path)
    position, last = old - 1, size - 1
    while position & 1:
        position, last = position >> 1, last >> 1
    then = now = steps[0]
    for step in steps[1:]:
        if last == 0:
            return False
        if position & 1 or position == last:
            then, now = node_hash(step, then), node_hash(step, now)
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            now = node_hash(now, step)
        position, last = position >> 1, last >> 1
    return last == 0 and then == old_root and now == tree_root


def _range_hash(start: int, end: int, node: NodeLookup) -> bytes:
    """Return MTH(D[start:end]) (RFC 9162 section 2.1.1) from stored subtrees."""
    return _fold([node(level, position) for level, position in perfect_subtrees(start, end)])


def _fold(edge: Sequence[bytes]) -> bytes:
    """Join perfect subtrees, largest first, into the root above them: the smallest are joined first."""
    if not edge:
        return EMPTY_ROOT
    carried = edge[-1]
    for left in reversed(edge[:-1]):
        carried = node_hash(left, carried)
    return carried


def _largest_power_below(count: int) -> int:
    """Return the largest power of two smaller than ``count`` (at least 2)."""
    return 1 << (count - 1).bit_length() - 1
