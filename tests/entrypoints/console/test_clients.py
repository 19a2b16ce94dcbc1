"""The pages of a client: registering, changing, copying, testing and trying it; who sees which; what is never shown twice."""

from __future__ import annotations

import json
import re
from html import unescape
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode
from uuid import UUID
from xml.etree import ElementTree as ET

import pytest

from govcloud.subsystems.inputs import NewClient
from govcloud.subsystems.protocols import CasSettings, ForwardAuthSettings, OidcSettings
from tests.entrypoints.console.administrators import said
from tests.factories.browsing import counted
from tests.factories.keys import elliptic_key, key_set
from tests.factories.subsystems import CODE, a_registered_subsystem, crew
from tests.factories.world import SEED

if TYPE_CHECKING:
    from govcloud.services import Services
    from tests.entrypoints.console.administrators import Become
    from tests.factories.world import World

OWNER, CHECKER, LEAD, STRANGER = "HEWEI", "ZHOUJIANJUN", "SUNLI", "ZHAOMIN"
OIDC_FORM = {"name": "移动端", "client_id": "archive-2", "redirect_uris": "https://archive.zj.example/m/cb", "auth_method": "client_secret"}
GRANTS = {"grant_types": ["authorization_code", "refresh_token"], "id_token_alg": "ES256", "require_pkce": "1", "rotate_refresh": "1"}


@pytest.fixture(autouse=True)
def people(services: Services, world: World) -> None:
    crew(services, world)


@pytest.fixture
def archive(services: Services, world: World) -> UUID:
    return a_registered_subsystem(services, world)


def page(archive: UUID, client_id: str = CODE, what: str = "") -> str:
    return f"/subsystems/client/{archive}/{client_id}/{what}"


def new(archive: UUID, protocol: str) -> str:
    return f"/subsystems/new-client/{archive}/?protocol={protocol}"


def seen(text: str) -> str:
    found = re.search(r'name="seen" value="([0-9a-f]+)"', text)
    assert found
    return found[1]


def test_a_client_of_each_protocol_is_registered_by_its_own_form(services: Services, become: Become, archive: UUID) -> None:
    owner = become(OWNER)
    asked = said(owner.get(f"/subsystems/new-client/{archive}/"))
    assert "子系统用哪种方式登录" in asked
    assert "已带 CAS 客户端的系统" in asked
    forms: dict[str, dict[str, Any]] = {
        "oidc": {**OIDC_FORM, **GRANTS, "backchannel_logout_session_required": "1", "frontchannel_logout_session_required": "1"},
        "cas": {"name": "旧门户", "client_id": "archive-cas", "services": "https://archive.zj.example/old", "single_logout": "1"},
        "forward_auth": {
            "name": "老系统",
            "client_id": "archive-old",
            "origins": "https://old.zj.example",
            "headers": ["name", "employee_code"],
            "rules": f"/ {CODE}:door:enter\n/admin/ {CODE}:record:read\n",
        },
    }
    answers = {protocol: owner.post(new(archive, protocol), form) for protocol, form in forms.items()}
    assert [answer.status_code for answer in answers.values()] == [200, 303, 200], said(answers["cas"])
    for protocol in ("oidc", "forward_auth"):
        assert 'id="secret"' in answers[protocol].text
        assert answers[protocol].headers["Cache-Control"] == "no-store"
    clients = {client.client_id: client for client in services.subsystem_queries.clients_of(archive)}
    assert clients["archive-2"].settings == OidcSettings()
    assert clients["archive-cas"].settings == CasSettings(attributes=())
    rules = (("/", f"{CODE}:door:enter"), ("/admin/", f"{CODE}:record:read"))
    assert clients["archive-old"].settings == ForwardAuthSettings(headers=("name", "employee_code"), rules=rules)
    overview = said(owner.get(f"/subsystems/details/?id={archive}"))
    for words in ("移动端", "CAS 2.0 / 3.0", "nginx auth_request", "https://old.zj.example"):
        assert words in overview
    assert 'id="secret"' not in owner.get(page(archive, "archive-2")).text


def test_every_wrong_field_is_said_at_its_place(become: Become, archive: UUID) -> None:
    owner = become(OWNER)
    form = {**OIDC_FORM, **GRANTS, "client_id": "X", "name": "", "redirect_uris": "http://h.example/cb", "backchannel_logout_uri": "x"}
    answer = owner.post(new(archive, "oidc"), form)
    assert answer.status_code == 422
    for name in ("client_id", "name", "redirect_uris", "backchannel_logout_uri"):
        assert f'id="{name}-error"' in answer.text, name
    assert "必须使用 https" in said(answer)
    wrong = owner.post(new(archive, "forward_auth"), {"client_id": "old", "name": "x", "origins": "https://o.example", "rules": "/admin"})
    assert "每条规则应为两项" in said(wrong)
    assert owner.post(new(archive, "oidc"), {**form, "jwks": "{"}).status_code == 422


def test_an_address_of_another_subsystem_is_said_on_the_form(services: Services, become: Become, archive: UUID) -> None:
    row = NewClient("assistance", "assistance-cas", "救助", services=("https://gov.zj.example/old",), settings=CasSettings())
    services.subsystems.register_client(SEED, row)
    form = {"name": "旧门户", "client_id": "archive-cas", "services": "https://gov.zj.example/old/in", "single_logout": "1"}
    answer = become(OWNER).post(new(archive, "cas"), form)
    assert answer.status_code == 409
    assert "与其他业务子系统登记的地址重叠" in said(answer)
    assert "请填写只属于本子系统的路径或域名" in said(answer)
    assert 'value="archive-cas"' in answer.text


def test_a_private_key_that_was_pasted_is_not_shown_again(services: Services, become: Become, archive: UUID) -> None:
    owner, private = become(OWNER), elliptic_key(private=True)
    for text in (json.dumps(key_set(private)), json.dumps(private)[:-1]):
        form = {**OIDC_FORM, **GRANTS, "auth_method": "private_key_jwt", "jwks": text}
        answer = owner.post(new(archive, "oidc"), form)
        assert answer.status_code == 422
        assert private["d"] not in unescape(answer.text)
    public = {**OIDC_FORM, **GRANTS, "auth_method": "private_key_jwt", "jwks": json.dumps(key_set(elliptic_key()))}
    assert owner.post(new(archive, "oidc"), public).status_code == 303
    assert "私钥签名" in said(owner.get(page(archive, "archive-2")))


def test_a_client_is_changed_and_a_stale_form_changes_nothing(services: Services, become: Become, archive: UUID) -> None:
    owner = become(OWNER)
    first = owner.get(page(archive, CODE, "change"))
    assert "https://archive.zj.example/cb" in first.text
    form = {**GRANTS, "name": "档案新门户", "redirect_uris": "https://archive.zj.example/cb\nhttps://archive.zj.example/b"}
    form |= {"auth_method": "client_secret", "seen": seen(first.text)}
    assert owner.post(page(archive, CODE, "change"), form).status_code == 303
    shown = said(owner.get(page(archive)))
    assert "档案新门户" in shown
    assert "https://archive.zj.example/b" in shown
    stale = owner.post(page(archive, CODE, "change"), form | {"name": "旧"})
    assert stale.status_code == 409
    assert "在您查看之后有变化" in said(stale)
    again = seen(owner.get(page(archive, CODE, "change")).text)
    keyed = {**form, "seen": again, "auth_method": "private_key_jwt", "jwks_uri": "https://archive.zj.example/jwks"}
    assert owner.post(page(archive, CODE, "change"), keyed).status_code == 303
    back = seen(owner.get(page(archive, CODE, "change")).text)
    assert 'id="secret"' in owner.post(page(archive, CODE, "change"), {**form, "seen": back}).text


def test_rotation_and_disabling_stand_on_the_page_of_the_client(become: Become, archive: UUID) -> None:
    owner = become(OWNER)
    text = owner.get(page(archive)).text
    for name in ("rotate", "disable"):
        assert f"/subsystems/form/{name}/{archive}?subject={CODE}" in text
    assert 'id="secret"' in owner.post(f"/subsystems/form/rotate/{archive}", {"subject": CODE}).text
    assert owner.post(f"/subsystems/form/disable/{archive}", {"subject": CODE}).status_code == 303
    shown = owner.get(page(archive))
    assert "已停用" in said(shown)
    for what in ("change", "test", "form/rotate"):
        assert f"/{what}" not in re.sub(r".*<main", "", shown.text, flags=re.DOTALL)
    assert owner.get(page(archive, CODE, "change")).status_code == 403


def test_settings_to_copy_name_this_client_and_hold_no_secret(services: Services, become: Become, archive: UUID) -> None:
    owner = become(OWNER)
    services.subsystems.register_client(
        SEED, NewClient(CODE, "archive-cas", "旧", services=("https://archive.zj.example/old/",), settings=CasSettings())
    )
    services.subsystems.register_client(
        SEED, NewClient(CODE, "archive-old", "老", origins=("https://old.zj.example",), settings=ForwardAuthSettings())
    )
    ready = {
        CODE: ("flask", "authlib", "openid-client", "mod_auth_openidc", "spring"),
        "archive-cas": ("python-cas", "mod_auth_cas", "cas"),
        "archive-old": ("nginx",),
    }
    own = {CODE: "https://archive.zj.example/cb", "archive-cas": "https://archive.zj.example", "archive-old": "old.zj.example"}
    for client_id, names in ready.items():
        for name in names:
            text = unescape(owner.get(page(archive, client_id, f"?{urlencode({'for': name})}")).text)
            copied = text.split('<pre id="ready"', 1)[1].split("</pre>", 1)[0]
            assert "http://localhost" in copied, (client_id, name)
            assert own[client_id] in copied or name == "flask", (client_id, name)
            assert "TODO" not in copied
    assert "oidc-client-ts" not in owner.get(page(archive)).text


def test_settings_to_copy_say_what_each_library_does_only_when_told(services: Services, become: Become, archive: UUID) -> None:
    """Each of these was missing when the settings were tried: Spring Boot 3, cas-client-core 3.6, both modules of Debian's Apache."""
    plain, service = "https://archive.zj.example/b/cb", "https://archive.zj.example/old/"
    services.subsystems.register_client(SEED, NewClient(CODE, "archive-cas", "旧", services=(service,), settings=CasSettings()))
    rs256 = OidcSettings(require_pkce=False, id_token_alg="RS256")
    services.subsystems.register_client(SEED, NewClient(CODE, "archive-rs", "旧", (plain,), settings=rs256))
    by = become(OWNER)

    def text_for(client_id: str, library: str) -> str:
        page = by.get(f"/subsystems/client/{archive}/{client_id}/?for={library}").text
        found = re.search(r'<pre id="[^"]+"[^>]*><code>(.*?)</code>', page, re.DOTALL)
        assert found is not None
        return unescape(found[1])

    spring = text_for(CODE, "spring")
    assert "withPkce()" in spring
    assert "SignatureAlgorithm.ES256" in spring
    assert "class SignInConfiguration" not in text_for("archive-rs", "spring"), "it does by itself what this client needs"
    assert f"Include /etc/apache2/{CODE}.secret" in text_for(CODE, "mod_auth_openidc")
    assert "CASRootProxiedAs https://archive.zj.example\n" in text_for("archive-cas", "mod_auth_cas")
    assert "CASScrubRequestHeaders On\n" in text_for("archive-cas", "mod_auth_cas"), "else a browser names itself"
    assert "RequestHeader set CAS-employee-code " in text_for("archive-cas", "mod_auth_cas")
    java = ET.fromstring(f"<web-app>{text_for('archive-cas', 'cas')}</web-app>")  # noqa: S314 - ours
    names = [item.text for item in java.iter("filter-name")]
    assert names[:4] == names[4:] == ["cas-sign-out", "cas-sign-in", "cas-validate", "cas-user"]
    values = {name.text: value.text for name, value in zip(java.iter("param-name"), java.iter("param-value"), strict=True)}
    assert values["serverName"] == "https://archive.zj.example"


def test_what_is_tested_and_what_a_row_says(become: Become, archive: UUID, services: Services) -> None:
    services.subsystems.register_client(SEED, NewClient(CODE, "archive-local", "本机", ("http://127.0.0.1:9/cb",)))
    owner = become(OWNER)
    path = page(archive, "archive-local", "test")
    before = owner.get(path)
    assert "登录回调地址可以访问" in said(before)
    assert "data-probe=" in before.text
    row = owner.post(f"{path}/redirect", {})
    assert row.status_code == 200
    assert "无法建立连接" in said(row)
    assert "<html" not in row.text
    assert "data-probe=" not in row.text
    all_of_them = owner.post(path, {})
    assert said(all_of_them).count("无法建立连接") == 2
    assert owner.post(f"{path}/nothing", {}).status_code == 404


def test_a_sign_in_as_oneself_is_shown_to_oneself_alone(services: Services, world: World, become: Become) -> None:
    housing = services.subsystem_queries.subsystem("housing")
    assert housing is not None
    owner = become(OWNER)
    path = page(housing.id, "housing-web", "try")
    with counted() as asked:
        text = unescape(owner.get(path).text)
    assert not [statement for statement in asked if statement.startswith(("INSERT", "UPDATE", "DELETE"))]
    if "ID 令牌的内容" in text:
        assert '"name": "何伟"' in text
        assert '"aud": "housing-web"' in text
    else:
        assert "您没有入口功能 housing:door:enter" in text


def test_who_sees_and_does_what(services: Services, become: Become, archive: UUID) -> None:
    paths = [page(archive), page(archive, CODE, "change"), page(archive, CODE, "test"), page(archive, CODE, "try"), new(archive, "cas")]
    for login, statuses in (
        (OWNER, [200] * 5),
        (LEAD, [200] * 5),
        (CHECKER, [200] * 5),
        (STRANGER, [404] * 5),
        ("WANGFANG", [403] * 5),
        ("WUXIAOYAN", [403] * 5),
    ):
        by = become(login)
        assert [by.get(path).status_code for path in paths] == statuses, login
    owner = become(OWNER)
    # A client of one subsystem is not reached through another.
    for what in ("", "change", "test", "try"):
        assert owner.get(page(archive, "housing-web", what)).status_code == 404
        assert owner.get(page(archive, "nobody", what)).status_code == 404
    assert owner.post(page(archive, "housing-web", "test/redirect"), {}).status_code == 404
    services.subsystems.submit_subsystem(SEED, CODE)
    assert owner.get(page(archive)).status_code == 200
    assert owner.get(page(archive, CODE, "change")).status_code == 403
    assert owner.get(page(archive, CODE, "test")).status_code == 200
