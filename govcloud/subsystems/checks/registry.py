"""What a check is, and the registry that asks all of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar, Protocol

from govcloud.kernel.messages import Message
from govcloud.subsystems.checks.facts import SubsystemFacts
from govcloud.subsystems.findings import Finding


class Check(Protocol):
    """One check: a frozen class with a stable ``key``, a ``title`` that says what is in order when it finds nothing, and one question.

    What a ``blocking`` check finds stands in the way of submission, check and publication; what another finds is advice.
    """

    key: ClassVar[str]
    title: ClassVar[Message]
    blocking: ClassVar[bool]

    def find(self, facts: SubsystemFacts, /) -> Iterable[Finding]:
        """Give what is not in order."""
        ...


@dataclass(frozen=True)
class Checked:
    """A check and what it found."""

    key: str
    title: Message
    blocking: bool
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class Checklist:
    """All checks of a subsystem, in their order."""

    rows: tuple[Checked, ...]

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Return everything that was found."""
        return tuple(finding for row in self.rows for finding in row.findings)

    @property
    def blocking(self) -> tuple[Finding, ...]:
        """Return what stands in the way."""
        return tuple(finding for finding in self.findings if finding.blocking)


class Checks:
    """The checks, in the order in which they are shown."""

    def __init__(self, *checks: Check) -> None:
        """Take the checks in.

        Raises:
            ValueError: two checks share a key.
        """
        self._checks: dict[str, Check] = {}
        for check in checks:
            if check.key in self._checks:
                raise ValueError(f"the check {check.key!r} is registered twice")
            self._checks[check.key] = check

    def __iter__(self) -> Iterator[Check]:
        """Go through the checks in their order."""
        return iter(self._checks.values())

    def run(self, facts: SubsystemFacts) -> Checklist:
        """Ask every check."""
        return Checklist(tuple(Checked(check.key, check.title, check.blocking, tuple(check.find(facts))) for check in self))
