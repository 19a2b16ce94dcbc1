"""The client's searches and access requests against the decision point itself: what is listed is what checks allow, over every page."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_network
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import anyio
import httpx
import pytest

from govcloud.authorization.shipped import baseline
from govcloud.client import AsyncChecks, CheckRefusedError, Checks, CheckUnavailableError, ConfigurationError, Question, Search
from govcloud.kernel.ids import new_id
from govcloud.settings import Settings
from tests.entrypoints.authzen.conftest import GUIDE, READ
from tests.factories.policies import install
from tests.factories.requests import ask
from tests.factories.world import POLICY, XIHU, YUHANG, World
from tests.real_clients.conftest import free_port, served

if TYPE_CHECKING:
    from flask import Flask

    from govcloud.services import Services

ZONES = """
roles:
  counter_clerk:
    rules:
      - {allow: [housing:guide:read]}
      - {allow: [housing:register:read], when: context.network_zone == "office"}
"""


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def settings(settings: Settings, port: int) -> Settings:
    """Return the settings of a platform that listens on ``port``, with one zone."""
    zones = {"office": (ip_network("10.0.0.0/8"),)}
    return settings.model_copy(update={"network_zones": zones, "public_url": f"http://127.0.0.1:{port}"})


@pytest.fixture
def issuer(app: Flask, port: int) -> Iterator[str]:
    """Serve the platform."""
    with served(port, app):
        yield f"http://127.0.0.1:{port}"


@pytest.fixture
def checks(issuer: str, world: World) -> Iterator[Checks]:
    """Return the decision point as the housing subsystem asks it."""
    credentials = world.clients["housing"]
    with Checks(issuer, credentials.client_id, credentials.secret or "") as checks:
        yield checks


def test_who_may_is_who_a_check_lets_in(checks: Checks, world: World) -> None:
    for function in (GUIDE, READ):
        for division in (XIHU, YUHANG):
            listed = [result.id for result in checks.search(Search.subjects(function, {"division": division}, limit=1))]
            assert len(set(listed)) == len(listed)
            people = [str(person.official_id) for person in world.people.values()]
            assert set(listed) == {
                sub for sub in people if checks.check(sub=sub, function=function, resource={"division": division}).allowed
            }
    pages = list(checks.search_pages(Search.subjects(GUIDE, limit=1)))
    assert len(pages) > 2
    assert all(len(page.results) <= 1 for page in pages)
    assert all(page.epoch is not None for page in pages)


def test_what_somebody_may_use_and_where(checks: Checks, world: World) -> None:
    chen = str(world.people["CHENJIE"].official_id)
    functions = {result.id for result in checks.search(Search.actions(chen, limit=1))}
    assert functions == {
        code for code in ("housing:door:enter", GUIDE, READ, "housing:register:export") if checks.check(sub=chen, function=code).allowed
    }
    divisions = {result.id for result in checks.search(Search.resources(chen, function=READ, limit=2))}
    assert divisions == {
        code
        for code in (XIHU, YUHANG, "330100000000", "330000000000")
        if checks.check(sub=chen, function=READ, resource={"division": code}).allowed
    }
    door = list(checks.search(Search.resources(chen, function="enter", resource_type="govcloud:subsystem")))
    assert [(result.type, result.id) for result in door] == [("govcloud:subsystem", "housing")]
    used = {result.id for result in checks.search(Search.resources(chen, function="use", resource_type="govcloud:function"))}
    assert used == functions
    assert list(checks.search(Search.actions(str(new_id())))) == [], "nobody may use nothing"


def test_what_hangs_on_the_zone_is_conditional_until_an_address_is_told_by_whoever_may(
    checks: Checks, services: Services, world: World
) -> None:
    install(services, baseline().extended_by(POLICY, "a").extended_by(ZONES, "b"))
    wang = str(world.wang.official_id)
    [page] = checks.search_pages(Search.actions(wang))
    assert [(item.result.id, item.missing) for item in page.conditional] == [(READ, ("context.network_zone",))]
    told = Search.actions(wang, context={"client_address": "10.1.2.3"})
    assert READ not in {result.id for result in checks.search(told)}
    client_id = world.clients["housing"].client_id
    services.subsystems.entrust_client(world.security_admin.actor(), client_id, ["address_source"], "如实转告")
    assert READ in {result.id for result in checks.search(told)}
    assert READ not in {result.id for result in checks.search(Search.actions(wang, context={"client_address": "192.0.2.1"}))}


def test_another_subsystems_functions_are_not_listed(checks: Checks) -> None:
    with pytest.raises(CheckRefusedError, match="foreign_function"):
        list(checks.search(Search.subjects("assistance:case:read")))


def test_without_the_platform_there_is_no_list(world: World) -> None:
    with Checks(f"http://127.0.0.1:{free_port()}", "housing-web", "secret") as checks, pytest.raises(CheckUnavailableError):
        list(checks.search(Search.subjects(READ)))


def test_a_denial_becomes_a_request_and_the_approval_a_yes(checks: Checks, services: Services, world: World) -> None:
    wang, row = str(world.wang.official_id), {"division": XIHU}
    denied = checks.check(sub=wang, function=READ, resource=row)
    task = checks.request_access(denied, justification="核对住房情况", case_number="XH-1", days=3)
    assert (task.status, task.step) == ("pending", "requester_confirmation")
    assert task.url is not None
    filled = parse_qs(urlsplit(task.url).query)
    assert filled == {"item": [str(world.items[READ])], "reason": ["核对住房情况"], "case_number": ["XH-1"], "days": ["3"]}
    assert checks.request_access(denied, justification="核对住房情况").id == task.id, "the same denial has the same task"
    line = ask(services, world, days=3).line_id
    assert checks.access_task(task).step == "owner_decision"
    services.access.approve(world.li.actor(), line, 1)
    approved = checks.access_task(task.id)
    assert approved.is_approved
    again = checks.check(sub=wang, function=READ, resource=row, context={"approval": approved.approval})
    assert again.allowed
    assert checks.request_access(denied).is_approved, "what has been decided already is told at once"


def test_what_was_revoked_is_to_be_requested_anew(checks: Checks, services: Services, world: World) -> None:
    wang, row = str(world.wang.official_id), {"division": XIHU}
    task = checks.request_access(checks.check(sub=wang, function=READ, resource=row))
    approved = services.access.approve(world.li.actor(), ask(services, world, days=3).line_id, 1)
    approval = checks.access_task(task).approval
    assert approved.grant_id is not None
    services.authorization.close_grant(world.li.actor(), approved.grant_id, "不再需要")
    denied = checks.check(sub=wang, function=READ, resource=row, context={"approval": approval})
    assert (denied.allowed, denied.next_action) == (False, "request")
    assert checks.request_access(denied).id != task.id


def test_a_batch_s_denials_are_requested_one_by_one(checks: Checks, world: World) -> None:
    wang = str(world.wang.official_id)
    first, second = checks.ask_all(wang, None, [Question(READ, {"division": XIHU}, "7"), Question(READ, {"division": YUHANG}, "8")])
    assert checks.request_access(first).id != checks.request_access(second).id
    allowed = checks.check(sub=str(world.people["CHENJIE"].official_id), function=READ)
    with pytest.raises(ConfigurationError):
        checks.request_access(allowed)


def test_another_subsystem_learns_nothing_of_a_task(checks: Checks, issuer: str, world: World) -> None:
    denied = checks.check(sub=str(world.wang.official_id), function=READ)
    task = checks.request_access(denied)
    other = world.clients["assistance"]
    with Checks(issuer, other.client_id, other.secret or "") as stranger:
        with pytest.raises(CheckRefusedError):
            stranger.access_task(task)
        with pytest.raises(CheckRefusedError):
            stranger.request_access(denied)


def test_coroutines_do_it_alike(issuer: str, checks: Checks, world: World) -> None:
    credentials, wang = world.clients["housing"], str(world.wang.official_id)

    async def main() -> tuple[list[str], str]:
        async with AsyncChecks(issuer, credentials.client_id, credentials.secret or "") as own:
            people = [result.id async for result in own.search(Search.subjects(GUIDE, limit=1))]
            task = await own.request_access(await own.check(sub=wang, function=READ))
            return people, (await own.access_task(task)).status

    people, status = anyio.run(main)
    assert people == [result.id for result in checks.search(Search.subjects(GUIDE))]
    assert status == "pending"


def test_a_client_of_the_wrong_secret_gets_no_list(issuer: str) -> None:
    with httpx.Client() as http, Checks(issuer, "housing-web", "wrong", http=http) as checks, pytest.raises(CheckRefusedError) as raised:
        list(checks.search(Search.subjects(READ)))
    assert raised.value.status == 401
