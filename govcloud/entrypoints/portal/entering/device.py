"""设备登录: letting a device in that has no browser, by the code that it shows (RFC 8628 section 3.3)."""

from __future__ import annotations

from flask import flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from govcloud.authorization.deciding.decisions import Decision
from govcloud.entrypoints.portal.blueprint import portal
from govcloud.entrypoints.portal.duty import acting_appointment, reader
from govcloud.entrypoints.portal.forms import Findings
from govcloud.kernel.errors import GovcloudError, NotFound
from govcloud.kernel.messages import Message
from govcloud.signon.errors import NotAdmitted
from govcloud.signon.oauth.devices import WaitingDevice, no_such_device
from govcloud.signon.oauth.user_codes import DeviceCodeLocked, shown, typed
from govcloud.subsystems.queries import ClientView
from govcloud.web.errors import status_of
from govcloud.web.gate import current_actor, services, signed_in

_MOST = 40
_FORBIDDEN = 403
_TOO_MANY = 429


@portal.get("/device")
@signed_in
def device() -> ResponseReturnValue:
    """Show the form; a code that comes with the address is filled in, and still has to be sent (RFC 8628 section 3.3.1)."""
    acting_appointment()
    return _form(request.args.get("user_code", "")[:_MOST], Findings())


@portal.post("/device")
@signed_in
def look_at_device() -> ResponseReturnValue:
    """Show which device waits with this code, from where and for what, before anybody decides."""
    acting_appointment()
    code, findings = request.form.get("user_code", "")[:_MOST], Findings()
    if not typed(code):
        findings.add("user_code", Message("请填写设备上显示的代码。"))
        return _form(code, findings), 422
    try:
        waiting = services().devices.look(current_actor(), code)
        return _question(code, waiting, _client(waiting), None)
    except (NotFound, DeviceCodeLocked) as error:
        return _refused(code, error)


@portal.post("/device/decision")
@signed_in
def decide_on_device() -> ResponseReturnValue:
    """Let the device in, if the subsystem's door is open to the reader, or turn it away."""
    acting_appointment()
    code, session, actor = request.form.get("user_code", "")[:_MOST], reader(), current_actor()
    try:
        if request.form.get("decision") != "approve":
            services().devices.deny(actor, session, code)
            flash(gettext("已拒绝该设备的登录请求。"), "success")
            return redirect(url_for("portal.device"), 303)
        waiting = services().devices.look(actor, code)
        client = _client(waiting)
        try:
            services().devices.approve(actor, session, client, code)
        except NotAdmitted as refused:
            return _question(code, waiting, client, refused.decision), _FORBIDDEN
    except (NotFound, DeviceCodeLocked) as error:
        return _refused(code, error)
    flash(gettext("已允许设备登录“%(name)s”，请回到设备上继续。", name=client.subsystem_name), "success")
    return redirect(url_for("portal.device"), 303)


def _client(waiting: WaitingDevice) -> ClientView:
    """Return the client of a waiting device.

    Raises:
        NotFound: it was disabled meanwhile.
    """
    client = services().subsystem_queries.client_by_client_id(waiting.client_id)
    if client is None:
        raise no_such_device()
    return client


def _question(code: str, waiting: WaitingDevice, client: ClientView, refused: Decision | None) -> str:
    """Return the page that asks whether to let the device in; ``refused``: why the reader cannot."""
    remedy = refused.remedy_item_id if refused else None
    return render_template(
        "portal/device_decision.html",
        code=shown(typed(code)),
        waiting=waiting,
        client=client,
        refused=refused,
        request_url=url_for("portal.new_request", item=remedy) if remedy else None,
    )


def _refused(code: str, error: GovcloudError) -> ResponseReturnValue:
    findings = Findings()
    findings.take(error)
    response = make_response(_form(code, findings), _TOO_MANY if isinstance(error, DeviceCodeLocked) else status_of(error))
    if error.retry_after is not None:
        response.headers["Retry-After"] = str(error.retry_after)
    return response


def _form(code: str, findings: Findings) -> str:
    return render_template("portal/device.html", code=code, errors=findings.errors, general=findings.general)
