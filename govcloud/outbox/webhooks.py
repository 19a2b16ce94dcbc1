"""Webhooks to subsystems: JSON signed after the Standard Webhooks specification, tried until received."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from govcloud.kernel.unit_of_work import Transaction
from govcloud.outbox.letters import Letter, Outcome, Request, Unsendable
from govcloud.outbox.signature import signed_headers

NO_ADDRESS = Unsendable("the receiver has no address")


@dataclass(frozen=True)
class Endpoint:
    """Where a destination receives, and the secret that signs for it."""

    url: str
    secret: bytes


Resolve = Callable[[str], Endpoint | None]
"""Gives a destination's endpoint as it is now; ``None``: it has none (any more)."""
Newest = Callable[[], int]
"""Gives the epoch of the newest change that decisions may not miss, read in the transaction in which the messages were read."""

Received = Callable[[Transaction, Sequence[Letter]], None]
"""Takes in which letters were received, in the transaction that settles them."""


class StandardWebhooks:
    """Composes webhooks; nothing is ever given up."""

    keep_trying: timedelta | None = None

    def __init__(self, resolve: Resolve, newest: Newest, received: Received) -> None:
        """Take what knows the receivers' addresses and secrets, the epoch of the newest change, and who hears what was received."""
        self._resolve = resolve
        self._newest = newest
        self._received = received

    def compose(self, destination: str, letters: Sequence[Letter]) -> Sequence[Request | Unsendable]:
        """Return the signed request of each letter, with an epoch that its change is in.

        A message becomes visible together with the epoch of its change, both being written in one transaction; so the newest epoch
        that is read after the message is that of its change, or a later one. It cannot be written with the message: epochs are drawn
        at the very end of a transaction, under a lock that everybody's changes meet at.
        """
        endpoint = self._resolve(destination)
        if endpoint is None:
            return [NO_ADDRESS for _ in letters]
        epoch = self._newest()
        return [_webhook(letter, endpoint, epoch) for letter in letters]

    def settled(self, tx: Transaction, outcomes: Sequence[tuple[Letter, Outcome, bool]]) -> None:
        """Pass on what was received; the message itself says what came of it."""
        self._received(tx, [letter for letter, outcome, _ in outcomes if outcome.received])


def _webhook(letter: Letter, endpoint: Endpoint, epoch: int) -> Request:
    body = json.dumps({**letter.payload, "epoch": epoch}, ensure_ascii=False, separators=(",", ":")).encode()
    headers = signed_headers(endpoint.secret, str(letter.id), int(letter.at.timestamp()), body)
    return Request(endpoint.url, body, {"content-type": "application/json", "user-agent": "govcloud-webhook/1", **headers})
