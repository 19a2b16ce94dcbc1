"""The sequencer: dense, one at a time, nothing missed whatever the order of commits, cost of the new events only."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TypeVar
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from govcloud.audit import sequencer
from tests.commands.audit.conftest import PhoneChanged, Record

T = TypeVar("T")


def scalars(record: Record, query: str) -> list[object]:
    with record.open() as session:
        return list(session.scalars(text(query)))


def test_the_sequence_is_dense_and_the_queue_empties(record: Record) -> None:
    record.write(5)
    record.seal()
    record.write(3)
    record.seal()
    assert scalars(record, "SELECT seq FROM audit_sequence ORDER BY seq") == list(range(8))
    assert scalars(record, "SELECT count(*) FROM audit_pending") == [0]
    assert scalars(record, "SELECT size FROM audit_checkpoint ORDER BY size") == [5, 8]


def test_an_event_that_commits_late_is_sequenced_late(shared_record: Record) -> None:
    record = shared_record
    with record.uow.begin(record.official, "tests:phone:change") as tx:
        tx.record(PhoneChanged(subject="official:slow", phone="1"))
        # In threads, as the open transaction belongs to this one's context.
        in_a_thread(lambda: record.write(2, subject="official:fast"))
        sealed = in_a_thread(lambda: record.sequencer.run_once(record.jobs))
        assert sealed is not None
        assert sealed.events == 2  # written later, committed earlier
    record.seal()
    order = scalars(record, "SELECT subject FROM audit_sequence s JOIN audit_event e ON e.id = s.event_id ORDER BY seq")
    assert order == ["official:fast", "official:fast", "official:slow"]
    assert record.verify().holds


def test_two_sequencers_at_once_number_every_event_once(shared_record: Record) -> None:
    record = shared_record
    record.write(50)
    done = threading.Event()

    def run() -> None:
        while not done.is_set():
            record.sequencer.run_once(record.jobs)

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


def test_a_second_sequencer_gives_way(shared_record: Record) -> None:
    record = shared_record
    record.write()
    with record.uow.begin(record.jobs, sequencer.COMMAND) as tx:
        tx.session.execute(text("SELECT pg_advisory_xact_lock(hashtext('govcloud audit sequencer'))"))
        assert in_a_thread(lambda: record.sequencer.run_once(record.jobs)) is None


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


def test_a_small_record_is_read_by_its_indexes_too(record: Record, monkeypatch: pytest.MonkeyPatch) -> None:
    """The triggers keep the plans of their first call: planned as scans of a small record, they would scan it when it is large."""
    take = sequencer._take
    seen: list[object] = []

    def noting(session: Session, most: int) -> list[tuple[UUID, bytes]]:
        seen.append(session.scalar(text("SHOW enable_seqscan")))
        return take(session, most)

    monkeypatch.setattr(sequencer, "_take", noting)
    record.write(2)
    record.seal()
    assert set(seen) == {"off"}


def test_a_run_that_fails_leaves_nothing_behind(record: Record) -> None:
    record.write(3)
    record.attack("INSERT INTO audit_node VALUES (1, 0, sha256('x'))")
    with pytest.raises(Exception, match="pk_audit_node"):
        record.seal()
    assert scalars(record, "SELECT count(*) FROM audit_pending") == [3]
    assert scalars(record, "SELECT count(*) FROM audit_sequence") == [0]


def in_a_thread(work: Callable[[], T]) -> T:
    """Do ``work`` in another thread, and so in another transaction, and return what it returned."""
    with ThreadPoolExecutor(max_workers=1) as executor:
        return executor.submit(work).result()
