"""Decision receipts for download: of one's requests and of what one decided; and the keys that they are verified with, for everybody."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from flask import Response, jsonify

from govcloud.entrypoints.portal.blueprint import portal
from govcloud.web.gate import current_actor, public, services, signed_in

KEYS_PATH = "/.well-known/govcloud-receipt-keys.json"


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
