"""A policy of 100,000 rules in PostgreSQL: how long a worker's index takes, and how long a question waits while a new one comes in."""

from __future__ import annotations

import threading
import time
from uuid import UUID, uuid4

import psycopg

from bench._platform import Platform
from bench._rows import Target
from bench._running import say
from bench._scale import FEW_OFFICIALS, RULES, Province
from govcloud.authorization.deciding.decisions import Question
from govcloud.authorization.deciding.live import LiveEngine
from govcloud.kernel.database import db
from govcloud.services import Services
from govcloud.wiring import make_policies_beside

_MOST_SECONDS = 120
_ROLES = "COPY role (id, code, name, valid_from) FROM STDIN"
_RULES = "COPY policy_rule (id, role_code, function, condition, effect, scope_expr, masked, hidden, position, valid_from) FROM STDIN"
#: The next version with the rules of now, as an installation writes it: a version, and the change that the keepers follow.
_VERSION = """
    INSERT INTO policy_version (id, number, source, checksum, document, installed_at, installed_by)
    SELECT %(id)s, max(number) + 1, 'benchmark', '', '', clock_timestamp(), 'benchmark' FROM policy_version
"""
_EPOCH = "INSERT INTO epoch_change (kind, reduces, at) VALUES ('policy', true, clock_timestamp())"


def measure(place: Platform, services: Services, question: Question, rounds: int) -> None:
    """Take the index's time, then the longest answer while a policy comes in: compiled within a question, and beside all of them."""
    _write_rules(place)
    _next_version(place)
    live = services.authorization._decider.live  # noqa: SLF001 - what is measured
    state = services.authorization._decider.facts.state()  # noqa: SLF001 - the same
    say(f"making the index of {RULES:,} rules from PostgreSQL")
    begun, worked = time.perf_counter(), time.thread_time()
    LiveEngine(services.authorization._decider.facts, live.surroundings).of(state.version_id)  # noqa: SLF001 - the same
    seconds, work = time.perf_counter() - begun, time.thread_time() - worked
    db.session.remove()
    label = f"index of {RULES:,} rules in a worker, read from PostgreSQL and built"
    place.sheet.add(f"{label}, clock", seconds, "s", Target("<=", 3))
    place.sheet.add(f"{label}, work of the worker", work, "s")
    within = min(_longest(place, services, question, seconds) for _ in range(rounds))
    make_policies_beside(services, services.settings)
    beside = min(_longest(place, services, question, seconds) for _ in range(rounds))
    place.sheet.add(
        f"longest answer in a busy worker while a policy of {RULES:,} rules comes in, clock",
        beside,
        "ms",
        peer=("the same where a question compiles it", within),
    )


def _longest(place: Platform, services: Services, question: Question, seconds: float) -> float:
    """Put a version in force and ask without a pause until it decides and is there whole; return the longest answer, in milliseconds."""
    say("a new policy comes in")
    before = services.authorization.decide(question).epoch
    db.session.remove()
    coming = threading.Timer(0.5, _next_version, (place,))
    coming.start()
    longest, until, since = 0, time.monotonic() + _MOST_SECONDS, 0.0
    while time.monotonic() < until:
        begun = time.perf_counter_ns()
        epoch = services.authorization.decide(question).epoch
        longest = max(longest, time.perf_counter_ns() - begun)
        if not since and epoch > before:
            since = time.monotonic()
            # Beside the questions it takes longer: they have half of the time.
            until = since + 3 * seconds + 1
        db.session.remove()
    assert since, "the new policy never came in"
    coming.join()
    return longest / 1e6


def _write_rules(place: Platform) -> None:
    """Write roles and rules beside those of the platform, as rows; as a document nobody would hand in so many at once."""
    say(f"writing {RULES:,} rules")
    roles, rules = Province(FEW_OFFICIALS).policy
    with psycopg.connect(place.owner_url) as connection, connection.cursor() as cursor:
        found = cursor.execute("SELECT clock_timestamp()").fetchone()
        assert found is not None
        with cursor.copy(_ROLES) as copy:
            for role in roles:
                copy.write_row((uuid4(), role.code, role.name, found[0]))
        with cursor.copy(_RULES) as copy:
            for number, rule in enumerate(rules):
                fields = sorted(rule.fields.masked), sorted(rule.fields.hidden)
                copy.write_row(
                    (uuid4(), rule.role, rule.function, rule.condition, rule.effect, rule.scope_expr, *fields, number + 10_000, found[0])
                )
    place.analyze()


def _next_version(place: Platform) -> UUID:
    version = uuid4()
    with psycopg.connect(place.owner_url) as connection:
        connection.execute(_VERSION, {"id": version})
        connection.execute(_EPOCH)
        connection.execute("NOTIFY govcloud_epoch")
    return version
