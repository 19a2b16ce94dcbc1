"""Changing clients: what is kept, what ends, who may, what the record says, and many at once by file."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial

import pytest
from flask import Flask
from sqlalchemy import select, text

from govcloud.audit.models import AuditEvent
from govcloud.kernel.errors import Conflict, Denied, GovcloudError, Invalid, NotFound
from govcloud.services import Services
from govcloud.settings import Settings
from govcloud.signon.views import TicketRequest
from govcloud.subsystems.changes import ClientChange
from govcloud.subsystems.clients.client_records import fingerprint
from govcloud.subsystems.inputs import NewClient
from govcloud.subsystems.models import ClientRedirect
from govcloud.subsystems.protocols import (
    AUTHORIZATION_CODE,
    PRIVATE_KEY_JWT,
    PUBLIC,
    TOKEN_EXCHANGE,
    CasSettings,
    ForwardAuthSettings,
    OidcSettings,
)
from govcloud.subsystems.views import ClientView
from tests.factories.clients import put_unchecked
from tests.factories.keys import elliptic_key, key_set
from tests.factories.racing import together
from tests.factories.subsystems import CODE, a_registered_subsystem, crew
from tests.factories.world import PASSWORD, SEED, World

CLIENT = "housing-web"


def view(services: Services, client_id: str = CLIENT) -> ClientView:
    found = services.subsystem_queries.client_by_client_id(client_id)
    assert found is not None
    return found


def as_it_is(services: Services, client_id: str = CLIENT) -> ClientChange:
    found = view(services, client_id)
    return ClientChange(
        found.name,
        found.redirect_uris,
        found.post_logout_uris,
        found.services,
        found.origins,
        found.auth_method,
        found.settings,
        fingerprint(found),
    )


def said(services: Services, name: str) -> list[dict[str, object]]:
    found = services.uow.read().scalars(select(AuditEvent.canonical).where(AuditEvent.name == name).order_by(AuditEvent.id))
    return [json.loads(canonical)["data"] for canonical in found]


def test_a_change_is_told_from_what_to_what(services: Services, world: World) -> None:
    owner = world.people["HEWEI"].actor()
    settings = OidcSettings(backchannel_logout_uri="http://127.0.0.1:8001/oidc/back-channel", web_origins=("http://127.0.0.1:8001",))
    new = "http://127.0.0.1:8001/oidc/other"
    change = replace(as_it_is(services), name="住房门户", redirect_uris=(new, "http://127.0.0.1:8001/oidc/callback"), settings=settings)
    done = services.subsystems.change_client(owner, CLIENT, change)
    assert done is not None
    assert done.secret is None
    now = view(services)
    assert (now.name, now.settings, set(now.redirect_uris)) == ("住房门户", settings, set(change.redirect_uris))
    assert services.subsystem_queries.authenticate_client(CLIENT, world.clients["housing"].secret or "") is not None
    [event] = said(services, "subsystems:client:changed")
    assert event["changed"] == ["backchannel_logout_uri", "name", "redirect_uris", "web_origins"]
    assert event["old"] == {
        "name": "住房保障管理系统",
        "redirect_uris": ["http://127.0.0.1:8001/oidc/callback"],
        "backchannel_logout_uri": None,
        "web_origins": [],
    }
    assert services.subsystems.change_client(owner, CLIENT, as_it_is(services)) is None
    assert len(said(services, "subsystems:client:changed")) == 1


def test_an_address_that_goes_is_closed_and_may_come_back(services: Services, world: World) -> None:
    owner, before = world.people["HEWEI"].actor(), as_it_is(services)
    services.subsystems.change_client(owner, CLIENT, replace(before, post_logout_uris=()))
    assert view(services).post_logout_uris == ()
    services.subsystems.change_client(owner, CLIENT, replace(as_it_is(services), post_logout_uris=before.post_logout_uris))
    assert view(services).post_logout_uris == before.post_logout_uris
    query = select(ClientRedirect.removed_at).where(ClientRedirect.client_id == view(services).id, ClientRedirect.kind == "post_logout")
    assert sorted(moment is None for moment in services.uow.read().scalars(query)) == [False, True]


def test_the_secret_goes_and_comes_with_the_way_of_proving(services: Services, world: World) -> None:
    owner, old = world.people["HEWEI"].actor(), world.clients["housing"].secret or ""
    keyed = replace(as_it_is(services), auth_method=PRIVATE_KEY_JWT, settings=OidcSettings(jwks=key_set(elliptic_key())))
    done = services.subsystems.change_client(owner, CLIENT, keyed)
    assert done is not None
    assert done.secret is None
    assert services.subsystem_queries.authenticate_client(CLIENT, old) is None
    with pytest.raises(Conflict):
        services.subsystems.rotate_client_secret(owner, CLIENT)
    again = services.subsystems.change_client(owner, CLIENT, replace(as_it_is(services), auth_method="client_secret"))
    assert again is not None
    assert again.secret not in {None, old}
    assert services.subsystem_queries.authenticate_client(CLIENT, again.secret or "") is not None
    assert [event["secret"] for event in said(services, "subsystems:client:changed")] == ["withdrawn", "issued"]
    record = services.uow.read().scalars(select(AuditEvent.canonical)).all()
    assert all((again.secret or "").encode() not in bytes(line) for line in record)


def test_whoever_is_signed_in_stays_signed_in(services: Services, world: World) -> None:
    wang = world.people["WANGFANG"]
    session = services.signon.current(services.signon.sign_in("WANGFANG", PASSWORD, "127.0.0.1", "test").token)
    assert session is not None
    ticket = TicketRequest(redirect_uri="http://127.0.0.1:8001/oidc/callback", code_challenge="x" * 43, scope="openid")
    services.signon.issue_ticket(wang.actor(session_id=session.session_id), session, view(services), ticket)
    live = text("SELECT count(*) FROM participant WHERE ended_at IS NULL AND client_id = 'housing-web'")
    assert services.uow.read().execute(live).scalar_one() == 1
    keyed = replace(as_it_is(services), auth_method=PRIVATE_KEY_JWT, settings=OidcSettings(jwks=key_set(elliptic_key())))
    services.subsystems.change_client(world.people["HEWEI"].actor(), CLIENT, keyed)
    assert services.uow.read().execute(live).scalar_one() == 1


def test_only_who_manages_the_subsystem_changes_its_clients(services: Services, world: World) -> None:
    people, change = crew(services, world), replace(as_it_is(services), name="越权")
    for login, person in world.people.items():
        if login not in {"HEWEI", "SUNLI", "ZHOUJIANJUN"}:
            with pytest.raises(Denied):
                services.subsystems.change_client(person.actor(), CLIENT, change)
    with pytest.raises(Denied):
        services.subsystems.change_client(people.stranger.actor(), CLIENT, change)
    with pytest.raises(NotFound):
        services.subsystems.change_client(people.owner.actor(), "nobody", change)
    assert view(services).name != "越权"


def test_who_lets_a_client_act_elsewhere_manages_both(services: Services, world: World) -> None:
    people = crew(services, world)
    grants = (AUTHORIZATION_CODE, TOKEN_EXCHANGE)
    calling = replace(as_it_is(services), settings=OidcSettings(grant_types=grants, may_call=("assistance",)))
    with pytest.raises(Denied):
        services.subsystems.change_client(people.owner.actor(), CLIENT, calling)
    row = NewClient("housing", "housing-caller", "住房", ("https://h.zj.example/cb",), settings=calling.settings)
    with pytest.raises(Denied):
        services.subsystems.register_client(people.owner.actor(), row)
    services.subsystems.change_client(people.lead.actor(), CLIENT, calling)
    # What was agreed stays agreed when something else changes.
    services.subsystems.change_client(people.owner.actor(), CLIENT, replace(as_it_is(services), name="住房"))
    for code in ("nothing", "govcloud", "housing"):
        wrong = replace(as_it_is(services), settings=OidcSettings(grant_types=grants, may_call=(code,)))
        with pytest.raises((Invalid, Denied)):
            services.subsystems.change_client(world.system_admin.actor(), CLIENT, wrong)


def test_a_stale_form_changes_nothing(services: Services, world: World) -> None:
    shown = as_it_is(services)
    services.subsystems.change_client(SEED, CLIENT, replace(shown, name="先"))
    with pytest.raises(Conflict) as stale:
        services.subsystems.change_client(world.people["HEWEI"].actor(), CLIENT, replace(shown, name="后"))
    assert stale.value.code == "client_changed"
    assert view(services).name == "先"


def test_a_client_keeps_its_protocol(services: Services, world: World) -> None:
    change = ClientChange("住房", services=("http://127.0.0.1:8001/",), settings=CasSettings())
    with pytest.raises(Conflict) as other:
        services.subsystems.change_client(world.people["HEWEI"].actor(), CLIENT, change)
    assert other.value.code == "other_protocol"


def test_a_published_subsystem_stays_sound(services: Services, world: World) -> None:
    owner = world.people["HEWEI"].actor()
    elsewhere = replace(as_it_is(services), redirect_uris=("https://elsewhere.zj.example/cb",))
    with pytest.raises(Conflict) as unsound:
        services.subsystems.change_client(owner, CLIENT, elsewhere)
    assert unsound.value.code == "unsound"
    with pytest.raises(Conflict) as asked:
        services.subsystems.change_client(owner, CLIENT, replace(as_it_is(services), auth_method=PUBLIC))
    assert asked.value.code == "unsound"
    a_registered_subsystem(services, world)
    services.subsystems.submit_subsystem(owner, CODE)
    with pytest.raises(Conflict) as waiting:
        services.subsystems.change_client(owner, CODE, replace(as_it_is(services, CODE), name="乙"))
    assert waiting.value.code == "not_open_to_change"


def test_a_client_that_acts_for_the_platform_keeps_its_proof(services: Services, world: World) -> None:
    a_registered_subsystem(services, world)
    services.subsystems.entrust_client(world.security_admin.actor(), CODE, ["provisioning"], "人事系统")
    with pytest.raises(Conflict) as entrusted:
        services.subsystems.change_client(world.people["HEWEI"].actor(), CODE, replace(as_it_is(services, CODE), auth_method=PUBLIC))
    assert entrusted.value.code == "entrusted_client"


def test_rules_name_functions_of_the_own_subsystem(services: Services, world: World) -> None:
    owner = world.people["HEWEI"].actor()
    rules = (("/", "housing:door:enter"), ("/x/", "assistance:case:read"), ("/y/", "housing:nothing:here"))
    row = NewClient("housing", "housing-old", "住房旧系统", origins=("https://old.zj.example",), settings=ForwardAuthSettings(rules=rules))
    with pytest.raises(Invalid) as refused:
        services.subsystems.register_client(owner, row)
    assert [finding.value for finding in refused.value.fields] == ["assistance:case:read", "housing:nothing:here"]
    sound = replace(row, settings=ForwardAuthSettings(rules=rules[:1]))
    assert services.subsystems.register_client(owner, sound).secret is not None
    assert view(services, "housing-old").origins == ("https://old.zj.example",)


# By file


def rows() -> list[NewClient]:
    return [
        NewClient("housing", "housing-cas", "住房旧门户", services=("https://cas.zj.example/app",), settings=CasSettings()),
        NewClient("assistance", "assistance-api", "救助接口", ("https://api.zj.example/cb",)),
    ]


def test_a_file_is_brought_once_and_then_changes_nothing(services: Services, world: World) -> None:
    admin = world.system_admin.actor()
    rehearsed = services.subsystems.bring_clients(admin, rows(), dry_run=True)
    assert [(one.action, one.secret) for one in rehearsed] == [("new", None), ("new", None)]
    assert services.subsystem_queries.client_by_client_id("housing-cas") is None
    first = services.subsystems.bring_clients(admin, rows())
    assert [(one.action, one.secret is None) for one in first] == [("new", True), ("new", False)]
    assert [one.action for one in services.subsystems.bring_clients(admin, rows())] == ["same", "same"]
    changed = [replace(rows()[0], settings=CasSettings(proxy=True)), rows()[1]]
    [one, two] = services.subsystems.bring_clients(admin, changed, dry_run=True)
    assert (one.action, dict(one.differences), two.action) == ("changed", {"proxy": (False, True)}, "same")
    assert view(services, "housing-cas").settings == CasSettings()


def test_nothing_of_a_file_is_half_applied(services: Services, world: World) -> None:
    admin, good = world.system_admin.actor(), rows()
    bad: list[tuple[NewClient, type[GovcloudError]]] = [
        (NewClient("housing", "assistance-web", "劫持", ("https://evil.zj.example/cb",)), Conflict),
        (NewClient("nothing", "nothing-web", "无", ("https://n.zj.example/cb",)), Invalid),
        (good[0], Invalid),
        (NewClient("housing", "housing-web", "住房", services=("https://h.zj.example/",), settings=CasSettings()), Conflict),
        (NewClient("housing", "housing-web", "住房", ("https://elsewhere.zj.example/cb",)), Conflict),
    ]
    for row, kind in bad:
        with pytest.raises(kind):
            services.subsystems.bring_clients(admin, [*good, row])
        assert services.subsystem_queries.client_by_client_id("housing-cas") is None
    with pytest.raises(Invalid) as refused:
        services.subsystems.bring_clients(admin, [replace(good[0], name=""), replace(good[1], redirect_uris=("x",))])
    assert [finding.field for finding in refused.value.fields] == ["rows[0].name", "rows[1].redirect_uris"]
    with pytest.raises(Denied):
        services.subsystems.bring_clients(world.people["HEWEI"].actor(), good)
    assert [one.action for one in services.subsystems.bring_clients(world.people["HEWEI"].actor(), good[:1])] == ["new"]


# At the same moment


def test_of_two_changes_of_what_was_seen_one_is_told_that_it_came_second(
    app: Flask, settings: Settings, services: Services, world: World
) -> None:
    shown, actors = as_it_is(services), (world.people["HEWEI"].actor(), world.system_admin.actor())
    lock = "SELECT 1 FROM subsystem WHERE code = 'housing' FOR UPDATE"
    came = together(
        app,
        settings,
        lock,
        *(partial(services.subsystems.change_client, actor, CLIENT, replace(shown, name=actor.name)) for actor in actors),
    )
    lost = [outcome for outcome in came if isinstance(outcome, Conflict)]
    assert len(lost) == 1
    assert lost[0].code == "client_changed"
    assert view(services).name in {actor.name for actor in actors}
    assert len(said(services, "subsystems:client:changed")) == 1


def test_a_file_twice_at_once_registers_each_client_once(app: Flask, settings: Settings, services: Services, world: World) -> None:
    lock = "SELECT 1 FROM subsystem WHERE code = 'housing' FOR UPDATE"
    bring = partial(services.subsystems.bring_clients, world.system_admin.actor(), rows()[:1])
    came = together(app, settings, lock, bring, bring)
    assert sum(isinstance(outcome, tuple) for outcome in came) >= 1
    assert all(isinstance(outcome, (tuple, Conflict)) for outcome in came)
    assert [client.client_id for client in services.subsystem_queries.clients_of("housing")] == ["housing-cas", "housing-web"]


def test_settings_that_no_command_would_store_can_still_be_mended(services: Services, world: World) -> None:
    put_unchecked(services, CLIENT, OidcSettings(may_call=("gone",), jwks_uri="http://old.zj.example/jwks"))
    owner = world.people["HEWEI"].actor()
    with pytest.raises(Invalid):
        services.subsystems.change_client(owner, CLIENT, replace(as_it_is(services), name="甲"))
    assert services.subsystems.change_client(owner, CLIENT, replace(as_it_is(services), settings=OidcSettings())) is not None
