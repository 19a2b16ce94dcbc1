"""Who may decide: up the tree from the owning department, nearest first, never the barred, never somebody beside or below."""

from __future__ import annotations

from itertools import combinations
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from govcloud.access.deciding.routing import (
    Authority,
    Holder,
    asked,
    candidates,
    depth_asked,
    ids_of,
    levels,
    nearer_levels,
    nearest,
    path_of_step,
    satisfiable,
    usable,
)
from govcloud.subsystems.approval import Step

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


@given(paths, st.lists(holders, max_size=8), st.sets(st.sampled_from([ZHANG, LI])), st.integers(1, 3))
def test_more_levels_are_asked_from_the_nearest_up(owner: str, everybody: list[Holder], barred: set[UUID], depth: int) -> None:
    first, all_ = asked(owner, everybody, barred, depth=depth), candidates(owner, everybody, barred)
    assert first == all_[: len(first)]
    assert len({holder.path for holder in first}) == min(depth, len({holder.path for holder in all_}))
    assert nearest(owner, everybody, barred) == asked(owner, everybody, barred, depth=1)


def test_the_clock_and_two_departments_each_ask_one_level_more() -> None:
    depths = {(level, distinct): depth_asked(level, distinct_units=distinct) for level in range(4) for distinct in (False, True)}
    assert depths == {(level, distinct): 1 + (level == 3) + distinct for level, distinct in depths}


rights = st.builds(Authority, paths, st.sampled_from([ZHANG, LI, WANG]), st.none(), st.booleans())


@given(st.lists(rights, max_size=8), paths, st.integers(0, 3), st.sets(st.sampled_from([ZHANG, LI])))
def test_a_right_reaches_down_and_a_deputys_only_after_escalation(
    held: list[Authority], path: str, escalation: int, barred: set[UUID]
) -> None:
    found = usable(held, path, escalation, barred)
    assert all(path.startswith(right.path) and right.principal_id not in barred for right in found)
    assert escalation >= 2 or not any(right.deputy for right in found)
    assert set(found) >= {right for right in held if path.startswith(right.path) and right.principal_id not in barred and not right.deputy}


@given(st.lists(paths, max_size=6), st.sets(paths, min_size=1, max_size=3), st.lists(holders, max_size=8))
def test_the_inbox_asks_exactly_those_whom_routing_asks(waiting: list[str], mine: set[str], everybody: list[Holder]) -> None:
    """What the inbox counts in SQL, level by level, is what routing says of each line, for a reader who holds the office at ``mine``."""
    reader = UUID(int=99)
    all_ = [*everybody, *(Holder(reader, path) for path in mine)]
    counted = nearer_levels(waiting, mine, {holder.path for holder in all_})
    for path in waiting:
        for depth in (1, 2, 3):
            by_routing = reader in {holder.official_id for holder in asked(path, all_, depth=depth)}
            assert (path in counted and counted[path] < depth) == by_routing


@given(paths, st.lists(holders, max_size=8), st.sampled_from([OWNER, "/a/b/", "/b/"]))
def test_routing_is_stable_under_a_reorganisation(owner: str, everybody: list[Holder], above: str) -> None:
    """When the whole tree moves below another department, the same people are asked in the same order."""
    moved = [Holder(holder.official_id, above[:-1] + holder.path) for holder in everybody]
    before, after = candidates(owner, everybody), candidates(above[:-1] + owner, moved)
    assert [holder.official_id for holder in before] == [holder.official_id for holder in after]


steps = st.lists(st.builds(Step, st.sampled_from(["owner", "superior"]), st.integers(1, 2)), min_size=1, max_size=3)


@given(steps, paths, st.lists(holders, max_size=6))
def test_steps_can_be_taken_exactly_when_people_can_be_told_off_for_them(wanted: list[Step], owner: str, everybody: list[Holder]) -> None:
    """Against trying every way of giving each step people who have no other."""

    def told_off(rest: list[Step], used: frozenset[UUID]) -> bool:
        if not rest:
            return True
        able = {holder.official_id for holder in candidates(path_of_step(rest[0].kind, owner), everybody)} - used
        return any(told_off(rest[1:], used | set(chosen)) for chosen in combinations(sorted(able), rest[0].needed))

    assert satisfiable(wanted, owner, everybody) == told_off(wanted, frozenset())


def test_two_departments_take_people_of_two() -> None:
    one, two = Holder(ZHANG, OWNER, "/u/"), Holder(LI, OWNER, "/u/")
    pair = (Step(needed=2, distinct_units=True),)
    assert not satisfiable(pair, OWNER, [one, two])
    assert satisfiable(pair, OWNER, [one, two, Holder(WANG, TOP, "/t/")])
