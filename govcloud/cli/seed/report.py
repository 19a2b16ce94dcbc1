"""What a seeding gives back: who may sign in, who serves where, what the examples need, and how much there is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from govcloud.kernel.actor import Actor

#: Told ``(stage, done, total)`` as the work goes on.
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class SampleAccount:
    """An account to look around with; the password was made for this database and stands nowhere else."""

    login: str
    name: str
    description: str
    official_id: UUID
    password: str = field(repr=False)


@dataclass(frozen=True)
class Serving:
    """Somebody in an appointment: who they are, and the department (by its key) and division in which they serve."""

    official_id: UUID
    appointment_id: UUID
    name: str
    department_key: str
    division: str

    @property
    def actor(self) -> Actor:
        """Return the person as an actor under this appointment."""
        return Actor.official(self.official_id, self.name, appointment_id=self.appointment_id)


@dataclass(frozen=True)
class Staff:
    """Those of a province who ask and decide: the story's people by login, who decides for each department, and clerks at counters."""

    cast: Mapping[str, Serving]
    approvers: Mapping[str, Serving]
    clerks: tuple[Serving, ...]


@dataclass(frozen=True)
class SeedReport:
    """The outcome; ``client_secrets`` are by client_id and shown this once, so whoever starts the examples must keep them."""

    sample_accounts: tuple[SampleAccount, ...]
    client_secrets: Mapping[str, str] = field(repr=False)
    counts: Mapping[str, int] = field(default_factory=dict)
    staff: Staff = field(default_factory=lambda: Staff({}, {}, ()), repr=False)
