"""The errors of the client.

::

    ClientError
    ├── ConfigurationError        a setting of the subsystem is missing or wrong, or a row does not say what is asked of it
    ├── SignInFailedError         the sign-in did not complete; ``code`` is OAuth's word for it
    ├── SignInRequiredError       nobody is signed in, and what was called needs somebody
    ├── DeniedError               the platform said no; ``decision`` says why, and what would fix it
    └── CheckUnavailableError     the platform did not answer; whoever asked must refuse (fail closed)
        ├── CircuitOpenError      it was not even asked: it has not answered for a while
        └── CheckRefusedError     it does not take this question, or not from this client: the program has to be mended
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from govcloud.client.decisions import CheckDecision


class ClientError(Exception):
    """The parent of the client's errors."""


class ConfigurationError(ClientError):
    """A setting of the subsystem is missing or wrong."""


class SignInFailedError(ClientError):
    """The sign-in did not complete."""

    def __init__(self, code: str, detail: str) -> None:
        """Keep OAuth's error ``code`` (RFC 6749 section 4.1.2.1, or ``state_mismatch``, ``bad_token``) and the detail."""
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail


class SignInRequiredError(ClientError):
    """Nobody is signed in; the middlewares turn it into the way to sign-in."""


class DeniedError(ClientError):
    """The platform said no; the middlewares turn it into the refusal page."""

    def __init__(self, decision: CheckDecision) -> None:
        """Keep the decision."""
        super().__init__(f"{decision.code}: {decision.reason('en') or decision.reason()}")
        self.decision = decision


class CheckUnavailableError(ClientError):
    """The platform did not answer a permission check in time, or not in a form that can be trusted.

    ``retry_after`` is in how many seconds asking again may help, where that is known; ``status`` the HTTP status that came, if
    one did; ``trace_id`` the number under which the platform was asked.
    """

    def __init__(self, detail: str, *, status: int | None = None, retry_after: float | None = None, trace_id: str | None = None) -> None:
        """Keep what went wrong, for the log."""
        super().__init__(detail)
        self.status = status
        self.retry_after = retry_after
        self.trace_id = trace_id


class CircuitOpenError(CheckUnavailableError):
    """The platform was not asked, because the last calls all failed; ``retry_after`` says when it will be again."""


class CheckRefusedError(CheckUnavailableError):
    """The platform does not take this question (400, 401, 403, 404 …), or it cannot be put; asking again changes nothing."""
