"""A province that has lived: whatever the day of the first look, the story's people see every kind of thing, and the record is whole."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from govcloud.access.lifecycle import GrantState, LineState
from govcloud.app import assemble
from govcloud.audit.verify import Verifier
from govcloud.cli.seed.history.playing import BEGINNING, live
from govcloud.cli.seed.plan import Plan
from govcloud.cli.seed.report import SeedReport
from govcloud.cli.seed.sizes import Shape
from govcloud.kernel.actor import Actor
from govcloud.kernel.clock import ManualClock
from govcloud.kernel.database import db
from govcloud.services import Services
from govcloud.settings import Environment, load_settings
from tests.factories import databases
from tests.factories.seeded import silent

#: All twenty subsystems with their owners, and few people.
LIVED = Shape("lived", 520, 24, 1, 10, 2, 10, 2, 2, 20)
#: A Friday noon; a Sunday night; the middle of a week of holidays.
LOOKS = [datetime(2026, 11, 27, 4, tzinfo=UTC), datetime(2026, 11, 29, 15, tzinfo=UTC), datetime(2026, 10, 5, 2, tzinfo=UTC)]


@pytest.fixture(scope="module", params=LOOKS, ids=["friday", "sunday", "holiday"])
def lived(request: pytest.FixtureRequest, template_database: str, master_key_file: Path) -> Iterator[tuple[Services, SeedReport]]:
    """Let a province live up to the moment of the look; return the platform there."""
    until: datetime = request.param
    with databases.clone(template_database, "lived") as name:
        settings = load_settings(
            environment=Environment.TEST,
            DATABASE_URL=databases.app_url(name),
            master_key_file=master_key_file,
            public_url="http://localhost",
        )
        clock = ManualClock(until - BEGINNING)
        app = assemble(settings, clock)
        with app.app_context():
            services: Services = app.extensions["govcloud"]
            for rotation in (services.key_rotation, services.receipt_key_rotation):
                rotation.ensure(Actor.system("seed"))
            report = live(services, clock, until, Plan(LIVED, 1), progress=silent, launch_urls={})
            assert clock.now() == until
            yield services, report
            db.session.remove()
            db.engine.dispose()


def test_a_clerk_sees_requests_and_access_of_every_kind(lived: tuple[Services, SeedReport]) -> None:
    services, report = lived
    wang = report.staff.cast["WANGFANG"]
    requests = services.access_queries.my_requests(wang.official_id, limit=50).entries
    states = {line.state for entry in requests for line in entry.lines}
    assert states == set(LineState) - {LineState.WITHDRAWN}
    assert {entry.mode for entry in requests} == {"progressive", "atomic"}
    assert any(line.decision and line.decision.alternative for entry in requests for line in entry.lines)
    held = services.access_queries.my_access(wang.official_id)
    assert {entry.grant.state for entry in held} >= {GrantState.ACTIVE, GrantState.SCHEDULED, GrantState.SUSPENDED}
    soon = services.clock.now() + timedelta(days=7)
    assert any(entry.grant.state is GrantState.ACTIVE and entry.grant.ends_at <= soon for entry in held)
    assert len(services.asking_queries.basket(wang.actor)) == 2
    # What the README's story asks for is left to whoever plays it.
    assert "housing:register:read" not in {line.function for entry in requests for line in entry.lines}


def test_everybody_who_decides_is_asked_for_something(lived: tuple[Services, SeedReport]) -> None:
    services, report = lived
    for login in ("LIQIANG", "MAOHUI", "HEWEI", "ZHAOMIN", "DENGHONG", "GUJIANHUA"):
        assert services.access_queries.inbox_count(report.staff.cast[login].actor) > 0, login
    liqiang = report.staff.cast["LIQIANG"]
    assert services.access_queries.decided_by(liqiang.actor).entries
    [rule] = services.approving.presigning.within(liqiang.actor)
    assert (rule.live, rule.granted) == (True, 1)
    [delegation] = services.approving.delegating.of(report.staff.cast["HEWEI"].official_id)
    assert (delegation.live, delegation.out_of_office) == (True, True)


def test_duties_are_kept_apart_and_reports_have_a_shape(lived: tuple[Services, SeedReport]) -> None:
    services, report = lived
    officer = report.staff.cast["WUXIAOYAN"].actor
    assert {rule.kind for rule in services.authorization_queries.apart.rules()} == {"static", "per_case"}
    weeks = services.access_reports.time_to_access(officer, days=60).by_week
    assert len(weeks) >= 6
    waiting = services.waiting.report(officer, services.clock.now() - timedelta(days=50))
    assert waiting.total.lapsed > 0
    assert waiting.total.overdue > 0
    assert len(waiting.departments) >= 8


def test_the_record_holds_together(lived: tuple[Services, SeedReport]) -> None:
    services, _report = lived
    services.sequencer.run_until_empty(Actor.system("jobs"))
    with Session(db.engine) as session:
        report = Verifier(session, services.clock.now()).run(full=True)
        assert report.findings == []
