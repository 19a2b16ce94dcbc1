"""Processes that do nothing but ask, each with threads and a platform of its own, until they are told that it is enough.

Beside them, machines: folders with a replica each and the process that keeps it.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any, NamedTuple

from flask import Flask
from sqlalchemy import NullPool, create_engine

from govcloud.app import assemble
from govcloud.authorization.deciding.decisions import Question
from govcloud.authorization.replica.keeper import Keeper
from govcloud.authorization.replica.place import Place
from govcloud.kernel.clock import ManualClock
from govcloud.kernel.database import db
from govcloud.services import Services
from govcloud.settings import Settings
from govcloud.wiring import make_policies_beside

#: A bound, should nobody ever say that it is enough.
MOST = 20_000
#: How long anybody waits for another answer, in seconds, however busy the machine is.
PATIENCE = 100
#: Seconds between two rounds of questions on a replica: it answers in microseconds, and what changes things is to have its turn, too.
_BREATH = 0.004
#: A copy of this process, which has imported everything already; it touches none of the connections that it inherits.
_FORKED = multiprocessing.get_context("fork")


class Asked(NamedTuple):
    """One answer: the epoch that it states and that was demanded, monotonic nanoseconds (one clock for all) before and after, and where."""

    question: str
    allowed: bool
    epoch: int
    least: int | None
    begun: int
    ended: int
    machine: int


@dataclass(frozen=True)
class Work:
    """What a process is to do: ask ``questions`` at the moment ``now``, in ``threads``, on the machine of a number."""

    settings: Settings
    now: datetime
    questions: Mapping[str, Question]
    threads: int
    machine: int = 0


@dataclass
class Crowd:
    """What the processes have answered so far."""

    #: The newest change that has come back: whoever asks with a demand demands this one.
    known: Any
    answers: list[list[Asked]] = field(default_factory=list)
    more: threading.Condition = field(default_factory=threading.Condition)

    def wait_for_more(self, count: int) -> None:
        """Wait until every process has given ``count`` more answers."""
        wanted = [len(mine) + count for mine in self.answers]
        self._wait(lambda: all(len(mine) >= least for mine, least in zip(self.answers, wanted, strict=True)))

    def wait_for_epoch(self, epoch: int, machines: Sequence[int]) -> None:
        """Let everybody know of ``epoch``, and wait until every process of ``machines`` has answered from there on what it asks freely."""
        self.known.value = epoch
        begun = [len(mine) for mine in self.answers]

        def reached(mine: list[Asked], first: int) -> bool:
            return mine[-1].machine not in machines or any(item.epoch >= epoch and item.least is None for item in mine[first:])

        self._wait(lambda: all(mine and reached(mine, first) for mine, first in zip(self.answers, begun, strict=True)))

    def _wait(self, met: Callable[[], bool]) -> None:
        with self.more:
            assert self.more.wait_for(met, PATIENCE), "a process does not answer any more"

    def take(self, receiver: Connection, mine: list[Asked]) -> None:
        """Take down what a process says until it ends."""
        while True:
            try:
                answers = receiver.recv()
            except EOFError:
                return
            with self.more:
                mine += answers
                self.more.notify_all()


@contextmanager
def crowd(works: Sequence[Work]) -> Iterator[Crowd]:
    """Let a process do each of ``works``; they end with the block."""
    found, over = Crowd(_FORKED.Value("q", 0)), _FORKED.Event()
    readers: list[threading.Thread] = []
    started = []
    for work in works:
        receiver, sender = _FORKED.Pipe(duplex=False)
        process = _FORKED.Process(target=_work, args=(work, sender, over, found.known), daemon=True)
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


def _work(work: Work, sender: Connection, over: Event, known: Any) -> None:  # noqa: ANN401 - a number that processes share
    app = assemble(work.settings, ManualClock(work.now))
    # As in a server: a new policy comes in beside the questions.
    make_policies_beside(app.extensions["govcloud"], work.settings)
    saying = threading.Lock()

    def say(answers: Sequence[Asked]) -> None:
        with saying:
            sender.send(answers)

    threads = [threading.Thread(target=_ask, args=(app, work, say, over, known)) for _ in range(work.threads)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _ask(app: Flask, work: Work, say: Callable[[Sequence[Asked]], None], over: Event, known: Any) -> None:  # noqa: ANN401 - the same
    services: Services = app.extensions["govcloud"]
    with app.app_context():
        for turn in range(MOST):
            answers = []
            # Every fourth round demands to be told of whatever has come back.
            least = known.value if turn % 4 == 3 else None
            for name, question in work.questions.items():
                begun = time.monotonic_ns()
                decision = services.authorization.decide(question if least is None else replace(question, min_epoch=least))
                answers.append(Asked(name, decision.allowed, decision.epoch, least, begun, time.monotonic_ns(), work.machine))
                # As a request would: the next question reads anew.
                db.session.remove()
            say(answers)
            if over.is_set():
                return
            if work.settings.replica_dir is not None:
                time.sleep(_BREATH)


@dataclass
class Machine:
    """A machine: the settings of its workers, and the process that keeps its replica."""

    settings: Settings
    keeper: Any

    @contextmanager
    def cut_off(self) -> Iterator[None]:
        """Let the keeper hear and say nothing for a while."""
        os.kill(self.keeper.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self.keeper.pid, signal.SIGCONT)


@contextmanager
def machines(settings: Settings, now: datetime, folders: Sequence[Path], bound: float) -> Iterator[list[Machine]]:
    """Give a machine with a replica of its own for each of ``folders``, all of one database."""
    over = _FORKED.Event()
    found = []
    for folder in folders:
        of_machine = settings.model_copy(update={"replica_dir": folder, "replica_bound_seconds": bound})
        keeper = _FORKED.Process(target=_keep, args=(of_machine, now, over), daemon=True)
        keeper.start()
        found.append(Machine(of_machine, keeper))
    try:
        yield found
    finally:
        over.set()
        for machine in found:
            machine.keeper.join()


def _keep(settings: Settings, now: datetime, over: Event) -> None:
    assert settings.replica_dir is not None
    engine = create_engine(settings.database_url, poolclass=NullPool)
    Keeper(engine, Place(settings.replica_dir), ManualClock(now)).keep(over.is_set)
