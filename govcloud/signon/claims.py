"""What a client is told about an official: never more than its settings allow, whatever the protocol; thin on purpose, never permissions.

Two things decide together: the client's own list (``ClientView.settings.claims``), which its owner keeps to what it needs (GB/T 35273
section 4 d, the principle of the least), and for OpenID Connect the scope, by which a client asks for part of it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from govcloud.identity.queries import IdentityQueries
from govcloud.signon.views import CurrentSession
from govcloud.subsystems.protocols import CLAIMS
from govcloud.subsystems.queries import ClientView

OPENID, PROFILE, APPOINTMENT = "openid", "profile", "appointment"
#: Those about the duty: nothing is said of them while no appointment is chosen.
_OF_DUTY = ("appointment_id", "department", "division")
#: Scope → the claims that it opens, in the order in which scopes are granted.
OPENS: Mapping[str, tuple[str, ...]] = {OPENID: (), PROFILE: CLAIMS, APPOINTMENT: _OF_DUTY}
SCOPES = tuple(OPENS)
#: What a client may ask for to act for itself: the decision point, the directory, the personnel feed. What it may do is decided there.
CLIENT_SCOPES = ("authzen", "scim", "api")


def granted(client: ClientView, scope: Collection[str]) -> tuple[str, ...]:
    """Return what of ``scope`` the client gets for a sign-in, in the order of the catalogue (RFC 6749 section 3.3).

    A scope of which the client may be told nothing is left out, as is one that there is not.
    """
    allowed = frozenset(client.settings.claims)
    return tuple(name for name, claims in OPENS.items() if name in scope and (not claims or not allowed.isdisjoint(claims)))


def scope_of(claim: str) -> str | None:
    """Return the narrowest scope that opens a claim about the official; ``None``: it is none of these."""
    holding = [name for name, claims in OPENS.items() if claim in claims]
    return min(holding, key=lambda name: len(OPENS[name]), default=None)


def opened(client: ClientView, scope: Collection[str]) -> tuple[str, ...]:
    """Return the claims that a client is told by ``scope``: those that the scope opens and the client may be told."""
    names = {claim for name in scope for claim in OPENS.get(name, ())}
    return tuple(claim for claim in client.settings.claims if claim in names)


def told(identity: IdentityQueries, session: CurrentSession, names: Collection[str]) -> dict[str, str]:
    """Return the claims of ``names`` about the official of ``session``, in their order; what there is not is left out."""
    known = {"name": session.name, "employee_code": session.employee_code}
    if session.appointment_id is not None and not frozenset(_OF_DUTY).isdisjoint(names):
        appointment = identity.appointment(session.appointment_id)
        if appointment is not None:
            known |= {
                "appointment_id": str(appointment.id),
                "department": appointment.department_name,
                "division": appointment.division,
            }
    return {name: known[name] for name in names if name in known}
