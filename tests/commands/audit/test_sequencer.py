"""The sequencer: dense, one at a time, nothing missed whatever the order of commits, cost of the new events only."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from govcloud.audit import sequencer
from govcloud.audit.sequencer import Sequencer
from govcloud.kernel.unit_of_work import UnitOfWork
from tests.commands.audit.conftest import PhoneChanged, Record


def scalars(record: Record, query: str) -> list[object]:
    with Session(record.engine) as session:
        return list(session.scalars(text(query)))


def test_the_sequence_is_dense_and_the_queue_empties(record: Record) -> None:
    record.write(5)
    record.seal()
    record.write(3)
    record.seal()
    assert scalars(record, "SELECT seq FROM audit_sequence ORDER BY seq") == list(range(8))
    assert scalars(record, "SELECT count(*) FROM audit_pending") == [0]
    assert scalars(record, "SELECT size FROM audit_checkpoint ORDER BY size") == [5, 8]


def test_an_event_that_commits_late_is_sequenced_late(record: Record, new_uow: Callable[[], UnitOfWork]) -> None:
    slow = new_uow()
    with slow.begin(record.official, "tests:phone:change") as tx:
        tx.record(PhoneChanged(subject="official:slow", phone="1"))
        record_other(record, new_uow())
        sealed = seal_in_a_thread(record, new_uow())
        assert sealed.events == 2  # written later, committed earlier
    record.seal()
    order = scalars(record, "SELECT subject FROM audit_sequence s JOIN audit_event e ON e.id = s.event_id ORDER BY seq")
    assert order == ["official:fast", "official:fast", "official:slow"]
    assert record.verify().holds


def test_two_sequencers_at_once_number_every_event_once(record: Record, new_uow: Callable[[], UnitOfWork]) -> None:
    record.write(50)
    done = threading.Event()

    def run() -> None:
        own = Sequencer(new_uow())
        while not done.is_set():
            own.run_once(record.jobs)

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    record.write(50)
    done.set()
    for thread in threads:
        thread.join()
    record.seal()
    assert scalars(record, "SELECT seq FROM audit_sequence ORDER BY seq") == list(range(100))
    assert record.verify().holds


def test_a_second_sequencer_gives_way(record: Record, new_uow: Callable[[], UnitOfWork]) -> None:
    record.write()
    with record.uow.begin(record.jobs, sequencer.COMMAND) as tx:
        tx.session.execute(text("SELECT pg_advisory_xact_lock(hashtext('govcloud audit sequencer'))"))
        outcome: list[object] = []
        thread = threading.Thread(target=lambda: outcome.append(Sequencer(new_uow()).run_once(record.jobs)))
        thread.start()
        thread.join()
    assert outcome == [None]


def test_a_checkpoint_a_second_and_a_full_batch(record: Record, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sequencer, "BATCH", 4)
    record.write(1)
    record.sequencer.run_once(record.jobs)
    record.write(1)
    record.sequencer.run_once(record.jobs)  # within the second: no checkpoint
    assert scalars(record, "SELECT size FROM audit_checkpoint ORDER BY size") == [1]
    record.clock.advance(timedelta(seconds=1))
    record.sequencer.run_once(record.jobs)  # nothing new, but the last events are not yet covered
    assert scalars(record, "SELECT size FROM audit_checkpoint ORDER BY size") == [1, 2]
    record.write(9)
    for _ in range(3):
        record.sequencer.run_once(record.jobs)
    assert scalars(record, "SELECT size FROM audit_checkpoint ORDER BY size") == [1, 2, 6, 10]
    assert record.verify().holds


def test_a_run_that_fails_leaves_nothing_behind(record: Record) -> None:
    record.write(3)
    record.attack("INSERT INTO audit_node VALUES (1, 0, sha256('x'))")
    with pytest.raises(Exception, match="pk_audit_node"):
        record.seal()
    assert scalars(record, "SELECT count(*) FROM audit_pending") == [3]
    assert scalars(record, "SELECT count(*) FROM audit_sequence") == [0]


def record_other(record: Record, uow: UnitOfWork) -> None:
    """Record two events on another connection, from a thread: the open transaction belongs to this one's context."""

    def write() -> None:
        for _ in range(2):
            with uow.begin(record.official, "tests:phone:change") as tx:
                tx.record(PhoneChanged(subject="official:fast", phone="1"))

    thread = threading.Thread(target=write)
    thread.start()
    thread.join()


def seal_in_a_thread(record: Record, uow: UnitOfWork) -> sequencer.Sealed:
    sealed: list[sequencer.Sealed | None] = []
    thread = threading.Thread(target=lambda: sealed.append(Sequencer(uow).run_once(record.jobs)))
    thread.start()
    thread.join()
    assert sealed[0] is not None
    return sealed[0]
