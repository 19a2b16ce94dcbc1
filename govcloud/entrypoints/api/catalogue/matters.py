"""Matters (一件事) over the API: every official reads them, for requests name them; who administers the leading department changes them."""

from __future__ import annotations

from govcloud.entrypoints.api.catalogue.matter_bodies import (
    MatterAnswer,
    MatterChangeBody,
    MatterChangedAnswer,
    MatterEndBody,
    MatterEndedAnswer,
    MatterIdAnswer,
    MattersAnswer,
    MattersQuery,
    NewMatterBody,
)
from govcloud.entrypoints.api.wire.table import Route
from govcloud.kernel.errors import NotFound
from govcloud.kernel.messages import Message
from govcloud.subsystems.queries import MatterView
from govcloud.web.gate import current_actor, requires, services, signed_in

_READ = "govcloud:matter:read"
_EVERYWHERE = ("/",)


@requires(_READ)
def matters(query: MattersQuery) -> MattersAnswer:
    """The matters of the province that requests may name."""
    return MattersAnswer.of(services().subsystem_queries.matters_within(_EVERYWHERE, query.q, limit=query.limit, after=query.cursor))


@requires(_READ)
def matter(code: str) -> MatterAnswer:
    """One matter with its items, an ended one too."""
    return MatterAnswer.of(_known(code))


@signed_in
def register_matter(body: NewMatterBody) -> MatterIdAnswer:
    """Register a matter; a dry run only looks."""
    made = services().subsystems.register_matter(current_actor(), body.to_input(), dry_run=body.dry_run)
    return MatterIdAnswer(id=None if body.dry_run else made, code=body.code, dry_run=body.dry_run)


@signed_in
def change_matter(code: str, body: MatterChangeBody) -> MatterChangedAnswer:
    """Change a matter, whole; a dry run only looks."""
    found = services().subsystems.change_matter(current_actor(), code, body.version, body.to_change(), body.reason, dry_run=body.dry_run)
    return MatterChangedAnswer.of(found, dry_run=body.dry_run)


@signed_in
def end_matter(code: str, body: MatterEndBody) -> MatterEndedAnswer:
    """Let requests name a matter no longer; a dry run only looks."""
    services().subsystems.end_matter(current_actor(), code, body.version, body.reason, dry_run=body.dry_run)
    return MatterEndedAnswer(dry_run=body.dry_run, waiting=services().access_queries.open_lines_naming(_known(code).id))


def _known(code: str) -> MatterView:
    view = services().subsystem_queries.matter(code)
    if view is None:
        raise NotFound.of(Message("一件事"), code)
    return view


TABLE = (
    Route("GET", "/matters", matters, MattersAnswer, query=MattersQuery),
    Route("POST", "/matters", register_matter, MatterIdAnswer, body=NewMatterBody),
    Route("GET", "/matters/<code>", matter, MatterAnswer),
    Route("POST", "/matters/<code>/change", change_matter, MatterChangedAnswer, body=MatterChangeBody),
    Route("POST", "/matters/<code>/end", end_matter, MatterEndedAnswer, body=MatterEndBody),
)
