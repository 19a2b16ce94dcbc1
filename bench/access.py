"""Cross-department access: a province's day over a million past requests, a full inbox, thousands ended (`python -m bench.access`).

The platform's own commands in two processes on two cores, beside PostgreSQL with durable commits and the jobs, which seal the record.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from uuid import UUID

import click
import psycopg

from bench import _ending_many, _past_requests, _province_day, _time_to_access
from bench._people import everybody
from bench._platform import Platform, filled
from bench._province_day import Cast
from bench._rows import Target, finish, kept
from bench._running import percentile
from govcloud.authorization.commands import NewAssignment
from govcloud.identity.views import Subject
from govcloud.kernel.actor import Actor
from govcloud.kernel.database import db
from govcloud.services import Services
from govcloud.subsystems.changes import ItemChange

PARTS = ("day", "inbox", "ends", "times")
SEED = Actor.system("seed")
PAST, SECONDS, WAITING, GRANTS = 1_000_000, 300.0, 5_000, 10_000
_DECIDERS = 3
_LAPS = 20
_QUEUE = """
UPDATE request_line SET state = 'pending', closed_at = NULL, version = 1
 WHERE id IN (SELECT DISTINCT ON (beneficiary_official_id) id FROM request_line WHERE owner_path = %(path)s AND closed_at IS NOT NULL
                AND NOT EXISTS (SELECT FROM decision_task t WHERE t.line_id = request_line.id)
              ORDER BY beneficiary_official_id LIMIT %(count)s)
"""
_TASKS = """
INSERT INTO decision_task (id, line_id, round, step, kind, needed, distinct_units, path, asked_path, state, opened_at)
SELECT gen_random_uuid(), id, 1, 1, 'owner', 1, false, owner_path, owner_path, 'open', submitted_at
  FROM request_line WHERE owner_path = %(path)s AND state = 'pending'
   AND NOT EXISTS (SELECT FROM decision_task t WHERE t.line_id = request_line.id)
"""


@click.command()
@click.option("--past", default=PAST, show_default=True, help="requests of the past")
@click.option("--seconds", default=SECONDS, show_default=True, help="how long the day's mix is played")
@click.option("--part", type=click.Choice(PARTS), help="Only this part; the rows of the others stay as they are.")
@click.option("--quick", is_flag=True, help="A few requests for a few seconds; nothing is recorded.")
def main(past: int, seconds: float, part: str | None, *, quick: bool) -> None:
    """Measure cross-department access."""
    if quick:
        past, seconds = 2_000, 10.0
    wanted = PARTS if part is None else (part,)
    with filled("dev" if quick else "demo") as place:
        with place.services() as services:
            cast = _cast(services)
        if set(wanted) & {"day", "inbox"}:
            _past_requests.fill(place, past)
        if "inbox" in wanted:
            with place.services() as services:
                _inbox(place, services, cast, past)
        if "day" in wanted:
            _day(place, cast, past, seconds)
        if "ends" in wanted:
            with place.services() as services:
                most = place.ask("SELECT count(*) FROM official") // 2
                _ending_many.measure(place, services, _known(services, "WUXIAOYAN"), min(GRANTS, most))
        if "times" in wanted:
            _time_to_access.simulate(place.sheet)
        rows = place.sheet.rows
    finish("access", rows if part is None else [*kept("access", rows), *rows], quick=quick)


def _cast(services: Services) -> Cast:
    """Let every item take two approvals, and every owner have people who decide; return who plays the day."""
    people = [subject for subject in everybody(services) if subject.kind == "primary" and subject.active]
    queries = services.subsystem_queries
    items = [item for item in queries.requestable_items("", 500) if item.scope_kind == "division"]
    keeper = _known(services, "ZHOUJIANJUN")
    for item in items:
        change = ItemChange(item.name, item.exposes, "quorum", 30, False, item.scope_kind, approval={"needed": 2})  # noqa: FBT003 - its place
        services.subsystems.change_item(keeper, item.id, item.version, change, "基准测试")
    owners = {item.owner_department_id for item in items}
    deciding = {owner: _deciders(services, owner, people) for owner in sorted(owners)}
    chosen = {actor.official_id for actors in deciding.values() for actor in actors}
    asking = [_actor(subject) for subject in people if subject.official_id not in chosen]
    return Cast(asking, [item.id for item in items], {item.id: deciding[item.owner_department_id] for item in items})


def _deciders(services: Services, owner: UUID, people: Sequence[Subject]) -> Sequence[Actor]:
    """Give the office to people of the owning department, or of any where it has too few; return them."""
    department = services.identity_queries.department(owner)
    assert department is not None
    own = [subject for subject in people if subject.department_id == owner][:_DECIDERS]
    chosen = (own + [subject for subject in people if subject.department_id != owner])[:_DECIDERS]
    scope = {"department_path": department.path}
    services.authorization.assign_roles(
        SEED, [NewAssignment(one.official_id, "senior_admin", one.appointment_id, scope=scope, reason="基准测试") for one in chosen]
    )
    return [_actor(subject) for subject in chosen]


def _actor(subject: Subject) -> Actor:
    return Actor.official(subject.official_id, subject.name, appointment_id=subject.appointment_id)


def _day(place: Platform, cast: Cast, past: int, seconds: float) -> None:
    """Play the day's mix."""
    place.work()
    taken, spent = _province_day.play(cast, seconds)
    label = f"a province's day over {past:,} past requests"
    place.sheet.add(f"{label}, decisions sustained for {spent:.0f} s", len(taken.deciding) / spent, "1/s", Target(">=", 150))
    place.sheet.add(f"{label}, a decision, p95", percentile(taken.deciding, 95) * 1e3, "ms", Target("<=", 50))
    place.sheet.add(f"{label}, a decision, p50", percentile(taken.deciding, 50) * 1e3, "ms")
    place.sheet.add(f"{label}, a request of three or four lines, p95", percentile(taken.submitting, 95) * 1e3, "ms")
    place.sheet.add(f"{label}, requests", len(taken.submitting) / spent, "1/s")
    place.sheet.add(f"{label}, turned away by the rules", float(taken.turned_away), "requests")


def _inbox(place: Platform, services: Services, cast: Cast, past: int) -> None:
    """Time the first page of an inbox in which thousands wait."""
    item = services.subsystem_queries.items([cast.items[0]])[cast.items[0]]
    department = services.identity_queries.department(item.owner_department_id)
    assert department is not None
    with psycopg.connect(place.owner_url, autocommit=True) as connection:
        for statement in (_QUEUE, _TASKS):
            connection.execute(statement.encode(), {"path": department.path, "count": WAITING})
    place.analyze()
    waiting = place.ask(f"SELECT count(*) FROM request_line WHERE state = 'pending' AND owner_path = '{department.path}'")  # noqa: S608 - ours
    actor, stopwatch = cast.deciders[item.id][0], place.stopwatch(os.getpid())

    def look() -> None:
        services.access_queries.inbox(actor)
        db.session.remove()

    look()
    laps = [stopwatch.lap(look) for _ in range(_LAPS)]
    label = f"first page of an inbox with {waiting:,} waiting, {past:,} past requests"
    place.sheet.add(f"{label}, clock, p50", percentile([lap.clock for lap in laps], 50), "ms", Target("<=", 30))
    place.sheet.add(f"{label}, work, p50", percentile([lap.work for lap in laps], 50), "ms")


def _known(services: Services, login: str) -> Actor:
    """Return somebody of the seed in their first appointment."""
    account = services.identity_queries.account_by_login(login)
    assert account is not None
    return _actor(services.identity_queries.subjects_of(account.official_id)[0])


if __name__ == "__main__":
    main()
