"""The decision log: what is kept, that noting never waits, that nothing is lost in silence, who reads it and how long it lasts."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from govcloud.authorization.deciding.decisions import Decision, Question
from govcloud.authorization.decision_log import writing
from govcloud.authorization.decision_log.reading import LogAsked, LogEntry
from govcloud.authorization.decision_log.rows import DENIED, SAMPLED, SENSITIVE, Keeping
from govcloud.jobs.purge import purge
from govcloud.kernel.actor import Actor
from govcloud.kernel.clock import ManualClock
from govcloud.kernel.errors import Denied
from govcloud.services import Services
from tests.factories.plans import plan_without
from tests.factories.requests import REGISTER
from tests.factories.world import SEED, XIHU, Person, World

READ, GUIDE = "assistance:case:read", "housing:guide:read"


def noted(services: Services, person: Person, function: str, resource: dict[str, Any] | None = None) -> Decision:
    """Decide, and note the decision as a way in does."""
    question = Question(function, person.appointment_id, person.official_id, resource or {})
    decision = services.authorization.decide(question)
    services.decision_log.note(question, decision, "housing-web", trace_id="trace-1")
    return decision


def logged(services: Services, world: World, **asked: Any) -> list[LogEntry]:  # noqa: ANN401 - fields of LogAsked
    """Read all of the log as the audit officer, in pages of two."""
    found: list[LogEntry] = []
    after = None
    while True:
        page = services.decision_log.read(world.audit_admin.actor(), LogAsked(limit=2, after=after, **asked))
        found += page.rows
        after = page.after
        if after is None:
            return found


def test_every_denial_and_every_sensitive_yes_are_kept(services: Services, world: World) -> None:
    services.decision_log.flush()  # from now on it is known which functions are sensitive
    chen = world.people["CHENJIE"]
    noted(services, world.wang, REGISTER, {"division": XIHU, "type": "house", "id": "330106-1"})
    noted(services, chen, REGISTER)
    for _ in range(20):
        noted(services, world.wang, READ)
    services.decision_log.flush()
    found = logged(services, world)
    assert [(row.kind, row.function) for row in found if row.kind != SAMPLED] == [(SENSITIVE, REGISTER), (DENIED, REGISTER)]
    denied = found[-1]
    assert (denied.official_id, denied.appointment_id, denied.reason) == (
        world.wang.official_id,
        world.wang.appointment_id,
        "no_permission",
    )
    assert (denied.client_id, denied.subsystem_code, denied.resource_type, denied.division) == ("housing-web", "housing", "house", XIHU)
    assert (denied.allowed, denied.trace_id) == (False, "trace-1")
    assert next(row for row in found if row.kind == SENSITIVE).rule == "住房保障岗位职责"
    stored = services.uow.read().execute(text("SELECT * FROM decision_log")).mappings().all()
    assert "330106-1" not in str(stored), "which thing it was is not kept"


def test_what_is_not_known_to_be_harmless_is_kept() -> None:
    allowed = Decision(allowed=True, code="allowed", message=None, epoch=1)  # type: ignore[arg-type]  # nothing else is read
    assert Keeping(None, 0).kind_of(READ, allowed) == SENSITIVE
    draws = iter((0.04, 0.05, 0.5))
    keeping = Keeping(frozenset({REGISTER}), 0.05, lambda: next(draws))
    assert [keeping.kind_of(READ, allowed) for _ in range(3)] == [SAMPLED, None, None]
    assert keeping.kind_of(REGISTER, allowed) == SENSITIVE
    assert Keeping(frozenset(), 0).kind_of(READ, allowed) is None


def test_by_person_function_subsystem_outcome_and_time(services: Services, world: World, clock: ManualClock) -> None:
    chen = world.people["CHENJIE"]
    noted(services, world.wang, REGISTER)
    clock.advance(timedelta(hours=1))
    later = clock.now()
    noted(services, chen, "assistance:case:accept")
    noted(services, chen, REGISTER)
    noted(services, world.wang, GUIDE, {"division": "x"})
    services.decision_log.flush()
    assert len(logged(services, world)) == 4
    assert {row.function for row in logged(services, world, official_id=chen.official_id)} == {"assistance:case:accept", REGISTER}
    assert {row.official_id for row in logged(services, world, function=REGISTER)} == {world.wang.official_id, chen.official_id}
    assert len(logged(services, world, subsystem="assistance")) == 1
    assert [row.reason for row in logged(services, world, reason="bad_resource")] == ["bad_resource"]
    assert len(logged(services, world, kind=SENSITIVE)) == 1
    assert [row.at for row in logged(services, world, until=later)] == [later - timedelta(hours=1)]
    assert len(logged(services, world, since=later)) == 3
    assert logged(services, world, since=later, until=later) == []
    assert logged(services, world, function="x\x00y") == []


def test_the_indexes_serve_the_questions(services: Services, world: World) -> None:
    noted(services, world.wang, REGISTER)
    services.decision_log.flush()
    session = services.uow.read()
    plan_without(session, "seqscan", "bitmapscan")
    for column, value in (("official_id", world.wang.official_id), ("function", REGISTER), ("subsystem_code", "housing")):
        query = f"EXPLAIN SELECT * FROM decision_log WHERE {column} = :value ORDER BY at DESC, id DESC LIMIT 50"
        plan = "\n".join(session.scalars(text(query), {"value": value}))
        assert f"ix_decision_log_{column}" in plan
        assert "Sort" not in plan
    plan = "\n".join(session.scalars(text("EXPLAIN SELECT * FROM decision_log WHERE at < now() ORDER BY at DESC, id DESC LIMIT 50")))
    assert "pk_decision_log" in plan
    assert "Sort" not in plan


def test_noting_never_waits_and_never_fails(services: Services, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the database away the queue fills up; what does not fit is counted, and told when the database is back."""
    log = services.decision_log
    monkeypatch.setattr(writing, "MOST_WAITING", 50)
    monkeypatch.setattr(writing, "_COPY", "COPY no_such_table FROM STDIN")
    monkeypatch.setattr(log.writer, "_start", lambda: None)
    question = Question(REGISTER, world.wang.appointment_id, world.wang.official_id)
    decision = services.authorization.decide(question)
    began = time.perf_counter()
    for _ in range(80):
        log.note(question, decision, "housing-web")
        assert not log.writer.waiting > 50
    assert time.perf_counter() - began < 1, "nothing waited for the database"
    assert log.flush() is False
    assert (log.writer.waiting, log.writer.dropped) == (50, 30)
    monkeypatch.undo()
    assert log.flush() is True
    assert (log.writer.waiting, log.writer.dropped) == (0, 0)
    page = log.read(world.audit_admin.actor(), LogAsked(limit=500))
    assert (len(page.rows), page.lost) == (50, 30)


def test_what_callers_send_is_cut_and_cleaned(services: Services, world: World) -> None:
    question = Question("housing:" + "x" * 900, None, None, {"type": "a\x00b\ud800" + "c" * 500, "division": 7})
    services.decision_log.note(question, services.authorization.decide(question), "client\x00")
    services.decision_log.flush()
    [row] = logged(services, world)
    assert (len(row.function), row.client_id, row.division) == (200, "client", None)
    assert row.resource_type is not None
    assert len(row.resource_type) <= 100


def test_the_thread_writes_by_itself_and_the_end_flushes(services: Services, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "EVERY", 0.05)
    noted(services, world.wang, REGISTER)
    until = time.monotonic() + 10
    while services.decision_log.writer.waiting and time.monotonic() < until:
        time.sleep(0.02)
    assert services.decision_log.writer.waiting == 0
    noted(services, world.wang, REGISTER)
    services.decision_log.close()
    assert len(logged(services, world)) == 2


def test_who_may_read_it(services: Services, world: World) -> None:
    """The audit officer all of it, an administrator of subsystems that of their own, nobody else any."""
    noted(services, world.wang, REGISTER)
    noted(services, world.wang, "assistance:case:accept", {"division": "x"})
    services.decision_log.flush()
    he, log = world.people["HEWEI"].actor(), services.decision_log
    path = world.organisation.paths["housing"]
    assert [row.function for row in log.read(he, LogAsked(subsystem="housing", department_path=path)).rows] == [REGISTER]
    for asked in (LogAsked(), LogAsked(subsystem="assistance", department_path=world.organisation.paths["civil_affairs"])):
        with pytest.raises(Denied):
            log.read(he, asked)
    for login in ("WUXIAOYAN", "ZHOUJIANJUN", "WANGFANG", "LIQIANG", "SUNLI"):
        with pytest.raises(Denied):
            log.read(world.people[login].actor(), LogAsked(subsystem="housing", department_path=path))
    read = services.audit.by_subject(world.audit_admin.actor(), "decision_log:all")
    assert [entry.data["subsystem_code"] for entry in read if entry.name == "authorization:decision_log:read"] == ["housing"]


def test_it_is_forgotten_in_time(services: Services, world: World, clock: ManualClock) -> None:
    noted(services, world.wang, REGISTER)
    clock.advance(timedelta(days=100))
    noted(services, world.wang, REGISTER)
    services.decision_log.flush()
    assert purge(services) == 0
    clock.advance(timedelta(days=81))
    assert purge(services) == 1
    assert len(logged(services, world)) == 1
    with pytest.raises(Denied):
        services.decision_log.purge(world.audit_admin.actor())
    assert services.decision_log.purge(Actor.system("jobs")) == 0


def test_people_who_are_gone_and_functions_that_never_were(services: Services, world: World) -> None:
    question = Question("housing:none:such", None, uuid4())
    services.decision_log.note(question, services.authorization.decide(question), "housing-web")
    services.decision_log.flush()
    [row] = logged(services, world)
    assert row.reason == "unknown_subject"
    assert SEED.kind == "system"
