"""How much one client may have of a worker (section 11.7): decisions by its share, searches by their number at once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from govcloud.entrypoints.authzen.errors import TooFastError, too_many_searches
from govcloud.web.gate import current_client, services

#: What a search costs, counted in decisions.
SEARCH_COST = 50
#: A worker has few threads: searches leave some of them to decisions.
SEARCHES_AT_ONCE = 2
_searching = threading.BoundedSemaphore(SEARCHES_AT_ONCE)


def take_share(decisions: int) -> None:
    """Count what the client asks for; the first of it before its request is read, so that reading counts as well.

    Raises:
        TooFastError: it has had its share of this moment.
    """
    seconds = services().decision_rates.take(current_client().client_id, decisions, services().clock.now())
    if seconds is not None:
        raise TooFastError(seconds)


@contextmanager
def searching() -> Iterator[None]:
    """Hold the place of one search.

    Raises:
        Unavailable: others hold them all.
    """
    if not _searching.acquire(blocking=False):
        raise too_many_searches()
    try:
        yield
    finally:
        _searching.release()
