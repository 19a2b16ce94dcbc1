"""Who has several duties must say in which one they act before entering a subsystem."""

from __future__ import annotations

from govcloud.entrypoints.oidc.request import AuthorizationRequest
from govcloud.web.gate import services


def check_appointment(request: AuthorizationRequest) -> None:
    """Let a session pass that acts under an appointment, or whose official has none at all.

    Raises:
        Interaction: one has to be chosen; the portal's page comes back here.
        AuthorizationError: the same, when no page may show.
    """
    session = request.session
    if session.appointment_id is None and services().identity_queries.appointments_of(session.official_id):
        raise request.interact("interaction_required", "an appointment has to be chosen", "portal.appointment")
