"""Events enter the record with their command's transaction, in their final form."""

from __future__ import annotations

import json
import threading
from hashlib import sha256

import pytest
import rfc8785
from sqlalchemy import event, text

from govcloud.audit.merkle import leaf_hash
from govcloud.kernel.errors import Denied
from govcloud.kernel.messages import Message
from tests.commands.audit.conftest import PhoneChanged, Record


def rows(record: Record, query: str) -> list[dict[str, object]]:
    with record.open() as session:
        return [dict(row) for row in session.execute(text(query)).mappings()]


def test_the_bytes_are_canonical_and_hashed_as_a_leaf(record: Record) -> None:
    record.write()
    [row] = rows(record, "SELECT canonical, leaf_hash FROM audit_event")
    canonical = row["canonical"]
    assert isinstance(canonical, bytes)
    assert rfc8785.dumps(json.loads(canonical)) == canonical
    assert row["leaf_hash"] == sha256(b"\x00" + canonical).digest() == leaf_hash(canonical)


def test_who_what_when_and_where_stand_in_the_bytes(record: Record) -> None:
    record.write(chain="QX1")
    [row] = rows(record, "SELECT convert_from(canonical, 'UTF8') AS canonical FROM audit_event")
    document = json.loads(str(row["canonical"]))
    assert document["at"] == "2026-11-24T01:30:00.000000Z"
    assert document["name"] == "tests:phone:changed"
    assert document["command"] == "tests:phone:change"
    assert document["subject"] == "official:wang"
    assert document["chain"] == {"id": "QX1", "position": 1, "prev_leaf": None}
    assert document["data"] == {"reason": "换号"}
    assert document["actor"] == {
        "kind": "official",
        "id": record.official.id,
        "appointment_id": None,
        "session_id": None,
        "trace_id": "trace-1",
    }


def test_personal_values_stand_beside_the_hash_under_a_salt(record: Record) -> None:
    record.write(2)
    events = rows(record, "SELECT convert_from(canonical, 'UTF8') AS canonical FROM audit_event ORDER BY id")
    assert "王芳" not in str(events)
    assert "13800000000" not in str(events)
    assert "10.1.2.3" not in str(events)
    kept = rows(record, "SELECT field, salt, value FROM audit_personal ORDER BY event_id, field")
    assert [row["value"] for row in kept] == ['"王芳"', '"10.1.2.3"', '"13800000000"', '"王芳"', '"10.1.2.3"', '"13800000001"']
    assert len({row["salt"] for row in kept}) == 6
    commitments = json.loads(str(events[0]["canonical"]))["personal"]
    salt = kept[2]["salt"]
    assert isinstance(salt, bytes)
    assert commitments["data.phone"] == sha256(salt + b'"13800000000"').hexdigest()


def test_the_events_of_a_request_are_linked(record: Record) -> None:
    record.write(3, chain="QX1")
    record.write(1, chain="QX2")
    links = rows(record, "SELECT chain, chain_position, prev_leaf, leaf_hash FROM audit_event ORDER BY chain, chain_position")
    assert [(row["chain"], row["chain_position"]) for row in links] == [("QX1", 1), ("QX1", 2), ("QX1", 3), ("QX2", 1)]
    assert [row["prev_leaf"] for row in links] == [None, links[0]["leaf_hash"], links[1]["leaf_hash"], None]


def test_many_events_at_once_are_recorded_like_one_by_one(record: Record) -> None:
    chains = (None, "QX1", None, "QX1")
    with record.uow.begin(record.official, "tests:phone:change") as tx:
        tx.record_all([PhoneChanged(subject="official:wang", chain=chain, phone=f"1380000{n:04d}") for n, chain in enumerate(chains)])
    events = rows(
        record, "SELECT canonical, leaf_hash, chain, chain_position, prev_leaf FROM audit_event ORDER BY chain_position NULLS FIRST"
    )
    assert [(row["chain"], row["chain_position"]) for row in events] == [(None, None), (None, None), ("QX1", 1), ("QX1", 2)]
    assert events[3]["prev_leaf"] == events[2]["leaf_hash"]
    assert all(row["leaf_hash"] == leaf_hash(row["canonical"]) for row in events if isinstance(row["canonical"], bytes))
    assert len(rows(record, "SELECT 1 AS one FROM audit_personal WHERE value LIKE '\"138%'")) == 4
    assert len(rows(record, "SELECT 1 AS one FROM audit_pending")) == 4
    record.seal()
    assert record.verify().findings == []


def test_a_chain_stays_whole_when_many_write_it_at_once(shared_record: Record) -> None:
    record = shared_record
    threads = [threading.Thread(target=lambda: record.write(10, chain="QX1")) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    record.seal()
    report = record.verify()
    assert report.holds, report.findings
    assert report.events == 40
    assert rows(record, "SELECT max(chain_position) AS last FROM audit_event") == [{"last": 40}]
    # The sequence keeps the order of the chain.
    order = rows(record, "SELECT chain_position - 1 AS position, seq FROM audit_event e JOIN audit_sequence s ON s.event_id = e.id")
    assert all(row["position"] == row["seq"] for row in order)


def test_a_set_of_events_is_recorded_in_its_order(record: Record) -> None:
    record.write(1, chain="QX1")
    chains = ["QX1", None, "QX2", "QX1", "QX2", None, "QX1"]
    with record.uow.begin(record.official, "tests:phone:change") as tx:
        tx.record_all([PhoneChanged(subject=f"official:{number}", chain=chain, phone="1") for number, chain in enumerate(chains)])
    record.seal()
    report = record.verify()
    assert report.holds, report.findings
    order = rows(
        record, "SELECT subject, chain_position FROM audit_event e JOIN audit_sequence s ON s.event_id = e.id WHERE seq > 0 ORDER BY seq"
    )
    assert [row["subject"] for row in order] == [f"official:{number}" for number in range(7)]
    assert [row["chain_position"] for row in order] == [2, None, 1, 3, 2, None, 4]


def test_a_chain_stays_whole_when_a_savepoint_takes_events_back(shared_record: Record) -> None:
    record = shared_record
    with record.uow.begin(record.official, "tests:phone:change") as tx:
        tx.record(PhoneChanged(subject="official:wang", chain="QX1", phone="1"))
        savepoint = tx.session.begin_nested()
        tx.record(PhoneChanged(subject="official:gone", chain="QX1", phone="2"))
        savepoint.rollback()
        tx.record(PhoneChanged(subject="official:wang", chain="QX1", phone="3"))
    record.seal()
    report = record.verify()
    assert report.holds, report.findings
    assert rows(record, "SELECT chain_position FROM audit_event ORDER BY 1") == [{"chain_position": 1}, {"chain_position": 2}]


def test_a_chain_is_read_once_by_a_command_that_adds_to_it_often(record: Record) -> None:
    with record.uow.begin(record.official, "tests:phone:change") as tx:
        tx.record(PhoneChanged(subject="official:wang", chain="QX1", phone="1"))
        statements: list[str] = []
        event.listen(tx.session.connection(), "before_cursor_execute", lambda _c, _s, statement, *_: statements.append(statement))
        tx.record(PhoneChanged(subject="official:wang", chain="QX1", phone="2"))
        assert len(statements) == 1


def test_an_event_goes_with_its_transaction(record: Record) -> None:
    with pytest.raises(RuntimeError, match="crash"):
        record_and_fail(record, RuntimeError("crash"))
    assert rows(record, "SELECT id FROM audit_event") == []


def test_a_refusal_is_remembered_and_its_work_is_not(record: Record) -> None:
    with pytest.raises(Denied):
        record_and_fail(record, Denied("not_yours", Message("不能修改他人的号码。")))
    [row] = rows(record, "SELECT name, subject FROM audit_event")
    assert row == {"name": "kernel:command:refused", "subject": "command:tests:phone:change"}


def test_a_value_without_a_canonical_form_is_refused_loudly(record: Record) -> None:
    with pytest.raises(rfc8785.CanonicalizationError), record.uow.begin(record.official, "tests:phone:change") as tx:
        tx.record(PhoneChanged(subject="official:wang", phone="1", reason="\ud800"))
    assert rows(record, "SELECT id FROM audit_event") == []


def record_and_fail(record: Record, error: Exception) -> None:
    with record.uow.begin(record.official, "tests:phone:change") as tx:
        tx.record(PhoneChanged(subject="official:wang", phone="1"))
        raise error
