"""Old notices are forgotten: read ones some months after they were read, the others after more than a year; a batch at a time, by index."""

from __future__ import annotations

from datetime import timedelta

import psycopg
import pytest
from sqlalchemy import text

from govcloud.access.notices import forgetting
from govcloud.jobs.purge import purge
from govcloud.kernel.actor import Actor
from govcloud.kernel.clock import ManualClock
from govcloud.kernel.database import db
from govcloud.kernel.errors import Denied
from govcloud.services import Services
from govcloud.settings import Settings
from tests.factories.plans import plan_without
from tests.factories.requests import ask
from tests.factories.world import World

JOBS = Actor.system("jobs")
DAY = timedelta(days=1)


def kept(services: Services) -> int:
    db.session.remove()
    return services.uow.read().scalar(text("SELECT count(*) FROM notice")) or 0


def test_read_ones_go_sooner_than_those_that_nobody_read(services: Services, world: World, clock: ManualClock, settings: Settings) -> None:
    assert (settings.notice_read_days, settings.notice_unread_days) == (180, 400)
    ask(services, world)
    clock.advance(100 * DAY)
    services.notice_desk.mark_read(world.li.actor())
    assert kept(services) == 2, "李强 and 钱伟 were called"
    clock.advance(180 * DAY - timedelta(seconds=1))
    assert services.notice_forgetting.purge(JOBS) == 0
    clock.advance(timedelta(seconds=1))
    assert services.notice_forgetting.purge(JOBS) == 1
    assert services.notice_queries.page(world.li.official_id).entries == ()
    clock.advance(120 * DAY - timedelta(seconds=1))
    assert services.notice_forgetting.purge(JOBS) == 0
    clock.advance(timedelta(seconds=1))
    assert services.notice_forgetting.purge(JOBS) == 1
    assert kept(services) == 0


def test_the_job_takes_batch_after_batch(services: Services, world: World, clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forgetting, "BATCH", 2)
    for login in ("WANGFANG", "SUNLI", "SHANXUEMEI"):
        ask(services, world, world.people[login])
    clock.advance(401 * DAY)
    assert services.notice_forgetting.purge(JOBS) == 2
    assert purge(services) >= 4
    assert kept(services) == 0


def test_what_is_being_read_is_not_waited_for(services: Services, world: World, clock: ManualClock, settings: Settings) -> None:
    ask(services, world)
    clock.advance(401 * DAY)
    db.session.remove()
    with psycopg.connect(settings.database_url.replace("+psycopg", "")) as reading:
        reading.execute("SELECT id FROM notice WHERE official_id = %s FOR UPDATE", (world.li.official_id,))
        assert services.notice_forgetting.purge(JOBS) == 1
    assert services.notice_forgetting.purge(JOBS) == 1


def test_only_the_job_forgets(services: Services, world: World) -> None:
    for actor in (world.wang.actor(), world.security_admin.actor(), world.system_admin.actor(), Actor.anonymous()):
        with pytest.raises(Denied):
            services.notice_forgetting.purge(actor)


@pytest.mark.parametrize(("column", "index"), [("read_at", "ix_notice_read"), ("created_at", "ix_notice_created")])
def test_it_finds_them_by_index(services: Services, column: str, index: str) -> None:
    session = services.uow.read()
    plan_without(session, "seqscan", "bitmapscan")
    query = f"SELECT id FROM notice WHERE {column} <= now() - interval '180 days' ORDER BY {column} LIMIT 2000"
    plan = "\n".join(session.scalars(text(f"EXPLAIN {query}")))
    assert index in plan
    assert "Sort" not in plan


@pytest.mark.parametrize("index", ["ix_notice_line", "ix_notice_letter"])
def test_lines_and_letters_find_theirs_by_index(services: Services, index: str) -> None:
    session = services.uow.read()
    plan_without(session, "seqscan")
    column = f"{index.removeprefix('ix_notice_')}_id"
    plan = "\n".join(session.scalars(text(f"EXPLAIN SELECT id FROM notice WHERE {column} IN (gen_random_uuid(), gen_random_uuid())")))
    assert index in plan
