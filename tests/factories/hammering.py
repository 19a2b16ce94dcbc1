"""Processes that do nothing but ask, each with threads and a platform of its own, until they are told that it is enough."""

from __future__ import annotations

import multiprocessing
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Event
from typing import NamedTuple

from flask import Flask

from govcloud.app import assemble
from govcloud.authorization.decisions import Question
from govcloud.kernel.clock import ManualClock
from govcloud.kernel.database import db
from govcloud.services import Services
from govcloud.settings import Settings

#: A bound, should nobody ever say that it is enough.
MOST = 20_000
#: How long anybody waits for another answer, in seconds, however busy the machine is.
PATIENCE = 100
#: A copy of this process, which has imported everything already; it touches none of the connections that it inherits.
_FORKED = multiprocessing.get_context("fork")


class Asked(NamedTuple):
    """One answer: the epoch that it states, and monotonic nanoseconds (one clock for all processes) before and after."""

    question: str
    allowed: bool
    epoch: int
    begun: int
    ended: int


@dataclass
class Crowd:
    """What the processes have answered so far."""

    answers: list[list[Asked]] = field(default_factory=list)
    more: threading.Condition = field(default_factory=threading.Condition)

    def wait_for_more(self, count: int) -> None:
        """Wait until every process has given ``count`` more answers."""
        with self.more:
            wanted = [len(mine) + count for mine in self.answers]
            met = self.more.wait_for(lambda: all(len(mine) >= least for mine, least in zip(self.answers, wanted, strict=True)), PATIENCE)
        assert met, "a process does not answer any more"

    def take(self, receiver: Connection, mine: list[Asked]) -> None:
        """Take down what a process says until it ends."""
        while True:
            try:
                answer = receiver.recv()
            except EOFError:
                return
            with self.more:
                mine.append(answer)
                self.more.notify_all()


@contextmanager
def crowd(settings: Settings, now: datetime, questions: Mapping[str, Question], *, processes: int, threads: int) -> Iterator[Crowd]:
    """Let processes ask ``questions`` at the moment ``now``; they end with the block."""
    found, over = Crowd(), _FORKED.Event()
    readers: list[threading.Thread] = []
    started = []
    for _ in range(processes):
        receiver, sender = _FORKED.Pipe(duplex=False)
        process = _FORKED.Process(target=_work, args=(settings, now, questions, threads, sender, over), daemon=True)
        process.start()
        sender.close()
        mine: list[Asked] = []
        found.answers.append(mine)
        readers.append(threading.Thread(target=found.take, args=(receiver, mine)))
        started.append(process)
    # Only now: a process is never copied while another thread of ours is at work.
    for reader in readers:
        reader.start()
    try:
        yield found
    finally:
        over.set()
        for process, reader in zip(started, readers, strict=True):
            process.join()
            reader.join()


def _work(  # noqa: PLR0917 - what a process is given
    settings: Settings, now: datetime, questions: Mapping[str, Question], count: int, sender: Connection, over: Event
) -> None:
    app = assemble(settings, ManualClock(now))
    saying = threading.Lock()

    def say(answer: Asked) -> None:
        with saying:
            sender.send(answer)

    threads = [threading.Thread(target=_ask, args=(app, questions, say, over)) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _ask(app: Flask, questions: Mapping[str, Question], say: Callable[[Asked], None], over: Event) -> None:
    services: Services = app.extensions["govcloud"]
    with app.app_context():
        for _ in range(MOST):
            for name, question in questions.items():
                begun = time.monotonic_ns()
                decision = services.authorization.decide(question)
                say(Asked(name, decision.allowed, decision.epoch, begun, time.monotonic_ns()))
                # As a request would: the next question reads anew.
                db.session.remove()
            if over.is_set():
                return
