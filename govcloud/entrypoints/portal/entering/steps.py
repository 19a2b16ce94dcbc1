"""The further steps of signing in: second factor, setting one up on the way in, a new password in place of one that is too old."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from flask import flash, make_response, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from werkzeug.wrappers import Response

from govcloud.entrypoints.portal.blueprint import portal
from govcloud.entrypoints.portal.entering.qr import qr_code
from govcloud.entrypoints.portal.forms import Findings
from govcloud.entrypoints.portal.return_to import asked_next, open_way_back, waiting_client
from govcloud.entrypoints.portal.words import FACTOR_FIELDS
from govcloud.kernel.errors import Denied, GovcloudError
from govcloud.kernel.messages import Message
from govcloud.signon.ceremony import MoreToProve, Step, Waiting
from govcloud.signon.errors import CeremonyOver, SignInLocked
from govcloud.signon.opening import Browser
from govcloud.signon.step_up import Means, Offer
from govcloud.signon.views import SignedIn
from govcloud.web.cookies import clear_steps_token, set_session_token, set_steps_token, steps_token
from govcloud.web.errors import status_of
from govcloud.web.gate import current_session, public, services, source_address
from govcloud.web.locale import say
from govcloud.web.signing_out import REPLACED, frames_of, told_in_passing
from govcloud.web.trace import trace_id

_TOO_MANY = 429
PAGES: Mapping[Step, str] = {
    Step.SECOND_FACTOR: "portal.second_factor_step",
    Step.ENROL: "portal.enrol_step",
    Step.CHANGE_PASSWORD: "portal.new_password_step",
}
_WHY = "one is signing in; the sealed cookie says what was proven so far"


def to_next_step(more: MoreToProve, target: str) -> Response:
    """Lead on to the step that follows, with what was proven so far."""
    # A fresh form cookie with every step: what was planted before is worth nothing afterwards.
    session.clear()
    response = make_response(redirect(url_for(PAGES[more.step], next=target), 303))
    set_steps_token(response, more.token)
    return response


def let_in(signed: SignedIn, target: str) -> Response:
    """Lead on with the session: to choosing an appointment, or to where one wanted to go; first the browser tells of the one before."""
    before, way = _session_before(signed), onward(signed, target)
    session.clear()
    response = told_in_passing(before, way, REPLACED) if before is not None else None
    response = response or make_response(redirect(way, 303))
    set_session_token(response, signed.token)
    clear_steps_token(response)
    return response


def _session_before(signed: SignedIn) -> UUID | None:
    """Return the session in which the browser came, if this sign-in put another in its place: somebody else's as a rule."""
    # Looked up when the request began, while that session was alive.
    before = current_session()
    return before.session_id if before is not None and before.session_id != signed.session_id else None


def onward(signed: SignedIn, target: str) -> str:
    """Return where a sign-in continues."""
    return url_for("portal.appointment", next=target, last=signed.last_appointment_id) if signed.appointment_id is None else target


@portal.get("/sign-in/second-factor")
@public(_WHY)
def second_factor_step() -> ResponseReturnValue:
    """Ask for a second factor."""
    waiting = _waiting(Step.SECOND_FACTOR)
    return waiting if isinstance(waiting, Response) else _factor_page(waiting, request.args.get("with", ""))


@portal.post("/sign-in/second-factor")
@public(_WHY)
def prove_second_factor() -> ResponseReturnValue:
    """Check it and go on."""
    waiting = _waiting(Step.SECOND_FACTOR)
    if isinstance(waiting, Response):
        return waiting
    if "switch" in request.form:
        return _factor_page(waiting, request.form["switch"])
    chosen = request.form.get("with", "")
    try:
        signed = services().ceremony.by_factor(steps_token(), chosen, request.form.get("code", ""), _browser(), trace_id())
    except CeremonyOver:
        return _over()
    except MoreToProve as more:
        return to_next_step(more, asked_next())
    except GovcloudError as error:
        return _answer(_factor_page(waiting, chosen, error), error)
    return let_in(signed, asked_next())


@portal.get("/sign-in/set-up")
@public(_WHY)
def enrol_step() -> ResponseReturnValue:
    """Show the secret to set up an app with."""
    waiting = _waiting(Step.ENROL)
    return waiting if isinstance(waiting, Response) else _enrol_page(Findings(labels=FACTOR_FIELDS))


@portal.post("/sign-in/set-up")
@public(_WHY)
def confirm_enrolment() -> ResponseReturnValue:
    """Check the app's first code, show the recovery codes this once, and go on."""
    waiting = _waiting(Step.ENROL)
    if isinstance(waiting, Response):
        return waiting
    target, findings = asked_next(), Findings(labels=FACTOR_FIELDS)
    try:
        enrolled = services().ceremony.by_enrolment(steps_token(), request.form.get("code", ""), _browser(), trace_id())
    except CeremonyOver:
        return _over()
    except GovcloudError as error:
        findings.take(error)
        return _answer(_enrol_page(findings), error)
    session.clear()
    outcome = enrolled.outcome
    onto = _after_enrolment(outcome, target)
    open_way_back(waiting_client(target))
    before = _session_before(outcome) if isinstance(outcome, SignedIn) else None
    frames = frames_of(before) if before is not None else ()
    page = render_template("portal/recovery_codes.html", codes=enrolled.codes, onward=onto, signing_in=True, frames=frames)
    response = make_response(page)
    if isinstance(outcome, MoreToProve):
        set_steps_token(response, outcome.token)
        return response
    if isinstance(outcome, SignedIn):
        set_session_token(response, outcome.token)
    else:
        _say_why_not(outcome)
    clear_steps_token(response)
    return response


def _after_enrolment(outcome: SignedIn | Denied, target: str) -> str:
    """Return where the page with the recovery codes leads on: in, to the next step, or to the sign-in page, which says why not."""
    if isinstance(outcome, SignedIn):
        return onward(outcome, target)
    return url_for(PAGES[outcome.step] if isinstance(outcome, MoreToProve) else "portal.sign_in", next=target)


@portal.get("/sign-in/new-password")
@public(_WHY)
def new_password_step() -> ResponseReturnValue:
    """Ask for another password."""
    waiting = _waiting(Step.CHANGE_PASSWORD)
    return waiting if isinstance(waiting, Response) else _password_page(waiting, Findings())


@portal.post("/sign-in/new-password")
@public(_WHY)
def set_new_password() -> ResponseReturnValue:
    """Set it and go on."""
    waiting = _waiting(Step.CHANGE_PASSWORD)
    if isinstance(waiting, Response):
        return waiting
    findings, new = Findings(), request.form.get("new", "")
    if not new:
        findings.add("new", Message("请填写。"))
    elif new != request.form.get("again", ""):
        findings.add("again", Message("两次输入的新密码不一致。"))
    if findings:
        return _password_page(waiting, findings), 422
    try:
        signed = services().ceremony.by_new_password(steps_token(), new, _browser(), trace_id())
    except CeremonyOver:
        return _over()
    except MoreToProve as more:
        return to_next_step(more, asked_next())
    except GovcloudError as error:
        findings.take_password(error)
        return _answer(_password_page(waiting, findings), error)
    flash(gettext("密码已更换。"), "success")
    return let_in(signed, asked_next())


def _say_why_not(refusal: Denied) -> None:
    """Have the next page say why no session was opened although all was proven."""
    flash(" ".join(say(part) for part in (refusal.message, refusal.remedy) if part), "warning")


def _browser() -> Browser:
    return Browser(source_address(), request.user_agent.string, current_session())


def _waiting(step: Step) -> Waiting | Response:
    """Return the ceremony if it is this page's turn, else the way to the page whose turn it is."""
    try:
        waiting = services().ceremony.waiting(steps_token())
    except CeremonyOver:
        return _over()
    if waiting.step is not step:
        return make_response(redirect(url_for(PAGES[waiting.step], next=asked_next()), 303))
    return waiting


def _over() -> Response:
    """Begin anew: the sign-in took too long, or something changed meanwhile."""
    if current_session() is None:
        flash(gettext("登录步骤已过期，请重新登录。"), "warning")
    response = make_response(redirect(url_for("portal.sign_in", next=asked_next()), 303))
    clear_steps_token(response)
    return response


def _answer(page: str, error: GovcloudError) -> Response:
    """Return a form with what is wrong; a lock and a full queue say when to come back."""
    response = make_response(page, _TOO_MANY if isinstance(error, SignInLocked) else status_of(error))
    if error.retry_after is not None:
        response.headers["Retry-After"] = str(error.retry_after)
    return response


def _factor_page(waiting: Waiting, chosen: str, error: GovcloudError | None = None) -> str:
    target = asked_next()
    open_way_back(waiting_client(target))
    return render_template(
        "portal/second_factor.html",
        next=target,
        offer=Offer(Means.FACTOR, waiting.factors),
        chosen=chosen if chosen in waiting.factors else waiting.factors[0],
        cause=say(error.message) if error else "",
        remedy=say(error.remedy) if error and error.remedy else "",
        errors={},
    )


def _enrol_page(findings: Findings) -> str:
    target = asked_next()
    open_way_back(waiting_client(target))
    enrolment = services().ceremony.enrolment(steps_token())
    return render_template(
        "portal/set_up_step.html",
        next=target,
        enrolment=enrolment,
        qr=qr_code(enrolment.uri),
        errors=findings.errors,
        general=findings.general,
    )


def _password_page(waiting: Waiting, findings: Findings) -> str:
    target = asked_next()
    open_way_back(waiting_client(target))
    return render_template(
        "portal/new_password.html",
        next=target,
        login=waiting.account.login,
        days=services().signon_policies.current().password_most_days,
        rules=services().password_rules.shown(),
        errors=findings.errors,
        general=findings.general,
    )
