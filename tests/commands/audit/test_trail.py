"""Reading the record: by subject, chain, actor and page, with every reading itself recorded."""

from __future__ import annotations

from datetime import timedelta

from tests.commands.audit.conftest import PhoneChanged, Record


def test_the_trail_of_a_subject_newest_first(record: Record) -> None:
    record.write(2)
    record.clock.advance(timedelta(seconds=5))
    record.write(1, subject="official:li")
    record.write(1)
    entries = record.trail.by_subject(record.official, "official:wang")
    assert [entry.data["phone"] for entry in entries[:1]] == ["13800000000"]
    assert len(entries) == 3
    assert entries[0].at > entries[-1].at
    entry = entries[0]
    assert (entry.name, entry.command, entry.actor_name) == ("tests:phone:changed", "tests:phone:change", "王芳")
    assert (entry.source_address, entry.trace_id, entry.seq) == ("10.1.2.3", "trace-1", None)


def test_pages_meet_without_gap_or_overlap(record: Record) -> None:
    record.write(7)
    whole = record.trail.by_subject(record.official, "official:wang")
    paged = []
    cursor = None
    while page := record.trail.by_subject(record.official, "official:wang", after=cursor, limit=3):
        paged += page
        cursor = page[-1].cursor
    assert [entry.id for entry in paged] == [entry.id for entry in whole]


def test_the_events_of_one_moment_keep_their_order(record: Record) -> None:
    with record.uow.begin(record.official, "tests:phone:change") as tx:
        for number in range(50):
            tx.record(PhoneChanged(subject="official:wang", phone=str(number)))
    entries = record.trail.by_subject(record.official, "official:wang")
    assert [entry.data["phone"] for entry in entries] == [str(number) for number in reversed(range(50))]


def test_the_chain_of_a_request_in_its_order(record: Record) -> None:
    record.write(5, chain="QX1")
    record.seal()
    entries = record.trail.by_chain(record.official, "QX1")
    assert [entry.seq for entry in entries] == [0, 1, 2, 3, 4]
    assert [entry.id for entry in record.trail.by_chain(record.official, "QX1", after_position=3)] == [entry.id for entry in entries[3:]]


def test_what_an_actor_did(record: Record) -> None:
    record.write(2)
    assert len(record.trail.by_actor(record.official, "official", record.official.id)) == 2
    assert record.trail.by_actor(record.official, "system", record.official.id) == []


def test_who_reads_stands_in_the_record(record: Record) -> None:
    record.write(2)
    record.trail.by_subject(record.official, "official:wang")
    newest = record.trail.newest(record.official, limit=1)[0]
    assert (newest.name, newest.subject) == ("audit:trail:read", "audit_record:all")
    assert newest.data == {"by": "subject", "about": "official:wang", "entries": 2}


def test_an_erased_value_is_simply_absent(record: Record) -> None:
    record.write(1)
    record.run("DELETE FROM audit_personal")
    entry = record.trail.by_subject(record.official, "official:wang")[0]
    assert entry.actor_name is entry.source_address is None
    assert entry.data == {"reason": "换号"}
