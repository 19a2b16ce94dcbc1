"""消息: what one was told, the newest first; what is also wanted by mail; and the mail address, confirmed by a code."""

from __future__ import annotations

from uuid import UUID

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from govcloud.access.notices.kinds import GROUPS, KINDS
from govcloud.entrypoints.portal.blueprint import portal
from govcloud.entrypoints.portal.duty import reader
from govcloud.entrypoints.portal.forms import Findings
from govcloud.kernel.errors import GovcloudError
from govcloud.kernel.validation import identifier
from govcloud.web.errors import status_of
from govcloud.web.gate import current_actor, services, signed_in
from govcloud.web.locale import ENGLISH, current_locale, say


@portal.get("/notices")
@signed_in
def notices() -> ResponseReturnValue:
    """Show one's notices: all, the unread ones, or those under one heading."""
    after, group = request.args.get("after"), request.args.get("group", "")
    unread = request.args.get("unread") == "1"
    page = services().notice_queries.page(reader().official_id, unread=unread, group=group, cursor=after)
    return render_template(
        "portal/notices.html",
        page=page,
        after=after,
        unread=unread,
        group=group if group in GROUPS else "",
        groups=[(code, say(word)) for code, word in GROUPS.items()],
    )


@portal.post("/notices/read")
@signed_in
def read_notices() -> ResponseReturnValue:
    """Let all of one's notices count as read, or the one whose button was pressed."""
    one = identifier(request.form.get("notice"))
    services().notice_desk.mark_read(current_actor(), None if one is None else [one])
    unread, group = request.form.get("unread") or None, request.form.get("group") or None
    return redirect(url_for("portal.notices", unread=unread, group=group), 303)


@portal.post("/notices/<uuid:notice_id>/open")
@signed_in
def open_notice(notice_id: UUID) -> ResponseReturnValue:
    """Let one notice count as read and go where it leads."""
    link = services().notice_queries.link_of(reader().official_id, notice_id)
    if link is None:
        abort(404)
    services().notice_desk.mark_read(current_actor(), [notice_id])
    return redirect(link, 303)


@portal.get("/notices/settings")
@signed_in
def notice_settings() -> ResponseReturnValue:
    """Show which kinds go by mail, in which language, and to which address."""
    return _settings(Findings())


@portal.post("/notices/settings")
@signed_in
def choose_notices() -> ResponseReturnValue:
    """Keep which kinds are wanted by mail, and in which language."""
    findings = Findings()
    try:
        services().notice_desk.choose(current_actor(), request.form.getlist("mailed"), request.form.get("language", ""))
    except GovcloudError as error:
        findings.take(error)
        return _settings(findings), status_of(error)
    flash(gettext("已保存，对此后的消息生效。"), "success")
    return redirect(url_for("portal.notice_settings"), 303)


@portal.post("/notices/address")
@signed_in
def enter_address() -> ResponseReturnValue:
    """Take a mail address in and have a code sent there."""
    findings = Findings()
    try:
        services().notice_desk.enter_address(current_actor(), request.form.get("address", ""), _language())
    except GovcloudError as error:
        findings.take(error)
        return _settings(findings), status_of(error)
    flash(gettext("验证码已发往该邮箱，请在 30 分钟内填写。"), "success")
    return redirect(url_for("portal.notice_settings", _anchor="address"), 303)


@portal.post("/notices/address/confirm")
@signed_in
def confirm_address() -> ResponseReturnValue:
    """Take the code in that was mailed."""
    findings = Findings()
    try:
        services().notice_desk.confirm_address(current_actor(), request.form.get("code", ""))
    except GovcloudError as error:
        findings.take(error)
        return _settings(findings), status_of(error)
    flash(gettext("邮箱已确认，所选的消息会发往该邮箱。"), "success")
    return redirect(url_for("portal.notice_settings", _anchor="address"), 303)


@portal.post("/notices/address/remove")
@signed_in
def remove_address() -> ResponseReturnValue:
    """Have no mail sent any more."""
    services().notice_desk.remove_address(current_actor())
    flash(gettext("不再向该邮箱发送消息。"), "success")
    return redirect(url_for("portal.notice_settings", _anchor="address"), 303)


def _language() -> str:
    return "en" if current_locale() == ENGLISH else "zh"


def _settings(findings: Findings) -> str:
    choices = services().notice_desk.choices(reader().official_id)
    return render_template(
        "portal/notice_settings.html",
        choices=choices,
        kinds=[
            (say(word), [(code, say(kind.name)) for code, kind in KINDS.items() if kind.group == group]) for group, word in GROUPS.items()
        ],
        errors=findings.errors,
        general=findings.general,
        typed=request.form.get("address", ""),
    )
