"""The ordinary requests of seven weeks: clerks at counters ask for what a matter needs, departments answer, some late and some never.

The shares are those of ACCESS: three in five lines are answered within the hour, three in ten the next day, one in ten stalls. They
are suppositions, as everything of this province is, and give the reports their shape.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from govcloud.access.commands import RejectReason
from govcloud.cli.seed.history.stage import Asked, Stage
from govcloud.cli.seed.report import Serving

WEEKS = 7
_A_WEEK = (3, 3, 4, 4, 5, 5, 6)
"""So many requests in each week, the oldest first: the platform is taken up."""
_MOST_LINES = 3
_SOON, _NEXT_DAY, _LATE = 0.6, 0.3, 0.07
_REFUSED, _SHORTENED, _HANDED_BACK = 0.08, 0.06, 0.15
_WHY = (
    "{matter}窗口受理，需核对申请人提交材料",
    "群众到窗口办理{matter}，核验后可免交证明",
    "{matter}联办件，办理本环节需要",
    "历史件补正，{matter}需复核原始信息",
)
_REFUSALS = (
    (RejectReason.INSUFFICIENT_REASON, "请写明对应的办件和办理环节后重新申请"),
    (RejectReason.TOO_BROAD, "所需信息可由申请人授权后单笔核验，不必开通查询"),
    (RejectReason.WRONG_ITEM, "请改为申请“核验”，返回是否一致即可"),
)


class Routine:
    """Puts the requests on the stage; each answer follows by itself."""

    def __init__(self, stage: Stage) -> None:
        """Take the stage."""
        self._stage = stage
        self._rng = stage.rng
        self._matters = [matter for matter in stage.services.subsystem_queries.matters() if len(matter.items) > 1]
        self._asked: set[tuple[UUID, UUID]] = set()
        self._clerks = [clerk for clerk in stage.crowd if not clerk.department_key.endswith("/convenience_centre")]

    def prepare(self) -> None:
        """Spread the requests over the working days."""
        for week, requests in enumerate(_A_WEEK):
            for _ in range(requests):
                days = 7 * (WEEKS - week) - 1 - self._rng.randrange(7)
                moment = self._stage.day(max(days, 2), self._rng.choice((9, 10, 11, 14, 15, 16)), self._rng.randrange(60))
                self._stage.at(moment, self._ask)

    def _ask(self) -> None:
        clerk, matter = self._rng.choice(self._clerks), self._rng.choice(self._matters)
        functions = self._wanted(clerk, [entry.item.function for entry in matter.items])
        if not functions:
            return
        number = f"{clerk.division[:6]}-{self._stage.now:%Y%m}-{self._rng.randrange(1, 9999):04d}"
        reason = self._rng.choice(_WHY).format(matter=matter.name.removesuffix("一件事"))
        asked = self._stage.ask(clerk, functions, reason, self._rng.randrange(3, 11), case=number, matter=matter.code)
        self._await(clerk, asked)

    def _wanted(self, clerk: Serving, functions: Sequence[str]) -> list[str]:
        """Return some of the functions of other departments that the clerk has not asked for before, one person's say each."""
        items = [self._stage.item(function) for function in functions]
        kind = clerk.department_key.partition("/")[2]
        foreign = [
            item
            for item in items
            if item.tier in {"auto", "one"}
            and self._stage.approvers[item.owner_department_id].department_key.partition("/")[2] != kind
            and (clerk.official_id, item.id) not in self._asked
        ]
        chosen = self._rng.sample(foreign, min(len(foreign), self._rng.randrange(1, _MOST_LINES + 1)))
        self._asked |= {(clerk.official_id, item.id) for item in chosen}
        return [item.function for item in chosen]

    def _await(self, clerk: Serving, asked: Asked) -> None:
        """Let each department answer in its own time."""
        for function, line_id in asked.lines.items():
            hours = self._patience()
            if hours is not None:
                self._stage.later(hours, lambda function=function, line_id=line_id: self._answer(clerk, function, line_id))  # type: ignore[misc]

    def _patience(self) -> float | None:
        """Return after how many working hours a line is answered; ``None``: never."""
        chance = self._rng.random()
        if chance < _SOON:
            return min(self._rng.lognormvariate(-0.3, 0.7), 5.0)
        if chance < _SOON + _NEXT_DAY:
            return self._rng.uniform(5, 12)
        return self._rng.uniform(14, 23) if chance < _SOON + _NEXT_DAY + _LATE else None

    def _answer(self, clerk: Serving, function: str, line_id: UUID) -> None:
        decider, chance = self._stage.decider(function), self._rng.random()
        if chance < _REFUSED:
            code, comment = self._rng.choice(_REFUSALS)
            self._stage.services.access.reject(decider.actor, line_id, 1, code, comment)
            return
        self._stage.approve(line_id, decider, days=3 if chance < _REFUSED + _SHORTENED else None)
        if self._rng.random() < _HANDED_BACK:
            grant = self._stage.grant(line_id)
            self._stage.later(self._rng.uniform(2, 10), lambda: self._stage.services.access.relinquish(clerk.actor, grant.id))
