"""What stands on a seeded platform: the story's people can act, and nobody else can sign in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from govcloud.app import assemble
from govcloud.authorization.deciding.decisions import Decision, Question
from govcloud.cli.seed.loader import load
from govcloud.cli.seed.plan import Plan
from govcloud.cli.seed.report import SeedReport
from govcloud.identity.queries import AppointmentView
from govcloud.kernel.clock import ManualClock
from govcloud.kernel.database import db
from govcloud.kernel.errors import Conflict
from govcloud.services import Services
from govcloud.settings import Environment, load_settings
from tests.conftest import START
from tests.factories import databases
from tests.factories.seeded import SMALL, XIHU, silent


@pytest.fixture(scope="module")
def seeded(template_database: str, master_key_file: Path) -> Iterator[tuple[str, SeedReport]]:
    """Seed once for all tests here; return the database to clone and the report."""
    with databases.clone(template_database, "seeded") as name:
        settings = load_settings(
            environment=Environment.TEST,
            DATABASE_URL=databases.app_url(name),
            master_key_file=master_key_file,
            public_url="http://localhost",
        )
        app = assemble(settings, ManualClock(START))
        with app.app_context():
            report = load(app.extensions["govcloud"], Plan(SMALL, 1), silent, {})
            db.session.remove()
            db.engine.dispose()
        yield name, report


@pytest.fixture
def database_url(seeded: tuple[str, SeedReport]) -> Iterator[str]:
    with databases.clone(seeded[0]) as name:
        yield databases.app_url(name)


@pytest.fixture
def report(seeded: tuple[str, SeedReport]) -> SeedReport:
    return seeded[1]


def appointment_of(services: Services, login: str) -> AppointmentView:
    official = services.identity_queries.official_by_code(login)
    assert official is not None
    return services.identity_queries.appointments_of(official.id)[0]


def ask(services: Services, login: str, function: str, resource: dict[str, str] | None = None) -> Decision:
    appointment = appointment_of(services, login)
    return services.authorization.decide(Question(appointment_id=appointment.id, function=function, resource=resource or {}))


def test_counts(services: Services, report: SeedReport) -> None:
    assert report.counts["officials"] == 300
    assert report.counts["departments"] == SMALL.departments == 29
    assert report.counts["subsystems"] == 6
    assert report.counts["divisions"] == 1462
    published = [view.code for view in services.subsystem_queries.all() if view.published]
    assert {"housing", "assistance"} <= set(published)


def test_the_story_can_begin(services: Services, report: SeedReport) -> None:
    assert ask(services, "wangfang", "assistance:door:enter").allowed
    case = ask(services, "wangfang", "assistance:case:read", {"division": XIHU})
    assert case.allowed
    assert case.scope is not None
    assert case.scope.divisions == (XIHU,)
    assert ask(services, "wangfang", "housing:door:enter").allowed
    refused = ask(services, "wangfang", "housing:register:read", {"division": XIHU})
    assert not refused.allowed
    item = services.subsystem_queries.item_for_function("housing:register:read")
    assert item is not None
    assert refused.remedy_item_id == item.id


def test_who_owns_housing_and_assistance(services: Services, report: SeedReport) -> None:
    for code, login, name in (("housing", "liqiang", "浙江省住房和城乡建设厅"), ("assistance", "zhaomin", "浙江省民政厅")):
        system = services.subsystem_queries.subsystem(code)
        assert system is not None
        assert system.owner_department_id == appointment_of(services, login).department_id
        assert appointment_of(services, login).department_name == name


def test_sample_accounts_sign_in_and_nobody_else_can(services: Services, report: SeedReport) -> None:
    for account in report.sample_accounts[:2]:
        signed_in = services.signon.sign_in(account.login, account.password, "127.0.0.1", "test")
        assert signed_in.token
    assert {account.login for account in report.sample_accounts} >= {"WANGFANG", "LIQIANG", "ZHAOMIN"}
    assert len({account.password for account in report.sample_accounts}) == len(report.sample_accounts)
    assert report.sample_accounts[0].password not in repr(report)


def test_clients_of_the_examples(services: Services, report: SeedReport) -> None:
    assert set(report.client_secrets) == {"housing", "assistance"}
    for client_id, secret in report.client_secrets.items():
        assert services.subsystem_queries.authenticate_client(client_id, secret) is not None
        assert services.subsystem_queries.authenticate_client(client_id, secret + "x") is None
    housing = services.subsystem_queries.client_by_client_id("housing")
    assert housing is not None
    assert housing.redirect_uris == ("http://127.0.0.1:8001/govcloud/callback",)
    assert housing.post_logout_uris == ("http://127.0.0.1:8001/",)


def test_a_second_seed_is_refused_and_changes_nothing(services: Services, report: SeedReport) -> None:
    with pytest.raises(Conflict, match="已有公职人员"):
        load(services, Plan(SMALL, 2), silent, {})
    assert services.identity_queries.official_by_code("wangfang") is not None


def test_subsystems_went_the_whole_way_and_are_in_order(services: Services, report: SeedReport) -> None:
    queries = services.subsystem_queries
    own = [view for view in queries.all() if view.owner_department_id is not None]
    assert own
    for view in own:
        assert [step.step for step in queries.steps(view.id)] == ["register", "submit", "check", "publish"], view.code
        assert services.subsystems.checklist(view.id).blocking == (), view.code
    function = queries.function("housing:register:read")
    assert function is not None
    assert [item.name for item in queries.bases_of([function.id])[function.id]] == ["住房登记信息查询"]
