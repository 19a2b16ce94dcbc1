"""Stock Casbin over every rule of a world, with what the matcher calls worked out plainly: the engine's equal in every answer.

It shares the model, Casbin, and the meaning of conditions and scopes with nothing that decides in production: policy unsliced,
simpleeval, Casbin's own role manager, rows as sets of bits.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import Any

import casbin

from govcloud.authorization.deciding.policy import GRANT_RULE
from govcloud.authorization.policies.document import RuleSpec
from govcloud.authorization.scopes.fields import FieldRule
from govcloud.authorization.shipped import model_text
from tests.unit.authorization.worlds import (
    CONDITIONS,
    EVERY_ROW,
    IN_DEPARTMENT,
    IN_DIVISION,
    OF_CASE,
    PLACE,
    SCOPES,
    UNIVERSE,
    Asked,
    Person,
    World,
)

KEYS = ("division", "department_path", "case_number")


@dataclass(frozen=True)
class Held:
    """A role that is held now: the rows of its window, and whether it is delegated over a department."""

    role: str
    rows: int
    delegated: bool


@dataclass(frozen=True)
class Answer:
    """What stock Casbin says: yes or no, the rule that it explains it with, and what each rule that matched opens."""

    allowed: bool
    rule: RuleSpec | None
    opened: tuple[tuple[int, FieldRule], ...]

    @property
    def rows(self) -> int:
        """Return all rows that are open."""
        rows = 0
        for opened, _ in self.opened:
            rows |= opened
        return rows


class Reference:
    """One world in stock Casbin; the subjects' live roles are links of its role manager."""

    def __init__(self, world: World) -> None:
        """Load every rule, and link everybody to what they hold now."""
        self.world = world
        self.rules = (*world.rules, GRANT_RULE)
        model = casbin.Enforcer.new_model(text=model_text())
        self._enforcer = casbin.Enforcer(model)
        for number, rule in enumerate(self.rules):
            model["p"]["p"].policy.append([rule.role, rule.function, rule.condition, rule.scope_expr, rule.effect, number])
        self._links = self._enforcer.get_role_manager()
        for role, included in world.includes.items():
            for other in included:
                self._links.add_link(role, other)
        self._held = {person.name: tuple(self._holds(person)) for person in world.people}
        for person in world.people:
            for held in self._held[person.name]:
                self._links.add_link(person.name, held.role)
        for name, function in {
            "dominates": self._dominates,
            "holds": self._condition,
            "covers": self._covers,
            "kept": self._kept,
            "noted": self._noted,
        }.items():
            self._enforcer.add_function(name, function)

    def ask(self, person: Person, asked: Asked) -> Answer:
        """Return Casbin's answer."""
        self._person, self._asked, self._matched = person, asked, list[int]()
        self._facts = {"subject": person.attributes, "resource": asked.resource, "context": self._context(asked)}
        function = asked.function
        label = max(asked.label, asked.resource.get("label", 0))
        everything = f"{function.partition(':')[0]}:*"
        allowed, explained = self._enforcer.enforce_ex(person.name, function, everything, f"grant:{function}", label)
        opened = tuple((self._rows(self.rules[number]), self.rules[number].fields) for number in self._matched) if allowed else ()
        return Answer(allowed, self.rules[explained[5]] if explained else None, opened)

    # What the matcher calls

    def _dominates(self, _subject: str, label: int) -> bool:
        return bool(self._person.attributes.get("label", 0) >= label)

    def _condition(self, _subject: str, condition: str, effect: str) -> bool:
        value = CONDITIONS[condition](self._facts)
        return value is not False if effect == "deny" else value is True

    def _covers(self, _subject: str, role: str, scope_expr: str, effect: str) -> bool:
        return any(self._reached(role, scope_expr, effect))

    def _kept(self, _subject: str, number: int) -> bool:
        return self._asked.level == 3 or not self.rules[number].fields.names

    def _noted(self, _subject: str, number: int) -> bool:
        self._matched.append(number)
        return True

    # What these are worked out from

    def _rows(self, rule: RuleSpec) -> int:
        rows = 0
        for found in self._reached(rule.role, rule.scope_expr, rule.effect):
            rows |= found
        return rows

    def _reached(self, role: str, scope_expr: str, effect: str) -> Iterator[int]:
        """Return the rows that a rule is about in each window through which it reaches what is asked about."""
        asked = self._asked
        wanted = f"grant:{asked.function}" if role == "grant:*" else role
        own = SCOPES[scope_expr](self._person.attributes, self._cases)
        for held in self._held[self._person.name]:
            if held.role != wanted and not (":" not in held.role and self._links.has_link(held.role, wanted)):
                continue
            rows = own & held.rows
            if effect == "allow" and self._asked.level < 2 and rows != EVERY_ROW:
                continue
            if self._place is None:
                if rows and not (held.delegated and asked.bounded and effect == "allow"):
                    yield rows
            elif rows & (1 << PLACE[self._place] if effect == "allow" else self._compatible):
                yield rows

    @property
    def _place(self) -> tuple[Any, Any, Any] | None:
        """Return the row that is asked about; ``None`` when the resource says nothing of its place."""
        resource = self._asked.resource
        return None if not any(key in resource for key in KEYS) else (resource.get(KEYS[0]), resource.get(KEYS[1]), resource.get(KEYS[2]))

    @property
    def _compatible(self) -> int:
        """Return the rows that the resource could be, for all that it says."""
        said = self._place or (None, None, None)
        return sum(1 << at for at, row in enumerate(UNIVERSE) if all(told in {None, value} for told, value in zip(said, row, strict=True)))

    @property
    def _cases(self) -> frozenset[str]:
        now = self.world.now
        live = (grant for grant in self._person.grants if grant.closed_at is None and not grant.suspended)
        scopes = [grant.scope or {} for grant in live if grant.starts_at <= now < grant.ends_at]
        return frozenset(scope["case_number"] for scope in scopes if "case_number" in scope)

    def _holds(self, person: Person) -> Iterator[Held]:
        now = self.world.now
        for fact in person.assignments:
            if fact.starts_at <= now and (fact.ends_at is None or now < fact.ends_at):
                scope = fact.scope or {}
                path = scope.get("department_path")
                rows = _rows_of(scope) & (EVERY_ROW if path is None else IN_DEPARTMENT[path])
                yield Held(fact.role_code, rows, path is not None)
        for grant in person.grants:
            if grant.closed_at is None and not grant.suspended and grant.starts_at <= now < grant.ends_at:
                yield Held(f"grant:{grant.function}", _rows_of(grant.scope or {}), delegated=False)

    def _context(self, asked: Asked) -> Mapping[str, Any]:
        here = self.world.now + timedelta(hours=8)
        zone = None if asked.address is None else "office" if asked.address.startswith("10.") else "outside"
        return {"time": f"{here:%H:%M}", "weekday": here.isoweekday(), "workday": self._is_worked, "network_zone": zone}

    @cached_property
    def _is_worked(self) -> bool:
        """Return whether the world's day is worked: 24 November 2026 is a Tuesday, and no holiday is near."""
        return (self.world.now + timedelta(hours=8)).isoweekday() < 6


def _rows_of(scope: Mapping[str, Any]) -> int:
    """Return the rows of a stored scope."""
    if "any" in scope:
        rows = 0
        for item in scope["any"]:
            met = EVERY_ROW
            for key, sets in zip(KEYS, (IN_DIVISION, IN_DEPARTMENT, OF_CASE), strict=True):
                met &= sets[item[key]] if key in item else EVERY_ROW
            rows |= met
        return rows
    divisions = scope.get("divisions")
    if divisions is None:
        return EVERY_ROW
    rows = 0
    for code in divisions:
        rows |= IN_DIVISION[code]
    return rows
