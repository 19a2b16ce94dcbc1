"""What a denial hangs on: where nothing is said to be lacking, nothing that a question could tell would turn it."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given, settings

from govcloud.authorization.deciding.asking import Asking
from govcloud.authorization.deciding.lacking import lacking
from govcloud.authorization.policies.document import RuleSpec
from govcloud.authorization.scopes.scope import Scope
from govcloud.authorization.subjects.snapshot import Snapshot, Window
from tests.unit.authorization.asking import READ, engine_of
from tests.unit.authorization.worlds import CASES, DIVISIONS, PATHS, Asked, World, worlds

_TOLD = {
    "division": DIVISIONS,
    "department_path": PATHS,
    "case_number": CASES,
    "level": (1, 2, 3, 4),
    "a": ("x", "x, y"),
}


def _completed(asked: Asked, chance: random.Random) -> Asked:
    """Return the question with more said than before, and nothing said otherwise."""
    more = {name: chance.choice(values) for name, values in _TOLD.items() if name not in asked.resource and chance.random() < 2 / 3}
    address = asked.address or chance.choice((None, "10.1.2.3", "192.0.2.1"))
    resource = {**asked.resource, **more}
    return replace(asked, resource=resource, address=address, bounded=asked.bounded or bool(resource))


@settings(max_examples=150)
@given(worlds())
def test_where_nothing_is_lacking_nothing_that_is_told_helps(world: World) -> None:
    chance = random.Random(world.seed)  # noqa: S311 - a seeded world, no secret
    for person in world.people:
        seen = world.seen(person)
        for asked in world.questions:
            if world.verdict(seen, asked).allowed:
                continue
            if lacking(world.engine.policy, world.asking(seen, asked), asked.function):
                continue
            for _ in range(15):
                more = _completed(asked, chance)
                assert not world.verdict(seen, more).allowed, (world.seed, person, asked, more)


@pytest.mark.parametrize(
    ("rules", "resource", "missing"),
    [
        ((RuleSpec("clerk", READ, "resource.level > 2"),), {}, {"resource.level"}),
        ((RuleSpec("clerk", READ, "resource.level > 2"),), {"level": 1}, set()),
        # the nearest of several ways in
        ((RuleSpec("clerk", READ, "resource.a == 1 and resource.b == 1"), RuleSpec("clerk", READ, "resource.c == 1")), {}, {"resource.c"}),
        # a deny that was not lifted has to be, beside an allow that stands
        ((RuleSpec("clerk", READ), RuleSpec("clerk", READ, "resource.sealed == true", "deny")), {}, {"resource.sealed"}),
        ((RuleSpec("clerk", READ), RuleSpec("clerk", READ, "resource.sealed == true", "deny")), {"sealed": True}, set()),
        ((RuleSpec("clerk", READ), RuleSpec("clerk", READ, "", "deny")), {}, set()),
        # beside one that waits as well
        (
            (RuleSpec("clerk", READ, "resource.level > 2"), RuleSpec("clerk", READ, "resource.sealed == true", "deny")),
            {},
            {"resource.level", "resource.sealed"},
        ),
        # rows
        ((RuleSpec("clerk", READ, scope_expr="division under 330106"),), {"department_path": "/a/"}, {"resource.division"}),
        ((RuleSpec("clerk", READ, scope_expr="division under 330106"),), {"division": "330110000000"}, set()),
        ((RuleSpec("clerk", READ, scope_expr="own_department"),), {"division": "330106000000"}, set()),
        # nothing that a question could tell
        ((RuleSpec("clerk", READ, "subject.post == '处长'"),), {}, set()),
        ((RuleSpec("clerk", READ, "context.workday"),), {}, set()),
        ((RuleSpec("barred", READ),), {}, set()),
        ((), {}, set()),
    ],
)
def test_what_is_lacking(rules: tuple[RuleSpec, ...], resource: dict[str, object], missing: set[str]) -> None:
    engine = engine_of(*rules)
    asking = Asking(
        Snapshot("someone", {}, {"clerk": (Window(0),)}), READ, 10, label=0, resource=resource, context={}, bounded=bool(resource)
    )
    assert not engine.decide(asking, READ).allowed
    assert lacking(engine.policy, asking, READ) == missing


def test_who_is_not_cleared_lacks_nothing_that_could_be_told() -> None:
    engine = engine_of(RuleSpec("clerk", READ, "resource.level > 2"))
    asking = Asking(Snapshot("someone", {"label": 1}, {"clerk": (Window(0),)}), READ, 10, label=2, resource={}, context={}, bounded=False)
    assert lacking(engine.policy, asking, READ) == frozenset()


def test_a_delegated_role_lacks_the_department() -> None:
    engine = engine_of(RuleSpec("clerk", READ))
    window = Window(0, None, Scope(), department_path="/a/")
    asking = Asking(Snapshot("someone", {}, {"clerk": (window,)}), READ, 10, label=0, resource={"id": "7"}, context={}, bounded=True)
    assert lacking(engine.policy, asking, READ) == {"resource.department_path"}
