"""Attacks on the record by somebody who holds the whole database server: each is found and named."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from govcloud.audit.checkpoint import Checkpoint
from govcloud.audit.findings import Kind, Report
from govcloud.audit.merkle import Frontier, leaf_hash
from govcloud.audit.verify import Verifier
from tests.commands.audit.conftest import Record

FORGED = "convert_to(replace(convert_from(canonical, 'UTF8'), '换号', '无'), 'UTF8')"


@pytest.fixture
def sealed(record: Record) -> Record:
    """Return a record of ten sealed events: seven of two requests, three of none."""
    record.write(4, chain="QX1")
    record.write(3, chain="QX2")
    record.write(3)
    record.seal()
    return record


def checkpoint_of(report: Report) -> Checkpoint:
    assert report.checkpoint is not None
    return report.checkpoint


def test_an_untouched_record_holds(sealed: Record) -> None:
    report = sealed.verify()
    assert report.holds, report.findings
    assert (report.events, report.waiting, report.checkpoints) == (10, 0, 1)
    assert (report.personal_values, report.personal_erased) == (30, 0)
    assert checkpoint_of(report).size == 10


def test_an_empty_record_holds(record: Record) -> None:
    report = record.verify()
    assert report.holds
    assert report.checkpoint is None


def test_editing_the_bytes_of_an_event(sealed: Record) -> None:
    sealed.attack(f"UPDATE audit_event SET canonical = {FORGED} WHERE id = (SELECT event_id FROM audit_sequence WHERE seq = 3)")
    report = sealed.verify()
    assert set(report.counts) == {Kind.EVENT_EDITED}
    assert report.findings[0].where == "seq 3"


def test_editing_an_event_and_its_leaf(sealed: Record) -> None:
    sealed.attack(
        f"UPDATE audit_event SET canonical = {FORGED}, leaf_hash = sha256('\\x00'::bytea || {FORGED})"
        " WHERE id = (SELECT event_id FROM audit_sequence WHERE seq = 8)"
    )
    assert sealed.verify().counts == {Kind.SEQUENCE_EDITED: 1}


def test_editing_an_event_its_leaf_and_its_place(sealed: Record) -> None:
    sealed.attack(
        f"UPDATE audit_event SET canonical = {FORGED}, leaf_hash = sha256('\\x00'::bytea || {FORGED})"
        " WHERE id = (SELECT event_id FROM audit_sequence WHERE seq = 8)",
        "UPDATE audit_sequence s SET leaf_hash = e.leaf_hash FROM audit_event e WHERE e.id = s.event_id AND seq = 8",
    )
    counts = sealed.verify().counts
    assert counts == {Kind.NODE_WRONG: 1, Kind.CHECKPOINT_WRONG: 1}


def test_editing_an_event_of_a_request_breaks_its_chain(sealed: Record) -> None:
    sealed.attack(
        f"UPDATE audit_event SET canonical = {FORGED}, leaf_hash = sha256('\\x00'::bytea || {FORGED})"
        " WHERE chain = 'QX1' AND chain_position = 2"
    )
    report = sealed.verify()
    assert report.counts[Kind.CHAIN_BROKEN] == 1
    assert any(finding.where == "chain QX1" and "position 3" in finding.detail for finding in report.findings)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("at", "at - interval '1 day'"),
        ("name", "'nothing:at:all'"),
        ("actor_kind", "'system'"),
        ("actor_id", "'somebody else'"),
        ("subject", "'official:li'"),
        ("chain", "'QX9'"),
    ],
)
def test_editing_a_column_beside_the_bytes(sealed: Record, column: str, value: str) -> None:
    sealed.attack(f"UPDATE audit_event SET {column} = {value} WHERE chain = 'QX1' AND chain_position = 1")
    report = sealed.verify()
    assert report.counts[Kind.COLUMN_EDITED] == 1
    assert column in report.findings[0].detail


def test_deleting_an_event(sealed: Record) -> None:
    sealed.attack(
        "DELETE FROM audit_personal WHERE event_id = (SELECT event_id FROM audit_sequence WHERE seq = 5)",
        "DELETE FROM audit_event WHERE id = (SELECT event_id FROM audit_sequence WHERE seq = 5)",
    )
    report = sealed.verify()
    assert report.counts == {Kind.EVENT_MISSING: 1, Kind.CHAIN_BROKEN: 1}
    assert report.findings[0].where == "seq 5"


def test_deleting_an_event_and_its_place(sealed: Record) -> None:
    sealed.attack(
        "DELETE FROM audit_personal WHERE event_id = (SELECT event_id FROM audit_sequence WHERE seq = 8)",
        "DELETE FROM audit_event WHERE id = (SELECT event_id FROM audit_sequence WHERE seq = 8)",
        "DELETE FROM audit_sequence WHERE seq = 8",
    )
    report = sealed.verify()
    assert report.counts == {Kind.SEQUENCE_GAP: 1}
    assert report.findings[0].where == "seq 8–8"


def test_deleting_an_event_and_closing_the_gap(sealed: Record) -> None:
    sealed.attack(
        "DELETE FROM audit_personal WHERE event_id = (SELECT event_id FROM audit_sequence WHERE seq = 8)",
        "DELETE FROM audit_event WHERE id = (SELECT event_id FROM audit_sequence WHERE seq = 8)",
        "DELETE FROM audit_sequence WHERE seq = 8",
        "UPDATE audit_sequence SET seq = 8 WHERE seq = 9",
    )
    counts = sealed.verify().counts
    assert counts == {Kind.TRUNCATED: 2}  # a checkpoint and a node stand over ten events, nine are left


def test_deleting_an_event_before_it_has_its_place(record: Record) -> None:
    record.write(3, chain="QX1")
    record.attack(
        "DELETE FROM audit_pending WHERE event_id = (SELECT id FROM audit_event WHERE chain_position = 2)",
        "DELETE FROM audit_personal WHERE event_id = (SELECT id FROM audit_event WHERE chain_position = 2)",
        "DELETE FROM audit_event WHERE chain_position = 2",
    )
    record.seal()
    assert record.verify().counts == {Kind.CHAIN_BROKEN: 1}


def test_keeping_an_event_out_of_the_sequence(record: Record) -> None:
    record.write(3)
    record.attack("DELETE FROM audit_pending WHERE position = (SELECT max(position) FROM audit_pending)")
    record.seal()
    report = record.verify()
    assert report.counts == {Kind.NOT_SEQUENCED: 1}
    assert report.waiting == 1


def test_an_event_that_waits_too_long(record: Record) -> None:
    record.write(1)
    assert record.verify().holds
    record.clock.advance(timedelta(minutes=6))
    assert record.verify().counts == {Kind.NOT_SEQUENCED: 1}


def test_the_last_event_deleted_before_it_has_its_place_is_not_found(record: Record) -> None:
    """Nothing names the last event of a chain, nor one outside a chain; docs/audit.md says so."""
    record.write(3, chain="QX1")
    record.seal()
    record.write(1, chain="QX1")
    unplaced = "NOT IN (SELECT event_id FROM audit_sequence)"
    record.attack(
        "DELETE FROM audit_pending", f"DELETE FROM audit_personal WHERE event_id {unplaced}", f"DELETE FROM audit_event WHERE id {unplaced}"
    )
    assert record.verify().holds


def test_a_clock_that_was_set_back(record: Record) -> None:
    record.write(3, chain="QX1")
    record.clock.advance(timedelta(days=-3))
    record.write(3, chain="QX1")
    record.clock.advance(timedelta(days=-1))
    record.write(2)
    record.seal()
    record.clock.advance(timedelta(days=10))
    report = record.verify()
    assert report.counts == {Kind.TIME_WRONG: 2}  # each time it was set back, not each event after it
    assert [finding.where for finding in report.findings] == ["seq 3", "seq 6"]


def test_a_little_disorder_of_times_is_natural(record: Record) -> None:
    record.write(3)
    record.clock.advance(timedelta(minutes=-4))
    record.write(3)
    record.seal()
    assert record.verify().holds


@pytest.mark.parametrize("placed", [True, False])
def test_an_event_dated_ahead(record: Record, *, placed: bool) -> None:
    record.clock.advance(timedelta(days=3650))
    record.write(1)
    record.clock.advance(timedelta(days=-3650))
    if placed:
        record.seal()
    assert record.verify().counts[Kind.TIME_WRONG] >= 1


@pytest.mark.parametrize("change", ["at - interval '3 years'", "at + interval '3 years'"])
def test_editing_the_time_of_a_checkpoint(sealed: Record, change: str) -> None:
    sealed.attack(f"UPDATE audit_checkpoint SET at = {change}")
    sealed.write(1)
    sealed.seal()
    assert sealed.verify().counts == {Kind.TIME_WRONG: 1}


def test_deleting_every_checkpoint(sealed: Record) -> None:
    sealed.attack("DELETE FROM audit_checkpoint")
    assert sealed.verify().counts == {Kind.CHECKPOINT_MISSING: 1}


def test_deleting_the_newest_checkpoint(sealed: Record) -> None:
    sealed.write(2)
    sealed.seal()
    sealed.attack("DELETE FROM audit_checkpoint WHERE size = 12")
    assert sealed.verify().holds  # the next one is due within a second
    sealed.clock.advance(timedelta(minutes=6))
    report = sealed.verify()
    assert report.counts == {Kind.CHECKPOINT_MISSING: 1}
    assert report.findings[0].where == "seq 10–11"


@pytest.mark.parametrize(
    "change",
    [
        "DROP TRIGGER refuse_change ON audit_event",
        "ALTER TABLE audit_node DISABLE TRIGGER refuse_change",
        "ALTER TABLE audit_node ENABLE TRIGGER refuse_change",
        (
            "DROP TRIGGER refuse_change ON audit_sequence;"
            " CREATE TRIGGER refuse_change BEFORE DELETE ON audit_sequence EXECUTE FUNCTION audit_refuse_change();"
            " ALTER TABLE audit_sequence ENABLE ALWAYS TRIGGER refuse_change"
        ),
        "CREATE OR REPLACE FUNCTION audit_refuse_erasure_by_others() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL;END'",
    ],
)
def test_taking_a_guard_away(sealed: Record, change: str) -> None:
    sealed.run(*change.split("; "))
    assert sealed.verify().counts == {Kind.GUARD_MISSING: 1}


def test_adding_an_event_without_a_place(sealed: Record) -> None:
    sealed.attack(
        "INSERT INTO audit_event SELECT gen_random_uuid(), at - interval '1 hour', name, actor_kind, actor_id, subject, NULL, NULL, NULL,"
        " canonical, leaf_hash FROM audit_event WHERE chain_position = 1 AND chain = 'QX1'"
    )
    report = sealed.verify()
    assert report.counts[Kind.NOT_SEQUENCED] == 1
    assert report.counts[Kind.COLUMN_EDITED] == 1


def test_adding_an_event_in_the_middle_of_the_sequence(sealed: Record) -> None:
    sealed.write(1)
    sealed.attack(
        "DELETE FROM audit_pending",
        "UPDATE audit_sequence SET seq = seq + 1000 WHERE seq >= 5",
        "INSERT INTO audit_sequence SELECT 5, id, leaf_hash FROM audit_event WHERE id NOT IN (SELECT event_id FROM audit_sequence)",
        "UPDATE audit_sequence SET seq = seq - 999 WHERE seq >= 1000",
    )
    counts = sealed.verify().counts
    assert counts[Kind.CHECKPOINT_WRONG] == 1
    assert counts[Kind.NODE_WRONG] > 0


def test_reordering_two_events(sealed: Record) -> None:
    sealed.attack(
        "UPDATE audit_sequence SET seq = 1000 WHERE seq = 8",
        "UPDATE audit_sequence SET seq = 8 WHERE seq = 9",
        "UPDATE audit_sequence SET seq = 9 WHERE seq = 1000",
    )
    assert sealed.verify().counts == {Kind.NODE_WRONG: 1, Kind.CHECKPOINT_WRONG: 1}


def test_truncating_the_newest_events(sealed: Record) -> None:
    sealed.attack(
        "DELETE FROM audit_personal WHERE event_id IN (SELECT event_id FROM audit_sequence WHERE seq >= 8)",
        "DELETE FROM audit_event WHERE id IN (SELECT event_id FROM audit_sequence WHERE seq >= 8)",
        "DELETE FROM audit_sequence WHERE seq >= 8",
    )
    report = sealed.verify()
    assert set(report.counts) == {Kind.TRUNCATED}
    assert "ends after 8 events, a stored checkpoint covers 10" in report.findings[0].detail


def test_truncating_the_newest_events_with_all_that_stands_over_them(sealed: Record) -> None:
    kept = checkpoint_of(sealed.verify())
    cut_off_last_two(sealed)
    assert sealed.verify().holds  # nothing within the database can show it …
    report = sealed.verify(since=kept)
    assert report.counts == {Kind.TRUNCATED: 1}  # … a checkpoint kept elsewhere does
    assert "ends after 8 events" in report.findings[0].detail


@pytest.mark.parametrize("full", [False, True])
def test_a_fork_after_a_restore(sealed: Record, *, full: bool) -> None:
    kept = checkpoint_of(sealed.verify())
    cut_off_last_two(sealed)  # the state of an older backup …
    sealed.write(5)  # … on which the platform went on
    sealed.seal()
    assert sealed.verify().holds
    report = sealed.verify(since=kept, full=full)
    assert report.counts == {Kind.HISTORY_REWRITTEN: 1}
    assert report.findings[0].where == "seq 0–9"


def test_rewriting_everything_is_found_by_a_checkpoint_kept_elsewhere(sealed: Record) -> None:
    kept = checkpoint_of(sealed.verify())
    forge_whole_record(sealed)
    assert sealed.verify().holds
    assert sealed.verify(since=kept).counts == {Kind.HISTORY_REWRITTEN: 1}


def test_editing_a_node(sealed: Record) -> None:
    sealed.attack("UPDATE audit_node SET hash = sha256('x') WHERE level = 2 AND position = 1")
    report = sealed.verify()
    assert report.counts == {Kind.NODE_WRONG: 1}
    assert report.findings[0].where == "seq 4–7"


def test_deleting_a_node(sealed: Record) -> None:
    sealed.attack("DELETE FROM audit_node WHERE level = 3")
    report = sealed.verify()
    assert report.counts == {Kind.NODE_WRONG: 1}
    assert "is missing over" in report.findings[0].detail
    assert sealed.verify(since=Checkpoint(8, bytes(32))).counts == {Kind.NODE_WRONG: 2, Kind.HISTORY_REWRITTEN: 1}


def test_editing_a_checkpoint(sealed: Record) -> None:
    sealed.attack("UPDATE audit_checkpoint SET root = sha256('x')")
    assert sealed.verify().counts == {Kind.CHECKPOINT_WRONG: 1}


def test_editing_a_personal_value(sealed: Record) -> None:
    sealed.attack(
        "UPDATE audit_personal SET value = '\"李强\"' WHERE field = 'actor.name'"
        " AND event_id = (SELECT event_id FROM audit_sequence WHERE seq = 2)"
    )
    report = sealed.verify()
    assert report.counts == {Kind.PERSONAL_EDITED: 1}
    assert report.findings[0].where == "seq 2"


def test_erasing_a_personal_value_keeps_the_proofs(sealed: Record) -> None:
    assert sealed.run("DELETE FROM audit_personal WHERE field = 'data.phone'") == [10]
    report = sealed.verify()
    assert report.holds
    assert (report.personal_values, report.personal_erased) == (20, 10)


def test_bytes_that_are_no_event(sealed: Record) -> None:
    sealed.attack("UPDATE audit_event SET canonical = '[]'::bytea WHERE chain = 'QX2' AND chain_position = 3")
    assert sealed.verify().counts == {Kind.EVENT_EDITED: 2}


def test_since_verifies_what_came_after(sealed: Record) -> None:
    kept = checkpoint_of(sealed.verify())
    sealed.write(4, chain="QX2")
    sealed.seal()
    report = sealed.verify(since=kept)
    assert report.holds, report.findings
    assert report.events == 4
    assert checkpoint_of(report) == checkpoint_of(sealed.verify())
    assert sealed.verify(since=kept, full=True).events == 14


def test_the_sequencer_works_on_meanwhile(shared_record: Record) -> None:
    record = shared_record
    record.write(3)
    record.seal()

    def more(_done: int, _all: int) -> None:
        record.write(5)
        record.seal()

    with record.open() as session:
        report = Verifier(session, record.clock.now(), more).run()
    assert report.holds, report.findings
    assert (report.events, record.verify().events) == (3, 8)


def test_progress_is_told(sealed: Record) -> None:
    seen: list[tuple[int, int]] = []
    sealed.trail.verify(sealed.official, progress=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (10, 10)


def test_verification_is_itself_recorded(sealed: Record) -> None:
    report = sealed.trail.verify(sealed.official)
    entry = sealed.trail.by_subject(sealed.official, "audit_record:all")[0]
    assert entry.name == "audit:record:verified"
    assert entry.data == {"size": 10, "root": checkpoint_of(report).root.hex(), "findings": 0}


def cut_off_last_two(record: Record) -> None:
    """Take the last two of ten events out with everything that stands over them."""
    frontier = Frontier()
    with record.open() as session:
        for leaf in session.scalars(text("SELECT leaf_hash FROM audit_sequence WHERE seq < 8 ORDER BY seq")):
            frontier.append(leaf)
    record.attack(
        "DELETE FROM audit_personal WHERE event_id IN (SELECT event_id FROM audit_sequence WHERE seq >= 8)",
        "DELETE FROM audit_event WHERE id IN (SELECT event_id FROM audit_sequence WHERE seq >= 8)",
        "DELETE FROM audit_sequence WHERE seq >= 8",
        "DELETE FROM audit_node WHERE (position + 1) * (1 << level) > 8",
        f"UPDATE audit_checkpoint SET size = 8, root = '\\x{frontier.root().hex()}'",
    )


def forge_whole_record(record: Record) -> None:
    """Change one event and rebuild all hashes over it, as somebody with the code and the server could."""
    with record.open() as session:
        old = (
            session.execute(text("SELECT canonical FROM audit_event e JOIN audit_sequence s ON s.event_id = e.id ORDER BY seq"))
            .scalars()
            .all()
        )
    forged = [*old[:9], old[9].replace("换号".encode(), "无".encode())]
    frontier = Frontier()
    nodes = [node for canonical in forged for node in frontier.append(leaf_hash(canonical))]
    changed = f"'\\x{forged[9].hex()}'::bytea"
    leaf = f"'\\x{leaf_hash(forged[9]).hex()}'::bytea"
    record.attack(
        f"UPDATE audit_event SET canonical = {changed}, leaf_hash = {leaf} WHERE id = (SELECT event_id FROM audit_sequence WHERE seq = 9)",
        f"UPDATE audit_sequence SET leaf_hash = {leaf} WHERE seq = 9",
        *(
            f"UPDATE audit_node SET hash = '\\x{node.hash.hex()}' WHERE level = {node.level} AND position = {node.position}"
            for node in nodes
        ),
        f"UPDATE audit_checkpoint SET root = '\\x{frontier.root().hex()}'",
    )
