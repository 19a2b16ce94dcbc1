"""再次核实身份: proving a second factor (or the password) within a session, and going on to where that was wanted."""

from __future__ import annotations

from flask import make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue

from govcloud.entrypoints.portal.blueprint import portal
from govcloud.entrypoints.portal.duty import reader
from govcloud.entrypoints.portal.return_to import asked_next, open_way_back, waiting_client, wants_factor
from govcloud.kernel.errors import GovcloudError
from govcloud.kernel.messages import Message
from govcloud.signon.errors import SignInLocked, SignInRefused
from govcloud.signon.step_up import Means
from govcloud.web.cookies import set_session_token
from govcloud.web.errors import status_of
from govcloud.web.gate import current_actor, services, signed_in
from govcloud.web.locale import say
from govcloud.web.step_up import StepUpPage, kept_form, step_up_page

_TOO_MANY, _WRONG = 429, 422


@portal.get("/step-up")
@signed_in
def step_up() -> ResponseReturnValue:
    """Show the form; ``next`` is where it leads on to, ``factor=1`` says that a password will not do."""
    return step_up_page(_asked())


@portal.post("/step-up")
@signed_in
def prove_again() -> ResponseReturnValue:
    """Check the proof; on to the form that waits, or to where one wanted to go."""
    asked = _asked(chosen=request.form.get("switch", request.form.get("with", "")))
    if "switch" in request.form:
        return step_up_page(asked)
    session, offer = reader(), services().step_up.offer(reader(), factor=asked.factor)
    code, password = request.form.get("code", ""), request.form.get("password", "")
    try:
        if offer.means is Means.FACTOR:
            token = services().step_up.by_factor(current_actor(), session, asked.chosen, code)
        elif offer.means is Means.PASSWORD and password:
            token = services().step_up.by_password(current_actor(), session, password)
        else:
            return step_up_page(asked), _WRONG
    except GovcloudError as error:
        return _refused(asked, error)
    kept = kept_form(asked.kept)
    if kept is None:
        response = make_response(redirect(asked.target, 303))
    else:
        response = make_response(render_template("web/continue.html", kept=kept, target=asked.target))
    set_session_token(response, token)
    return response


def _asked(chosen: str = "") -> StepUpPage:
    target = asked_next()
    open_way_back(waiting_client(target))
    # A client of OpenID Connect sends here for one reason: it wants a second factor, so a password would lead in a circle.
    factor = request.values.get("factor") == "1" or wants_factor(target)
    return StepUpPage(target, factor, request.form.get("kept", ""), chosen=chosen)


def _refused(asked: StepUpPage, error: GovcloudError) -> ResponseReturnValue:
    """Show the form again with what the service said; a lock and a full queue say when to come back."""
    wrong = Message("密码不正确。") if isinstance(error, SignInRefused) else error.message
    page = StepUpPage(
        asked.target, asked.factor, asked.kept, chosen=asked.chosen, cause=say(wrong), remedy=say(error.remedy) if error.remedy else ""
    )
    response = make_response(step_up_page(page), _TOO_MANY if isinstance(error, SignInLocked) else status_of(error))
    if error.retry_after is not None:
        response.headers["Retry-After"] = str(error.retry_after)
    return response
