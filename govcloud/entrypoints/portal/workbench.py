"""The workbench: what can I open, what waits for me; and the search from the top bar."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from govcloud.entrypoints.portal.blueprint import portal
from govcloud.entrypoints.portal.cards import at_hand, grouped, live_grants, matching, open_cards, remembered
from govcloud.entrypoints.portal.duty import acting_appointment, reader
from govcloud.kernel.validation import identifier
from govcloud.web.gate import current_actor, services, signed_in
from govcloud.web.shell import shell

SOON = timedelta(days=7)
_LONGEST_QUERY = 60
_FOUND = 8


@dataclass(frozen=True)
class _Counts:
    """What waits: to decide, about to end, asked for."""

    to_decide: int
    expiring: int
    waiting: int


@portal.get("/")
@signed_in
def workbench() -> ResponseReturnValue:
    """Show the subsystems that are open to the appointment, and what waits."""
    appointment_id, session = acting_appointment(), reader()
    query, owner = _query(), identifier(request.args.get("owner"))
    grants = live_grants(session.official_id, appointment_id)
    cards = remembered(open_cards(appointment_id, grants), session.official_id, session.session_id)
    soon = services().clock.now() + SOON
    return render_template(
        "portal/workbench.html",
        counts=_Counts(
            to_decide=shell().inbox_count,
            expiring=sum(grant.ends_at <= soon for grant in grants),
            waiting=services().access_queries.waiting_count(session.official_id),
        ),
        total=len(cards),
        at_hand=() if query or owner else at_hand(cards),
        groups=grouped(matching(cards, query, owner)),
        owners=list(dict.fromkeys((str(card.owner_id), card.owner) for card in cards if card.owner_id)),
        owner=str(owner or ""),
        q=query,
    )


@portal.post("/favourites")
@signed_in
def set_favourite() -> ResponseReturnValue:
    """Put a subsystem among the favourites, or take it away; then show the workbench again, where one was."""
    code, wanted = request.form.get("subsystem", ""), request.form.get("kept") == "1"
    services().launcher.set_favourite(current_actor(), code, wanted=wanted)
    return redirect(url_for("portal.workbench", _anchor=f"app-{code}"), 303)


@portal.get("/search")
@signed_in
def search() -> ResponseReturnValue:
    """Search whatever one may need; ``part`` asks for the list alone, as the top bar shows it while one types."""
    appointment_id, session = acting_appointment(), reader()
    query = _query()
    cards = open_cards(appointment_id, live_grants(session.official_id, appointment_id)) if query else ()
    return render_template(
        "portal/_found.html" if request.args.get("part") else "portal/search.html",
        q=query,
        subsystems=matching(cards, query)[:_FOUND],
        hits=services().asking_queries.search(current_actor(), query, _FOUND),
    )


def _query() -> str:
    return request.args.get("q", "").strip()[:_LONGEST_QUERY]
