"""Promises are kept: signed, at least once, tried again until received, by as many workers as there are."""

from __future__ import annotations

import base64
import hmac
import json
import socket
import threading
from datetime import timedelta

import pytest

from govcloud.outbox import post
from govcloud.outbox.deliver import BATCH, LEASE, Delivered, backoff
from govcloud.outbox.letters import Outcome
from govcloud.outbox.promising import Promise, promise
from govcloud.outbox.webhooks import Endpoint
from tests.commands.outbox.conftest import EPOCH, JOBS, SECRET, GrantMoved, Outbox, Receiver


def test_a_message_arrives_signed(outbox: Outbox, receiver: Receiver) -> None:
    outbox.promise()
    assert outbox.worker().deliver_due(JOBS) == Delivered(delivered=1, failed=0)
    [got] = receiver.received
    [message] = outbox.messages()
    assert got.headers["webhook-id"] == str(message.id)
    assert got.headers["content-type"] == "application/json"
    content = f"{message.id}.{got.headers['webhook-timestamp']}.".encode() + got.body
    expected = base64.b64encode(hmac.digest(SECRET, content, "sha256")).decode()
    assert got.headers["webhook-signature"] == f"v1,{expected}"
    assert int(got.headers["webhook-timestamp"]) == int(outbox.clock.now().timestamp())
    assert json.loads(got.body) == {
        "type": "tests:grant:moved",
        "timestamp": "2026-11-24T01:30:00+00:00",
        "subject": "grant:1",
        "data": {"subsystem_code": "housing"},  # no personal field
        "epoch": EPOCH,
    }
    assert message.delivered_at == outbox.clock.now()


def test_a_delivered_message_is_not_sent_again(outbox: Outbox, receiver: Receiver) -> None:
    outbox.promise()
    outbox.worker().deliver_due(JOBS)
    outbox.clock.advance(timedelta(days=1))
    assert outbox.worker().deliver_due(JOBS) == Delivered(0, 0)
    assert len(receiver.received) == 1


@pytest.mark.parametrize(
    ("status", "reason"), [(500, "HTTP 500 Internal Server Error"), (404, "HTTP 404 Not Found"), (302, "HTTP 302 Found")]
)
def test_a_refused_message_comes_again_after_the_backoff(outbox: Outbox, receiver: Receiver, status: int, reason: str) -> None:
    outbox.promise()
    receiver.status = status
    assert outbox.worker().deliver_due(JOBS) == Delivered(delivered=0, failed=1)
    [message] = outbox.messages()
    assert (message.attempts, message.last_error, message.delivered_at) == (1, reason, None)
    assert outbox.worker().deliver_due(JOBS) == Delivered(0, 0)
    outbox.clock.advance(timedelta(seconds=5))
    receiver.status = 200
    assert outbox.worker().deliver_due(JOBS) == Delivered(delivered=1, failed=0)
    [message] = outbox.messages()
    assert (message.attempts, message.last_error) == (2, None)
    first, second = receiver.received
    assert first.headers["webhook-id"] == second.headers["webhook-id"]


def test_nothing_is_given_up(outbox: Outbox, receiver: Receiver) -> None:
    outbox.promise()
    receiver.status = 503
    for _ in range(12):
        assert outbox.worker().deliver_due(JOBS).failed == 1
        outbox.clock.advance(timedelta(hours=1))
    receiver.status = 200
    assert outbox.worker().deliver_due(JOBS).delivered == 1


def test_the_backoff_doubles_up_to_an_hour() -> None:
    seconds = [backoff(attempt).total_seconds() for attempt in (1, 2, 3, 10, 11, 1_000_000)]
    assert seconds == [5, 10, 20, 2560, 3600, 3600]


def test_a_receiver_that_is_away(outbox: Outbox) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        outbox.endpoints["subsystem:housing"] = Endpoint(f"http://127.0.0.1:{free.getsockname()[1]}/", SECRET)
        outbox.promise()
        assert outbox.worker().deliver_due(JOBS).failed == 1
    [message] = outbox.messages()
    assert message.last_error is not None
    assert message.last_error.startswith("ConnectError")


@pytest.mark.parametrize("url", ["", "nothing", "http://", "ftp://127.0.0.1/", "http://[::1/"])
def test_an_address_that_is_none(outbox: Outbox, url: str) -> None:
    outbox.endpoints["subsystem:housing"] = Endpoint(url, SECRET)
    outbox.promise()
    assert outbox.worker().deliver_due(JOBS).failed == 1


def test_a_receiver_without_an_address(outbox: Outbox, receiver: Receiver) -> None:
    outbox.promise(code="school")
    outbox.promise()
    assert outbox.worker().deliver_due(JOBS) == Delivered(delivered=1, failed=1)
    assert [message.last_error for message in outbox.messages()] == ["the receiver has no address", None]


def test_a_slow_receiver_meets_the_deadline_and_holds_up_nobody(
    outbox: Outbox, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(post, "DEADLINE_SECONDS", 0.3)
    receiver.hold = threading.Event()
    outbox.promise(2)
    assert outbox.worker().deliver_due(JOBS) == Delivered(delivered=0, failed=2)
    assert {message.last_error for message in outbox.messages()} == {"no answer within 0.3 s"}
    receiver.hold.set()


def test_two_workers_deliver_each_message_once(outbox: Outbox, receiver: Receiver) -> None:
    outbox.promise(60)
    workers = [threading.Thread(target=lambda: [outbox.worker().deliver_due(JOBS) for _ in range(4)]) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    ids = [got.headers["webhook-id"] for got in receiver.received]
    assert len(ids) == len(set(ids)) == 60
    assert all(message.delivered_at for message in outbox.messages())


def test_no_lock_is_held_while_the_receiver_thinks(outbox: Outbox, receiver: Receiver) -> None:
    receiver.hold = threading.Event()
    outbox.promise()
    worker = threading.Thread(target=lambda: outbox.worker().deliver_due(JOBS))
    worker.start()
    assert receiver.arrived.wait(10)
    with outbox.engine.connect() as connection:
        open_transactions = connection.exec_driver_sql(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid() AND xact_start IS NOT NULL"
        ).scalar()
    assert open_transactions == 0
    assert outbox.worker().deliver_due(JOBS) == Delivered(0, 0)  # leased
    receiver.hold.set()
    worker.join()
    assert len(receiver.received) == 1


def test_a_worker_that_dies_leaves_its_message_to_the_next(outbox: Outbox, receiver: Receiver) -> None:
    outbox.promise()
    outbox.worker().lease(JOBS, "subsystem:housing")  # … and dies before it sends
    assert outbox.worker().deliver_due(JOBS) == Delivered(0, 0)
    outbox.clock.advance(LEASE)
    assert outbox.worker().deliver_due(JOBS) == Delivered(delivered=1, failed=0)


def test_a_worker_that_comes_back_late_changes_nothing(outbox: Outbox, receiver: Receiver) -> None:
    outbox.promise()
    late = outbox.worker()
    [(letter, _)] = late.lease(JOBS, "subsystem:housing")
    outbox.clock.advance(LEASE)
    assert outbox.worker().deliver_due(JOBS).delivered == 1
    late.settle(JOBS, "subsystem:housing", [(letter, Outcome(None, "no answer"))])
    [message] = outbox.messages()
    assert message.delivered_at is not None
    assert message.last_error is None


def test_a_promise_goes_with_its_transaction(outbox: Outbox) -> None:
    with pytest.raises(RuntimeError, match="crash"):
        promise_and_crash(outbox)
    assert outbox.messages() == []


def promise_and_crash(outbox: Outbox) -> None:
    with outbox.new_uow().begin(JOBS, "tests:grant:move") as tx:
        tx.record(GrantMoved(subject="grant:1", subsystem_code="housing"))
        raise RuntimeError("crash")


def test_a_silent_receiver_holds_up_nobody_and_rests(outbox: Outbox, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hundreds wait for one that does not answer, made before the one message of another: that one still goes out at once."""
    monkeypatch.setattr(post, "DEADLINE_SECONDS", 1.0)
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(64)  # connects, and never answers
        outbox.endpoints["subsystem:school"] = Endpoint(f"http://127.0.0.1:{deaf.getsockname()[1]}/", SECRET)
        outbox.promise(200, code="school")
        outbox.promise()
        worker = outbox.worker()
        running = threading.Thread(target=lambda: worker.deliver_due(JOBS))
        running.start()
        assert receiver.arrived.wait(2)
        running.join()
    tried = [message for message in outbox.messages() if message.destination == "subsystem:school" and message.attempts]
    assert len(tried) == BATCH  # then it rests
    assert worker.deliver_due(JOBS) == Delivered(0, 0)
    outbox.clock.advance(timedelta(seconds=5))
    monkeypatch.setattr(post, "DEADLINE_SECONDS", 0.1)
    assert worker.deliver_due(JOBS).failed == BATCH


def test_a_receiver_that_refuses_everything_is_answered_by_the_backoff_of_each(outbox: Outbox, receiver: Receiver) -> None:
    receiver.status = 500
    outbox.promise(45)
    assert outbox.worker().deliver_due(JOBS) == Delivered(delivered=0, failed=45)
    assert {message.attempts for message in outbox.messages()} == {1}


def test_a_destination_of_an_unknown_kind_waits_with_its_reason(outbox: Outbox) -> None:
    with outbox.new_uow().begin(JOBS, "tests:grant:move") as tx:
        promise(tx, [Promise("pigeon:1", "tests:grant:moved", {})])
    assert outbox.worker().deliver_due(JOBS) == Delivered(0, 1)
    assert [message.last_error for message in outbox.messages()] == ["no correspondence with 'pigeon'"]
