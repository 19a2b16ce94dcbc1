"""What a subsystem behind one of the middlewares says of itself and of the platform."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from govcloud.client.errors import ConfigurationError
from govcloud.client.limits import Limits, Pace

_VARIABLES = ("GOVCLOUD_ISSUER", "GOVCLOUD_CLIENT_ID", "GOVCLOUD_CLIENT_SECRET", "GOVCLOUD_BASE_URL", "GOVCLOUD_COOKIE_SECRET")
#: The time-outs that are set by name, in the environment or in the configuration of Flask.
TIMES = {"total": "GOVCLOUD_TIMEOUT", "connect": "GOVCLOUD_CONNECT_TIMEOUT", "read": "GOVCLOUD_READ_TIMEOUT"}


@dataclass(frozen=True)
class Settings:
    """Settings of ``GovcloudWSGI`` and ``GovcloudASGI``.

    Attributes:
        issuer: the platform's address, exactly its public one.
        client_id: from registering the client.
        client_secret: from registering the client.
        base_url: the subsystem's own public address, with the path that it is mounted under; ``/govcloud/callback`` below it must be
            registered. It is said here and not taken from requests, whose ``Host`` anybody may write.
        cookie_secret: at least 32 characters of chance, the same for all processes of the subsystem.
        cookie_name: a name of the subsystem's own; by default it follows from the client's id.
        limits: time-outs, repeats, sizes.
        pace: the clock; for tests.
    """

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    base_url: str
    cookie_secret: str = field(repr=False)
    cookie_name: str = ""
    limits: Limits = field(default_factory=Limits)
    pace: Pace = field(default_factory=Pace, repr=False)

    def __post_init__(self) -> None:
        """Bring the address into one form and choose the cookie's name.

        Raises:
            ConfigurationError: the address is none of the web.
        """
        if not self.base_url.startswith(("https://", "http://")) or not httpx.URL(self.base_url).host:
            raise ConfigurationError(f"base_url is this subsystem's own address, https://…, not {self.base_url[:100]!r}")
        object.__setattr__(self, "base_url", self.base_url.rstrip("/"))
        # A browser takes a name that begins so only from this very host, over https: no neighbour can plant one.
        name = self.cookie_name or f"{'__Host-' if self.is_secure else ''}{self.client_id}"
        if not name.isascii() or not all(char.isalnum() or char in "-_." for char in name):
            raise ConfigurationError(f"cookie_name has letters, digits, - _ and . only, not {name!r}")
        object.__setattr__(self, "cookie_name", name)

    @property
    def is_secure(self) -> bool:
        """Return whether the subsystem is reached over https."""
        return self.base_url.startswith("https://")

    @property
    def mount(self) -> str:
        """Return the path under which the subsystem is mounted, without a slash at the end."""
        return httpx.URL(self.base_url).path.rstrip("/")

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Settings:
        """Return the settings of the environment.

        ``GOVCLOUD_ISSUER``, ``GOVCLOUD_CLIENT_ID``, ``GOVCLOUD_CLIENT_SECRET``, ``GOVCLOUD_BASE_URL``, ``GOVCLOUD_COOKIE_SECRET``;
        optional ``GOVCLOUD_TIMEOUT``, ``GOVCLOUD_CONNECT_TIMEOUT``, ``GOVCLOUD_READ_TIMEOUT`` (seconds).

        Raises:
            ConfigurationError: one is missing or wrong.
        """
        found = os.environ if environment is None else environment
        missing = [name for name in _VARIABLES if not found.get(name)]
        if missing:
            raise ConfigurationError(f"set {', '.join(missing)} in the environment")
        return cls(
            issuer=found["GOVCLOUD_ISSUER"],
            client_id=found["GOVCLOUD_CLIENT_ID"],
            client_secret=found["GOVCLOUD_CLIENT_SECRET"],
            base_url=found["GOVCLOUD_BASE_URL"],
            cookie_secret=found["GOVCLOUD_COOKIE_SECRET"],
            limits=limits_of(found),
        )


def limits_of(values: Mapping[str, Any]) -> Limits:
    """Return the limits with the time-outs that ``values`` set (``GOVCLOUD_TIMEOUT`` and its like, in seconds).

    Raises:
        ConfigurationError: one is no number above 0.
    """
    given = {key: values[name] for key, name in TIMES.items() if values.get(name) not in {None, ""}}
    try:
        times: dict[str, Any] = {key: float(value) for key, value in given.items()}
        return Limits(**times)
    except (TypeError, ValueError) as error:
        raise ConfigurationError(f"{', '.join(TIMES.values())} are seconds: {error}") from error
