"""Who is told of what: a subsystem with a webhook address hears of every grant on its functions that opens or ends."""

from __future__ import annotations

from collections.abc import Sequence

from govcloud.kernel.events import Event
from govcloud.kernel.keys import KeyRing
from govcloud.outbox.webhooks import Endpoint
from govcloud.subsystems.queries import SubsystemQueries

_PREFIX = "subsystem:"


class Webhooks:
    """Names the receivers of an event, and knows their addresses and secrets."""

    def __init__(self, subsystems: SubsystemQueries, keys: KeyRing) -> None:
        """Take the catalogue and the key ring."""
        self._subsystems = subsystems
        self._keys = keys

    def destinations(self, events: Sequence[Event]) -> Sequence[Sequence[str]]:
        """Return for each event ``["subsystem:<code>"]`` when it names a subsystem that wants to hear, else nothing."""
        codes = [code if isinstance(code := getattr(event, "subsystem_code", None), str) else "" for event in events]
        found = {code: self._subsystems.subsystem(code) for code in set(codes) if code}
        wanting = {code for code, subsystem in found.items() if subsystem is not None and subsystem.webhook_url}
        return [(f"{_PREFIX}{code}",) if code in wanting else () for code in codes]

    def endpoint(self, destination: str) -> Endpoint | None:
        """Return the address and the secret of a destination as they are now."""
        code = destination.removeprefix(_PREFIX)
        subsystem = self._subsystems.subsystem(code)
        if subsystem is None or not subsystem.webhook_url:
            return None
        return Endpoint(subsystem.webhook_url, self.secret(code))

    def secret(self, code: str) -> bytes:
        """Return the 32-byte secret that signs for the subsystem: derived, so that the database never holds it."""
        return self._keys.digest("webhook", code.encode("utf-8"))
