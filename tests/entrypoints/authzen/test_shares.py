"""What one client may have of the decision point, and what happens when its inputs are away."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from sqlalchemy import event

from govcloud.entrypoints.authzen import limits
from govcloud.entrypoints.authzen.evaluating import BUDGET
from govcloud.kernel.database import db
from tests.entrypoints.authzen.conftest import EVALUATION, EVALUATIONS, GUIDE, READ, Point, action, question, row, subject
from tests.entrypoints.test_database_away import away
from tests.factories.browsing import counted
from tests.factories.world import World

if TYPE_CHECKING:
    from collections.abc import Iterator

    from govcloud.kernel.clock import ManualClock
    from govcloud.services import Services
    from govcloud.settings import Settings

RATE = 10


class TestShare:
    """One client's share of a worker."""

    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        """Let the platform of these tests give little."""
        return settings.model_copy(update={"decision_rate": RATE})

    def test_decisions_have_a_share(self, world: World, housing: Point, assistance: Point, clock: ManualClock) -> None:
        for _ in range(2 * RATE):
            assert housing.post(EVALUATION, question(world.wang)).status_code == 200
        answer = housing.post(EVALUATION, question(world.wang))
        assert (answer.status_code, answer.headers["Retry-After"]) == (429, "1")
        assert answer.get_json()["error"]["code"] == "too_many_requests"
        assert assistance.post(EVALUATION, question(world.wang, "assistance:case:read")).status_code == 200, "others have their own"
        clock.advance(timedelta(seconds=1))
        assert housing.post(EVALUATION, question(world.wang)).status_code == 200

    def test_a_batch_counts_its_questions(self, world: World, housing: Point) -> None:
        body = {"evaluations": [question(world.wang)] * RATE}
        assert [housing.post(EVALUATIONS, body).status_code for _ in range(3)] == [200, 200, 429]

    def test_reading_counts_too(self, world: World, housing: Point) -> None:
        assert [housing.post(EVALUATION, {}).status_code for _ in range(2 * RATE)] == [400] * (2 * RATE)
        assert housing.post(EVALUATION, question(world.wang)).status_code == 429


def test_searches_leave_threads_to_decisions(world: World, housing: Point) -> None:
    body = {"subject": {"type": "official"}, "action": action(), "resource": row()}
    with limits.searching(), limits.searching():
        answer = housing.post("/access/v1/search/subject", body)
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
        assert housing.post(EVALUATION, question(world.wang)).status_code == 200
    assert housing.post("/access/v1/search/subject", body).status_code == 200


def test_a_search_that_fails_gives_its_place_back(housing: Point) -> None:
    for _ in range(2 * limits.SEARCHES_AT_ONCE):
        assert housing.post("/access/v1/search/subject", {}).status_code == 400


@pytest.fixture
def creeping(services: Services, clock: ManualClock) -> Iterator[None]:
    """Let each statement take long."""

    def wait(*_: object) -> None:
        clock.advance(BUDGET / 8)

    event.listen(db.engine, "before_cursor_execute", wait)
    yield
    event.remove(db.engine, "before_cursor_execute", wait)


@pytest.mark.usefixtures("creeping")
def test_a_batch_that_takes_too_long_is_given_up(world: World, housing: Point) -> None:
    body = {"evaluations": [question(person) for person in world.people.values()]}
    answer = housing.post(EVALUATIONS, body)
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert answer.get_json()["error"]["code"] == "out_of_time"


def test_without_the_database_nothing_is_allowed(settings: Settings, world: World, housing: Point) -> None:
    chen = world.people["CHENJIE"]
    bodies = {
        EVALUATION: question(chen),
        EVALUATIONS: {"evaluations": [question(chen)]},
        "/access/v1/search/action": {"subject": subject(chen), "resource": row()},
        "/access/v1/requests": question(chen),
    }
    db.session.remove()
    with away(settings):
        for path, body in bodies.items():
            answer = housing.post(path, body)
            assert answer.status_code == 503, path
            assert int(answer.headers["Retry-After"]) > 0
            assert "decision" not in answer.get_json()
    assert housing.decides(question(chen)) is True


def test_a_batch_reads_each_subject_once(world: World, housing: Point) -> None:
    chen = world.people["CHENJIE"]

    def taken(count: int) -> int:
        with counted() as seen:
            housing.batch(*({"resource": row(number=str(number))} for number in range(count)), subject=subject(chen), action=action())
        return len(seen)

    taken(1)
    assert taken(100) == taken(1)


def test_a_batch_reads_each_subject_once_for_denials_too(world: World, housing: Point) -> None:
    def taken(count: int) -> int:
        with counted() as seen:
            housing.batch(*({"resource": row(number=str(number))} for number in range(count)), subject=subject(world.wang), action=action())
        return len(seen)

    taken(1)
    assert taken(100) == taken(1)


def test_primary_appointments_of_many_are_read_at_once(world: World, housing: Point) -> None:
    people = list(world.people.values())
    answers = housing.batch(*({"subject": subject(person)} for person in people), action=action(GUIDE), resource=row())
    assert [answer["decision"] for answer in answers] == [housing.decides(question(person, GUIDE)) for person in people]
    unknown = {"subject": {"type": "official", "id": str(uuid4())}}
    mixed = housing.batch(
        unknown, {"subject": subject(people[0])}, {"subject": {"type": "official", "id": "x"}}, action=action(READ), resource=row()
    )
    assert [answer["context"]["reason"] for answer in mixed] == ["unknown_subject", "no_permission", "unknown_subject"]


def test_an_id_is_written_in_one_way(world: World, housing: Point) -> None:
    official_id = world.people["CHENJIE"].official_id
    for written in (official_id.hex, f"{{{official_id}}}", official_id.urn):
        asked = question(world.people["CHENJIE"]) | {"subject": {"type": "official", "id": written}}
        assert housing.decides(asked) is False
