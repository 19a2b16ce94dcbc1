"""Which scopes one may pick: the divisions within what is offered, the beneficiary's own first."""

from __future__ import annotations

from govcloud.access.asking.views import ScopeChoice
from govcloud.authorization.scopes.scope import Scope
from govcloud.identity.queries import DivisionView, IdentityQueries

_PICKED_LEVELS = ("province", "city", "county", "township")
_TWO_LEVELS = 2


def scope_choices(identity: IdentityQueries, offered: Scope, near: str | None) -> tuple[ScopeChoice, ...]:
    """Return the scopes within ``offered``: those around the division ``near`` first, then by code, then the whole.

    Listed are the offered divisions and two levels below each; for the whole province, its cities and counties. The suggestion is the least
    scope that serves somebody whose department stands in ``near``; where ``near`` lies outside, nothing is suggested.
    """
    listed = {view.code: view for view in _within(identity, offered)}
    around = [view for view in _chain(identity, near) if offered.covers(view.code)]
    suggested = around[0].code if around else None
    ordered = {view.code: view for view in (*around, *sorted(listed.values(), key=lambda view: view.code))}
    single = offered.divisions[0] if offered.divisions is not None and len(offered.divisions) == 1 else None
    choices = [
        ScopeChoice(view.code, view.name, view.level, Scope((view.code,)), suggested=view.code == suggested) for view in ordered.values()
    ]
    if single is not None:
        return tuple(choices)
    return (*choices, ScopeChoice("", "", "", offered, suggested=False))


def _within(identity: IdentityQueries, offered: Scope) -> list[DivisionView]:
    """Return the divisions of ``offered`` and two levels below them."""
    if offered.divisions is None:
        level = list(identity.division_children(None))
    else:
        level = [view for code in offered.divisions if (view := identity.division(code)) is not None]
    found = [] if offered.divisions is None else list(level)  # the topmost division is the whole, which stands last
    for _depth in range(_TWO_LEVELS):
        level = [child for child in identity.children_of_divisions(view.code for view in level) if child.level in _PICKED_LEVELS]
        found.extend(level)
    return found


def _chain(identity: IdentityQueries, code: str | None) -> list[DivisionView]:
    """Return the division ``code`` and those around it, the smallest first, without the topmost."""
    chain: list[DivisionView] = []
    while code is not None and (view := identity.division(code)) is not None:
        chain.append(view)
        code = view.parent_code
    return [view for view in chain if view.parent_code is not None]
