"""One-time codes: single use, expiring, braked, and silent about who exists."""

from __future__ import annotations

from datetime import timedelta
from threading import Barrier, Thread

import pytest
from flask import Flask
from sqlalchemy import text

from govcloud.kernel.clock import ManualClock
from govcloud.kernel.errors import Denied, GovcloudError, Invalid
from govcloud.services import Services
from govcloud.signon.activation import IssuedCode
from govcloud.signon.errors import ActivationRefused, SignInLocked, SignInRefused
from tests.factories.imports import OPERATOR
from tests.factories.people import an_official
from tests.factories.world import PASSWORD, World

ADDRESS = "192.0.2.9"
NEW = "Qiantang-2026-tide"


@pytest.fixture
def fresh(services: Services, world: World) -> IssuedCode:
    """Return the code of somebody who was just registered."""
    official_id = services.identity.register_official(OPERATOR, an_official(world.organisation.ids["xihu_civil_affairs"]))
    [issued] = services.signon.issue_activation_codes(OPERATOR, [official_id])
    return issued


def test_a_code_sets_the_first_password_once(services: Services, fresh: IssuedCode) -> None:
    with pytest.raises(SignInRefused):
        services.signon.sign_in(fresh.employee_code, NEW, ADDRESS, None)
    typed = fresh.code.lower().replace("-", " ")
    services.signon.activate(fresh.employee_code.lower(), typed, NEW, ADDRESS)
    services.signon.sign_in(fresh.employee_code, NEW, ADDRESS, None)
    with pytest.raises(ActivationRefused):
        services.signon.activate(fresh.employee_code, fresh.code, "Other-2026-word", ADDRESS)
    services.signon.sign_in(fresh.employee_code, NEW, ADDRESS, None)
    names = [entry.name for entry in services.audit_queries.by_subject(f"official:{fresh.official_id}")]
    assert names.count("signon:activation:issued") == names.count("signon:activation:redeemed") == 1


def test_only_its_digest_is_kept(services: Services, fresh: IssuedCode) -> None:
    rows = services.uow.read().execute(text("SELECT CAST(a AS text) FROM activation_code AS a")).scalars().all()
    assert len(rows) == 1
    assert fresh.code not in rows[0]
    assert fresh.code not in repr(fresh)
    events = services.uow.read().execute(text("SELECT convert_from(canonical, 'UTF8') FROM audit_event")).scalars().all()
    assert not [event for event in events if fresh.code in event]


def test_a_code_expires(services: Services, fresh: IssuedCode, clock: ManualClock) -> None:
    clock.advance(timedelta(hours=72))
    with pytest.raises(ActivationRefused):
        services.signon.activate(fresh.employee_code, fresh.code, NEW, ADDRESS)


def test_the_next_code_takes_the_place_of_the_one_before(services: Services, fresh: IssuedCode) -> None:
    [second] = services.signon.issue_activation_codes(OPERATOR, [fresh.official_id])
    with pytest.raises(ActivationRefused):
        services.signon.activate(fresh.employee_code, fresh.code, NEW, ADDRESS)
    services.signon.activate(fresh.employee_code, second.code, NEW, ADDRESS)


def test_a_reset_ends_sessions_and_the_old_password(services: Services, world: World) -> None:
    signed = services.signon.sign_in("WANGFANG", PASSWORD, ADDRESS, None)
    sun = world.people["SUNLI"].actor()
    [issued] = services.signon.issue_activation_codes(sun, [world.wang.official_id])
    assert services.signon.current(signed.token) is not None
    services.signon.activate("WANGFANG", issued.code, NEW, ADDRESS)
    assert services.signon.current(signed.token) is None
    with pytest.raises(SignInRefused):
        services.signon.sign_in("WANGFANG", PASSWORD, ADDRESS, None)


def test_nothing_tells_who_exists(services: Services, fresh: IssuedCode, world: World) -> None:
    refusals: list[GovcloudError] = []
    for login, code in ((fresh.employee_code, "AAAA-AAAA-AAAA"), ("NOBODY-HERE", fresh.code), ("WANGFANG", fresh.code), ("", "")):
        with pytest.raises(ActivationRefused) as caught:
            services.signon.activate(login, code, NEW, ADDRESS)
        refusals.append(caught.value)
    assert len({(str(error.message), str(error.remedy), error.code) for error in refusals}) == 1


def test_guessing_is_braked_with_sign_in(services: Services, fresh: IssuedCode) -> None:
    for _ in range(5):
        with pytest.raises(ActivationRefused):
            services.signon.activate(fresh.employee_code, "AAAA-AAAA-AAAA", NEW, ADDRESS)
    with pytest.raises(SignInLocked):
        services.signon.activate(fresh.employee_code, fresh.code, NEW, ADDRESS)
    with pytest.raises(SignInLocked):
        services.signon.sign_in(fresh.employee_code, NEW, ADDRESS, None)
    services.signon.activate(fresh.employee_code, fresh.code, NEW, "192.0.2.200")


def test_a_weak_password_uses_nothing_up(services: Services, fresh: IssuedCode) -> None:
    with pytest.raises(Invalid):
        services.signon.activate(fresh.employee_code, fresh.code, "short", ADDRESS)
    services.signon.activate(fresh.employee_code, fresh.code, NEW, ADDRESS)


def test_a_disabled_account_is_not_activated(services: Services, fresh: IssuedCode) -> None:
    services.identity.disable_official(OPERATOR, fresh.official_id, "误登记")
    with pytest.raises(ActivationRefused):
        services.signon.activate(fresh.employee_code, fresh.code, NEW, ADDRESS)
    assert services.signon.issue_activation_codes(OPERATOR, [fresh.official_id]) == ()


def test_two_at_once_and_one_wins(app: Flask, services: Services, fresh: IssuedCode) -> None:
    outcomes: list[str] = []
    start = Barrier(2)

    def redeem(number: int) -> None:
        with app.app_context():
            start.wait()
            try:
                services.signon.activate(fresh.employee_code, fresh.code, f"{NEW}-{number}", f"192.0.2.{number}")
                outcomes.append("set")
            except ActivationRefused:
                outcomes.append("refused")

    threads = [Thread(target=redeem, args=(number,)) for number in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["refused", "set"]


def test_only_those_in_charge_issue(services: Services, world: World) -> None:
    wang, chen = world.wang.official_id, world.people["CHENJIE"].official_id
    with pytest.raises(Denied):
        services.signon.issue_activation_codes(world.people["SUNLI"].actor(), [wang, chen])
    with pytest.raises(Denied):
        services.signon.issue_activation_codes(world.wang.actor(), [wang])
    assert len(services.signon.issue_activation_codes(world.system_admin.actor(), [wang, chen])) == 2
    with pytest.raises(Invalid):
        services.signon.issue_activation_codes(OPERATOR, [wang] * 1001)


def test_nobody_gets_the_code_of_those_who_are_entrusted_with_more(services: Services, world: World) -> None:
    """A code opens an account as a password does, alone or among many."""
    wang, zhou = world.wang.official_id, world.system_admin
    for officer in (world.security_admin, world.audit_admin, zhou):
        for batch in ([officer.official_id], [wang, officer.official_id]):
            with pytest.raises(Denied):
                services.signon.issue_activation_codes(zhou.actor(), batch)
    sun = world.people["SUNLI"]
    with pytest.raises(Denied):
        services.signon.issue_activation_codes(sun.actor(), [sun.official_id])
    assert len(services.signon.issue_activation_codes(zhou.actor(), [sun.official_id])) == 1


def test_a_department_s_list_names_everybody_without_a_password(services: Services, world: World) -> None:
    departments = world.organisation.ids
    new = services.identity.register_officials(
        OPERATOR, [an_official(departments[name]) for name in ("xihu_civil_affairs", "xihu_housing")]
    )
    assert services.signon.to_activate(departments["xihu_civil_affairs"]) == new[:1]
    assert services.signon.to_activate(departments["xihu"]) == tuple(sorted(new))
    assert len(services.signon.to_activate(departments["xihu"], 1)) == 1
