"""签名密钥 in the console: where each key stands, what an act would do, who may, and nothing done on keys that changed meanwhile."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from typing import TYPE_CHECKING

import pytest

from govcloud.kernel.keys import PUBLISHED_AFTER_RETIREMENT, READ_AGAIN, RECEIPTS, SIGNS_AFTER
from tests.entrypoints.console.administrators import said
from tests.factories.factors import enrolled
from tests.factories.receiving import JOBS
from tests.factories.world import SEED

if TYPE_CHECKING:
    from govcloud.kernel.clock import ManualClock
    from govcloud.kernel.keys import KeyView
    from govcloud.services import Services
    from tests.entrypoints.console.administrators import Administrator, Become
    from tests.factories.world import World

SECURITY, SYSTEM = "WUXIAOYAN", "ZHOUJIANJUN"
ACTS = ("rotate", "replace", "retire", "withdraw")


@pytest.fixture(autouse=True)
def first_keys(services: Services, clock: ManualClock) -> None:
    """Have a key of each algorithm that has signed for a while."""
    services.key_rotation.ensure(SEED)
    clock.advance(SIGNS_AFTER + READ_AGAIN)


def newest(services: Services, algorithm: str = "ES256") -> KeyView:
    return next(key for key in services.keys.standing() if key.algorithm == algorithm)


def sent(page: str) -> dict[str, object]:
    """Return what the form of a preview carries."""
    return {name: unescape(value) for name, value in re.findall(r'name="(kid|seen)" value="([^"]*)"', page)}


def act(by: Administrator, name: str, kid: str = "") -> int:
    """Look at an act and confirm it; return the status."""
    path = f"/keys/act/{name}?kid={kid}"
    shown = by.get(path)
    assert shown.status_code == 200, said(shown)
    return by.post(path, sent(shown.text)).status_code


def test_the_security_officer_acts_and_the_system_officer_looks(services: Services, become: Become) -> None:
    kid, before = newest(services).kid, services.keys.standing()
    assert kid in said(become(SECURITY).get("/keys/"))
    system = become(SYSTEM)
    assert kid in said(system.get("/keys/"))
    assert "/keys/act/" not in system.get("/keys/").text
    for login in (SYSTEM, "ZHENGGUOHUA", "SUNLI", "HEWEI", "WANGFANG"):
        by = become(login)
        by.token = by.token or "none"
        for name in ACTS:
            assert by.get(f"/keys/act/{name}?kid={kid}").status_code == 403, (login, name)
            assert by.post(f"/keys/act/{name}?kid={kid}", {"kid": kid, "seen": kid}).status_code in {400, 403}, (login, name)
        if login != SYSTEM:
            assert by.get("/keys/").status_code == 403
    assert services.keys.standing() == before


def test_a_key_from_its_publication_to_its_end(services: Services, become: Become, clock: ManualClock) -> None:
    by, old = become(SECURITY), newest(services)
    assert "签名中" in said(by.get("/keys/"))
    assert act(by, "rotate") == 303
    assert len(services.keys.standing()) == 4
    assert "已公布，待签名" in said(by.get("/keys/"))
    # Whoever clicks twice gets no further keys.
    assert act(by, "rotate") == 303
    assert len(services.keys.standing()) == 4
    clock.advance(SIGNS_AFTER + READ_AGAIN)
    by = become(SECURITY)
    assert "已被接替，待停用" in said(by.get("/keys/"))
    assert act(by, "retire", old.kid) == 303
    assert "已停用，仍可核验" in said(by.get("/keys/"))
    clock.advance(PUBLISHED_AFTER_RETIREMENT)
    by = become(SECURITY)
    assert old.kid not in said(by.get("/keys/"))
    assert "已停用，不再公布" in said(by.get("/keys/?state=all"))
    assert by.get(f"/keys/act/retire?kid={old.kid}").status_code == 404
    assert by.get(f"/keys/act/withdraw?kid={old.kid}").status_code == 404


def test_leaked_keys_are_replaced_at_once(services: Services, become: Become) -> None:
    by, old = become(SECURITY), {key.kid for key in services.keys.standing()}
    assert "立即失效" in said(by.get("/keys/act/replace"))
    assert act(by, "replace") == 303
    published = {key["kid"] for key in services.keys.jwks()["keys"]}
    assert not published & old
    assert len(published) == 2
    assert "已作废" in said(by.get("/keys/?state=all"))


def test_the_only_key_of_its_kind_stays(services: Services, become: Become) -> None:
    by, kid = become(SECURITY), newest(services).kid
    for name in ("retire", "withdraw"):
        shown = by.get(f"/keys/act/{name}?kid={kid}")
        refused = by.post(f"/keys/act/{name}?kid={kid}", sent(shown.text))
        assert (refused.status_code, "没有其他 ES256 密钥可以接替签名" in said(refused)) == (409, True)
    assert services.keys.signing_key().kid == kid


def test_nothing_is_done_on_keys_that_changed_meanwhile(services: Services, become: Become) -> None:
    """Two officers at once, or one who sends the page twice, do not withdraw what was made a moment ago."""
    by = become(SECURITY)
    shown = by.get("/keys/act/replace")
    assert by.post("/keys/act/replace", sent(shown.text)).status_code == 303
    made = services.keys.standing()
    again = by.post("/keys/act/replace", sent(shown.text))
    assert (again.status_code, "没有执行" in said(again)) == (409, True)
    for seen in ("", "x", "王", "\x00"):
        assert by.post("/keys/act/replace", {"kid": "", "seen": seen}).status_code == 409
    assert services.keys.standing() == made


def test_what_is_no_act_or_no_key(services: Services, become: Become) -> None:
    by = become(SECURITY)
    for path in ("/keys/act/nothing", "/keys/act/retire", "/keys/act/retire?kid=", "/keys/act/withdraw?kid=%00", "/keys/act/retire?kid=王"):
        assert by.get(path).status_code == 404, path


def test_where_second_factors_are_wanted_it_takes_a_recent_one(
    services: Services, world: World, become: Become, clock: ManualClock
) -> None:
    by = become(SECURITY)
    enrolled(services, clock, SECURITY)
    services.signon_policies.set(world.security_admin.actor(), {"second_factor": "privileged"}, "管理岗位")
    clock.advance(timedelta(minutes=16))
    before = services.keys.standing()
    shown = by.get("/keys/act/replace")
    stepped = by.post("/keys/act/replace", sent(shown.text))
    assert (stepped.status_code, "再次核实身份" in said(stepped)) == (403, True)
    assert services.keys.standing() == before


def test_the_jobs_go_on_by_themselves(services: Services, become: Become, clock: ManualClock) -> None:
    """What was rotated by hand is retired by the jobs, which need no second factor."""
    old = newest(services)
    assert act(become(SECURITY), "rotate") == 303
    clock.advance(SIGNS_AFTER + READ_AGAIN)
    services.key_rotation.tend(JOBS)
    assert old.kid in {key.kid for key in services.keys.standing() if key.retired_at is not None}


def test_the_keys_of_receipts_are_shown_for_good_and_lead_to_where_they_are_published(
    services: Services, clock: ManualClock, become: Become
) -> None:
    assert said(become(SYSTEM).get("/keys/")).count("还没有签名密钥") == 1, "there is none of receipts yet"
    services.receipt_key_rotation.ensure(SEED)
    [first] = services.keys.standing(RECEIPTS)
    services.receipt_key_rotation.rotate(SEED)
    clock.advance(SIGNS_AFTER + READ_AGAIN)
    services.receipt_key_rotation.retire(JOBS, first.kid)
    clock.advance(PUBLISHED_AFTER_RETIREMENT * 2)
    page = become(SECURITY).get("/keys/")
    assert {key.kid for key in services.keys.standing(RECEIPTS)} <= set(re.findall(r'<code class="wrap">([^<]+)</code>', page.text))
    receipts = said(page).partition("审批回执签名密钥")[2]
    assert receipts.count("已停用，仍可核验") == 1
    assert receipts.count("签名中") == 1
    assert f"kid={first.kid}" not in page.text, "a page ends none of them"
    assert 'href="/.well-known/govcloud-receipt-keys.json"' in page.text
    published = become(SECURITY).client.get("/.well-known/govcloud-receipt-keys.json").get_json()
    assert {key["kid"] for key in published["keys"]} >= {first.kid}
