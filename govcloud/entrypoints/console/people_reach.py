"""Within which subtrees the reader of a console page sees people, and the look-ups that their pages go through."""

from __future__ import annotations

from uuid import UUID

from flask import g

from govcloud.identity.reach import NOWHERE, Reach
from govcloud.identity.views import DepartmentView, OfficialView
from govcloud.kernel.errors import NotFound
from govcloud.kernel.messages import Message
from govcloud.web.gate import current_session, services

OPENS = "govcloud:console:officials"
_MOST_CHOICES = 8


def reach(function: str = OPENS) -> Reach:
    """Return how far the reader sees people, looked up once a request: what the roles that open ``function`` are bounded by."""
    known: dict[str, Reach] = g.setdefault("console_reach", {})
    if function not in known:
        session = current_session()
        paths = services().authorization_queries.reach_of(session.official_id, session.appointment_id, function) if session else ()
        known[function] = Reach(paths) if paths else NOWHERE
    return known[function]


def departments_named(typed: str, within: Reach) -> tuple[DepartmentView | None, tuple[DepartmentView, ...]]:
    """Return the department within a reach that ``typed`` names exactly, or, when there is not one, those that it may mean."""
    found = tuple(view for view in services().identity_queries.search_departments(typed, 50) if within.covers(view.path)) if typed else ()
    exact = [view for view in found if typed.upper() == view.uscc or typed in {view.name, view.short_name}]
    chosen = exact[0] if len(exact) == 1 else found[0] if len(found) == 1 else None
    return chosen, () if chosen else found[:_MOST_CHOICES]


def person_within(official_id: object) -> OfficialView:
    """Return a person whom the reader may see.

    Raises:
        NotFound: there is nobody by that id within reach; which of the two is not said.
    """
    try:
        view = services().identity_queries.official_within(UUID(str(official_id)), reach())
    except ValueError:
        view = None
    if view is None:
        raise NotFound.of(Message("公职人员"), official_id)
    return view
