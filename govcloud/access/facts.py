"""What the rules see: a request, or a decision on it, with every fact already loaded; plain records without a database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from govcloud.authorization.apart.views import Conflict, Finding, RuleView
from govcloud.authorization.scopes.scope import Scope


@dataclass(frozen=True)
class ItemFacts:
    """The catalogue item as it stands at the moment of the check.

    ``live_version`` is ``None`` when the item, its function or its subsystem is not open to requests (any more). ``untold`` are
    the clients that could not be told of the end of a grant, where they have to be (below L2); ``label`` is the function's security label.
    """

    id: UUID
    name: str
    tier: str
    max_days: int
    requires_case_number: bool
    scope_kind: str
    integration_level: int
    owner_path: str
    live_version: int | None
    untold: tuple[str, ...] = ()
    label: int = 0


@dataclass(frozen=True)
class PersonFacts:
    """An official under one appointment; ``active`` needs both to hold at the moment of the check.

    ``rank_order`` is the place of the rank in the ladder, the highest being the lowest number (``None``: not on the ladder).
    ``posts`` are the department paths of every live appointment, whichever one is acted under.
    ``clearance`` is the security label that the person is cleared for.
    """

    official_id: UUID
    appointment_id: UUID
    name: str
    active: bool
    department_path: str
    rank: str
    rank_order: int | None
    posts: tuple[str, ...] = ()
    clearance: int = 0


@dataclass(frozen=True)
class Office:
    """An office over the department at ``path`` and all below it, with who serves in it now.

    ``units`` are the appointments under which they may act in it, each with the path of its department: one, or any of theirs where
    the office hangs on the person.
    """

    path: str
    person: PersonFacts
    units: Mapping[UUID, str]
    deputy: bool = False


@dataclass(frozen=True)
class Wanted:
    """An extent of access: which rows and for how many days of 24 hours."""

    scope: Scope
    days: int


@dataclass(frozen=True)
class RequestFacts:
    """What stands when a line is asked for.

    ``open_line_number`` is the number of the request in which the beneficiary already waits for the same item, ``held_until`` the end of
    a grant that gives as much for as long already. ``has_decider`` says whether anybody but requester and beneficiary could decide.
    ``conflicts`` are the rules of separation of duty that stand against it, those that an exception lifts among them. ``carried_days``
    is how long the row of grants lasts that it would belong to, beside it (``life/in_a_row.py``).
    """

    item: ItemFacts
    requester: PersonFacts
    beneficiary: PersonFacts
    wanted: Wanted
    case_number: str | None
    open_line_number: str | None
    has_decider: bool
    held_until: datetime | None = None
    conflicts: tuple[Conflict, ...] = ()
    carried_days: int = 0
    duty: str | None = None
    """The part in the case that access is for: ``handle``, ``review``, or none stated."""
    case_rules: tuple[RuleView, ...] = ()
    """The rules of separation of duty on cases that ask which part that is."""


@dataclass(frozen=True)
class DecisionFacts:
    """What stands when somebody decides on a line.

    ``authority`` holds the department paths under which the decider may decide now. ``approved`` is ``None`` for a refusal.
    ``principals`` are those in whose name the decider decides (who delegated it to them), ``deciding`` the decider and they.
    ``owed`` says that the beneficiary approved access for one of these within ``reciprocal.WINDOW``. ``findings`` are what the rules of
    separation of duty say, ``ends_at`` when access would end if it were approved so now. ``carried_days`` as in
    ``RequestFacts``; ``parent_closed`` says that the grant which would be extended was ended before its time.
    """

    item: ItemFacts
    requester_id: UUID
    beneficiary: PersonFacts
    wanted: Wanted
    requested_version: int
    decider: PersonFacts
    authority: tuple[str, ...]
    approved: Wanted | None
    owed: bool = False
    principals: tuple[PersonFacts, ...] = ()
    findings: tuple[Finding, ...] = ()
    ends_at: datetime | None = None
    carried_days: int = 0
    parent_closed: bool = False

    @property
    def deciding(self) -> tuple[PersonFacts, ...]:
        """The decider, and those in whose name they decide: what bars one of them bars the decision."""
        return (self.decider, *self.principals)
