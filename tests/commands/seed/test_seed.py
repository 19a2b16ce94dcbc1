"""A province is loaded through the services: the story's people can act, officers exclude each other, and nothing is left half done."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from types import MappingProxyType

import pytest

from govcloud.authorization.decisions import Decision, Question
from govcloud.authorization.errors import PolicyError
from govcloud.cli.seed.command import keep_secrets
from govcloud.cli.seed.loader import load
from govcloud.cli.seed.plan import Plan
from govcloud.cli.seed.report import SeedReport
from govcloud.cli.seed.sizes import Shape
from govcloud.identity.queries import AppointmentView
from govcloud.kernel.errors import Conflict
from govcloud.services import Services

#: Just enough for the story: the province's first departments, 杭州 with 西湖区 and 余杭区, one township.
SMALL = Shape("small", 300, 16, 1, 3, 2, 4, 1, 2, 6)
XIHU = "330106000000"


def silent(_stage: str, _done: int, _total: int) -> None:
    """Take progress in."""


@pytest.fixture
def report(services: Services) -> SeedReport:
    return load(services, Plan(SMALL, 1), silent, {})


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


def test_examples_may_run_elsewhere(services: Services) -> None:
    load(services, Plan(SMALL, 1), silent, MappingProxyType({"housing": "http://127.0.0.1:18001/"}))
    housing = services.subsystem_queries.client_by_client_id("housing")
    assert housing is not None
    assert housing.redirect_uris == ("http://127.0.0.1:18001/govcloud/callback",)


def test_a_second_seed_is_refused_and_changes_nothing(services: Services, report: SeedReport) -> None:
    with pytest.raises(Conflict, match="已有公职人员"):
        load(services, Plan(SMALL, 2), silent, {})
    assert services.identity_queries.official_by_code("wangfang") is not None


def test_a_failure_leaves_the_platform_empty(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = Plan(SMALL, 1)
    monkeypatch.setattr(type(plan.duties), "policy_text", lambda _self: "roles: {broken: [1]}")
    with pytest.raises(PolicyError):
        load(services, plan, silent, {})
    assert services.identity_queries.division(XIHU) is None
    monkeypatch.undo()
    assert load(services, Plan(SMALL, 1), silent, {}).counts["officials"] == 300


def test_secrets_file_is_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "secrets.json"
    path.write_text("older and longer than what is written now, readable by all" * 3)
    path.chmod(0o644)
    keep_secrets(SeedReport((), {"housing": "s3cret"}), path)
    assert json.loads(path.read_text()) == {"housing": "s3cret"}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
