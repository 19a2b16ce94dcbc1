"""Everything that approvers do beside saying yes or no to one line, as one record of services: the entry points work with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from govcloud.access.deciding.decide import Deciding
from govcloud.access.deciding.delegating import Delegating
from govcloud.access.deciding.discussing import Discussing
from govcloud.access.deciding.presigning import Presigning
from govcloud.access.deciding.retracting import Retracting
from govcloud.access.deciding.returning import Returning
from govcloud.access.deciding.together import DecidingTogether
from govcloud.access.parts import Parts
from govcloud.access.tasks.handling import Handling


@dataclass(frozen=True)
class Approving:
    """What approvers do.

    ``deciding``: one line; ``together``: several in one act; ``handling``: claim, release, reassign; ``returning``: corrections;
    ``discussing``: comments; ``delegating``: deciding in somebody's right; ``presigning``: rules signed in advance;
    ``retracting``: an approval that has not opened yet, taken back.
    """

    deciding: Deciding
    handling: Handling
    returning: Returning
    together: DecidingTogether
    discussing: Discussing
    delegating: Delegating
    presigning: Presigning
    retracting: Retracting

    @classmethod
    def build(cls, parts: Parts) -> Self:
        """Make them of what deciding is made of."""
        uow, clock, facts = parts.uow, parts.clock, parts.facts
        return cls(
            deciding=parts.deciding,
            handling=Handling(uow, clock, facts),
            returning=Returning(uow, clock, facts, parts.placing, parts.beginning, parts.clocks),
            together=DecidingTogether(uow, parts.deciding),
            discussing=Discussing(uow, clock, facts),
            delegating=Delegating(uow, clock, facts),
            presigning=Presigning(uow, clock, facts),
            retracting=parts.retracting,
        )
