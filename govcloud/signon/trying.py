"""What a client would be told if somebody signed in through it now: decided and filled like a real sign-in, handed to nobody.

No ticket is made, the client takes no part in the session, and nothing is sent: at the next sign-out it hears nothing of this.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from govcloud.authorization.deciding.decisions import Decision, Question
from govcloud.authorization.service import Authorization
from govcloud.identity.queries import IdentityQueries
from govcloud.kernel.clock import Clock
from govcloud.settings import Settings
from govcloud.signon.cas.attributes import sign_in_attributes
from govcloud.signon.claims import told
from govcloud.signon.forwarding.headers import as_headers
from govcloud.signon.views import CurrentSession
from govcloud.subsystems.protocols import CasSettings, ForwardAuthSettings
from govcloud.subsystems.queries import ClientView

EACH_TIME = "…"
"""What stands for a value that every sign-in has anew."""


@dataclass(frozen=True)
class Tried:
    """The outcome: whether the door is open, and each message to the client as its name and its values."""

    decision: Decision
    told: Mapping[str, Mapping[str, Any]]


class Trying:
    """Says what would happen; it writes nothing."""

    def __init__(self, identity: IdentityQueries, authorization: Authorization, clock: Clock, settings: Settings) -> None:
        """Take what a sign-in is decided and filled by."""
        self._identity = identity
        self._authorization = authorization
        self._clock = clock
        self._settings = settings

    def as_myself(self, session: CurrentSession, client: ClientView, *, client_address: str | None) -> Tried:
        """Return what ``client`` would be told about the official of ``session`` under the appointment chosen there.

        ``client_address`` is where the official is: a door may be open from some networks alone.
        """
        door = f"{client.subsystem_code}:door:enter"
        question = Question(door, session.appointment_id, session.official_id, client_address=client_address)
        decision = self._authorization.decide(question)
        if not decision.allowed:
            return Tried(decision, {})
        claims = told(self._identity, session, client.settings.claims)
        match client.settings:
            case CasSettings():
                # By single sign-on, as it would be now: nobody is asked for a password.
                attributes = sign_in_attributes(session.auth_time, fresh=False) | claims
                said: dict[str, dict[str, Any]] = {"serviceValidate": {"user": session.employee_code, "attributes": attributes}}
            case ForwardAuthSettings():
                said = {"headers": dict(as_headers(claims, EACH_TIME))}
            case _:
                said = {
                    "id_token": self._id_token(session, client) | claims,
                    "userinfo": {"sub": str(session.official_id), "sid": EACH_TIME} | claims,
                }
        return Tried(decision, said)

    def _id_token(self, session: CurrentSession, client: ClientView) -> dict[str, Any]:
        now = self._clock.now()
        return {
            "iss": self._settings.public_url,
            "sub": str(session.official_id),
            "aud": client.client_id,
            "sid": EACH_TIME,
            "nonce": EACH_TIME,
            "at_hash": EACH_TIME,
            "iat": int(now.timestamp()),
            "exp": int((now + timedelta(seconds=self._settings.access_token_seconds)).timestamp()),
            "auth_time": int(session.auth_time.timestamp()),
            "acr": session.acr,
            "amr": list(session.amr),
        }


__all__ = ["EACH_TIME", "Tried", "Trying"]
