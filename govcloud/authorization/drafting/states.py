"""The life of a draft as a table: which step leads from where to where, and how the states are called."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from govcloud.authorization.drafting.errors import wrong_state
from govcloud.kernel.messages import Message
from govcloud.kernel.moves import moves

OPEN, SUBMITTED, APPROVED, APPLIED, DISCARDED = "open", "submitted", "approved", "applied", "discarded"
#: A draft that is in somebody's hands.
ALIVE = (OPEN, SUBMITTED, APPROVED)
STATES: Mapping[str, Message] = {
    OPEN: Message("起草中"),
    SUBMITTED: Message("待批准"),
    APPROVED: Message("已批准，待生效"),
    APPLIED: Message("已生效"),
    DISCARDED: Message("已放弃"),
}
#: An approval that nobody made use of for so long was given for another time.
APPROVAL_LASTS = timedelta(days=7)
#: People come and go: an impact that is older does not show whom a change would touch.
IMPACT_LASTS = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Step:
    """A step: the states that it may be taken in, and the one it leads to."""

    name: str
    within: tuple[str, ...]
    to: str


STEPS = moves(
    Step("change", ALIVE, OPEN),
    Step("rebase", ALIVE, OPEN),
    Step("submit", (OPEN,), SUBMITTED),
    Step("withdraw", (SUBMITTED, APPROVED), OPEN),
    Step("approve", (SUBMITTED,), APPROVED),
    Step("reject", (SUBMITTED,), OPEN),
    Step("apply", (APPROVED,), APPLIED),
    Step("discard", ALIVE, DISCARDED),
)


def after(step: str, state: str) -> str:
    """Return the state that ``step`` leads to.

    Raises:
        Conflict: it may not be taken in ``state``.
    """
    taken = STEPS[step]
    if state not in taken.within:
        raise wrong_state(STATES[state])
    return taken.to
