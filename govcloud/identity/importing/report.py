"""What came of an import: findings by line and field, and counts."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from uuid import UUID

from govcloud.kernel.tables.findings import Finding

#: What a run keeps for the console; the command line writes all of them to a file.
MOST_KEPT = 10_000
OUTCOMES = ("new", "changed", "unchanged", "refused")


@dataclass
class Summary:
    """The counts of a run: people by what became of them, appointments begun and ended, lines read, findings.

    ``passwords`` are the people for whom the file brings a password hash, whether or not it is taken.
    """

    lines: int = 0
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    refused: int = 0
    begun: int = 0
    ended: int = 0
    findings: int = 0
    vanished: int = 0
    passwords: int = 0

    @property
    def people(self) -> int:
        """Return how many people the lines were about."""
        return self.new + self.changed + self.unchanged + self.refused

    def add(self, other: Summary) -> None:
        """Count another part in."""
        for name in vars(other):
            setattr(self, name, getattr(self, name) + getattr(other, name))

    def stored(self) -> dict[str, int]:
        """Return the counts as they are kept."""
        return dict(vars(self))


@dataclass
class Report:
    """The outcome of reading a source through; ``tell`` gets every finding, of which the first ten thousand stay here."""

    summary: Summary = field(default_factory=Summary)
    findings: list[Finding] = field(default_factory=list)
    tell: Callable[[Finding], None] = lambda _: None
    run_id: UUID | None = None

    def take(self, findings: Iterable[Finding]) -> None:
        """Note findings."""
        for found in findings:
            self.summary.findings += 1
            self.tell(found)
            if len(self.findings) < MOST_KEPT:
                self.findings.append(found)


__all__ = ["MOST_KEPT", "OUTCOMES", "Finding", "Report", "Summary"]
