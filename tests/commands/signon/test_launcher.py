"""The launcher's memory: favourites belong to their owner, are bounded, and cost three statements whatever there is."""

from __future__ import annotations

import pytest

from govcloud.kernel.actor import Actor
from govcloud.kernel.errors import Conflict, Denied, NotFound
from govcloud.services import Services
from govcloud.signon import launcher
from tests.factories.world import World


def favourites(services: Services, world: World) -> int:
    return len(services.launcher.remembered(world.wang.official_id, None).favourites)


def test_keeping_twice_is_keeping_once_and_is_on_record_once(services: Services, world: World) -> None:
    for _ in range(2):
        services.launcher.set_favourite(world.wang.actor(), "housing", wanted=True)
    assert favourites(services, world) == 1
    names = [entry.name for entry in services.audit_queries.by_subject(f"official:{world.wang.official_id}")]
    assert names.count("signon:launcher:kept") == 1
    for _ in range(2):
        services.launcher.set_favourite(world.wang.actor(), "housing", wanted=False)
    assert favourites(services, world) == 0


def test_one_persons_favourites_are_nobody_elses(services: Services, world: World) -> None:
    services.launcher.set_favourite(world.li.actor(), "housing", wanted=True)
    assert favourites(services, world) == 0


def test_whoever_is_no_official_keeps_none(services: Services, world: World) -> None:
    assert world.organisation.ids
    with pytest.raises(Denied):
        services.launcher.set_favourite(Actor.anonymous(None), "housing", wanted=True)


def test_a_subsystem_that_is_not_in_service_cannot_be_kept(services: Services, world: World) -> None:
    with pytest.raises(NotFound):
        services.launcher.set_favourite(world.wang.actor(), "nothing", wanted=True)


def test_there_is_a_most(services: Services, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launcher, "MOST_FAVOURITES", 1)
    services.launcher.set_favourite(world.wang.actor(), "housing", wanted=True)
    with pytest.raises(Conflict):
        services.launcher.set_favourite(world.wang.actor(), "assistance", wanted=True)
