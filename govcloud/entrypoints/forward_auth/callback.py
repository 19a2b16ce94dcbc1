"""What stands at an application's own origin, under ``/.govcloud/``: the end of a hand-over, and sign-out."""

from __future__ import annotations

from flask import Response, current_app, make_response, redirect, request

from govcloud.entrypoints.forward_auth.asking import asking
from govcloud.entrypoints.forward_auth.blueprint import forward_auth, wire
from govcloud.signon.errors import TicketRefused
from govcloud.web.gate import public, services
from govcloud.web.trace import trace_id

_WHY = "the proxy proves itself with the application's secret, and the browser with what it was handed"


@wire.get("/.govcloud/callback")
@public(_WHY)
def callback() -> Response:
    """Take the ticket of a hand-over and give the browser its cookie; then on to what was asked for."""
    asked = asking()
    try:
        entered = services().forwarding.accept(asked.actor, asked.client, asked.origin, request.args.get("ticket", ""), asked.held or "")
    except TicketRefused as error:
        current_app.logger.info("forward-auth ticket refused: %s, trace %s", error.reason, trace_id())
        return make_response(redirect(asked.platform("/forward-auth/failed"), 303))
    response = make_response(redirect(entered.address, 303))
    asked.set_cookie(response, asked.cookie_name, entered.cookie)
    asked.set_cookie(response, f"{asked.cookie_name}-start", "", max_age=0)
    return response


@wire.get("/.govcloud/sign-out")
@public(_WHY)
def sign_out() -> Response:
    """End the one session when a page of this very origin asks for it; anybody else's link is answered with a question."""
    asked = asking()
    if request.headers.get("Sec-Fetch-Site") not in {"same-origin", "none"}:
        return make_response(redirect(asked.platform("/forward-auth/sign-out"), 303))
    stay = services().forwarding.stay(asked.client, asked.origin, asked.cookie)
    if stay is not None:
        services().signon.sign_out_by_client(asked.actor, stay, asked.client.client_id)
    # The platform's own cookie is not sent here: there it says which browser this was.
    response = make_response(redirect(f"{services().settings.public_url}/forward-auth/signed-out", 303))
    asked.set_cookie(response, asked.cookie_name, "", max_age=0)
    return response


# Every route of the wire stands by now.
forward_auth.register_blueprint(wire)
