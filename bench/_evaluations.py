"""Questions over HTTP, beside a route that authenticates the same client in the same way and then says always the same."""

from __future__ import annotations

import base64
import http.client
import itertools
import threading
import time
from collections.abc import Sequence
from functools import partial

from bench._platform import Platform
from bench._running import say
from govcloud.entrypoints.authzen.blueprint import EVALUATION

#: Enough connections to keep one worker with its four threads busy, few enough that waiting does not hide its own time.
CONNECTIONS = 8
#: The route that `bench._constant` adds.
CONSTANT = "/bench/constant"


class Load:
    """Several connections that each ask as soon as they have their answer."""

    def __init__(self, place: Platform, bodies: Sequence[bytes], path: str = EVALUATION) -> None:
        """Take what is asked, in turn, and where."""
        self.milliseconds: list[float] = []
        self.per_second = 0.0
        self.work = 0.0
        self._place = place
        self._path = path
        self._bodies = itertools.cycle(bodies)
        self._until = 0.0
        self._wrong: list[int] = []
        credentials = base64.b64encode(f"housing:{place.client_secrets['housing']}".encode()).decode()
        self._headers = {"Content-Type": "application/json", "Authorization": f"Basic {credentials}"}

    def run(self, seconds: float, what: str) -> Load:
        """Warm up for a tenth of the time, then measure; return the load with its figures."""
        say(f"{what} over {CONNECTIONS} connections for {seconds:g} s")
        self._spend(seconds / 10)
        self.milliseconds.clear()
        lap = self._place.stopwatch().lap(partial(self._spend, seconds))
        self.per_second = len(self.milliseconds) / lap.clock * 1000
        self.work = lap.work / len(self.milliseconds)
        assert not self._wrong, f"answers with status {set(self._wrong)}"
        return self

    def _spend(self, seconds: float) -> None:
        self._until = time.monotonic() + seconds
        threads = [threading.Thread(target=self._ask) for _ in range(CONNECTIONS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _ask(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._place.ports.platform, timeout=30)
        while time.monotonic() < self._until:
            begun = time.perf_counter_ns()
            connection.request("POST", self._path, next(self._bodies), self._headers)
            answer = connection.getresponse()
            answer.read()
            self.milliseconds.append((time.perf_counter_ns() - begun) / 1e6)
            if answer.status != http.client.OK:
                self._wrong.append(answer.status)
        connection.close()
