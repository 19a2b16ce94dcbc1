"""Sign-out (section 2.3): the one session ends, with it the stay in every subsystem; then back to a registered service or to a page."""

from __future__ import annotations

from flask import Response, make_response, redirect, render_template, request

from govcloud.entrypoints.cas.blueprint import cas
from govcloud.web.cookies import clear_session_token
from govcloud.web.gate import current_actor, current_session, public, services


@cas.get("/logout")
@public("CAS Protocol 2.3: ends the browser's own session; its cookie comes with no request that another site makes within a page")
def logout() -> Response:
    """End the session and go back to ``service`` if that is registered; the older ``url`` is ignored (section 2.3.1)."""
    session = current_session()
    if session is not None:
        services().signon.sign_out(current_actor(), session.session_id)
    given = request.args.getlist("service")
    known = len(given) == 1 and services().subsystem_queries.client_by_service(given[0]) is not None
    response = make_response(redirect(given[0], 303) if known else render_template("cas/signed_out.html"))
    if session is not None:
        clear_session_token(response)
    return response
