"""The epoch that a decision states: nothing below it is missing, whatever the order in which transactions commit."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Collection
from datetime import timedelta
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import text

from govcloud.authorization import epochs
from govcloud.authorization.commands import NewGrant
from govcloud.authorization.deciding.decisions import Decision, Question
from govcloud.authorization.epochs import Reduced, note_change
from govcloud.authorization.scopes.scope import Scope
from govcloud.kernel.actor import Actor
from govcloud.outbox.letters import Request
from govcloud.services import Services
from tests.factories.world import SEED, XIHU, World

READ = "housing:register:read"


@pytest.fixture
def grant_id(services: Services, world: World) -> UUID:
    now = services.clock.now()
    wang = world.wang
    return services.authorization.open_grant(
        SEED, NewGrant(wang.official_id, wang.appointment_id, "housing", READ, now, now + timedelta(days=5), Scope((XIHU,)))
    )


def ask(services: Services, world: World) -> Decision:
    services.uow.read().rollback()  # a page asks in a transaction of its own
    return services.authorization.decide(Question(READ, world.wang.appointment_id, resource={"division": XIHU}))


def beside(app: Flask, work: Callable[[], object]) -> threading.Thread:
    """Start ``work`` on a connection of its own."""

    def run() -> None:
        with app.app_context():
            work()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def assign(services: Services, world: World) -> None:
    services.authorization.assign_role(SEED, world.li.official_id, "housing_clerk", reason="借调")


def test_a_change_that_commits_late_has_the_later_number(app: Flask, services: Services, world: World, grant_id: UUID) -> None:
    seen: list[Decision] = []
    with services.uow.begin(SEED, "govcloud:grant:close"):
        services.authorization.close_grant(SEED, grant_id, "revoked")
        beside(app, lambda: assign(services, world)).join()
        beside(app, lambda: seen.append(ask(services, world))).join()
    after = ask(services, world)
    assert seen[0].allowed  # the revocation had not committed …
    assert not after.allowed
    assert seen[0].epoch < after.epoch  # … and the decision does not say that it knew of it


def test_numbers_are_drawn_one_transaction_after_the_other(app: Flask, services: Services, world: World, grant_id: UUID) -> None:
    with services.uow.begin(SEED, "govcloud:grant:close") as tx:
        services.authorization.close_grant(SEED, grant_id, "revoked")
        # From here on this transaction has its number, and has not committed.
        other: list[threading.Thread] = []
        tx.do_last(lambda: other.append(beside(app, lambda: assign(services, world))))
        tx.do_last(lambda: other[0].join(0.5))
        tx.do_last(lambda: pytest.fail("it did not wait") if not other[0].is_alive() else None)
    other[0].join()
    kinds = services.uow.read().scalars(text("SELECT kind FROM epoch_change ORDER BY epoch DESC LIMIT 2")).all()
    assert kinds == ["role", "grant"]


def test_what_happens_to_people_and_departments_advances_it(services: Services, world: World) -> None:
    wang, ids = world.wang, world.organisation.ids
    admin = world.system_admin.actor()
    changes: list[Callable[[], object]] = [
        lambda: services.identity.move_department(admin, ids["xihu"], ids["data"]),
        lambda: services.identity.disable_official(admin, wang.official_id, "调查"),
        lambda: services.identity.restore_official(admin, wang.official_id, "查清"),
        lambda: services.identity.end_appointment(admin, wang.appointment_id, "调动"),
    ]
    epochs = [ask(services, world).epoch]
    for change in changes:
        change()
        epochs.append(ask(services, world).epoch)
    assert epochs == sorted(set(epochs))


def test_a_webhook_carries_an_epoch_that_its_change_is_in(app: Flask, services: Services, world: World, grant_id: UUID) -> None:
    """Whoever is told that a grant ended, and asks from that epoch on, gets no yes of before."""
    with services.uow.begin(SEED, "govcloud:platform:seed") as tx:
        tx.session.execute(text("UPDATE subsystem SET webhook_url = 'http://127.0.0.1:9/' WHERE code = 'housing'"))
    before = ask(services, world)
    assert before.allowed
    services.authorization.close_grant(SEED, grant_id, "revoked")
    beside(app, lambda: assign(services, world)).join()
    [(letter, request)] = services.delivery.lease(Actor.system("jobs"), "subsystem:housing")
    assert isinstance(request, Request)
    told = json.loads(request.body)
    assert (letter.topic, told["data"]["grant_id"]) == ("authorization:grant:closed", str(grant_id))
    assert told["epoch"] > before.epoch
    now = services.authorization.decide(Question(READ, world.wang.appointment_id, resource={"division": XIHU}, min_epoch=told["epoch"]))
    assert not now.allowed
    assert now.epoch >= told["epoch"]


def test_whom_changes_touched_is_told_until_they_may_have_touched_anybody(
    services: Services, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    changes, wang, li = services.authorization_queries, world.wang.official_id, world.li.official_id

    def noted(kind: str, *, reduces: bool = True, officials: Collection[UUID] = (), subsystem_code: str | None = None) -> Reduced:
        with services.uow.begin(SEED, "govcloud:platform:seed") as tx:
            note_change(tx, kind, reduces=reduces, officials=officials, subsystem_code=subsystem_code)
        return changes.reduced_after(before)

    before = changes.last_epoch()
    assert changes.reduced_after(before) == Reduced(before, frozenset())
    assert noted("role", officials=(wang,)).officials == frozenset({wang})
    assert noted("grant", officials=(wang, li), subsystem_code="housing").officials == frozenset({wang, li})
    last = noted("catalogue", subsystem_code="housing")
    assert (last.epoch, last.officials, last.subsystems) == (changes.last_epoch(), frozenset({wang, li}), frozenset({"housing"}))
    assert noted("policy", reduces=False) == Reduced(before + 4, frozenset({wang, li}), frozenset({"housing"}))
    with monkeypatch.context() as patch:
        patch.setattr(epochs, "_MOST_CHANGES", 2)
        assert changes.reduced_after(before).officials is None
    for kind in ("role", "catalogue", "department", "duty", "policy"):
        before = changes.last_epoch()
        assert noted(kind) == Reduced(before + 1, None)
