"""The feed of people: a client that is entrusted with provisioning sends rows as JSON; the same import as everywhere.

It stands beside the table of routes because it reads a stream, not a model, and because programs authenticate with their own
credentials: no cookie of a browser counts here.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, jsonify, request, url_for
from pydantic import Field
from werkzeug.exceptions import RequestEntityTooLarge, UnsupportedMediaType

from govcloud.entrypoints.api.wire.bodies import Input
from govcloud.entrypoints.api.wire.errors import init_errors
from govcloud.entrypoints.api.wire.named import department_of
from govcloud.entrypoints.api.wire.reading import read_query
from govcloud.identity.importing.report import Finding, Report
from govcloud.identity.importing.runs import Order, RunView
from govcloud.identity.importing.sources import Source, examine
from govcloud.kernel.errors import FieldError, Invalid, NotFound
from govcloud.kernel.messages import Message
from govcloud.web.gate import client_authenticated, current_actor, current_client, services
from govcloud.web.locale import say
from govcloud.web.setup import csrf

feeds = Blueprint("feeds", __name__, url_prefix="/api/v1")
csrf.exempt(feeds)
init_errors(feeds)

_TYPES = frozenset({"application/json", "application/x-ndjson", "application/jsonl"})
_CHUNK = 1 << 16
_SHOWN = 1_000


class ImportQuery(Input):
    """How to take a feed."""

    dry_run: bool = Field(default=False, description="only report what would happen")
    complete: bool = Field(default=False, description="the feed names everybody: whoever is missing is disabled")
    allow_vanish: float = Field(default=2.0, ge=0, le=100, description="percent of the client's people who may be missing")
    department: str | None = Field(default=None, max_length=18, description="credit code: only this department and all below it")


class FindingsQuery(Input):
    """A page of a report."""

    after: int = Field(default=-1, ge=-1)
    limit: int = Field(default=100, ge=1, le=1000)


@feeds.post("/imports")
@client_authenticated
def import_people() -> Response:
    """Import the rows of the body, or say what importing them would do; 201 with the run and its report."""
    if request.mimetype not in _TYPES:
        raise UnsupportedMediaType
    query = read_query(ImportQuery)
    order = Order(
        f"client:{current_client().client_id}", department_of(query.department), complete=query.complete, allow_vanish=query.allow_vanish
    )
    report = Report()
    with tempfile.TemporaryDirectory(prefix="govcloud-feed-") as folder:
        source = _received(Path(folder) / "feed.json")
        if query.dry_run:
            services().importing.dry_run(current_actor(), source, order, report)
            run = _own(report.run_id)
        else:
            run = services().importing.apply(current_actor(), source, order, report)
    response = jsonify(_run(run) | {"findings": [_finding(found) for found in report.findings[:_SHOWN]]})
    response.status_code = 201
    response.headers["Location"] = url_for("feeds.import_run", run_id=run.id)
    return response


@feeds.get("/imports/<uuid:run_id>")
@client_authenticated
def import_run(run_id: UUID) -> Response:
    """Show a run of the client's own."""
    return jsonify(_run(_own(run_id)))


@feeds.get("/imports/<uuid:run_id>/findings")
@client_authenticated
def import_findings(run_id: UUID) -> Response:
    """Show a page of its report; ``after`` is the number of the last finding seen."""
    query = read_query(FindingsQuery)
    page = services().import_queries.findings(_own(run_id).id, after=query.after, limit=query.limit)
    return jsonify(
        findings=[_finding(found) | {"number": number} for number, found in page],
        after=page[-1][0] if len(page) == query.limit else None,
    )


def _received(path: Path) -> Source:
    """Write the body to a file of our own, a piece at a time, and see that it is JSON."""
    most, size = services().settings.import_max_bytes, 0
    with path.open("wb") as file:
        while piece := request.stream.read(_CHUNK):
            size += len(piece)
            if size > most:
                raise RequestEntityTooLarge
            file.write(piece)
    source = examine(path)
    if source.kind != "json":
        wrong = Message("应为对象的数组，或每行一个对象（JSON Lines）。")
        raise Invalid.of(FieldError("body", wrong))
    return source


def _own(run_id: UUID | None) -> RunView:
    run = services().import_queries.run(run_id) if run_id else None
    if run is None or run.actor.id != current_client().client_id:
        raise NotFound.of(Message("导入记录"), run_id)
    return run


def _run(run: RunView) -> dict[str, Any]:
    return {
        "id": str(run.id),
        "state": run.state,
        "mode": run.mode,
        "sha256": run.sha256,
        "rows_done": run.lines_done,
        "summary": run.summary.stored(),
        "error": " ".join(say(part) for part in run.error),
        "created_at": run.created_at.isoformat(),
        "finished_at": run.finished_at.isoformat() if run.finished_at else None,
    }


def _finding(found: Finding) -> dict[str, Any]:
    return {"row": found.line, "field": found.field, "value": found.value, "message": say(found.message)}
