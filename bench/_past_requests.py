"""What lies behind: a million requests of the past, each with its lines and a decision on every line, written straight into the tables."""

from __future__ import annotations

import psycopg

from bench._platform import Platform
from bench._running import counting, say
from govcloud.kernel.provisioning import OWNER_ROLE

LINES_A_REQUEST = 3
_PIECE = 50_000
#: Whoever asked then served then: what holds now has held since before the first of them.
_SINCE = tuple(
    f"UPDATE {table} SET valid_from = valid_from - interval '500 days' WHERE valid_to IS NULL"  # noqa: S608 - names of our own
    for table in ("appointment", "official_version", "department_version")
)
#: Everybody who asks, and everything that is asked for, by number; the past goes through both in turn.
_TABLES = (
    """
CREATE TEMPORARY TABLE person AS
SELECT row_number() OVER (ORDER BY id) - 1 AS n, official_id, id AS appointment_id
  FROM appointment WHERE valid_to IS NULL AND kind = 'primary'
""",
    """
CREATE TEMPORARY TABLE item AS
SELECT row_number() OVER (ORDER BY i.id) - 1 AS n, i.id, v.version, f.code AS function, s.code AS subsystem_code,
       v.owner_department_id, d.path
  FROM catalogue_item i
  JOIN catalogue_item_version v ON v.item_id = i.id AND v.valid_to IS NULL
  JOIN subsystem_function f ON f.id = i.function_id
  JOIN subsystem s ON s.id = f.subsystem_id
  JOIN department_version d ON d.department_id = v.owner_department_id AND d.valid_to IS NULL
 WHERE i.valid_to IS NULL
""",
    "CREATE UNIQUE INDEX ON person (n)",
    "CREATE UNIQUE INDEX ON item (n)",
)
_PAST = """
WITH made AS (
  SELECT n, uuidv7(n * interval '30 seconds' - interval '400 days') AS id, now() - interval '400 days' + n * interval '30 seconds' AS at,
         n % (SELECT count(*) FROM person) AS who
    FROM generate_series(%(first)s::int, %(last)s::int) AS n
), asked AS (
  INSERT INTO access_request (id, number, requester_official_id, requester_appointment_id, beneficiary_official_id,
                              beneficiary_appointment_id, reason, case_number, submission_id, created_at)
  SELECT made.id, 'QX-PAST-' || made.n, p.official_id, p.appointment_id, p.official_id, p.appointment_id,
         '办理困难家庭救助，核对申请人情况', 'XH-' || made.n, made.id, made.at
    FROM made JOIN person p ON p.n = made.who
), lines AS (
  SELECT uuidv7(made.n * interval '30 seconds' - interval '400 days') AS id, made.id AS request_id, made.at, p.official_id,
         i.id AS item_id, i.version, i.function, i.subsystem_code, i.owner_department_id, i.path,
         CASE WHEN (made.n + k) % 10 = 0 THEN 'rejected' ELSE 'approved' END AS state,
         (made.who + 1 + k) % (SELECT count(*) FROM person) AS decider
    FROM made CROSS JOIN generate_series(1, %(lines)s::int) AS k
    JOIN person p ON p.n = made.who
    JOIN item i ON i.n = (made.n * 7 + k) % (SELECT count(*) FROM item)
), placed AS (
  INSERT INTO request_line (id, request_id, beneficiary_official_id, item_id, item_version, function, subsystem_code,
                            owner_department_id, owner_path, state, version, requested_scope, requested_days,
                            submitted_at, due_at, closed_at)
  SELECT id, request_id, official_id, item_id, version, function, subsystem_code, owner_department_id, path, state, 2,
         '{"divisions": ["330106000000"]}', 5, at, at + interval '2 days', at + interval '1 hour'
    FROM lines
)
INSERT INTO decision (id, line_id, principal_id, official_id, appointment_id, outcome, approved_scope, approved_days, reason_code, comment,
                      evidence, evidence_hash, at)
SELECT uuidv7(at - now()), lines.id, d.official_id, d.official_id, d.appointment_id, state,
       CASE state WHEN 'approved' THEN '{"divisions": ["330106000000"]}'::jsonb END, CASE state WHEN 'approved' THEN 5 END,
       CASE state WHEN 'rejected' THEN 'not_needed' END, '', '{"line_id": "past"}', repeat('0', 64), at + interval '1 hour'
  FROM lines JOIN person d ON d.n = lines.decider
"""


def fill(place: Platform, count: int) -> None:
    """Write ``count`` past requests; what refers to what is not checked again while they are written."""
    say(f"writing {count:,} past requests of {LINES_A_REQUEST} lines")
    # The per cent signs of the arithmetic are the server's own.
    past = _PAST.replace(" % ", " %% ")
    with psycopg.connect(place.superuser_url, autocommit=True) as connection:
        connection.execute(f"GRANT SET ON PARAMETER session_replication_role TO {OWNER_ROLE}".encode())
    with psycopg.connect(place.owner_url, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        for statement in (*_SINCE, *_TABLES):
            connection.execute(statement.encode())
        for first in counting(range(1, count + 1, _PIECE), "past requests"):
            connection.execute(past.encode(), {"first": first, "last": min(first + _PIECE - 1, count), "lines": LINES_A_REQUEST})
    place.analyze()
