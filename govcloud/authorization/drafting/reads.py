"""What of a subject can make a condition come out otherwise while nothing is known of the thing, the time and the place.

People of whom all of this is the same are decided alike, so one decision stands for all of them. A condition is taken apart into its
comparisons: one that also reads the resource or the context is undetermined for everybody, and the subject's part of it does not count.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from govcloud.authorization.policies.conditions import EVERYWHERE, Condition, compile_condition, parse_expression
from govcloud.kernel.validation import identifier

#: Attributes of the department that is served in.
OF_PLACE = frozenset({"department_id", "department_path", "division", "business_lines", "level"})
#: Attributes of the appointment or the person, by which appointments can be grouped.
OF_PERSON = frozenset({"position", "post", "rank", "appointment_kind", "label"})
#: Attributes that are another for everybody: only values that a condition names can make a difference.
OF_ONE = frozenset({"official_id", "appointment_id"})
#: Attributes that every official has alike, or none has.
OF_ALL = frozenset({"kind", "client_id", "active_appointment"})
#: Of somebody who serves in one place, what is read of all places is that one.
_ALL_DEPARTMENTS, _ALL_POSITIONS = "all_department_ids", "all_positions"


@dataclass(frozen=True)
class Reads:
    """What relevant conditions read by themselves.

    Attributes:
        attributes: of the appointment or the person, taken as they are.
        places: comparisons that read the department alone; only their truth matters.
        raw_places: attributes of the department that are compared with others of the subject.
        named: people (or appointments) that a condition names.
        everywhere: whether all appointments of a person count.
    """

    attributes: frozenset[str]
    places: tuple[Condition, ...]
    raw_places: frozenset[str]
    named: frozenset[UUID]
    everywhere: bool

    def of_place(self, place: Mapping[str, Any]) -> tuple[object, ...]:
        """Return what the conditions can tell a department by: truths, and raw attributes."""
        facts = {"subject": {**place, _ALL_DEPARTMENTS: (place.get("department_id"),)}, "resource": {}, "context": {}}
        truths = tuple(condition.holds(facts) for condition in self.places)
        return (*truths, *(_hashable(place.get(name)) for name in sorted(self.raw_places)))


def reads_of(conditions: Iterable[str]) -> Reads:
    """Return what ``conditions`` read; each was checked when its policy was saved."""
    attributes: set[str] = set()
    raw: set[str] = set()
    named: set[UUID] = set()
    places: dict[str, Condition] = {}
    everywhere = False
    for text in sorted(set(conditions)):
        for atom in _atoms(parse_expression(text.replace("\n", " ").strip())):
            owners, names = _reads(atom)
            if owners != {"subject"}:
                continue
            everywhere = everywhere or bool(names & EVERYWHERE)
            named |= _named(atom) if names & OF_ONE else set()
            if names <= {*OF_PLACE, _ALL_DEPARTMENTS}:
                written = ast.unparse(atom)
                places[written] = compile_condition(written)
                continue
            attributes |= names & OF_PERSON
            raw |= names & OF_PLACE
            attributes |= {"position"} if _ALL_POSITIONS in names else set()
            raw |= {"department_id"} if _ALL_DEPARTMENTS in names else set()
    return Reads(frozenset(attributes), tuple(places.values()), frozenset(raw), frozenset(named), everywhere)


def _atoms(node: ast.expr) -> Iterator[ast.expr]:
    """Return the comparisons, calls and attributes that a condition joins; ``a < b < c`` is two comparisons."""
    match node:
        case ast.BoolOp(values=values):
            for value in values:
                yield from _atoms(value)
        case ast.UnaryOp(operand=operand):
            yield from _atoms(operand)
        case ast.Compare(left=left, ops=ops, comparators=comparators):
            sides = [left, *comparators]
            for place, op in enumerate(ops):
                yield ast.Compare(sides[place], [op], [sides[place + 1]])
        case _:
            yield node


def _reads(atom: ast.expr) -> tuple[set[str], set[str]]:
    """Return whose attributes an atom reads, and which of the subject's."""
    found = [node for node in ast.walk(atom) if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)]
    owners = {node.value.id for node in found if isinstance(node.value, ast.Name)}
    return owners, {node.attr for node in found if isinstance(node.value, ast.Name) and node.value.id == "subject"}


def _named(atom: ast.expr) -> set[UUID]:
    """Return the ids that stand in an atom as text."""
    texts = (node.value for node in ast.walk(atom) if isinstance(node, ast.Constant) and isinstance(node.value, str))
    return {found for text in texts if (found := identifier(text)) is not None}


def _hashable(value: object) -> object:
    return tuple(value) if isinstance(value, list | tuple) else value
