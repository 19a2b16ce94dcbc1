"""The stage of the past: services whose clock is set by hand, acts in the order of their moments, and the people who act."""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cached_property
from itertools import count
from uuid import UUID

from govcloud.access.commands import NewSubmission, WantedItem
from govcloud.access.lifecycle import Mode
from govcloud.authorization.around.surroundings import CHINA
from govcloud.authorization.rights.grant_reads import GrantView
from govcloud.authorization.scopes.scope import PROVINCE, Scope
from govcloud.cli.seed.numbers import stream
from govcloud.cli.seed.report import Serving, Staff
from govcloud.jobs.announce_ends import announce
from govcloud.jobs.escalate import escalate
from govcloud.kernel.clock import ManualClock
from govcloud.services import Services
from govcloud.subsystems.views import ItemView, MatterView

Act = Callable[[], object]
_HOURS_APART = 2.0
_ONE_DAY = timedelta(days=1)
_ONE_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Asked:
    """A request that was put in: its lines by function."""

    request_id: UUID
    lines: dict[str, UUID]


class Stage:
    """Plays acts at their moments; nothing is played that lies after ``until``, so what is due then is what waits now."""

    def __init__(self, services: Services, clock: ManualClock, staff: Staff, until: datetime, seed: int) -> None:
        """Take services that go by ``clock``, the people, the moment of the first look, and what makes chance repeatable."""
        self.services = services
        self.staff = staff
        #: Those who ask for what is ordinary, and those of the scenes: nobody waits for the same twice.
        self.crowd, self.extras = staff.clerks[::2], staff.clerks[1::2]
        self.until = until
        self.rng: random.Random = stream(seed, "history")
        self._clock = clock
        self._acts: list[tuple[datetime, int, Act]] = []
        self._numbers = count()
        self._items: dict[str, ItemView] = {}
        self._tended: date | None = None

    # Moments

    @property
    def now(self) -> datetime:
        """Return the moment that is being played."""
        return self._clock.now()

    def day(self, days: int, hour: int = 10, minute: int = 0) -> datetime:
        """Return a time of day in China on the working day ``days`` before the first look, or the nearest one before it."""
        day = self.until.astimezone(CHINA).date() - days * _ONE_DAY
        while not self.services.clocks.working.works(day):
            day -= _ONE_DAY
        return datetime.combine(day, time(hour, minute), CHINA)

    def worked_ago(self, hours: float) -> datetime:
        """Return the last moment since which so many working hours have passed at the first look."""
        working, span = self.services.clocks.working, timedelta(hours=hours)
        early = late = self.until
        while working.between(early, self.until) < span:
            early -= _ONE_DAY
        while late - early > _ONE_MINUTE:
            middle = early + (late - early) / 2
            early, late = (middle, late) if working.between(middle, self.until) >= span else (early, middle)
        return early

    # Acts

    def at(self, moment: datetime, act: Act) -> None:
        """Play ``act`` at ``moment``, if that is not after the first look."""
        if moment <= self.until:
            heapq.heappush(self._acts, (moment, next(self._numbers), act))

    def later(self, hours: float, act: Act) -> None:
        """Play ``act`` when so many working hours have passed from now on."""
        self.at(self.services.clocks.working.add(self.now, timedelta(hours=hours)), act)

    def play(self, told: Callable[[int, int], None]) -> None:
        """Play everything, with the platform's own jobs in between; ``told`` hears how much is done of how much is known."""
        self.at(self.now, self._tend)
        done = 0
        while self._acts:
            moment, _number, act = heapq.heappop(self._acts)
            self._go_to(moment)
            act()
            done += 1
            told(done, done + len(self._acts))
        self._go_to(self.until)
        self._tend()

    def _go_to(self, moment: datetime) -> None:
        self._clock.advance(max(moment - self._clock.now(), timedelta()))

    def _tend(self) -> None:
        """Let the clock do what it does: every other working hour with lines that wait, once a day with grants that end."""
        escalate(self.services)
        if (today := self.now.date()) != self._tended:
            announce(self.services)
            self._tended = today
        self.later(_HOURS_APART, self._tend)

    # People and things

    def person(self, login: str) -> Serving:
        """Return one of the story's people."""
        return self.staff.cast[login]

    def item(self, function: str) -> ItemView:
        """Return the item by which a function is requested."""
        if function not in self._items:
            found = self.services.subsystem_queries.item_for_function(function)
            if found is None:
                raise LookupError(f"{function} cannot be requested")
            self._items[function] = found
        return self._items[function]

    def matter(self, code: str) -> MatterView:
        """Return a matter."""
        found = self.services.subsystem_queries.matter(code)
        if found is None:
            raise LookupError(f"there is no matter {code}")
        return found

    def decider(self, function: str) -> Serving:
        """Return who decides for the department that owns a function."""
        return self.approvers[self.item(function).owner_department_id]

    @cached_property
    def approvers(self) -> dict[UUID, Serving]:
        """Return who decides, by department."""
        appointment = self.services.identity_queries.appointment
        found = ((appointment(one.appointment_id), one) for one in self.staff.approvers.values())
        return {view.department_id: one for view, one in found if view is not None}

    # What people do

    def ask(
        self,
        who: Serving,
        functions: Sequence[str],
        reason: str,
        days: int = 7,
        *,
        case: str | None = None,
        matter: str | None = None,
        whole: bool = False,
        starts_at: datetime | None = None,
    ) -> Asked:
        """Put in a request for oneself, over one's own division, for as many days as the items allow at the most."""
        items = [self.item(function) for function in functions]
        wanted = tuple(
            WantedItem(item.id, min(days, item.max_days), Scope((who.division,)) if item.scope_kind == "division" else PROVINCE)
            for item in items
        )
        new = NewSubmission(
            wanted,
            reason,
            mode=Mode.ATOMIC if whole else Mode.PROGRESSIVE,
            starts_at=starts_at,
            case_number=case,
            matter_id=self.matter(matter).id if matter else None,
        )
        [request] = self.services.asking.submit(who.actor, new).requests
        return Asked(request.request_id, {function: line.line_id for function, line in zip(functions, request.lines, strict=True)})

    def approve(self, line_id: UUID, who: Serving, comment: str = "", *, days: int | None = None, version: int = 1) -> None:
        """Let somebody say yes."""
        self.services.access.approve(who.actor, line_id, version, days=days, comment=comment)

    def grant(self, line_id: UUID) -> GrantView:
        """Return the grant that a line opened."""
        found = self.services.authorization_queries.grant_of_line(line_id)
        if found is None:
            raise LookupError(f"line {line_id} opened nothing")
        return found
