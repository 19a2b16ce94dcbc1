"""One's own second factor, from the account page: set up, recovery codes anew, take away."""

from __future__ import annotations

from flask import flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from govcloud.entrypoints.portal.blueprint import portal
from govcloud.entrypoints.portal.duty import reader
from govcloud.entrypoints.portal.entering.qr import qr_code
from govcloud.entrypoints.portal.forms import Findings
from govcloud.entrypoints.portal.return_to import safe_next
from govcloud.entrypoints.portal.words import FACTOR_FIELDS
from govcloud.kernel.errors import GovcloudError
from govcloud.web.cookies import set_session_token
from govcloud.web.errors import status_of
from govcloud.web.gate import current_actor, services, signed_in


@portal.get("/account/second-factor")
@signed_in
def set_up_factor() -> ResponseReturnValue:
    """Show the secret to set up an app with; loading the page again shows the same one."""
    if services().second_factors.standing_of(reader().account_id, reader().official_id).since is not None:
        return redirect(url_for("portal.account", _anchor="second-factor"), 303)
    return _page(Findings(labels=FACTOR_FIELDS))


@portal.post("/account/second-factor")
@signed_in
def confirm_factor() -> ResponseReturnValue:
    """Check the app's first code and show the recovery codes this once."""
    findings = Findings(labels=FACTOR_FIELDS)
    try:
        done = services().second_factors.enrol(current_actor(), reader(), request.form.get("code", ""))
    except GovcloudError as error:
        findings.take(error)
        return _page(findings), status_of(error)
    response = make_response(_codes(done.codes, safe_next(request.form.get("next")) if request.form.get("next") else ""))
    set_session_token(response, done.token)
    return response


@portal.post("/account/recovery-codes")
@signed_in
def renew_recovery_codes() -> ResponseReturnValue:
    """Make ten other codes and show them this once."""
    return _codes(services().second_factors.renew_codes(current_actor(), reader()))


@portal.post("/account/second-factor/remove")
@signed_in
def remove_factor() -> ResponseReturnValue:
    """Take the second factor away."""
    services().second_factors.remove(current_actor(), reader())
    flash(gettext("动态口令已解除，今后登录只需密码。"), "success")
    return redirect(url_for("portal.account", _anchor="second-factor"), 303)


def _codes(codes: tuple[str, ...], onward: str = "") -> str:
    target = onward or url_for("portal.account", _anchor="second-factor")
    return render_template("portal/recovery_codes.html", codes=codes, onward=target, signing_in=False, frames=())


def _page(findings: Findings) -> str:
    enrolment = services().second_factors.pending(reader())
    return render_template(
        "portal/set_up_factor.html",
        next=request.values.get("next", ""),
        enrolment=enrolment,
        qr=qr_code(enrolment.uri),
        errors=findings.errors,
        general=findings.general,
    )
