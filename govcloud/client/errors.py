"""The errors of the client.

::

    ClientError
    ├── ConfigurationError     a setting of the subsystem is missing or wrong
    ├── SignInFailedError      the sign-in did not complete; ``code`` is OAuth's word for it
    └── CheckUnavailableError  the platform did not answer; whoever asked must refuse (fail closed)
"""

from __future__ import annotations


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


class CheckUnavailableError(ClientError):
    """The platform did not answer a permission check in time, or not in a form that can be trusted."""
