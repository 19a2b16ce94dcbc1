"""From a decision to the wire: obligations with a yes; with a no, the reason for people and where to ask for access."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from flask import Response, jsonify
from flask_babel import force_locale

from govcloud.authorization.decisions import Decision
from govcloud.authorization.obligations import obligations_of
from govcloud.subsystems.queries import ItemView
from govcloud.web.gate import services
from govcloud.web.locale import CHINESE, ENGLISH, say
from govcloud.web.trace import trace_id


def answer(decision: Decision) -> Response:
    """Return the decision as section 6.2 has it."""
    context = _allowed(decision) if decision.allowed else _denied(decision)
    response = jsonify(decision=decision.allowed, context=context)
    # A decision holds for the moment in which it was made (section 11.6: caching is the caller's risk).
    response.headers["Cache-Control"] = "no-store"
    return response


def _allowed(decision: Decision) -> dict[str, Any]:
    """Return what a yes obliges to: the rows that are open, and what of their fields."""
    return {
        "reason": decision.code,
        "obligations": obligations_of(decision),
        "ends_at": decision.ends_at.isoformat() if decision.ends_at else None,
        "epoch": decision.epoch,
    }


def _denied(decision: Decision) -> dict[str, Any]:
    """Return why not, in both languages, and (Access Request & Approval Profile, draft) where access can be requested."""
    context: dict[str, Any] = {
        "reason": decision.code,
        "reason_user": {"zh-CN": _in(CHINESE, decision), "en": _in(ENGLISH, decision)},
        "epoch": decision.epoch,
        "trace_id": trace_id(),
    }
    item = services().subsystem_queries.item(decision.remedy_item_id) if decision.remedy_item_id is not None else None
    if item is not None:
        context["access_request"] = _access_request(item)
    return context


def _access_request(item: ItemView) -> dict[str, Any]:
    """Return what would fix it: whose function it is, for how long it may be had, and the page that opens the request."""
    owner = services().identity_queries.department(item.owner_department_id)
    return {
        "url": f"{services().settings.public_url}/requests/new?{urlencode({'item': item.id})}",
        "function_name": item.function_name,
        "owner": owner.name if owner else "",
        "max_days": item.max_days,
    }


def _in(locale: str, decision: Decision) -> str:
    with force_locale(locale):
        return say(decision.message)
