"""What another security label of a function would do, told before it is set: how many gain and lose it, and to those who may know, who."""

from __future__ import annotations

from collections.abc import Iterator

from govcloud.authorization.drafting.effects import GAINS, LOSSES
from govcloud.authorization.drafting.impacts import AT_ONCE
from govcloud.authorization.drafting.measuring import Gathered, Measured
from govcloud.entrypoints.console.catalogue import subsystem_acts as acts
from govcloud.kernel.actor import Actor
from govcloud.kernel.messages import Message
from govcloud.subsystems.inputs import MOST_LABEL
from govcloud.subsystems.queries import SubsystemView
from govcloud.web.asking import may_ask_about
from govcloud.web.gate import services

_NAMED = 20


def rehearse_function(view: SubsystemView, subject: str, values: acts.Values, _actor: Actor) -> tuple[Message, ...]:
    """Say whom the label of a form would touch; nothing when it stays as it is, or is none (the command then says so).

    Names are told to those alone who may ask who uses the function; how many there are, to everybody who may change it.
    """
    function, label = acts.function_of(view, subject), acts.number("label", values)
    if label == function.label or label > MOST_LABEL:
        return ()
    first = Message("安全标记由 %(before)s 改为 %(after)s，确认后立即生效。", before=function.label, after=label)
    if services().drafting.measuring.groups.more_than(AT_ONCE):
        return first, Message("全省人数较多，名单请由运维人员试算：govcloud subsystem change-function --label --dry-run。")
    found = services().drafting.relabelling.of_function(function.code, label)
    return (first, *_told(found, named=may_ask_about(function.code)))


def _told(found: Measured, *, named: bool) -> Iterator[Message]:
    gains, losses = found.touching(GAINS), found.touching(LOSSES)
    if not gains and not losses:
        yield Message("没有人因此获得或失去这项功能。")
        return
    if losses:
        yield Message("%(n)s 个任职将失去这项功能。", n=f"{_count(losses):,}")
    if losses and named and (names := _names(found, losses)):
        yield Message("将失去的有：%(names)s", names=names)
    if gains:
        yield Message("%(n)s 个任职将能使用这项功能。", n=f"{_count(gains):,}")
    if gains and named and (names := _names(found, gains)):
        yield Message("将能使用的有：%(names)s", names=names)
    if not named:
        yield Message("名单只向可以查询“谁能使用这项功能”的人显示。")


def _count(groups: list[Gathered]) -> int:
    return sum(group.size for group in groups)


def _names(found: Measured, groups: list[Gathered]) -> str:
    """Return the first people of these groups, each with where they serve."""
    names: list[str] = []
    for group in groups:
        if len(names) < _NAMED:
            people = services().draft_queries.people_of(found, group, _NAMED - len(names))
            names += [f"{person.name} {person.department_name} {person.position}".strip() for person in people]
    more = "" if len(names) == _count(groups) else " …"
    return "、".join(names) + more
