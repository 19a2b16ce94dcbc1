"""Whom another security label of a function would touch, over the API, before it is set."""

from __future__ import annotations

from uuid import UUID

from pydantic import Field

from govcloud.authorization.drafting.effects import GAINS, LOSSES, Effect
from govcloud.authorization.drafting.impacts import AT_ONCE
from govcloud.authorization.drafting.measuring import Measured
from govcloud.entrypoints.api.wire.answers import Answer
from govcloud.entrypoints.api.wire.bodies import Input
from govcloud.entrypoints.api.wire.table import Route
from govcloud.kernel.errors import Conflict
from govcloud.kernel.messages import Message
from govcloud.subsystems.inputs import MOST_LABEL
from govcloud.web.asking import may, may_ask_about, not_your_function, owner_path
from govcloud.web.gate import services, signed_in

CHANGES = "govcloud:function:change"
_NAMED = 200


class LabelQuery(Input):
    """The label that a function would have."""

    label: int = Field(ge=0, le=MOST_LABEL)


class LabelledAnswer(Answer):
    """Somebody who would gain or lose the function."""

    official_id: UUID
    appointment_id: UUID | None
    name: str
    department_name: str
    position: str
    effect: str


class LabelImpactAnswer(Answer):
    """How many appointments would gain and lose the function, and the first of them by name."""

    gains: int
    losses: int
    people: tuple[LabelledAnswer, ...] = Field(description="at most 200; empty for who may change the function and not ask who uses it")


@signed_in
def function_label_impact(code: str, query: LabelQuery) -> LabelImpactAnswer:
    """Whom another security label of a function would touch; nothing is set."""
    if not may(CHANGES, owner_path(code.partition(":")[0]), "function", code):
        raise not_your_function()
    if services().drafting.measuring.groups.more_than(AT_ONCE):
        raise Conflict(
            "too_many_people", Message("全省人数较多，名单请由运维人员试算：govcloud subsystem change-function --label --dry-run。")
        )
    found = services().drafting.relabelling.of_function(code, query.label)
    return LabelImpactAnswer(
        gains=sum(group.size for group in found.touching(GAINS)),
        losses=sum(group.size for group in found.touching(LOSSES)),
        people=_people(found, code) if may_ask_about(code) else (),
    )


def _people(found: Measured, code: str) -> tuple[LabelledAnswer, ...]:
    """Return the first people who are touched, with what happens to each."""
    named: list[LabelledAnswer] = []
    for group in found.touching(Effect):
        if len(named) == _NAMED:
            break
        people = services().draft_queries.people_of(found, group, _NAMED - len(named))
        effect = str(group.effects[code])
        named += [
            LabelledAnswer(
                official_id=person.official_id,
                appointment_id=person.appointment_id,
                name=person.name,
                department_name=person.department_name,
                position=person.position,
                effect=effect,
            )
            for person in people
        ]
    return tuple(named)


TABLE = (Route("GET", "/functions/<code>/label-impact", function_label_impact, LabelImpactAnswer, query=LabelQuery),)
