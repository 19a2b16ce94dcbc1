"""The engine against stock ``casbin.Enforcer`` on random models of the same shape: a hundred thousand decisions, and no difference."""

from __future__ import annotations

from collections import Counter
from functools import lru_cache

import pytest
from hypothesis import HealthCheck, given, settings

from govcloud.authorization.deciding.engine import Verdict
from govcloud.authorization.scopes.fields import Shown, shown
from govcloud.authorization.scopes.scope import Scope
from tests.unit.authorization.reference import KEYS, Answer, Reference
from tests.unit.authorization.worlds import UNIVERSE, World, make_world, worlds

#: Stretches that can run beside each other, worlds in each, and what is asked in each world.
STRETCHES, WORLDS, PEOPLE, QUESTIONS = 8, 125, 10, 10
DECISIONS = STRETCHES * WORLDS * PEOPLE * QUESTIONS


@lru_cache(4096)
def _as_bits(rows: Scope) -> int:
    """Return the rows of a scope as the reference writes them."""
    return sum(1 << at for at, row in enumerate(UNIVERSE) if rows.covers(dict(zip(KEYS, row, strict=True))))


def _fields_differ(verdict: Verdict, answer: Answer) -> list[str]:
    """Return where a field of a row is shown otherwise than by the best of the rules that opened this very row."""
    found = []
    for at, row in enumerate(UNIVERSE[:: len(UNIVERSE) // 8]):
        told = dict(zip(KEYS, row, strict=True))
        bit = 1 << at * (len(UNIVERSE) // 8)
        for name in ("phone", "id_number", "name"):
            states = {fields.shows(name) for rows, fields in answer.opened if rows & bit}
            wanted = next((state for state in Shown if state in states), None)
            if shown(verdict.views, told, name) is not wanted:
                found.append(f"{name} of {row}: {wanted}")
    return found


def _compare(world: World) -> Counter[str]:
    """Ask every question of everybody both ways.

    Raises:
        AssertionError: the two differ; names the seed.
    """
    reference, seen_kinds = Reference(world), Counter[str]()
    for person in world.people:
        seen = world.seen(person)
        for asked in world.questions:
            verdict, answer = world.verdict(seen, asked), reference.ask(person, asked)
            told = (world.seed, person, asked)
            assert (verdict.allowed, verdict.rule) == (answer.allowed, answer.rule), told
            assert _as_bits(verdict.rows) == answer.rows, told
            if answer.allowed and any(fields.names for _, fields in answer.opened):
                assert _fields_differ(verdict, answer) == [], told
                seen_kinds["with fields"] += 1
            seen_kinds["allowed" if answer.allowed else "forbidden" if answer.rule is not None else "not allowed"] += 1
    return seen_kinds


@settings(max_examples=50, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(worlds())
def test_the_engine_answers_as_stock_casbin_does(world: World) -> None:
    _compare(world)


def test_it_is_a_hundred_thousand_decisions() -> None:
    assert DECISIONS >= 100_000


@pytest.mark.clients
@pytest.mark.parametrize("stretch", range(STRETCHES))
def test_no_difference_in_a_long_stretch(stretch: int) -> None:
    kinds = Counter[str]()
    for number in range(WORLDS):
        kinds += _compare(make_world(stretch * WORLDS + number, people=PEOPLE, questions=QUESTIONS))
    asked = WORLDS * PEOPLE * QUESTIONS
    assert kinds["allowed"] + kinds["forbidden"] + kinds["not allowed"] == asked
    # A fuzz whose questions all come out alike would prove nothing.
    assert min(kinds["allowed"], kinds["not allowed"]) > asked / 8
    assert min(kinds["forbidden"], kinds["with fields"]) > asked / 40
