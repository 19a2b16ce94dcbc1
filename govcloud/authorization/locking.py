"""The locks of authorization, and the order in which every lock of the platform is taken.

The department tree, the policy, ceilings, duty rules, rules of separation, departments, people (by id), then the rows of roles, items
(by id), lines (by id) and grants (by id); the epoch comes at the very end of a transaction (``epochs.py``). Whoever changes one of the
first five takes it alone; whoever gives something on the strength of it holds it together with others, and looks at it only then.
Whoever may open a line holds the items of its whole request before the first of its lines (``access/lines.py``); whoever changes many
lines at once, as when their owner changes, takes those that are open in the order of their ids before changing any. Rows of sign-in
sessions come before those of grants, for whoever ends both and for whoever makes a ticket (``signon/entering.py``), all of a person
before the first grant of theirs is closed; participants and tokens come after them.
"""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy.orm import Session

from govcloud.identity.locking import hold_tree, lock_officials
from govcloud.kernel.locks import hold, take

# Any fixed numbers (pg_advisory_xact_lock).
POLICY = 0x706F6C696379
CEILINGS = 0x6365696C
DUTIES = 0x64757479
APART = 0x6170617274


def hold_what_bounds(session: Session, officials: Iterable[UUID]) -> None:
    """Keep as it is all that bounds the roles which people may be given.

    That is the tree, the policy, the ceilings, the rules of separation, and the people.

    Somebody who is leaving has left when this returns, and a move or another ceiling that was under way can be seen.
    """
    hold_tree(session)
    hold(session, POLICY)
    hold(session, CEILINGS)
    hold(session, APART)
    lock_officials(session, officials)


__all__ = ["APART", "CEILINGS", "DUTIES", "POLICY", "hold", "hold_what_bounds", "take"]
