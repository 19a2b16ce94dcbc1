"""Paths of the department tree: they follow every move, and name the lowest place above several."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from govcloud.identity.paths import lies_within, moved, path_above_all, path_below

IDS = st.uuids()
PATHS = st.lists(st.sampled_from([UUID(int=number) for number in range(1, 5)]), min_size=1, max_size=5).map(
    lambda ids: "/" + "".join(f"{item.hex}/" for item in ids)
)


def test_a_root_and_a_child() -> None:
    root, child = uuid4(), uuid4()
    assert path_below(None, root) == f"/{root.hex}/"
    assert path_below(f"/{root.hex}/", child) == f"/{root.hex}/{child.hex}/"


@given(PATHS, IDS, PATHS)
def test_a_move_keeps_what_lies_below(old: str, below: UUID, new: str) -> None:
    assert moved(path_below(old, below), old, new) == path_below(new, below)
    assert moved(old, old, new) == new


def test_only_what_lies_within_moves() -> None:
    with pytest.raises(ValueError, match="does not lie within"):
        moved("/a/", "/b/", "/c/")


@given(st.lists(PATHS, min_size=1, max_size=6))
def test_the_place_above_all_holds_all_and_nothing_lower_does(paths: list[str]) -> None:
    place = path_above_all(paths)
    if place is None:
        assert len({path.split("/")[1] for path in paths}) > 1
        return
    assert all(lies_within(path, place) for path in paths)
    lower = {path[: path.index("/", len(place)) + 1] for path in paths if path != place}
    assert place in paths or len(lower) > 1


def test_no_path_has_no_place_above() -> None:
    assert path_above_all([]) is None


def test_ids_that_begin_alike_are_different_places() -> None:
    assert path_above_all(["/aa/b1/", "/aa/b2/"]) == "/aa/"
    assert not lies_within("/aab/", "/aa/")
