"""What the client does while the platform is slow, busy, restarting or away: repeats with care, gives up in time, and never says yes."""

from __future__ import annotations

import socket
from concurrent.futures import ThreadPoolExecutor
from itertools import count

import pytest

from govcloud.client import (
    CheckRefusedError,
    Checks,
    CheckUnavailableError,
    CircuitOpenError,
    ConfigurationError,
    Limits,
    Question,
)
from govcloud.client.calls import retry_after
from govcloud.client.limits import Pace
from tests.client.conftest import READ, Hands, Make
from tests.factories.deciding import MANY, ONE, Fault, Point, no, yes


def busy(*statuses: int) -> list[Fault]:
    return [Fault(status) for status in statuses]


@pytest.mark.parametrize("fault", [Fault(503), Fault(429), Fault(cut=True)], ids=["503", "429", "cut"])
def test_what_passes_is_asked_again(point: Point, asking: Make, hands: Hands, fault: Fault) -> None:
    point.decide = lambda _: yes()
    point.faults.extend([fault, fault])
    assert asking().ask().allowed
    assert len(point.heard) == 3
    # 50 ms and 100 ms at most, of which chance takes a part (the tests' chance: half).
    assert hands.waits == [0.025, 0.05]


@pytest.mark.parametrize("status", [201, 204, 302, 500, 502, 504])
def test_other_trouble_is_not_asked_again(point: Point, asking: Make, status: int) -> None:
    point.faults.extend(busy(status))
    with pytest.raises(CheckUnavailableError) as raised:
        asking().ask()
    assert (raised.value.status, len(point.heard)) == (status, 1)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413])
def test_a_question_that_is_not_taken_is_a_fault_of_the_program(point: Point, asking: Make, status: int) -> None:
    point.faults.extend([Fault(status, body=b'{"error": {"code": "foreign_function"}}')])
    with pytest.raises(CheckRefusedError, match="foreign_function"):
        asking().ask()
    assert len(point.heard) == 1


def test_it_gives_up_after_its_attempts(point: Point, asking: Make) -> None:
    point.faults.extend(busy(503, 503, 503, 503))
    with pytest.raises(CheckUnavailableError) as raised:
        asking(attempts=3).ask()
    assert (raised.value.status, len(point.heard)) == (503, 3)


def test_retry_after_is_kept(point: Point, asking: Make, hands: Hands) -> None:
    point.decide = lambda _: yes()
    point.faults.extend([Fault(429, {"Retry-After": "2"})])
    assert asking(total=5.0).ask().allowed
    assert hands.waits == [2.025], "never sooner than asked"


def test_a_wait_that_is_too_long_is_told_instead(point: Point, asking: Make, hands: Hands) -> None:
    point.faults.extend([Fault(503, {"Retry-After": "30"})])
    with pytest.raises(CheckUnavailableError) as raised:
        asking(total=3.0).ask()
    assert (raised.value.retry_after, hands.waits, len(point.heard)) == (30.0, [], 1)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("7", 7.0), ("0", 0.0), ("Wed, 26 Nov 2026 00:00:10 GMT", 10.0), ("Wed, 26 Nov 2025 00:00:00 GMT", 0.0), ("soon", None), ("-1", None)],
)
def test_retry_after_is_seconds_or_a_date(value: str, seconds: float | None) -> None:
    assert retry_after({"retry-after": value}, 1_795_651_200.0) == seconds


def test_a_silent_platform_is_not_waited_for(point: Point, asking: Make) -> None:
    point.faults.extend([Fault(silent=True)])
    with pytest.raises(CheckUnavailableError, match="ReadTimeout"):
        asking(read=0.05).ask()
    assert len(point.heard) == 1, "what is slow is not asked twice"


def test_nobody_listens(asking: Make) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        with pytest.raises(CheckUnavailableError, match="ConnectError"):
            asking(origin=f"http://127.0.0.1:{held.getsockname()[1]}").ask()


def test_the_whole_has_an_end(point: Point, asking: Make, hands: Hands) -> None:
    """Pauses are inside of the total time, whatever the attempts allow."""
    point.faults.extend([Fault(503, {"Retry-After": "1"}) for _ in range(10)])
    began = hands.seconds
    with pytest.raises(CheckUnavailableError):
        asking(total=3.0, attempts=10).ask()
    assert hands.seconds - began < 3.0
    assert len(point.heard) == 3


def test_repeats_are_never_most_of_the_load(point: Point, asking: Make) -> None:
    point.faults.extend(busy(*[503] * 60))
    client = asking(failures=1_000)
    for _ in range(20):
        with pytest.raises(CheckUnavailableError):
            client.ask()
    assert len(point.heard) == 20 + 10, "ten repeats saved up, and none earned"


def test_after_failures_it_is_left_alone_and_then_tried_by_one(point: Point, asking: Make, hands: Hands) -> None:
    point.decide = lambda _: yes()
    point.faults.extend(busy(*[500] * 6))
    client = asking(failures=5, rest=2.0)
    for _ in range(5):
        with pytest.raises(CheckUnavailableError):
            client.ask()
    for _ in range(3):
        with pytest.raises(CircuitOpenError) as raised:
            client.ask()
    assert len(point.heard) == 5
    assert raised.value.retry_after == pytest.approx(1.5)
    hands.seconds += 1.5
    with pytest.raises(CheckUnavailableError):
        client.ask()
    assert len(point.heard) == 6, "one call tried"
    with pytest.raises(CircuitOpenError) as raised:
        client.ask()
    assert raised.value.retry_after == pytest.approx(3.0), "twice as long"
    hands.seconds += 3.0
    assert client.ask().allowed
    assert client.ask().allowed


def test_what_was_allowed_before_is_not_allowed_while_the_platform_is_away(point: Point, asking: Make) -> None:
    point.decide = lambda _: yes()
    client = asking(failures=1)
    assert client.ask().allowed
    point.faults.extend(busy(500))
    for _ in range(3):
        with pytest.raises(CheckUnavailableError):
            client.ask()


def test_refusals_do_not_open_the_circuit(point: Point, asking: Make) -> None:
    """Else whoever can make a wrong question could close the subsystem for everybody."""
    point.decide = lambda _: yes()
    point.faults.extend(busy(400, 404, 401))
    client = asking(failures=1)
    for _ in range(3):
        with pytest.raises(CheckRefusedError):
            client.ask()
    assert client.ask().allowed


@pytest.mark.parametrize("body", [b"<html>", b"", b"\xff", b'{"decision": tru', b"[" * 100_000])
def test_what_is_not_json_is_no_answer(point: Point, asking: Make, body: bytes) -> None:
    point.faults.extend([Fault(200, body=body)])
    with pytest.raises(CheckUnavailableError):
        asking().ask()


def test_an_answer_that_comes_in_pieces_for_ever_is_not_waited_for(point: Point) -> None:
    """Each piece comes in time, the whole does not; the clock goes on by a second whenever it is looked at."""
    point.decide = lambda _: yes(padding="x" * 5_000_000)
    pace = Pace(now=lambda: float(next(seconds)))
    seconds = count()
    checks = Checks(point.origin, "housing-web", "secret", limits=Limits(total=12.0, read=5.0), pace=pace)
    with checks, pytest.raises(CheckUnavailableError, match="within 12"):
        checks.check(sub="s", function=READ)


def test_an_answer_has_a_length(point: Point, asking: Make) -> None:
    point.decide = lambda _: yes(padding="x" * 10_000)
    with pytest.raises(CheckUnavailableError, match="longer than 1000 bytes"):
        asking(answer_bytes=1_000).ask()


@pytest.mark.parametrize("resource", [{"x": "y" * 2_000}, {"x": object()}, {"x": float("nan")}, {"x": "\ud800"}, {"x": {1, 2}}])
def test_a_question_that_cannot_be_put_is_not_sent(point: Point, asking: Make, resource: dict[str, object]) -> None:
    with pytest.raises(CheckRefusedError):
        asking(question_bytes=1_000).ask(Question(READ, resource))
    assert point.heard == []


def test_the_question_as_the_standard_has_it(point: Point, asking: Make) -> None:
    asking().ask(Question(READ, {"division": "330106000000"}, "ZF-1", {"purpose": "核对"}), trace_id="t-1")
    (heard,) = point.heard
    assert heard.path == ONE
    assert heard.body == {
        "subject": {"type": "official", "id": "s", "properties": {"sid": "q"}},
        "action": {"name": READ},
        "resource": {"type": "register", "id": "ZF-1", "properties": {"division": "330106000000"}},
        "context": {"purpose": "核对"},
    }
    assert heard.header("X-Request-ID") == "t-1"
    assert heard.header("Content-Type") == "application/json"
    assert heard.header("Authorization").startswith("Basic ")


def test_a_number_is_sent_even_when_the_request_has_none_of_use(point: Point, asking: Make) -> None:
    decision = asking().ask(trace_id="two\r\nlines")
    assert decision.trace_id == point.heard[0].header("X-Request-ID")
    assert len(decision.trace_id or "") == 32


def test_a_page_is_asked_in_one_call(point: Point, asking: Make) -> None:
    point.decide = lambda asked: yes() if asked["resource"]["properties"].get("division") == "330106000000" else no()
    questions = [Question(READ, {"division": code}) for code in ("330106000000", "330110000000", "330106000000")]
    assert [item.allowed for item in asking().ask_all(questions)] == [True, False, True]
    (heard,) = point.heard
    assert heard.path == MANY
    assert heard.body["options"] == {"evaluations_semantic": "execute_all"}
    assert heard.body["subject"] == {"type": "official", "id": "s", "properties": {"sid": "q"}}
    assert asking().ask_all([]) == []
    assert len(point.heard) == 1


def test_a_decision_point_without_batches_is_asked_one_by_one(point: Point, asking: Make) -> None:
    point.has_batches = False
    point.decide = lambda asked: yes() if int(asked["resource"]["id"]) % 2 else no()
    questions = [Question(READ, {}, str(number)) for number in range(3)]
    assert [item.allowed for item in asking().ask_all(questions)] == [False, True, False]
    assert point.paths == [MANY, ONE, ONE, ONE]


def test_a_batch_that_is_refused_is_not_asked_one_by_one(point: Point, asking: Make) -> None:
    point.faults.append(Fault(400))
    with pytest.raises(CheckRefusedError):
        asking().ask_all([Question(READ), Question(READ, {}, "2")])
    assert point.paths == [MANY]


def test_a_huge_page_is_asked_in_parts(point: Point, asking: Make) -> None:
    point.decide = lambda asked: yes() if int(asked["resource"]["id"]) % 2 else no()
    questions = [Question(READ, {}, str(number)) for number in range(25)]
    assert [item.allowed for item in asking(batch=10).ask_all(questions)] == [bool(number % 2) for number in range(25)]
    assert [len(heard.body["evaluations"]) for heard in point.heard] == [10, 10, 5]


@pytest.mark.parametrize("answer", [{"evaluations": [yes()]}, {"evaluations": []}, {}, [], {"evaluations": [yes(), {"decision": 1}]}])
def test_a_batch_is_answered_whole_or_not_at_all(point: Point, asking: Make, answer: object) -> None:
    point.whole = answer
    with pytest.raises(CheckUnavailableError):
        asking().ask_all([Question(READ), Question(READ, {}, "2")])


def test_after_a_revocation_no_older_answer_is_taken(point: Point, asking: Make, hands: Hands) -> None:
    client = asking()
    point.decide = lambda _: yes(epoch=40)
    client.ask()
    assert "min_epoch" not in point.heard[-1].body["context"], "a yes alone makes no node read through"
    point.decide = lambda _: no("grant_revoked", epoch=41)
    client.ask()
    client.ask()
    assert point.heard[-1].body["context"]["min_epoch"] == 41
    client.notice(50)
    client.notice(45)
    client.ask_all([Question(READ)])
    assert point.heard[-1].body["evaluations"][0]["context"]["min_epoch"] == 50
    hands.seconds += 61
    client.ask()
    assert "min_epoch" not in point.heard[-1].body["context"], "by then every node has caught up or refuses"


@pytest.mark.parametrize("epoch", ["41", True, -1, None, 1.5])
def test_an_epoch_is_a_whole_number(point: Point, asking: Make, epoch: object) -> None:
    point.decide = lambda _: no("grant_revoked", epoch=epoch)
    client = asking()
    assert client.ask().epoch is None
    client.ask()
    assert "min_epoch" not in point.heard[-1].body["context"]


def test_threads_share_a_pool_and_get_their_own_answers(point: Point) -> None:
    point.decide = lambda asked: yes({"divisions": [asked["resource"]["id"]]})
    codes = [f"3301{number:02d}000000" for number in range(1, 41)]
    limits = Limits(connections=4, connect=20.0, total=60.0, read=30.0)
    with Checks(point.origin, "housing-web", "secret", limits=limits) as checks, ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda code: checks.check(sub="s", function=READ, resource_id=code), codes * 5))
    assert [answer.rows.divisions for answer in answers] == [(code,) for code in codes * 5]
    assert point.connections < 10, "two hundred checks over a handful of connections"


@pytest.mark.parametrize("limits", [{"total": 0}, {"read": -1}, {"attempts": "3"}, {"connect": float("nan")}, {"batch": True}])
def test_limits_are_positive(limits: dict[str, float]) -> None:
    with pytest.raises(ConfigurationError):
        Limits(**limits)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("issuer", "client", "secret"), [("cloud.example", "a", "b"), ("ftp://x", "a", "b"), ("https://", "a", "b"), ("https://x", "", "b")]
)
def test_a_client_without_an_address_is_none(issuer: str, client: str, secret: str) -> None:
    with pytest.raises(ConfigurationError):
        Checks(issuer, client, secret)


def test_a_secret_does_not_stand_in_errors(point: Point) -> None:
    point.faults.extend(busy(401))
    with Checks(point.origin, "housing-web", "very-secret") as checks, pytest.raises(CheckRefusedError) as raised:
        checks.check(sub="s", function=READ)
    assert "very-secret" not in f"{raised.value!r} {raised.value.__cause__!r} {checks!r}"
