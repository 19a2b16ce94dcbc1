"""The parts that the services of access share, made once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from govcloud.access.asking.placing import Placing
from govcloud.access.clocks.line_clock import Clocks
from govcloud.access.deciding.completing import Completing
from govcloud.access.deciding.decide import Deciding
from govcloud.access.deciding.retracting import Retracting
from govcloud.access.evidence.gathering import CardMaker
from govcloud.access.evidence.receipts import Receipts
from govcloud.access.life.opening import Opening
from govcloud.access.loading import FactsLoader
from govcloud.access.tasks.beginning import Beginning
from govcloud.access.tasks.opening import TaskOpening
from govcloud.access.tasks.speaking import Speaking
from govcloud.authorization.queries import AuthorizationQueries
from govcloud.authorization.service import Authorization
from govcloud.identity.queries import IdentityQueries
from govcloud.kernel.clock import Clock
from govcloud.kernel.unit_of_work import UnitOfWork
from govcloud.subsystems.queries import SubsystemQueries


@dataclass(frozen=True)
class Parts:
    """What asking and deciding are made of."""

    uow: UnitOfWork
    clock: Clock
    facts: FactsLoader
    beginning: Beginning
    placing: Placing
    deciding: Deciding
    clocks: Clocks
    opening: Opening
    retracting: Retracting
    rules: Speaking

    @classmethod
    def build(
        cls,
        uow: UnitOfWork,
        identity: IdentityQueries,
        subsystems: SubsystemQueries,
        authorization: Authorization,
        authorization_queries: AuthorizationQueries,
        *,
        clock: Clock,
        clocks: Clocks,
        receipts: Receipts,
    ) -> Self:
        """Tie them together."""
        facts = FactsLoader(identity, subsystems, authorization_queries, uow.read)
        cards, tasks = CardMaker(uow.read, facts), TaskOpening(facts)
        opening = Opening(uow, authorization, facts)
        completing = Completing(uow, facts, tasks, opening, receipts, clocks)
        rules = Speaking(uow, facts, cards, completing)
        beginning = Beginning(tasks, rules)
        placing, deciding = Placing(facts, beginning, clocks), Deciding(uow, clock, facts, cards, completing)
        retracting = Retracting(uow, clock, facts, cards, opening, receipts)
        return cls(uow, clock, facts, beginning, placing, deciding, clocks, opening, retracting, rules)
