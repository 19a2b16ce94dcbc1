"""Extending one's own temporary access: how long still, from when, why; it goes to the same department as the request before."""

from __future__ import annotations

from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from govcloud.access.life.extending import ExtensionOffer
from govcloud.access.views import HeldAccess
from govcloud.entrypoints.portal.blueprint import portal
from govcloud.entrypoints.portal.duty import acting_appointment
from govcloud.entrypoints.portal.forms import Findings, text_of, whole_number
from govcloud.entrypoints.portal.holding.held import own_grant
from govcloud.kernel.errors import Conflict, Denied, Invalid, NotFound
from govcloud.kernel.messages import Message
from govcloud.web.errors import status_of
from govcloud.web.gate import current_actor, services, signed_in

_USUAL = 7


@portal.get("/access/<uuid:grant_id>/extend")
@signed_in
def extend(grant_id: UUID) -> ResponseReturnValue:
    """Show what is extended, and until when it could be."""
    acting_appointment()
    return _page(own_grant(grant_id), _offer(grant_id), Findings())


@portal.post("/access/<uuid:grant_id>/extend")
@signed_in
def ask_for_more(grant_id: UUID) -> ResponseReturnValue:
    """Ask for the extension; the page of the request says what happens next."""
    acting_appointment()
    entry, offer, findings = own_grant(grant_id), _offer(grant_id), Findings()
    days = whole_number(request.form.get("days"))
    if days is None or days < 1:
        findings.add("days", Message("请填写整数天数，至少 1 天。"))
        return _page(entry, offer, findings), 422
    try:
        submitted = services().grant_life.extend(current_actor(), grant_id, days, text_of(request.form, "reason"))
    except (Invalid, Conflict, Denied) as error:
        findings.take(error)
        return _page(entry, offer, findings), status_of(error)
    flash(gettext("已提交续期申请 %(number)s。获准后从本次到期的时刻接续，中间不断。", number=submitted.number), "success")
    return redirect(url_for("portal.request_detail", request_id=submitted.request_id), 303)


def _offer(grant_id: UUID) -> ExtensionOffer:
    """Return for how long the grant can be extended.

    Raises:
        NotFound: it cannot be.
    """
    found = services().grant_life.offer(grant_id)
    if found is None:
        raise NotFound("not_extendable", Message("这项临时权限不能续期，或已停止开放申请。"), remedy=Message("如仍有需要，请另行申请。"))
    return found


def _page(entry: HeldAccess, offer: ExtensionOffer, findings: Findings) -> str:
    usual = str(max(1, min(_USUAL, offer.most)))
    return render_template(
        "portal/extend.html",
        held=entry,
        offer=offer,
        route=services().access_queries.route(current_actor(), offer.item_id),
        days=request.form.get("days", usual),
        reason=text_of(request.form, "reason") if request.method == "POST" else entry.reason,
        errors=findings.errors,
        general=findings.general,
    )
