"""Departments that are merged by others while a personnel system keeps them in step."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Event
from urllib.parse import quote

import psycopg
from flask import Flask

from govcloud.identity.reorganisation import Merge, Reorganised
from govcloud.kernel.clock import ManualClock
from govcloud.kernel.database import db
from govcloud.services import Services
from govcloud.settings import Settings
from tests.entrypoints.scim.conftest import DEPARTMENT, OFFICIAL, Scim, uscc
from tests.factories.world import SEED, World

WAIT_SECONDS = 30


def test_a_merger_comes_with_what_changed(services: Services, world: World, clock: ManualClock, scim: Scim) -> None:
    ids, since = world.organisation.ids, (clock.now() + timedelta(minutes=1)).isoformat()
    clock.advance(timedelta(hours=1))
    asked = quote(f'meta.lastModified ge "{since}"')
    below = {str(view.id) for view in services.identity_queries.children(ids["xihu"])}
    services.identity.reorganise(SEED, Merge((ids["xihu"], ids["xihu_civil_affairs"]), ids["data"], "机构改革"))
    page = scim.get(f"/Groups?cursor=&filter={asked}")
    assert {group["id"] for group in page["Resources"]} == below - {str(ids["xihu_civil_affairs"])}
    assert {group[DEPARTMENT]["parent"] for group in page["Resources"]} == {str(ids["data"])}
    wang = next(user for user in scim.get(f"/Users?cursor=&filter={asked}")["Resources"] if user["displayName"] == "王芳")
    assert [place["department"] for place in wang[OFFICIAL]["appointments"]] == [uscc(services, world, "data")]
    assert [group["value"] for group in wang["groups"]] == [str(ids["data"])]
    assert scim.call("GET", f"/Groups/{ids['xihu_civil_affairs']}").status_code == 404


def test_a_merger_and_a_change_of_a_person_wait_for_each_other(
    app: Flask, services: Services, world: World, settings: Settings, scim: Scim
) -> None:
    ids = world.organisation.ids
    change = Merge((ids["xihu_civil_affairs"],), ids["data"], "机构改革")
    appointment = {"department": uscc(services, world, "data"), "position": "联络员", "kind": "concurrent"}

    def merge() -> Reorganised:
        with app.app_context():
            try:
                return services.identity.reorganise(SEED, change)
            finally:
                db.session.remove()

    def appoint() -> int:
        operation = {"op": "add", "path": f"{OFFICIAL}:appointments", "value": [appointment]}
        return Scim(app.test_client(), scim.auth).patch(f"/Users/{world.wang.official_id}", operation).status_code

    db.session.remove()
    url = settings.database_url.replace("postgresql+psycopg://", "postgresql://")
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    with psycopg.connect(url) as gate, ThreadPoolExecutor(2) as pool, psycopg.connect(url, autocommit=True) as eye:
        gate.execute("SELECT id FROM department WHERE id = %s FOR UPDATE", [ids["data"]])
        started = []
        for number, command in enumerate((merge, appoint), start=1):
            started.append(pool.submit(command))
            deadline = time.monotonic() + WAIT_SECONDS
            while (found := eye.execute(waiting).fetchone()) is None or found[0] < number:
                assert time.monotonic() < deadline, "the commands never met at a lock"
                Event().wait(0.01)
        gate.commit()
        merged, status = (future.result(timeout=WAIT_SECONDS) for future in started)
    assert isinstance(merged, Reorganised)
    # What the client saw may have been changed by the merger; then it is told, and reads again.
    assert status in {204, 412}
