"""The reports on access as their readers meet them: bounded by what a reader answers for, and by a period.

A senior administrator sees what departments in their care own; the security and the audit administrator see everything.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from datetime import timedelta

from sqlalchemy.orm import Session

from govcloud.access.ending.targets import EVERYWHERE, overseen
from govcloud.access.loading import FactsLoader
from govcloud.access.reports.views import Expiring, Held, TimeToAccess
from govcloud.access.reports.waiting import time_to_access
from govcloud.access.showing import Shower
from govcloud.authorization.deciding.policy import CompiledPolicy
from govcloud.authorization.policies.document import ALLOW
from govcloud.authorization.rights.grant_counts import GrantCounts
from govcloud.authorization.rights.selecting import Counted, GrantSelection
from govcloud.authorization.subjects.snapshot import subsystem_of
from govcloud.kernel.actor import Actor
from govcloud.kernel.clock import Clock
from govcloud.kernel.validation import whole_number

READ = "govcloud:access_report:read"
MOST_DAYS = 366
"""The longest that a report looks ahead."""
MOST_DAYS_BACK = 92
"""The longest that it looks back: a quarter, which is a matter of seconds with a million past requests."""
USUAL_DAYS = 30
SOON_DAYS = 7
SHOWN = 50
_NOBODY = Counted(0, 0)


class AccessReports:
    """Answers what the reports ask; it never writes."""

    def __init__(self, read: Callable[[], Session], facts: FactsLoader, clock: Clock) -> None:
        """Take the source of reading sessions, the loader of facts and the clock."""
        self._read = read
        self._facts = facts
        self._clock = clock
        self._counts = GrantCounts(read, clock)

    def reach(self, actor: Actor) -> tuple[str, ...]:
        """Return the departments whose access the actor may see reports on; ``("/",)`` is everybody's, ``()`` nobody's."""
        if actor.official_id is None:
            return ()
        return self._facts.authorization.reach_of(actor.official_id, actor.appointment_id, READ)

    def time_to_access(self, actor: Actor, days: int = USUAL_DAYS) -> TimeToAccess:
        """Return how long requests waited that were approved in the last ``days`` (1 to 92)."""
        until = self._clock.now()
        since = until - timedelta(days=max(1, min(days, MOST_DAYS_BACK)))
        return time_to_access(self._read(), self.reach(actor), since, until)

    def held(self, actor: Actor) -> tuple[Held, ...]:
        """Return how access to each subsystem is held now: temporary beside standing; what nobody holds is left out."""
        paths = self.reach(actor)
        grants = self._counts.by_subsystem(self._selection(paths))
        assignments, duties = self._standing()
        views = {view.code: view for view in self._facts.subsystems.all()}
        owners = self._facts.identity.departments({view.owner_department_id for view in views.values() if view.owner_department_id})
        mine = {key for key, owner in owners.items() if EVERYWHERE in paths or owner.path.startswith(paths)}
        codes = {code for code, view in views.items() if view.owner_department_id in mine} | set(grants)
        rows = [
            Held(
                code,
                views[code].name if code in views else code,
                grants.get(code, _NOBODY).grants,
                grants.get(code, _NOBODY).people,
                assignments[code],
                duties[code],
            )
            for code in codes
        ]
        kept = [row for row in rows if row.grants or row.assignments or row.duty_rules]
        return tuple(sorted(kept, key=lambda row: (-row.grants, -row.assignments, row.subsystem_code)))

    def expiring(self, actor: Actor, days: int = SOON_DAYS, limit: int = SHOWN) -> Expiring:
        """Return the grants that end within ``days`` (1 to 366), and the first ``limit`` of them."""
        within, now = max(1, min(days, MOST_DAYS)), self._clock.now()
        selection, until = self._selection(self.reach(actor)), now + timedelta(days=within)
        by_day = self._counts.by_end(selection, until)
        ids = self._counts.next_to_end(selection, until, limit)
        grants = self._facts.authorization.grants_by_id(ids)
        shown = Shower(self._read(), self._facts, now).held([grants[key] for key in ids if key in grants])
        return Expiring(within, tuple(by_day.items()), tuple(shown))

    def _selection(self, paths: tuple[str, ...]) -> GrantSelection:
        return GrantSelection() if EVERYWHERE in paths else GrantSelection(overseen=overseen(self._facts, paths))

    def _standing(self) -> tuple[Counter[str], Counter[str]]:
        """Return by subsystem how often roles are given that open something there, and how many rules of duty give such roles."""
        opened = _subsystems_by_role(self._facts.authorization.policy())
        assignments: Counter[str] = Counter()
        duties: Counter[str] = Counter()
        for counter, counts in ((assignments, self._counts.assignments_by_role()), (duties, self._counts.duties_by_role())):
            for role, count in counts.items():
                for code in opened.get(role, ()):
                    counter[code] += count
        return assignments, duties


def _subsystems_by_role(policy: CompiledPolicy) -> Mapping[str, frozenset[str]]:
    """Return for each role the subsystems in which it opens something, itself or by what it includes."""
    own: dict[str, set[str]] = defaultdict(set)
    for rule in policy.rules[1:]:
        if rule.effect == ALLOW:
            own[rule.role].add(subsystem_of(rule.function))
    return {role: frozenset().union(*(own[part] for part in within if part in own)) for role, within in policy.closure.items()}


def period(text: str | None, usual: int) -> int:
    """Return a number of days as it was typed; what is none is the usual one."""
    days = whole_number((text or "").strip(), len(str(MOST_DAYS)))
    return usual if days is None else max(1, min(days, MOST_DAYS))
