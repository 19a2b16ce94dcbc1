"""An authorization request while it is being checked: the parameters, and what the checks made of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeVar
from urllib.parse import urlencode

from govcloud.entrypoints.oidc.errors import AuthorizationError, Interaction
from govcloud.entrypoints.oidc.marks import OURS
from govcloud.signon.sessions import CurrentSession
from govcloud.subsystems.queries import ClientView

T = TypeVar("T")


@dataclass
class AuthorizationRequest:
    """What was asked; each check reads what those before it have filled in.

    ``marks`` are what the browser brings back from our own pages, ``pushed`` the reference of a request that was sent ahead.
    """

    parameters: dict[str, str]
    marks: dict[str, str] = field(default_factory=dict)
    pushed: str | None = None
    scope: tuple[str, ...] = ()
    prompt: frozenset[str] = field(default_factory=frozenset)
    max_age: int | None = None
    acr_values: tuple[str, ...] = ()
    acr_essential: bool = False
    expected_sub: str | None = None
    code_challenge: str | None = None
    dpop_jkt: str | None = None
    _client: ClientView | None = None
    _session: CurrentSession | None = None

    @classmethod
    def of(cls, given: dict[str, str]) -> AuthorizationRequest:
        """Return the request of a browser that brings these parameters."""
        asked = {name: value for name, value in given.items() if name not in OURS}
        return cls(asked, {name: value for name, value in given.items() if name in OURS})

    def get(self, name: str) -> str | None:
        """Return a parameter, or ``None`` when it was not sent."""
        return self.parameters.get(name)

    @property
    def fingerprint(self) -> str:
        """Return all that was asked, as one text: what a mark is bound to."""
        return urlencode(sorted(self.parameters.items()))

    @property
    def way_back(self) -> dict[str, str]:
        """Return the parameters of the address that leads back to this request from one of our pages."""
        if self.pushed is None:
            return self.parameters | self.marks
        return {"client_id": self.client.client_id, "request_uri": self.pushed} | self.marks

    @property
    def client(self) -> ClientView:
        """Return the client; it is the first thing that is checked."""
        return _checked(self._client, "client")

    @client.setter
    def client(self, client: ClientView) -> None:
        self._client = client

    @property
    def redirect_uri(self) -> str:
        """Return the address that the answer goes to; it is checked right after the client."""
        return self.parameters["redirect_uri"]

    @property
    def session(self) -> CurrentSession:
        """Return the live session of the browser; the checks of the person begin with it."""
        return _checked(self._session, "session")

    @session.setter
    def session(self, session: CurrentSession) -> None:
        self._session = session

    @property
    def silent(self) -> bool:
        """Return whether the client allows no page of the platform to show (``prompt=none``)."""
        return "none" in self.prompt

    def interact(self, error: str, description: str, endpoint: str, **parameters: str) -> Interaction | AuthorizationError:
        """Return what to raise when the person has to do something first: the way to the page, or the error if no page may show."""
        return AuthorizationError(error, description) if self.silent else Interaction(endpoint, **parameters)


def _checked(value: T | None, name: str) -> T:
    if value is None:
        raise RuntimeError(f"a check asked for the {name} before it was checked")
    return value
