"""The end of a grant is confirmed from its effect: the webhook was answered, or the holder was refused since."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import text

from govcloud.authorization.deciding.decisions import Question
from govcloud.authorization.rights.acknowledging import Acknowledged, note_received
from govcloud.authorization.subjects.snapshot import door_of
from govcloud.kernel.actor import Actor
from govcloud.kernel.clock import ManualClock
from govcloud.kernel.database import db
from govcloud.outbox.letters import Letter
from govcloud.services import Services
from tests.factories.receiving import listening
from tests.factories.requests import REGISTER, granted
from tests.factories.world import SEED, XIHU, YUHANG, World


def check(services: Services, world: World, function: str = REGISTER, division: str = XIHU) -> bool:
    """Ask as a subsystem does, and let what was answered be written down."""
    question = Question(function, world.wang.appointment_id, world.wang.official_id, {"division": division})
    decision = services.authorization.decide(question)
    services.decision_log.note(question, decision, "housing-web")
    assert services.decision_log.flush()
    return decision.allowed


def seen(services: Services, grant_id: object) -> Acknowledged | None:
    db.session.remove()
    return services.acknowledgements.of([grant_id]).get(grant_id)  # type: ignore[list-item, call-overload, no-any-return]


def test_the_first_refusal_after_the_end_confirms_it(services: Services, world: World, clock: ManualClock) -> None:
    grant_id = granted(services, world)
    assert check(services, world)
    services.access.revoke(world.li.actor(), grant_id, "核查")
    assert seen(services, grant_id) is None
    clock.advance(timedelta(minutes=5))
    assert not check(services, world)
    first = seen(services, grant_id)
    assert first == Acknowledged(refused_at=clock.now())
    clock.advance(timedelta(minutes=5))
    assert not check(services, world)
    assert seen(services, grant_id) == first


def test_a_refusal_before_the_end_or_for_other_rows_confirms_nothing(services: Services, world: World, clock: ManualClock) -> None:
    assert not check(services, world)
    grant_id = granted(services, world)
    beside = granted(services, world, days=11)
    assert not check(services, world, division=YUHANG)
    clock.advance(timedelta(minutes=5))
    services.access.revoke(world.li.actor(), grant_id, "核查")
    # The other grant holds on: nothing is refused but other rows.
    assert check(services, world)
    assert not check(services, world, division=YUHANG)
    assert seen(services, grant_id) is None
    services.access.revoke(world.li.actor(), beside, "核查")
    assert not check(services, world)
    assert seen(services, grant_id) == seen(services, beside) == Acknowledged(refused_at=clock.now())


def test_a_refusal_at_the_door_confirms_it_too(services: Services, world: World) -> None:
    holder = world.people["SUNLI"]
    grant_id = granted(services, world)
    services.access.revoke(world.li.actor(), grant_id, "核查")
    question = Question(door_of("housing"), holder.appointment_id, holder.official_id)
    services.decision_log.note(question, services.authorization.decide(question), "housing-web")
    assert services.decision_log.flush()
    # Somebody else's refusal says nothing.
    assert seen(services, grant_id) is None


def test_an_answered_webhook_confirms_it(services: Services, world: World, clock: ManualClock) -> None:
    grant_id = granted(services, world)
    services.access.revoke(world.li.actor(), grant_id, "核查")
    data = {"grant_id": str(grant_id), "subsystem_code": "housing"}
    letters = [
        Letter(grant_id, topic, {"data": data}, "subsystem:housing", clock.now(), 1, clock.now())
        for topic in ("authorization:grant:opened", "authorization:grant:closed", "authorization:grant:closed")
    ]
    with services.uow.begin(Actor.system("jobs"), "govcloud:outbox:deliver") as tx:
        note_received(tx, letters)
    assert seen(services, grant_id) == Acknowledged(webhook_at=clock.now())


def test_the_outbox_tells_whether_the_subsystem_answered(services: Services, world: World, clock: ManualClock) -> None:
    """From the revocation to the receiver and back: a refused message confirms nothing, an answered one does."""
    grant_id = granted(services, world)
    with listening() as listener:
        with services.uow.begin(SEED, "govcloud:platform:seed") as tx:
            address = {"url": f"{listener.base}/hook"}
            tx.session.execute(text("UPDATE subsystem SET webhook_url = :url WHERE code = 'housing'"), address)
        listener.status = 500
        services.access.revoke(world.li.actor(), grant_id, "核查")
        services.delivery.deliver_due(Actor.system("jobs"))
        assert listener.at("/hook")
        assert seen(services, grant_id) is None
        listener.status = 204
        clock.advance(timedelta(hours=2))
        services.delivery.deliver_due(Actor.system("jobs"))
        assert seen(services, grant_id) == Acknowledged(webhook_at=clock.now())
