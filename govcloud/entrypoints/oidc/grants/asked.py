"""What a grant is asked: by which client, with which parameters, and under which key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from govcloud.entrypoints.oidc.errors import invalid_request
from govcloud.kernel.actor import Actor
from govcloud.subsystems.queries import ClientView
from govcloud.web.gate import client_actor


@dataclass(frozen=True)
class Asked:
    """A token request whose client proved who it is.

    ``confirmation`` is the key that the client showed with the request and that the tokens are to be bound to, in the form of the claim
    ``cnf`` (RFC 7800).
    """

    client: ClientView
    form: Mapping[str, str]
    confirmation: Mapping[str, Any] | None = None

    @property
    def actor(self) -> Actor:
        """Return the client as an actor."""
        return client_actor(self.client)

    def needed(self, name: str) -> str:
        """Return a parameter.

        Raises:
            WireError: it is missing.
        """
        if name not in self.form:
            raise invalid_request(f"{name} is missing")
        return self.form[name]
