"""What a rule is, the registries that hold them, and how their refusals become one error."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar, Generic, Protocol, TypeVar

from govcloud.kernel.errors import Conflict, Denied, FieldError, GovcloudError, Invalid, Refusal
from govcloud.kernel.messages import Message

FactsT_contra = TypeVar("FactsT_contra", contravariant=True)
FactsT = TypeVar("FactsT")


@dataclass(frozen=True)
class Ok:
    """The rule has nothing against it."""


class Fault(IntEnum):
    """What a refusal is about; when several rules refuse, the highest decides the kind of the error."""

    INPUT = 1
    STATE = 2
    PERSON = 3


class Rule(Protocol[FactsT_contra]):
    """One rule: a frozen class with a stable ``key`` (the refusal's code), and one question.

    ``field`` names the input that would mend it, where there is one.
    """

    key: ClassVar[str]
    fault: ClassVar[Fault]
    field: ClassVar[str | None]

    def check(self, facts: FactsT_contra, /) -> Ok | Refusal:
        """Return ``Ok()`` or the refusal with its sentence."""
        ...


class Registry(Generic[FactsT]):
    """The rules of one stage, in the order in which their refusals are shown."""

    def __init__(self, *rules: Rule[FactsT]) -> None:
        """Take the rules in.

        Raises:
            ValueError: two rules share a key.
        """
        self._rules: dict[str, Rule[FactsT]] = {}
        for rule in rules:
            if rule.key in self._rules:
                raise ValueError(f"the rule {rule.key!r} is registered twice")
            self._rules[rule.key] = rule

    def __iter__(self) -> Iterator[Rule[FactsT]]:
        """Go through the rules in their order."""
        return iter(self._rules.values())

    def refusals(self, facts: FactsT) -> list[tuple[Rule[FactsT], Refusal]]:
        """Return every refusal with the rule that made it."""
        answers = ((rule, rule.check(facts)) for rule in self)
        return [(rule, answer) for rule, answer in answers if isinstance(answer, Refusal)]


def check(registry: Registry[FactsT], facts: FactsT) -> None:
    """Go on when no rule of ``registry`` refuses ``facts``.

    Raises:
        Denied: a refusal is about a person (who decides, for whom); the error carries all refusals.
        Conflict: a refusal is about the state of things, none about a person.
        Invalid: all refusals are about the input.
    """
    found = registry.refusals(facts)
    if not found:
        return
    kinds: dict[Fault, type[GovcloudError]] = {Fault.INPUT: Invalid, Fault.STATE: Conflict, Fault.PERSON: Denied}
    rule, first = max(found, key=lambda pair: pair[0].fault)
    raise kinds[rule.fault](
        first.code,
        first.message if len(found) == 1 else Message("有 %(count)s 项不符合规定，请逐项核对。", count=len(found)),
        fields=tuple(FieldError(rule.field, refusal.message) for rule, refusal in found if rule.field is not None),
        refusals=tuple(refusal for _rule, refusal in found),
    )
