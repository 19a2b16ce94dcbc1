"""What a seeding gives back: who may sign in, what the examples need, and how much there is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from uuid import UUID

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
class SeedReport:
    """The outcome; ``client_secrets`` are by client_id and shown this once, so whoever starts the examples must keep them."""

    sample_accounts: tuple[SampleAccount, ...]
    client_secrets: Mapping[str, str] = field(repr=False)
    counts: Mapping[str, int] = field(default_factory=dict)
