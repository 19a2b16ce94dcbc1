"""An official comes into an application that knows no protocol, is named to it, and is out of it when the session ends."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import jwt
import pytest

from govcloud.authorization.decision_log.reading import LogAsked
from govcloud.identity.inputs import NewAppointment
from govcloud.kernel.clock import ManualClock
from govcloud.services import Services
from govcloud.signon.views import SignedIn
from govcloud.subsystems.protocols import ForwardAuthSettings
from tests.entrypoints.forward_auth.conftest import CLIENT, ORIGIN, Proxy, local, register_application, sign_in
from tests.factories.browsing import counted
from tests.factories.clients import flag_sensitive, put_unchecked
from tests.factories.factors import acting
from tests.factories.policies import OPERATOR, differing, run_shadow
from tests.factories.world import PASSWORD, SEED, World


def claims(proxy: Proxy, services: Services, token: str, audience: str = CLIENT) -> dict[str, Any]:
    """Return what the application reads from the signed header, verified as it would."""
    keys = {key["kid"]: jwt.PyJWK(key) for key in proxy.at_platform.get("/oidc/jwks").get_json()["keys"]}
    header = jwt.get_unverified_header(token)
    assert (header["alg"], header["typ"]) == ("ES256", "govcloud-identity+jwt")
    # The platform of the test goes by a clock of its own.
    unhurried: Any = {"verify_exp": False, "verify_iat": False}
    key = keys[header["kid"]]
    found: dict[str, Any] = jwt.decode(token, key, algorithms=["ES256"], audience=audience, issuer="http://localhost", options=unhurried)
    assert found["exp"] - found["iat"] == 60
    return found


def test_the_whole_way(proxy: Proxy, services: Services, world: World, wang: SignedIn) -> None:
    entered = proxy.enter("/list?year=2026&page=2")
    assert entered.location == f"{ORIGIN}/list?year=2026&page=2"
    cookies = entered.headers.getlist("Set-Cookie")
    assert cookies[0].startswith(f"__Host-govcloud-{CLIENT}=")
    for attribute in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/"):
        assert attribute in cookies[0]
    assert "Domain" not in cookies[0]
    assert "Max-Age=0" in cookies[1]
    answer = proxy.check("/list?year=2026&page=2")
    assert answer.status_code == 200
    assert answer.data == b""
    told = {name: unquote(value) for name, value in answer.headers.items() if name.startswith("X-Govcloud-")}
    token = told.pop("X-Govcloud-Identity")
    assert told == {
        "X-Govcloud-Name": "王芳",
        "X-Govcloud-Employee-Code": "WANGFANG",
        "X-Govcloud-Appointment": str(world.wang.appointment_id),
        "X-Govcloud-Department": "杭州市西湖区民政局",
        "X-Govcloud-Division": "330106000000",
    }
    said = claims(proxy, services, token)
    assert (said["sub"], said["name"], said["division"]) == (str(world.wang.official_id), "王芳", "330106000000")
    names = [entry.name for entry in services.audit_queries.by_subject(f"official:{world.wang.official_id}")]
    assert names[:2] == ["signon:application:entered", "signon:ticket:issued"]


def test_who_is_not_signed_in_goes_to_sign_in_first(proxy: Proxy, services: Services) -> None:
    asked = proxy.check("/a?b=c&d=%E6%B0%91")
    assert asked.status_code == 401
    assert asked.headers["X-Govcloud-Location"].startswith("http://localhost/forward-auth/start?")
    assert len(asked.headers.getlist("Set-Cookie")) == 1  # nginx hands on the first one only
    away = proxy.start("/a?b=c&d=%E6%B0%91")
    assert urlsplit(away.location).path == "/sign-in"
    page = proxy.at_platform.get(away.location)
    assert "民政救助业务系统" in page.text
    assert f"form-action 'self' {ORIGIN}" in page.headers["Content-Security-Policy"]
    back = parse_qs(urlsplit(away.location).query)["next"][0]
    sign_in(services, proxy.at_platform)
    assert proxy.come_back(proxy.at_platform.get(back)).location == f"{ORIGIN}/a?b=c&d=%E6%B0%91"


def test_what_was_posted_is_not_asked_for_again_and_a_script_is_told_no(proxy: Proxy) -> None:
    posted = proxy.check("/save", X_Original_Method="POST")
    assert parse_qs(urlsplit(posted.headers["X-Govcloud-Location"]).query)["to"] == [f"{ORIGIN}/"]
    script = proxy.check("/api", Sec_Fetch_Mode="cors")
    assert script.status_code == 401
    assert "X-Govcloud-Location" not in script.headers
    assert "Set-Cookie" not in script.headers


def test_several_tabs_share_what_they_came_with(proxy: Proxy, wang: SignedIn) -> None:
    first = proxy.start("/one")
    second = proxy.start("/two")
    assert proxy.come_back(second).location == f"{ORIGIN}/two"
    # The first tab comes back after the second: what it held is gone, and it is told so on the platform's page.
    late = proxy.come_back(first)
    assert urlsplit(late.location).path == "/forward-auth/failed"
    page = proxy.at_platform.get(f"{urlsplit(late.location).path}?{urlsplit(late.location).query}")
    assert page.status_code == 400
    assert "民政救助业务系统" in page.text
    assert proxy.check("/one").status_code == 200


def test_the_end_of_the_session_refuses_at_the_next_request(proxy: Proxy, services: Services, world: World, wang: SignedIn) -> None:
    proxy.enter()
    assert proxy.check().status_code == 200
    services.signon.end_sessions_of(world.security_admin.actor(), [world.wang.official_id], "离岗")
    assert proxy.check().status_code == 401


def test_disabling_the_official_refuses_at_the_next_request(proxy: Proxy, services: Services, world: World, wang: SignedIn) -> None:
    proxy.enter()
    services.identity.disable_official(world.system_admin.actor(), world.wang.official_id, "停用")
    assert proxy.check().status_code == 401


def test_work_in_the_application_keeps_the_session_and_idleness_ends_it(proxy: Proxy, wang: SignedIn, clock: ManualClock) -> None:
    proxy.enter()
    for _ in range(3):
        clock.advance(timedelta(minutes=20))
        assert proxy.check().status_code == 200
    clock.advance(timedelta(minutes=31))
    assert proxy.check().status_code == 401


def test_another_duty_is_another_entry(proxy: Proxy, services: Services, world: World, wang: SignedIn) -> None:
    """The role of the counter hangs on the first appointment: under the second the door is closed, and the cookie opens nothing."""
    proxy.enter()
    second = services.identity.appoint(
        SEED, world.wang.official_id, NewAppointment(world.organisation.ids["xihu"], "联络员", "科员", kind="concurrent")
    )
    assert proxy.check().status_code == 200
    actor = world.wang.actor(session_id=wang.session_id)
    services.signon.choose_appointment(actor, wang.session_id, second)
    refused = proxy.start("/x")
    assert refused.status_code == 403
    assert "民政救助业务系统" in refused.text
    services.signon.choose_appointment(actor, wang.session_id, world.wang.appointment_id)
    assert proxy.check().status_code == 200


def test_the_door_is_asked_again_within_half_a_minute(
    proxy: Proxy, services: Services, world: World, wang: SignedIn, clock: ManualClock
) -> None:
    proxy.enter()
    assert proxy.check().status_code == 200
    for view in services.authorization_queries.assignments_of(world.wang.official_id):
        services.authorization.end_assignment(world.security_admin.actor(), view.id, "岗位调整")
    clock.advance(timedelta(seconds=30))
    refused = proxy.check("/x")
    assert refused.status_code == 403
    page = proxy.at_platform.get(refused.headers["X-Govcloud-Location"])
    assert page.status_code == 403
    assert "/requests/new?item=" in page.text


def test_who_may_not_enter_sees_the_platforms_page(proxy: Proxy, services: Services, world: World) -> None:
    sign_in(services, proxy.at_platform, "ZHENGGUOHUA")
    refused = proxy.start()
    assert refused.status_code == 403
    assert f"/requests/new?item={world.items['assistance:case:read']}" in refused.text


def test_several_appointments_are_chosen_from_first(proxy: Proxy, services: Services, world: World) -> None:
    services.identity.appoint(
        SEED, world.wang.official_id, NewAppointment(world.organisation.ids["xihu"], "联络员", "科员", kind="concurrent")
    )
    sign_in(services, proxy.at_platform)
    assert urlsplit(proxy.start().location).path == "/appointment"


def test_paths_of_an_application_need_functions_without_its_being_changed(proxy: Proxy, services: Services, world: World) -> None:
    own = (("/case", "assistance:case:read"), ("/case/accept", "assistance:case:accept"))
    secret = register_application(services, ForwardAuthSettings(rules=own), client_id="assistance-guarded", origin="https://g.zj.example")
    # Another subsystem's function is refused at registration by now; it is one that can be requested.
    put_unchecked(services, "assistance-guarded", ForwardAuthSettings(rules=(*own, ("/admin", "housing:register:read"))))
    guarded = Proxy(proxy.app, secret, "https://g.zj.example", "assistance-guarded")
    sign_in(services, guarded.at_platform)
    guarded.enter()
    assert guarded.check("/case/17").status_code == 200
    assert guarded.check("/case/accept").status_code == 200
    with counted() as statements:
        assert guarded.check("/case/17").status_code == 200
    assert len(statements) <= 7, statements  # the session, and one decision
    for uri in ("/admin", "/ADMIN/x", "//admin", "/%61dmin", "/x/../admin", "/x%2f..%2fadmin", "/admin;a=b"):
        refused = guarded.check(uri)
        assert refused.status_code == 403, uri
        assert "X-Govcloud-Name" not in refused.headers
    page = guarded.at_platform.get(guarded.check("/admin").headers["X-Govcloud-Location"])
    assert page.status_code == 403
    assert f"/requests/new?item={world.items['housing:register:read']}" in page.text
    odd = guarded.at_platform.get(guarded.check("/x/../admin").headers["X-Govcloud-Location"])
    assert odd.status_code == 403
    # A grant that ends takes the path away at the next request: the engine is asked each time.
    for view in services.authorization_queries.assignments_of(world.wang.official_id):
        services.authorization.end_assignment(world.security_admin.actor(), view.id, "岗位调整")
    assert guarded.check("/case/17").status_code == 403
    assert guarded.check("/free").status_code == 200  # the door is asked again within half a minute


def test_a_sensitive_path_leads_to_the_proof_and_back(proxy: Proxy, services: Services, world: World, clock: ManualClock) -> None:
    rules = ForwardAuthSettings(rules=(("/case", "assistance:case:read"),))
    secret = register_application(services, rules, client_id="assistance-guarded", origin="https://g.zj.example")
    flag_sensitive(services, "assistance:case:read")
    services.signon_policies.set(world.security_admin.actor(), {"sensitive_functions": "recent"}, "等保三级")
    guarded = Proxy(proxy.app, secret, "https://g.zj.example", "assistance-guarded")
    sign_in(services, guarded.at_platform)
    guarded.enter()
    assert guarded.check("/case/17").status_code == 200
    clock.advance(timedelta(minutes=16))
    refused = guarded.check("/case/17")
    assert refused.status_code == 403
    assert guarded.check("/free").status_code == 200
    page = guarded.at_platform.get(refused.headers["X-Govcloud-Location"])
    assert (page.status_code, urlsplit(page.location).path) == (303, "/step-up")
    back = parse_qs(urlsplit(page.location).query)["next"][0]
    assert urlsplit(back).path == "/forward-auth/refused"
    shown = guarded.at_platform.get(page.location)
    assert f"form-action 'self' {guarded.origin}" in shown.headers["Content-Security-Policy"]  # the form ends at the application
    assert 'name="password"' in shown.text  # the rule is about how old the proof is: no second factor is asked for
    session = services.signon.sessions_of(world.wang.official_id)[0]
    guarded.at_platform.set_cookie("govcloud_session", services.step_up.by_password(acting(session), session, PASSWORD))
    assert guarded.check("/case/17").status_code == 200
    assert come_back_to(guarded, back) == "https://g.zj.example/case/17"


def come_back_to(guarded: Proxy, back: str) -> str:
    """Go from the proof to where it leads; return where that ends at the application."""
    to_start = guarded.at_platform.get(back)
    assert (to_start.status_code, urlsplit(to_start.location).path) == (303, "/forward-auth/start")
    return str(guarded.come_back(guarded.at_platform.get(to_start.location)).location)


def test_a_weak_stay_beside_a_strong_session_is_entered_anew_and_not_gone_round_for_ever(
    proxy: Proxy, services: Services, world: World, clock: ManualClock
) -> None:
    rules = ForwardAuthSettings(rules=(("/case", "assistance:case:read"),))
    secret = register_application(services, rules, client_id="assistance-guarded", origin="https://g.zj.example")
    flag_sensitive(services, "assistance:case:read")
    services.signon_policies.set(world.security_admin.actor(), {"sensitive_functions": "recent"}, "等保三级")
    guarded = Proxy(proxy.app, secret, "https://g.zj.example", "assistance-guarded")
    sign_in(services, guarded.at_platform)
    guarded.enter()
    clock.advance(timedelta(minutes=16))
    sign_in(services, guarded.at_platform)  # a second session in the platform's cookie; the stay goes on in the first one
    refused = guarded.check("/case/17")
    assert refused.status_code == 403
    assert come_back_to(guarded, local(refused.headers["X-Govcloud-Location"])) == "https://g.zj.example/case/17"
    assert guarded.check("/case/17").status_code == 200
    # A script gets its no and nothing to come back with.
    clock.advance(timedelta(minutes=16))
    script = guarded.check("/case/17", Sec_Fetch_Mode="cors")
    assert script.status_code == 403
    assert "Set-Cookie" not in script.headers


def test_an_application_is_told_what_its_settings_name(proxy: Proxy, services: Services) -> None:
    secret = register_application(
        services, ForwardAuthSettings(headers=("employee_code",)), client_id="assistance-few", origin="https://few.zj.example"
    )
    few = Proxy(proxy.app, secret, "https://few.zj.example", "assistance-few")
    sign_in(services, few.at_platform)
    few.enter()
    told = {name for name in few.check().headers.keys() if name.startswith("X-Govcloud-")}  # noqa: SIM118 - headers are no mapping
    assert told == {"X-Govcloud-Employee-Code", "X-Govcloud-Identity"}


def test_a_check_reads_one_row(proxy: Proxy, services: Services, wang: SignedIn, clock: ManualClock) -> None:
    """The figure that docs/reference/forward-auth.md states."""
    proxy.enter()
    with counted() as first:
        assert proxy.check().status_code == 200
    assert len(first) <= 9, first  # two of them open the signing key, which a process does once
    with counted() as statements:
        for _ in range(5):
            assert proxy.check("/page?x=1").status_code == 200
    assert len(statements) == 5, statements
    with counted() as unknown:
        proxy.at_origin.delete_cookie(f"__Host-govcloud-{CLIENT}", domain="localhost")
        assert proxy.check().status_code == 401
    assert unknown == []


def test_sign_out_from_the_application_ends_everything(proxy: Proxy, services: Services, world: World, wang: SignedIn) -> None:
    proxy.enter()
    out = proxy.at_origin.get("/.govcloud/sign-out", base_url="https://localhost", headers=proxy.headers(Sec_Fetch_Site="same-origin"))
    assert out.location == "http://localhost/forward-auth/signed-out"
    assert proxy.at_platform.get(local(out.location)).location == "/sign-in"
    assert "Max-Age=0" in out.headers["Set-Cookie"]
    assert services.signon.sessions_of(world.wang.official_id) == ()
    assert proxy.check().status_code == 401


@pytest.mark.parametrize("site", ["cross-site", "same-site", ""])
def test_a_link_of_another_site_ends_nothing_by_itself(proxy: Proxy, services: Services, world: World, wang: SignedIn, site: str) -> None:
    proxy.enter()
    more = {"Sec_Fetch_Site": site} if site else {}
    asked = proxy.at_origin.get("/.govcloud/sign-out", base_url="https://localhost", headers=proxy.headers(**more))
    assert urlsplit(asked.location).path == "/forward-auth/sign-out"
    page = proxy.at_platform.get(f"/forward-auth/sign-out?client_id={CLIENT}")
    assert page.status_code == 200
    assert 'action="/sign-out"' in page.text
    assert services.signon.sessions_of(world.wang.official_id)


def test_a_rule_on_the_entrance_has_the_door_asked_at_every_request(proxy: Proxy, services: Services, world: World) -> None:
    settings = ForwardAuthSettings(rules=(("/", "assistance:door:enter"),))
    secret = register_application(services, settings, client_id="assistance-strict", origin="https://strict.zj.example")
    strict = Proxy(proxy.app, secret, "https://strict.zj.example", "assistance-strict")
    sign_in(services, strict.at_platform)
    strict.enter()
    assert strict.check("/x").status_code == 200
    for view in services.authorization_queries.assignments_of(world.wang.official_id):
        services.authorization.end_assignment(world.security_admin.actor(), view.id, "岗位调整")
    assert strict.check("/x").status_code == 403
    services.decision_log.flush()
    denied = [row for row in services.decision_log.read(OPERATOR, LogAsked()).rows if not row.allowed]
    assert [(row.client_id, row.function, row.official_id) for row in denied] == [
        ("assistance-strict", "assistance:door:enter", world.wang.official_id)
    ]


def test_what_is_asked_at_a_request_is_asked_of_a_shadow_too(proxy: Proxy, services: Services, world: World) -> None:
    settings = ForwardAuthSettings(rules=(("/", "assistance:door:enter"),))
    secret = register_application(services, settings, client_id="assistance-strict", origin="https://strict.zj.example")
    strict = Proxy(proxy.app, secret, "https://strict.zj.example", "assistance-strict")
    sign_in(services, strict.at_platform)
    strict.enter()
    draft_id = run_shadow(services, world, "roles: {counter_clerk: {name: 窗口受理, rules: [{allow: ['housing:guide:read']}]}}")
    assert strict.check("/x").status_code == 200
    assert differing(services, draft_id) == [("assistance:door:enter", "allowed", "no_permission")]
