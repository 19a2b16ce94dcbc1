"""Whom a change of policy touches, worked out for everybody and timed (a part of `bench.identity`; alone: `python -m bench._impact`).

Alone it makes a small province and copies its people, in SQL, until there are as many as asked for: the reads are those of a real one,
and nothing else of the copies is looked at. With 50,000 of them a grant of one function is live.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

import click
import psycopg

from bench import _who_can
from bench._platform import Platform, filled
from bench._rows import Target, finish
from bench._running import say
from govcloud.authorization.drafting.measuring import Measured
from govcloud.authorization.policies.document import ALLOW, PolicyDocument, parse_document
from govcloud.identity.queries import Wanted
from govcloud.services import Services

#: Full at 1.5 million officials.
MOST_SECONDS = 60.0
GRANTS = 50_000
_LIST = 20
_COPIES = (
    # What a copy would wait for, and nothing here looks at.
    "ALTER TABLE official_version DROP CONSTRAINT ex_official_version_one_at_a_time",
    "ALTER TABLE appointment DROP CONSTRAINT ex_appointment_one_primary, DROP CONSTRAINT ex_appointment_one_per_position",
    "ALTER TABLE appointment DISABLE TRIGGER take_keys",
    """
    CREATE TEMP TABLE copied AS
      SELECT o.id AS old, CAST('0f000000-0000-7000-8000-' || lpad(to_hex(row_number() OVER ()), 12, '0') AS uuid) AS id
        FROM official o CROSS JOIN generate_series(1, %(times)s) AS n
    """,
    """
    INSERT INTO official (id, employee_code, name, pinyin, initials, id_number_sealed, id_number_digest, phone_sealed, created_at)
      SELECT c.id, 'C' || right(CAST(c.id AS text), 12), o.name, o.pinyin, o.initials, o.id_number_sealed,
             convert_to(CAST(c.id AS text), 'UTF8'), o.phone_sealed, o.created_at
        FROM copied c JOIN official o ON o.id = c.old
    """,
    """
    INSERT INTO official_version (id, official_id, status, rank, staffing_type, security_label, valid_from, valid_to)
      SELECT gen_random_uuid(), c.id, v.status, v.rank, v.staffing_type, v.security_label, v.valid_from, v.valid_to
        FROM copied c JOIN official_version v ON v.official_id = c.old
    """,
    """
    INSERT INTO appointment
           (id, official_id, department_id, kind, post, position, valid_from, valid_to, employee_code, name, pinyin, initials)
      SELECT gen_random_uuid(), c.id, a.department_id, a.kind, a.post, a.position, a.valid_from, a.valid_to, '', '', '', ''
        FROM copied c JOIN appointment a ON a.official_id = c.old
    """,
    "ANALYZE",
)
_LEND = """
INSERT INTO access_grant (id, official_id, appointment_id, subsystem_code, function, scope, starts_at, ends_at, opened_by, valid_from)
  SELECT gen_random_uuid(), a.official_id, a.id, %(subsystem)s, %(function)s, '{"divisions": null}', now() - interval '1 day',
         now() + interval '30 days', 'system:bench', now() - interval '1 day'
    FROM appointment a WHERE a.valid_to IS NULL LIMIT %(count)s
"""


@dataclass(frozen=True)
class _Change:
    """A change of policy, and what it is called in the record."""

    name: str
    document: PolicyDocument


def measure(place: Platform, services: Services, size: str) -> None:
    """Work three changes out, and read the first page of names of each."""
    role, function = _often_opened(services)
    _lend(function, GRANTS)
    stopwatch = place.stopwatch(os.getpid())
    for change in _changes(services, role, function):
        live, found = services.authorization_queries.policy(), list[Measured]()
        lap = stopwatch.lap(
            lambda change=change, live=live, found=found: found.append(  # type: ignore[misc]
                services.drafting.measuring.measure(live, change.document, services.clock.now())
            )
        )
        [measured] = found
        touched = sum(group.size for group in measured.groups)
        say(f"{change.name}: {touched:,} of {measured.population:,} appointments in {len(measured.groups)} groups")
        limit = Target("<=", MOST_SECONDS)
        place.sheet.add(f"impact of a policy change: {change.name}, {touched:,} touched, at {size}, work", lap.work / 1000, "s", limit)
        place.sheet.add(f"impact of a policy change: {change.name}, {touched:,} touched, at {size}, by the clock", lap.clock / 1000, "s")
        largest = max(measured.groups, key=lambda group: group.size)
        page = stopwatch.lap(
            lambda measured=measured, largest=largest: services.draft_queries.people_of(measured, largest, _LIST)  # type: ignore[misc]
        )
        place.sheet.add(f"impact of a policy change: {change.name}, first page of names, at {size}, work", page.work, "ms")


def _changes(services: Services, role: str, function: str) -> list[_Change]:
    """Return a change of one role, one that asks everybody's duty, and a deny for everybody on what many were granted."""
    text = services.draft_queries.version_text(services.draft_queries.live_number())
    base = parse_document(text, "base")
    kept = [rule.function for rule in base.rules if rule.role == role and rule.effect == ALLOW and rule.function != function]
    fewer = f"roles: {{{role}: {{name: {role}, rules: [{{allow: {kept}, scope: own_division}}]}}}}"
    mine = [rule.function for rule in base.rules if rule.role == "official" and rule.effect == ALLOW and not rule.condition]
    when = "subject.level == 'county' and subject.label >= 1 and subject.position != 'x'"
    asking = f'{{allow: [{function}], when: "{when}"}}'
    everybody = f"roles: {{official: {{name: 公职人员, rules: [{{allow: {mine}}}, {asking}]}}}}"
    never = f"roles: {{official: {{name: 公职人员, rules: [{{allow: {mine}}}, {{deny: ['{function}']}}]}}}}"
    return [
        _Change("one role loses a function", base.extended_by(fewer, "fewer")),
        _Change("a condition on everybody", base.extended_by(everybody, "everybody")),
        _Change(f"a deny on what {GRANTS:,} were granted", base.extended_by(never, "never")),
    ]


def _often_opened(services: Services) -> tuple[str, str]:
    """Return a role that many hold by their duty, with a function of a relying system that it opens."""
    queries, catalogue = services.authorization_queries, services.drafting.measuring.catalogue(services.clock.now())
    opened = {
        rule.role: rule.function
        for rule in queries.policy().rules
        if rule.effect == ALLOW and rule.function in catalogue and not rule.function.endswith(":door:enter")
    }
    duties = [duty for duty in queries.duties.rules(200).rows if duty.role_code in opened]
    largest = max(duties, key=lambda duty: services.identity_queries.count_wanted(Wanted((duty.criteria,))))
    return largest.role_code, opened[largest.role_code]


def _lend(function: str, count: int) -> None:
    with psycopg.connect(os.environ["DATABASE_OWNER_URL"], autocommit=True) as connection:
        connection.execute(_LEND, {"subsystem": function.partition(":")[0], "function": function, "count": count})
        connection.execute("ANALYZE access_grant")


def copy_people(times: int) -> None:
    """Copy everybody ``times`` times, constraints that a copy would wait for laid aside."""
    with psycopg.connect(os.environ["DATABASE_OWNER_URL"], autocommit=True) as connection:
        for statement in _COPIES:
            connection.execute(statement.encode(), {"times": times} if "%(times)s" in statement else None)


@click.command()
@click.option("--people", default=1_500_000, show_default=True, help="officials")
@click.option("--quick", is_flag=True, help="a try with few people; nothing is recorded")
def main(people: int, *, quick: bool) -> None:
    """Measure the impact of three changes of policy."""
    with filled("dev" if quick else "demo") as place:
        there = place.ask("SELECT count(*) FROM official")
        if people > there and not quick:
            say(f"copying {there:,} people")
            copy_people(people // there)
        officials = place.ask("SELECT count(*) FROM official")
        with place.services() as services:
            measure(place, services, f"{officials:,}")
            _who_can.measure(place, services, f"{officials:,}", min(GRANTS, officials), _lend)
        finish("impact", place.sheet.rows, quick=quick)


if __name__ == "__main__":
    main()
