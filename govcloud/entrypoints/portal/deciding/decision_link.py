"""The way from a mail to a line: the link is checked, its reader signs in and proves who they are, and then decides like everybody."""

from __future__ import annotations

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue

from govcloud.access.deciding.decision_links import read_token
from govcloud.entrypoints.portal.blueprint import portal
from govcloud.entrypoints.portal.duty import acting_appointment, reader
from govcloud.kernel.errors import Conflict
from govcloud.web.gate import services, signed_in
from govcloud.web.locale import say


@portal.get("/decide/<token>")
@signed_in
def follow_link(token: str) -> ResponseReturnValue:
    """Lead to the decision page that the link names, once its reader has proven who they are a short time ago."""
    try:
        linked = read_token(services().keys, token, services().clock.now())
    except Conflict as error:
        flash(f"{say(error.message)} {say(error.remedy) if error.remedy else ''}".strip(), "error")
        return redirect(url_for("portal.inbox"), 303)
    session = reader()
    services().step_up.check_recent(session, factor=services().step_up.holds_factor(session))
    acting_appointment()
    return redirect(url_for("portal.decision", line_id=linked.line_id), 303)
