"""Whether a denial hangs on what the question did not say: which attributes, were they told, could turn it. It decides nothing."""

from __future__ import annotations

from govcloud.authorization.deciding.asking import Asking
from govcloud.authorization.deciding.policy import NEVER, CompiledPolicy, Row
from govcloud.authorization.policies.document import ALLOW, DENY

_NOTHING = frozenset[str]()


def lacking(policy: CompiledPolicy, asking: Asking, function: str) -> frozenset[str]:
    """Return the attributes that a denied question lacked (``resource.level``) and that could let it be allowed.

    Empty when nothing that a question can tell would help: some deny holds for certain, no allow comes near, or the subject is not
    cleared. Otherwise every deny that was not lifted has to be, and the nearest allow has to hold.
    """
    rows = [row for row in policy.slice_for(function, asking.snapshot.roles, asking.grant) if row != NEVER]
    denies = [_lifting(policy, asking, row) for row in rows if row[4] == DENY]
    allows = [found for row in rows if row[4] == ALLOW and (found := _opening(policy, asking, row)) is not None]
    if asking.clearance < asking.label or not allows or None in denies:
        return _NOTHING
    needed = _NOTHING.union(*(found for found in denies if found is not None))
    return needed | min(allows, key=lambda found: (len(found), sorted(found)))


def _lifting(policy: CompiledPolicy, asking: Asking, row: Row) -> frozenset[str] | None:
    """Return what would have to be told for a deny not to hold: nothing if it does not hold anyhow, ``None`` if it holds for certain."""
    if asking.opens(asking.role_of(row[0]), policy.scopes[row[3]], DENY) is None:
        return _NOTHING
    condition = policy.conditions.get(row[2])
    if condition is not None and condition.holds(asking.facts) is False:
        return _NOTHING
    told = condition.missing(asking.facts, wanted=False) if condition is not None else _NOTHING
    unsaid = _unsaid(policy, asking, row)
    # Where one window holds the thing for certain, its place cannot lift the deny any more.
    return told or (_NOTHING.union(*unsaid) if all(unsaid) else None) or None


def _opening(policy: CompiledPolicy, asking: Asking, row: Row) -> frozenset[str] | None:
    """Return what would have to be told for an allow to hold: nothing if it holds, ``None`` if it cannot."""
    role, scope, fields = asking.role_of(row[0]), policy.scopes[row[3]], policy.rules[row[5]].fields
    if not any(asking.keeps(asking.rows_of(window, scope), fields) for window in asking.windows(role)):
        return None
    condition = policy.conditions.get(row[2])
    told = _NOTHING
    if condition is not None and condition.holds(asking.facts) is not True:
        told = condition.missing(asking.facts)
        if not told:
            return None
    if asking.opens(role, scope) is not None:
        return told
    place = min(_unsaid(policy, asking, row), key=len, default=None)
    return None if place is None else told | place


def _unsaid(policy: CompiledPolicy, asking: Asking, row: Row) -> list[frozenset[str]]:
    """Return, for each live window of a rule that may hold the thing, what the thing did not say of its place; nothing: it holds it."""
    windows = (window for window in asking.snapshot.roles.get(asking.role_of(row[0]), ()) if window.live(asking.now))
    found = (asking.rows_of(window, policy.scopes[row[3]]).lacks(asking.row or {}) for window in windows)
    return [frozenset(f"resource.{key}" for key in missing) for missing in found if missing is not None]
