"""Roles by duty: the compiled index finds what a plain comparison finds, and the windows are those of rule and appointment."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from govcloud.authorization.subjects.duties import Duty, compile_duties
from govcloud.authorization.subjects.holding import take_snapshot
from govcloud.authorization.subjects.snapshot import instant
from govcloud.authorization.subjects.subjects import official_snapshot
from govcloud.identity.finding.criteria import AppointmentCriteria
from govcloud.identity.queries import Subject
from tests.factories.subjects import serving

START = datetime(2026, 1, 1, tzinfo=UTC)
POSITIONS, POSTS, RANKS = ("窗口受理员", "业务审核员", "数据管理员"), ("科员", "处长", ""), ("一级科员", "县处级正职")
KINDS, LEVELS, LINES = ("primary", "concurrent", "secondment"), ("province", "county"), ("民政", "住房", "医保")
DEPARTMENTS = tuple(UUID(int=number) for number in (1, 2, 3))
DIVISIONS = ("330000000000", "330100000000", "330106000000", "330110000000", "331000000000")


def some(values: tuple[str, ...]) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(st.sampled_from(values), max_size=2, unique=True).map(tuple)


criteria = st.builds(
    AppointmentCriteria,
    positions=some(POSITIONS),
    posts=some(POSTS),
    ranks=some(RANKS),
    kinds=some(KINDS),
    levels=some(LEVELS),
    business_lines=some(LINES),
    department_id=st.none() | st.sampled_from(DEPARTMENTS),
    division_code=st.none() | st.sampled_from(DIVISIONS),
)
hours = st.integers(0, 40)


@st.composite
def duties(draw: st.DrawFn) -> Duty:
    starts = draw(hours)
    ends = draw(st.none() | st.integers(starts, 60))
    return Duty(
        UUID(int=draw(st.integers(1, 1_000_000))),
        draw(st.sampled_from(("alpha", "beta", "gamma"))),
        "label",
        draw(criteria),
        draw(st.booleans()),
        START + timedelta(hours=starts),
        None if ends is None else START + timedelta(hours=ends),
    )


@st.composite
def subjects(draw: st.DrawFn) -> Subject:
    below = draw(st.lists(st.sampled_from(DEPARTMENTS), min_size=1, max_size=3, unique=True))
    starts = draw(hours)
    ends = draw(st.none() | st.integers(starts + 1, 60))
    return serving(
        draw(st.sampled_from(POSITIONS)),
        post=draw(st.sampled_from(POSTS)),
        rank=draw(st.sampled_from(RANKS)),
        kind=draw(st.sampled_from(KINDS)),
        level=draw(st.sampled_from(LEVELS)),
        business_lines=draw(some(LINES)),
        department_path="/" + "/".join(department.hex for department in below) + "/",
        division=draw(st.sampled_from(DIVISIONS)),
        starts_at=START + timedelta(hours=starts),
        ends_at=None if ends is None else START + timedelta(hours=ends),
    )


rule_sets = st.lists(duties(), max_size=8, unique_by=lambda duty: duty.id)


@given(rule_sets, subjects())
def test_the_index_finds_what_a_plain_comparison_finds(rules: list[Duty], subject: Subject) -> None:
    found = compile_duties(rules).matching(subject)
    assert {duty.id for duty in found} == {duty.id for duty in rules if duty.criteria.met_by(subject)}
    assert len({duty.id for duty in found}) == len(found)


@given(rule_sets, subjects(), st.integers(0, 70))
def test_a_role_is_held_while_rule_and_appointment_hold(rules: list[Duty], subject: Subject, hour: int) -> None:
    """What the snapshot says at any moment is what one would say with the rules and the appointment at hand."""
    at = START + timedelta(hours=hour)
    closure = {"alpha": frozenset({"alpha", "beta"}), "beta": frozenset({"beta"}), "gamma": frozenset({"gamma"})}
    snapshot = official_snapshot(subject.official_id, subject, (), (), closure, duties=compile_duties(rules))
    live = {role for role, windows in snapshot.roles.items() if any(window.live(instant(at)) for window in windows)}
    serves = subject.starts_at <= at and (subject.ends_at is None or at < subject.ends_at)
    direct = {
        duty.role_code
        for duty in rules
        if serves and duty.criteria.met_by(subject) and duty.starts_at <= at and (duty.ends_at is None or at < duty.ends_at)
    }
    assert live == {"official"}.union(*(closure[role] for role in direct))


@given(rule_sets, subjects())
def test_a_bounded_role_reaches_over_the_own_department(rules: list[Duty], subject: Subject) -> None:
    bounded = {duty.id: duty.bound for duty in rules}
    for _, window in compile_duties(rules).held(subject):
        assert window.duty_id is not None
        assert window.department_path == (subject.department_path if bounded[window.duty_id] else None)


def test_without_duties_nothing_changes() -> None:
    assert take_snapshot("official", {}, (), (), {}).roles == {}
    assert compile_duties(()).matching(serving()) == ()


def test_matching_costs_microseconds_whatever_the_number_of_rules() -> None:
    """A thousand rules over a hundred lines: the index looks at a handful of them."""
    rules = [
        Duty(
            UUID(int=number),
            f"role_{number}",
            "",
            AppointmentCriteria((f"岗位{number % 10}",), business_lines=(f"条线{number % 100}",)),
            bound=False,
            starts_at=START,
        )
        for number in range(1_000)
    ]
    compiled, subject = compile_duties(rules), serving("岗位3", "条线3")
    assert len(compiled.matching(subject)) == 10
    began = time.perf_counter()
    for _ in range(1_000):
        compiled.matching(subject)
    assert (time.perf_counter() - began) / 1_000 < 100e-6
