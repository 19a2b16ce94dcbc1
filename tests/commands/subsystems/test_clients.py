"""Clients: secrets shown once and stored as digests, exact addresses, authentication that tells nothing."""

from __future__ import annotations

from uuid import uuid4

import pytest
from sqlalchemy import text

from govcloud.audit.models import AuditEvent
from govcloud.kernel.errors import Conflict, Denied, Invalid, NotFound
from govcloud.services import Services
from govcloud.subsystems.inputs import NewClient, NewSubsystem
from govcloud.subsystems.protocols import PUBLIC
from tests.factories.world import SEED, World


def test_a_client_proves_itself_with_its_secret(services: Services, world: World) -> None:
    credentials = world.clients["housing"]
    assert credentials.secret is not None
    assert credentials.secret not in repr(credentials)
    client = services.subsystem_queries.authenticate_client(credentials.client_id, credentials.secret)
    assert client is not None
    assert (client.subsystem_code, client.public) == ("housing", False)
    assert client.redirect_uris == ("http://127.0.0.1:8001/oidc/callback",)
    assert client.post_logout_uris == ("http://127.0.0.1:8001/signed-out",)


def test_wrong_secrets_and_unknown_clients_look_alike(services: Services, world: World) -> None:
    queries = services.subsystem_queries
    for secret in ("", "wrong", "\x00", "\ud800", "x" * 100_000, world.clients["assistance"].secret or ""):
        assert queries.authenticate_client("housing-web", secret) is None
        assert queries.authenticate_client("nobody", secret) is None
        assert queries.authenticate_client(secret, secret) is None


def test_the_secret_is_stored_and_recorded_nowhere(services: Services, world: World) -> None:
    secret = (world.clients["housing"].secret or "").encode()
    stored = services.uow.read().execute(text("SELECT secret_digest FROM client")).scalars().all()
    assert all(secret not in bytes(digest) for digest in stored)
    record = services.uow.read().query(AuditEvent).all()
    assert all(secret not in event.canonical for event in record)


def test_rotation_ends_the_old_secret_at_once(services: Services, world: World) -> None:
    old = world.clients["housing"]
    new = services.subsystems.rotate_client_secret(world.people["HEWEI"].actor(), old.client_id)
    queries = services.subsystem_queries
    assert queries.authenticate_client(old.client_id, old.secret or "") is None
    assert queries.authenticate_client(new.client_id, new.secret or "") is not None
    with pytest.raises(Denied):
        services.subsystems.rotate_client_secret(world.people["HEWEI"].actor(), "assistance-web")
    with pytest.raises(NotFound):
        services.subsystems.rotate_client_secret(world.system_admin.actor(), "nobody")


def test_a_public_client_has_no_secret_and_proves_nothing(services: Services, world: World) -> None:
    row = NewClient("housing", "housing-mobile", "住房保障移动端", ("https://m.housing.zj.example/cb",), auth_method=PUBLIC)
    credentials = services.subsystems.register_client(SEED, row)
    assert credentials.secret is None
    view = services.subsystem_queries.client_by_client_id("housing-mobile")
    assert view is not None
    assert view.public
    assert services.subsystem_queries.authenticate_client("housing-mobile", "") is None
    with pytest.raises(Conflict):
        services.subsystems.rotate_client_secret(world.system_admin.actor(), "housing-mobile")


def test_a_disabled_client_is_as_good_as_unknown(services: Services, world: World) -> None:
    credentials = world.clients["housing"]
    services.subsystems.disable_client(world.system_admin.actor(), credentials.client_id)
    assert services.subsystem_queries.client_by_client_id(credentials.client_id) is None
    assert services.subsystem_queries.authenticate_client(credentials.client_id, credentials.secret or "") is None
    assert [client.disabled for client in services.subsystem_queries.clients_of("housing")] == [True]


def test_wrong_clients_are_refused(services: Services, world: World) -> None:
    with pytest.raises(Conflict):
        services.subsystems.register_client(SEED, NewClient("housing", "housing-web", "重复", ("https://h.zj.example/cb",)))
    with pytest.raises(NotFound):
        services.subsystems.register_client(SEED, NewClient("nothing", "nothing-web", "无", ("https://h.zj.example/cb",)))
    with pytest.raises(Invalid):
        services.subsystems.register_client(SEED, NewClient("housing", "housing-2", "明文", ("http://h.zj.example/cb",)))
    assert services.subsystem_queries.subsystem(uuid4()) is None


def test_a_client_and_another_subsystem_are_never_called_the_same(services: Services, world: World) -> None:
    """Both are names that a token can be meant for: whoever is called like another would be told of its tokens."""
    address = ("https://a.zj.example/cb",)
    for taken in ("assistance", "govcloud"):
        with pytest.raises(Invalid) as refused:
            services.subsystems.register_client(SEED, NewClient("housing", taken, "冒名", address))
        assert [error.field for error in refused.value.fields] == ["client_id"]
        with pytest.raises(Invalid) as refused:
            services.subsystems.bring_clients(SEED, [NewClient("housing", taken, "冒名", address)])
        assert [error.field for error in refused.value.fields] == ["rows[0].client_id"]
    assert services.subsystems.register_client(SEED, NewClient("housing", "housing", "本系统", address)).secret
    services.subsystems.register_client(SEED, NewClient("housing", "ledger", "台账", address))
    with pytest.raises(Invalid) as refused:
        services.subsystems.register_subsystem(SEED, NewSubsystem("ledger", "冒名", world.organisation.ids["housing"], 1))
    assert [error.field for error in refused.value.fields] == ["code"]
