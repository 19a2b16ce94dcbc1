"""Twenty thousand sessions that run out at once: their end goes on record and to their subsystem, while others sign in."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence

import psycopg

from bench._load import Operation, window
from bench._peers import CLIENT, Server
from bench._rows import Sheet, Target
from bench._running import percentile, say
from bench._signon_place import SERVER_CORE, Place
from govcloud.cli.stack import stack

SESSIONS = 20_000
#: As many sign in at once as leave the core some room: at more, they would wait for each other's hashing, and be measured waiting.
SIGNING_IN = 2
ALLOWED = Target("<=", 200)
_MOST_SECONDS = 900
_MARK = "bench"

_OPEN = """
WITH people AS (SELECT account.id AS account_id, official.id AS official_id, official.name, official.employee_code,
                       row_number() OVER (ORDER BY official.id) AS number, count(*) OVER () AS all_of_them
                  FROM account JOIN official ON official.id = account.official_id),
     opened AS (INSERT INTO session (id, account_id, official_id, official_name, employee_code, token_digest, started_at, auth_time, amr,
                                     last_seen_at, expires_at, user_agent)
                SELECT gen_random_uuid(), account_id, official_id, name, employee_code, decode(md5(n::text) || md5(n::text), 'hex'),
                       now() - interval '9 hours', now() - interval '9 hours', '{pwd}', now(), now() + interval '1 hour', %(mark)s
                  FROM generate_series(1, %(count)s) AS n JOIN people ON people.number = 1 + n %% people.all_of_them
                RETURNING id)
INSERT INTO participant (id, session_id, client_id, created_at) SELECT gen_random_uuid(), id, %(client)s, now() FROM opened
"""
_EXPIRE = "UPDATE session SET expires_at = now() WHERE ended_at IS NULL AND user_agent = %(mark)s"
_ENDED = "SELECT count(*) FROM logout_notice WHERE client_id = %(client)s"
_ACKNOWLEDGED = "SELECT count(*) FROM logout_notice WHERE client_id = %(client)s AND acknowledged_at IS NOT NULL"


def measure(sheet: Sheet, stand: Place, server: Server, *, quick: bool) -> None:
    """Let sessions run out and the jobs deal with it, on the server's core, and time sign-ins until every subsystem knows."""
    count = SESSIONS // 100 if quick else SESSIONS
    facts = {"count": count, "client": CLIENT, "mark": _MARK}
    operations: Sequence[Operation] = [server.signing_in(login) for login in list(stand.people)[:SIGNING_IN]]
    say(f"{SIGNING_IN} people signing in, nothing else")
    alone = window(operations, 2 if quick else 20)
    sheet.add(f"password sign-in, {SIGNING_IN} at once, p99", alone.p99, "ms")
    with psycopg.connect(stand.owner_url, autocommit=True) as connection, stack() as running:
        connection.execute(_OPEN, facts)
        connection.execute("VACUUM ANALYZE session, participant")
        before = _number(connection, _ENDED, facts)
        running.start("receiver", ["bench._receiver", str(stand.receiver_port)], os.environ)
        connection.execute(_EXPIRE, facts)
        running.start("jobs", ["bench._pinned", str(SERVER_CORE), "jobs"], os.environ)
        say(f"{count:,} sessions run out; {SIGNING_IN} people go on signing in")
        begun = time.monotonic()
        ended_after = None
        seconds: list[float] = []
        while (passed := time.monotonic() - begun) < _MOST_SECONDS:
            seconds += window(operations, 2).seconds
            if ended_after is None and _number(connection, _ENDED, facts) - before >= count:
                ended_after = passed
            if _number(connection, _ACKNOWLEDGED, facts) - before >= count:
                break
        acknowledged = _number(connection, _ACKNOWLEDGED, facts) - before
        passed = time.monotonic() - begun
    name = f"{count:,} sessions run out"
    sheet.add(f"password sign-in, {SIGNING_IN} at once, while {name}, p99", percentile(seconds, 99) * 1e3, "ms", ALLOWED)
    sheet.add(f"password sign-in, {SIGNING_IN} at once, while {name}, p50", percentile(seconds, 50) * 1e3, "ms")
    if ended_after is not None:
        sheet.add(f"{name}, on record", ended_after, "s")
    sheet.add(f"{name}, acknowledged by their subsystem", acknowledged / passed, "1/s")


def _number(connection: psycopg.Connection[tuple[object, ...]], query: str, facts: dict[str, object]) -> int:
    row = connection.execute(query.encode(), facts).fetchone()
    assert row is not None
    number = row[0]
    assert isinstance(number, int)
    return number
