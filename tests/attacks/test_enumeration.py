"""Nobody learns who has an account, and no secret gets into a log or an address."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import event

from govcloud.kernel.clock import ManualClock
from govcloud.kernel.database import db
from tests.entrypoints.oidc.conftest import Party, basic
from tests.factories.browsing import Visitor, said
from tests.factories.factors import enrolled
from tests.factories.world import PASSWORD

if TYPE_CHECKING:
    from flask import Flask

    from govcloud.services import Services
    from govcloud.signon.views import SignedIn
    from tests.factories.world import World

Become = Callable[[str], Visitor]
WRONG = "Not-the-password-1"


def statements_of(app: Flask, act: Callable[[], object]) -> list[str]:
    """Return the statements that ``act`` takes."""
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        statements.append(statement)

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        act()
    finally:
        event.remove(engine, "before_cursor_execute", note)
    return statements


def test_who_is_unknown_costs_and_reads_as_who_is_known(
    app: Flask, visitor: Become, services: Services, world: World, clock: ManualClock
) -> None:
    """With and without a second factor, disabled, locked, under attack: text, status and statements are those of nobody."""
    enrolled(services, clock, "LIQIANG")
    services.identity.disable_official(world.system_admin.actor(), world.people["CHENJIE"].official_id, "离职")
    somebody = visitor("")
    page = somebody.token("/sign-in")
    services.signon_policies.current()

    def try_once(login: str) -> tuple[int, str, list[str]]:
        answers = []
        form = {"login": login, "password": WRONG, "csrf_token": page}
        taken = statements_of(app, lambda: answers.append(somebody.client.post("/sign-in", data=form)))
        return answers[0].status_code, said(answers[0]), taken

    # Six times each: the fifth locks, the sixth is told so.
    seen = {login: [try_once(login) for _ in range(6)] for login in ("NOBODY", "WANGFANG", "LIQIANG", "CHENJIE")}
    assert [status for status, _, _ in seen["NOBODY"]] == [403] * 5 + [429]
    assert seen["WANGFANG"] == seen["LIQIANG"] == seen["CHENJIE"] == seen["NOBODY"]


def test_activation_tells_no_more(app: Flask, visitor: Become, services: Services, world: World) -> None:
    services.signon.issue_activation_codes(world.system_admin.actor(), [world.wang.official_id])
    somebody = visitor("")
    page = somebody.token("/activate")
    services.signon_policies.current()

    def try_once(login: str) -> tuple[int, str, list[str]]:
        answers = []
        form = {"login": login, "code": "AAAA-BBBB-CCCC", "new": "Qiantang-2026-tide", "again": "Qiantang-2026-tide", "csrf_token": page}
        taken = statements_of(app, lambda: answers.append(somebody.client.post("/activate", data=form)))
        return answers[0].status_code, said(answers[0]), taken

    assert try_once("WANGFANG") == try_once("NOBODYATALL") == try_once("LIQIANG")


def test_no_secret_gets_into_a_log_or_an_address(  # noqa: PLR0917 - all that secrets go through
    app: Flask,
    visitor: Become,
    services: Services,
    world: World,
    clock: ManualClock,
    party: Party,
    wang: SignedIn,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    tokens = party.tokens()
    party.browser.post("/oidc/token", data=party.form("a-wrong-code-0123456789"), headers=basic(party.client_id, "a-wrong-secret-42"))
    phone = enrolled(services, clock, "LIQIANG")
    somebody, code = visitor(""), phone.code()
    answers = [
        somebody.post("/sign-in", {"login": "LIQIANG", "password": WRONG}),
        somebody.post("/sign-in", {"login": "LIQIANG", "password": PASSWORD}),
        somebody.post("/sign-in/second-factor", {"with": "recovery", "code": "WRONG-CODES"}),
        somebody.post("/sign-in/second-factor", {"with": "totp", "code": code}),
    ]
    cookies = [cookie.value for name in ("govcloud_session", "govcloud_steps") if (cookie := somebody.client.get_cookie(name))]
    secrets = [
        WRONG,
        PASSWORD,
        phone.secret,
        *phone.recovery,
        party.secret or "",
        party.verifier,
        "a-wrong-secret-42",
        wang.token,
        *cookies,
    ]
    secrets += [str(tokens[name]) for name in ("access_token", "id_token") if tokens.get(name)]
    everything = caplog.text + " ".join(answer.location or "" for answer in answers)
    assert [secret for secret in secrets if secret and secret in everything] == []
    assert f"code={code}" not in everything
