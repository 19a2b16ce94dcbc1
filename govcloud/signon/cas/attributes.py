"""What CAS says about a sign-in itself, beside what the client is told about the official (CAS Protocol 3.0.3, Appendix A)."""

from __future__ import annotations

from datetime import datetime


def sign_in_attributes(auth_time: datetime, *, fresh: bool) -> dict[str, str]:
    """Return the attributes of a sign-in, in the order of the schema.

    Args:
        auth_time: when the official last proved who they are (UTC).
        fresh: whether that was done for this very ticket.
    """
    return {
        "authenticationDate": auth_time.isoformat(timespec="seconds"),
        "longTermAuthenticationRequestTokenUsed": "false",
        "isFromNewLogin": "true" if fresh else "false",
    }
