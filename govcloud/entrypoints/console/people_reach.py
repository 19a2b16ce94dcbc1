"""Within which subtrees the reader of a console page sees people, and the one look-up that every page of a person goes through."""

from __future__ import annotations

from uuid import UUID

from flask import g

from govcloud.identity.reach import NOWHERE, Reach
from govcloud.identity.views import OfficialView
from govcloud.kernel.errors import NotFound
from govcloud.kernel.messages import Message
from govcloud.web.gate import current_session, services

OPENS = "govcloud:console:officials"


def reach() -> Reach:
    """Return how far the reader sees people, looked up once a request: what the roles that open the page are bounded by."""
    if "console_reach" not in g:
        session = current_session()
        paths = services().authorization_queries.reach_of(session.official_id, session.appointment_id, OPENS) if session is not None else ()
        g.console_reach = Reach(paths) if paths else NOWHERE
    found: Reach = g.console_reach
    return found


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
