"""Who may decide: up the tree from the owning department, nearest first, never the barred, never somebody beside or below."""

from __future__ import annotations

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from govcloud.access.routing import Holder, candidates, ids_of, levels, nearest

A, B, C = (UUID(int=number) for number in (1, 2, 3))
TOP, MIDDLE, OWNER = f"/{A.hex}/", f"/{A.hex}/{B.hex}/", f"/{A.hex}/{B.hex}/{C.hex}/"
ZHANG, LI, WANG = (UUID(int=number) for number in (11, 12, 13))

segments = st.sampled_from(["a", "b", "ab", "c"])
paths = st.lists(segments, min_size=1, max_size=5).map(lambda parts: "/" + "/".join(parts) + "/")
holders = st.builds(Holder, st.sampled_from([ZHANG, LI, WANG]), paths)


def test_levels_go_up_to_the_top() -> None:
    assert levels(OWNER) == (OWNER, MIDDLE, TOP)
    assert levels("") == ()
    assert ids_of(levels(OWNER)) == (C, B, A)


def test_the_nearest_are_asked_first_and_barred_ones_never() -> None:
    everybody = [Holder(ZHANG, TOP), Holder(LI, OWNER), Holder(WANG, OWNER)]
    assert nearest(OWNER, everybody) == (Holder(LI, OWNER), Holder(WANG, OWNER))
    assert nearest(OWNER, everybody, {LI}) == (Holder(WANG, OWNER),)
    assert nearest(OWNER, everybody, {LI, WANG}) == (Holder(ZHANG, TOP),)
    assert nearest(OWNER, everybody, {LI, WANG, ZHANG}) == ()


def test_a_neighbour_whose_path_begins_alike_is_no_candidate() -> None:
    assert candidates("/a/b/", [Holder(LI, "/a/bc/"), Holder(WANG, "/a/b/c/")]) == ()


@given(paths, st.lists(holders, max_size=8), st.sets(st.sampled_from([ZHANG, LI, WANG])))
def test_candidates_stand_above_the_owner_and_are_not_barred(owner: str, everybody: list[Holder], barred: set[UUID]) -> None:
    found = candidates(owner, everybody, barred)
    assert all(owner.startswith(holder.path) and holder.official_id not in barred for holder in found)
    assert [len(holder.path) for holder in found] == sorted((len(holder.path) for holder in found), reverse=True)


@given(paths, st.lists(holders, max_size=8), st.sets(st.sampled_from([ZHANG, LI])))
def test_routing_is_never_empty_while_the_top_has_somebody(owner: str, everybody: list[Holder], barred: set[UUID]) -> None:
    assert nearest(owner, [*everybody, Holder(WANG, levels(owner)[-1])], barred)


@given(paths, st.lists(holders, max_size=8))
def test_routing_does_not_depend_on_the_order_in_which_holders_are_found(owner: str, everybody: list[Holder]) -> None:
    assert nearest(owner, everybody) == nearest(owner, reversed(everybody))
