"""Sign-out (section 2.3): the one session ends, with it the stay in every subsystem; then back to a registered service or to a page."""

from __future__ import annotations

from flask import Response, request

from govcloud.entrypoints.cas.blueprint import cas
from govcloud.web.gate import current_actor, current_session, public, services
from govcloud.web.signing_out import signed_out


@cas.get("/logout")
@public("CAS Protocol 2.3: ends the browser's own session; its cookie comes with no request that another site makes within a page")
def logout() -> Response:
    """End the session and go back to ``service`` if that is registered; the older ``url`` is ignored (section 2.3.1)."""
    session = current_session()
    if session is not None:
        services().signon.sign_out(current_actor(), session.session_id)
    given = request.args.getlist("service")
    known = len(given) == 1 and services().subsystem_queries.client_by_service(given[0]) is not None
    return signed_out(session.session_id if session is not None else None, given[0] if known else None)
