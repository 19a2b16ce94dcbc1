"""The refusal page at a subsystem's door: why not, whose it is, and the way to ask for access."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Response, make_response, render_template, url_for

from govcloud.authorization.deciding.decisions import Decision
from govcloud.kernel.messages import Message
from govcloud.subsystems.queries import ClientView, ItemView
from govcloud.web.gate import services
from govcloud.web.locale import say
from govcloud.web.trace import trace_id

_FORBIDDEN = 403


@dataclass(frozen=True)
class _Refusal:
    """What the page shows."""

    function_name: str
    reason: str
    subsystem_name: str
    level: int | None
    owner_name: str
    max_days: int | None
    request_url: str | None


def refusal_page(client: ClientView, decision: Decision) -> Response:
    """Return the page for an official whom the engine does not let into the client's subsystem."""
    queries = services().subsystem_queries
    subsystem = queries.subsystem(client.subsystem_id)
    owner_id = subsystem.owner_department_id if subsystem else None
    owner = services().identity_queries.department(owner_id) if owner_id else None
    item = _remedy(client, decision)
    refusal = _Refusal(
        function_name=say(Message("进入%(name)s", name=client.subsystem_name)),
        reason=say(decision.message),
        subsystem_name=client.subsystem_name,
        level=subsystem.integration_level if subsystem else None,
        owner_name=owner.name if owner else "",
        max_days=item.max_days if item else None,
        request_url=url_for("portal.new_request", item=item.id) if item else None,
    )
    page = render_template("web/refusal.html", refusal=refusal, trace_id=trace_id())
    return make_response(page, _FORBIDDEN)


def _remedy(client: ClientView, decision: Decision) -> ItemView | None:
    """Return the item whose grant would open the door: the decision's own, else the first that the subsystem offers."""
    queries = services().subsystem_queries
    if decision.remedy_item_id is not None:
        return queries.item(decision.remedy_item_id)
    offered = queries.requestable_items(f"{client.subsystem_code}:")
    return next((item for item in offered if item.subsystem_id == client.subsystem_id), None)
