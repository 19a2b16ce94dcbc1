"""Many people vanish at once: all of them lose sessions and grants in the same transaction, in as many statements as a few."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import event, select

from govcloud.audit.models import AuditEvent
from govcloud.authorization.commands import NewGrant
from govcloud.authorization.models import AccessGrant, EpochChange
from govcloud.authorization.scopes.scope import Scope
from govcloud.identity.importing.report import Report
from govcloud.identity.importing.runs import Order
from govcloud.identity.importing.sources import examine
from govcloud.identity.inputs import NewAppointment
from govcloud.identity.models import Appointment, OfficialVersion
from govcloud.jobs.job import ACTOR
from govcloud.kernel.clock import ManualClock
from govcloud.kernel.database import db
from govcloud.kernel.errors import Denied
from govcloud.services import Services
from govcloud.signon.models import Session
from tests.factories.imports import OPERATOR, Row, a_row, write_csv
from tests.factories.world import PASSWORD, SEED, XIHU, World

REGISTER = "housing:register:read"
MANY, FEW = 24, 3


@contextmanager
def counted() -> Iterator[list[str]]:
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        statements.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(db.engine, "before_cursor_execute", note)


def sync(services: Services, path: Path, rows: Sequence[Row]) -> Report:
    report = Report()
    services.importing.apply(OPERATOR, examine(write_csv(path, rows)), Order("hr", complete=True, allow_vanish=100), report)
    return report


def at_work(services: Services, world: World, rows: Sequence[Row]) -> list[UUID]:
    """Give everybody of ``rows`` a session, and a temporary grant of a request of its own; return them."""
    people, now = [], services.clock.now()
    for row in rows:
        person = services.identity_queries.official_by_code(row["employee_code"])
        account = services.identity_queries.account_by_login(row["employee_code"])
        assert person is not None
        assert account is not None
        services.signon.set_password(OPERATOR, account.id, PASSWORD)
        services.signon.sign_in(account.login, PASSWORD, "192.0.2.1", None)
        (place,) = services.identity_queries.appointments_of(person.id)
        new = NewGrant(
            person.id,
            place.id,
            "housing",
            REGISTER,
            now,
            now + timedelta(days=20),
            Scope((XIHU,)),
            chain=f"request of {account.login}",
        )
        services.authorization.open_grant(SEED, new)
        people.append(person.id)
    return people


def named(services: Services, name: str) -> int:
    return services.uow.read().query(AuditEvent).filter_by(name=name).count()


def test_what_follows_is_done_for_all_at_once(services: Services, world: World, tmp_path: Path, clock: ManualClock) -> None:
    rows = [a_row(number) for number in range(MANY + FEW + 1)]
    sync(services, tmp_path / "a.csv", rows)
    gone = at_work(services, world, rows[: MANY + FEW])
    clock.advance(timedelta(minutes=5))
    with counted() as few:
        assert sync(services, tmp_path / "b.csv", rows[FEW:]).summary.vanished == FEW
    clock.advance(timedelta(minutes=5))
    with counted() as many:
        assert sync(services, tmp_path / "c.csv", rows[FEW + MANY :]).summary.vanished == MANY
    assert len(many) <= len(few) + 2, (len(few), len(many))

    read = services.uow.read()
    assert read.query(Session).filter(Session.official_id.in_(gone), Session.ended_at.is_(None)).count() == 0
    reasons = read.scalars(select(AccessGrant.close_reason).where(AccessGrant.official_id.in_(gone))).all()
    assert reasons == ["disabled"] * len(gone)
    # One after the other on record: the disabling, the end of the session, the end of the grant, in the chain of its request.
    for name in ("identity:official:disabled", "signon:session:ended", "authorization:grant:closed"):
        assert named(services, name) == len(gone), name
    positions = read.scalars(select(AuditEvent.chain_position).where(AuditEvent.name == "authorization:grant:closed")).all()
    assert positions == [2] * len(gone)
    # One row of the feed names everybody whom one command touches.
    noted = read.scalars(select(EpochChange).where(EpochChange.kind == "official", EpochChange.reduces)).all()
    together = {official_id for note in noted for official_id in note.official_ids or ()}
    assert together | {note.official_id for note in noted} >= set(gone)
    assert len(noted) <= 4  # two lists, each with whom it changes and whom it disables
    windows = read.query(OfficialVersion).filter(OfficialVersion.official_id.in_(gone), OfficialVersion.valid_to.is_(None))
    assert {row.status for row in windows} == {"suspended"}


def test_an_end_by_import_is_on_record_once(services: Services, world: World, tmp_path: Path, clock: ManualClock) -> None:
    row = a_row(1)
    sync(services, tmp_path / "a.csv", [row])
    (person,) = at_work(services, world, [row])
    clock.advance(timedelta(minutes=5))
    sync(services, tmp_path / "b.csv", [row | {"position": "另一岗位"}])
    (session,) = services.signon.sessions_of(person)
    assert session.appointment_id is None
    assert services.uow.read().query(AccessGrant).filter_by(official_id=person).one().close_reason == "mover"
    assert services.uow.read().query(Appointment).filter(Appointment.official_id == person).count() == 2
    clock.advance(timedelta(minutes=5))
    assert services.identity.settle_due(ACTOR) == 0
    assert named(services, "identity:appointment:ended") == 1


def test_a_set_is_disabled_by_whoever_may_disable_each(services: Services, world: World) -> None:
    people = [world.wang.official_id, world.people["SHANXUEMEI"].official_id]
    for actor in (world.people["SUNLI"].actor(), world.li.actor(), world.audit_admin.actor()):
        with pytest.raises(Denied):
            services.identity.disable_officials(actor, people, "名单中已无")
    also = NewAppointment(world.organisation.ids["data"], "联络员", kind="concurrent")
    services.identity.appoint(SEED, world.wang.official_id, also)
    assert set(services.identity.disable_officials(OPERATOR, people, "名单中已无")) == set(people)
    # Whoever may not act already stays as they are.
    assert services.identity.disable_officials(OPERATOR, people, "名单中已无") == ()
