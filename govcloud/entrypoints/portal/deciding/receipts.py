"""Decision receipts to read and to download: of one's requests, and of what one decided; and the keys to verify them, for everybody."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any
from uuid import UUID

from flask import Response, jsonify, render_template
from flask.typing import ResponseReturnValue

from govcloud.access.evidence.receipt_checks import BadReceipt
from govcloud.entrypoints.portal.blueprint import portal
from govcloud.entrypoints.portal.words import capacity_words
from govcloud.kernel.errors import Denied, NotFound
from govcloud.kernel.jws import json_object
from govcloud.web.gate import current_actor, public, services, signed_in

KEYS_PATH = "/.well-known/govcloud-receipt-keys.json"


@portal.get("/lines/<uuid:line_id>/receipts/<uuid:decision_id>/shown")
@signed_in
def receipt_shown(line_id: UUID, decision_id: UUID) -> ResponseReturnValue:
    """Show what a receipt says, checked as anybody would check it, to whoever may see the line."""
    line = services().access_queries.line(current_actor(), line_id)
    view = services().receipts.of_decision(line.id, decision_id)
    wrong, others = "", 0
    try:
        others = len(services().receipts.checked(view).others)
    except BadReceipt as error:
        wrong = str(error)
    payload = json_object(str(view.document["payload"]))
    right = payload.get("right")  # receipts of version 1 have none
    return render_template(
        "portal/receipt.html",
        line=line,
        view=view,
        said=payload,
        at=datetime.fromisoformat(payload["at"]),
        capacity=capacity_words(right["capacity"]) if right else None,
        counted=[(one["name"], datetime.fromisoformat(one["at"])) for one in payload["quorum"]["counted"]] if payload.get("quorum") else [],
        signed_at=datetime.fromisoformat(payload["rule"]["signed_at"]) if payload.get("rule") else None,
        others=others,
        wrong=wrong,
        decides=_decides(line_id),
    )


def _decides(line_id: UUID) -> bool:
    """Return whether the reader is one of those who may see the card."""
    try:
        services().access_queries.decision_page(current_actor(), line_id)
    except (NotFound, Denied):
        return False
    return True


@portal.get("/lines/<uuid:line_id>/receipts/<uuid:decision_id>")
@signed_in
def receipt(line_id: UUID, decision_id: UUID) -> Response:
    """Hand out one receipt as a file, to whoever may see the line."""
    line = services().access_queries.line(current_actor(), line_id)
    found = services().receipts.of_decision(line.id, decision_id)
    return _file(found.document, f"receipt-{decision_id}.json")


@portal.get("/lines/<uuid:line_id>/receipts/<uuid:decision_id>/evidence")
@signed_in
def evidence(line_id: UUID, decision_id: UUID) -> Response:
    """Hand out the evidence card that a decision rests on, as it was hashed, to those who may decide on the line."""
    services().access_queries.decision_page(current_actor(), line_id)
    return _file(services().receipts.evidence_of(line_id, decision_id), f"evidence-{decision_id}.json")


@portal.get(KEYS_PATH)
@public("public keys, published for everybody")
def receipt_keys() -> Response:
    """Return every key that receipts were ever signed with: a receipt is read for years after its key was retired."""
    response = jsonify(services().receipts.archive())
    response.headers["Cache-Control"] = "public, max-age=300"
    return response


def _file(document: dict[str, Any], name: str) -> Response:
    text = json.dumps(document, ensure_ascii=False, indent=2) + "\n"
    response = Response(text, content_type="application/json")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
