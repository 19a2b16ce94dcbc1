"""The claims about an official that a scope opens, in ID tokens and from userinfo: thin on purpose, never permissions."""

from __future__ import annotations

from collections.abc import Collection

from govcloud.identity.queries import IdentityQueries
from govcloud.signon.views import CurrentSession
from govcloud.subsystems.protocols import CLAIMS

OPENID = "openid"
PROFILE = "profile"
SCOPES = (OPENID, PROFILE)
#: What a client may ask for to act for itself: the decision point, the directory, the personnel feed. What it may do is decided there.
CLIENT_SCOPES = ("authzen", "scim", "api")
#: What ``profile`` opens; published in the discovery document.
PROFILE_CLAIMS = CLAIMS


def identity_claims(identity: IdentityQueries, session: CurrentSession, scope: Collection[str]) -> dict[str, str]:
    """Return the claims that ``scope`` opens; those about the duty are left out while no appointment is chosen."""
    if PROFILE not in scope:
        return {}
    claims = {"name": session.name, "employee_code": session.employee_code}
    appointment = identity.appointment(session.appointment_id) if session.appointment_id else None
    if appointment is not None:
        claims |= {
            "appointment_id": str(appointment.id),
            "department": appointment.department_name,
            "division": appointment.division,
        }
    return claims
