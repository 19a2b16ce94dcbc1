"""Small random worlds for the engine's tests: policies, subjects and questions, and the strategies that make them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from hypothesis import strategies as st

from govcloud.authorization.asking import Asking
from govcloud.authorization.document import RoleSpec, RuleSpec
from govcloud.authorization.engine import Engine, Verdict
from govcloud.authorization.policy import compile_policy
from govcloud.authorization.shipped import model_text
from govcloud.authorization.snapshot import AssignmentFact, GrantFact, instant, take_snapshot

START = datetime(2026, 11, 24, tzinfo=UTC)
ROLES = ("alpha", "beta", "gamma", "delta")
FUNCTIONS = ("housing:register:read", "housing:register:export", "assistance:case:read")
NAMED = (*FUNCTIONS, FUNCTIONS[0], FUNCTIONS[0], "housing:*", "housing:*", "assistance:*")
DIVISIONS = ("330000000000", "330100000000", "330106000000", "330110000000", "330111000000")
CONDITIONS = (
    "",
    "",
    "",
    "",
    "resource.level > 2",
    "resource.division == subject.division",
    'context.time < "12:00"',
    "not (resource.level > 2)",
    'resource.a == "x, y" or resource.level == 1',
)
SCOPES = ("", "", "", "", "own_division", "divisions: 330106000000, 330111000000")


@dataclass(frozen=True)
class World:
    """A policy, one subject's facts and one question; ``hour`` is when it is asked, counted from ``START``."""

    includes: dict[str, tuple[str, ...]]
    rules: tuple[RuleSpec, ...]
    assignments: tuple[AssignmentFact, ...]
    grants: tuple[GrantFact, ...]
    attributes: dict[str, Any]
    function: str
    resource: dict[str, Any]
    hour: int

    @property
    def now(self) -> datetime:
        """Return the moment of the question."""
        return START + timedelta(hours=self.hour)

    def engine(self) -> Engine:
        """Return the engine of the world's policy."""
        roles = [RoleSpec(code, code, includes=self.includes.get(code, ())) for code in ROLES]
        return Engine(model_text(), compile_policy(1, roles, self.rules))

    def asking(self, engine: Engine) -> Asking:
        """Return the question as the engine takes it."""
        snapshot = take_snapshot("someone", self.attributes, self.assignments, self.grants, engine.policy.closure)
        context = {"time": f"{self.now:%H:%M}"}
        bounded = bool(self.resource)
        return Asking(snapshot, self.function, instant(self.now), resource=self.resource, context=context, bounded=bounded)

    def verdict(self, engine: Engine) -> Verdict:
        """Return what the engine says."""
        return engine.decide(self.asking(engine), self.function)


def _hours(value: int) -> datetime:
    return START + timedelta(hours=value)


_HOURS = st.integers(-3, 3)
_PAST = st.integers(-3, 0)
_WINDOWS = st.tuples(_PAST, st.one_of(st.none(), st.none(), _HOURS))
_SCOPES = st.one_of(
    st.none(),
    st.none(),
    st.none(),
    st.lists(st.sampled_from(DIVISIONS), max_size=2).map(lambda codes: {"divisions": codes}),
    st.sampled_from(("/a/", "/a/b/", "/c/")).map(lambda path: {"department_path": path}),
)


@st.composite
def _assignments(draw: st.DrawFn) -> AssignmentFact:
    start, end = draw(_WINDOWS)
    return AssignmentFact(draw(st.sampled_from(ROLES)), _hours(start), None if end is None else _hours(end), draw(_SCOPES))


@st.composite
def _grants(draw: st.DrawFn) -> GrantFact:
    start, end = draw(_HOURS), draw(_HOURS)
    scope = draw(st.one_of(st.none(), st.lists(st.sampled_from(DIVISIONS), min_size=1, max_size=2).map(lambda codes: {"divisions": codes})))
    closed = _hours(0) if draw(st.integers(0, 4)) == 0 else None
    number = draw(st.integers(1, 2**64))
    return GrantFact(UUID(int=number), draw(st.sampled_from(FUNCTIONS)), _hours(start), _hours(end), scope, closed, draw(st.booleans()))


@st.composite
def _rules(draw: st.DrawFn) -> RuleSpec:
    effect = draw(st.sampled_from(("allow",) * 7 + ("deny",)))
    scope = draw(st.sampled_from(SCOPES)) if effect == "allow" else ""
    condition = draw(st.sampled_from(CONDITIONS))
    return RuleSpec(draw(st.sampled_from(ROLES)), draw(st.sampled_from(NAMED)), condition, effect, scope, label=f"rule {scope}{condition}")


@st.composite
def worlds(draw: st.DrawFn, most_rules: int = 12) -> World:
    """Return a strategy of worlds; roles include only later ones, so that no circle arises."""
    includes = {role: tuple(draw(st.sets(st.sampled_from(ROLES[place + 1 :])))) for place, role in enumerate(ROLES[:-1])}
    resource = draw(
        st.fixed_dictionaries(
            {},
            optional={
                "division": st.sampled_from(DIVISIONS),
                "department_path": st.sampled_from(("/a/", "/a/b/", "/a/b/c/", "/c/", "/ab/")),
                "level": st.integers(1, 4),
                "a": st.sampled_from(("x", "x, y")),
            },
        )
    )
    return World(
        includes=includes,
        rules=tuple(draw(st.lists(_rules(), min_size=draw(st.sampled_from((0, 4, 6))), max_size=most_rules))),
        assignments=tuple(draw(st.lists(_assignments(), min_size=draw(st.sampled_from((0, 2))), max_size=5))),
        grants=tuple(draw(st.lists(_grants(), max_size=4))),
        attributes={"division": draw(st.sampled_from(DIVISIONS))} if draw(st.booleans()) else {},
        function=draw(st.sampled_from((FUNCTIONS[0], *FUNCTIONS))),
        resource=resource if draw(st.booleans()) else {},
        hour=draw(_HOURS),
    )
