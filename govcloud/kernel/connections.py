"""How connections to the database are kept: a closed one is noticed without asking the server, and what was prepared stays so."""

from __future__ import annotations

import select

import psycopg
from sqlalchemy import Engine
from sqlalchemy.event import listens_for
from sqlalchemy.exc import DisconnectionError

#: Connection arguments by which a server that vanished from the network is noticed within seconds: without them it would hold whoever
#: waits for minutes. Keepalives are for who waits for an answer and has nothing to send.
NOTICING = {"connect_timeout": 5, "tcp_user_timeout": 10_000, "keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 2}


def notice_closed(engine: Engine) -> None:
    """Give out no connection of ``engine`` that its server has closed; the pool then makes another in its place.

    A resting connection has nothing to read: when the server goes (a restart, a fail-over, an administrator), what can be read is its
    farewell or the end of the stream. Looking costs microseconds, where a question to the server (``pool_pre_ping``) cost every
    transaction a round trip. A server that vanished without a word is found by ``tcp_user_timeout``.
    """

    @listens_for(engine, "checkout")
    def look(connection: psycopg.Connection[object], _record: object, _proxy: object) -> None:
        if connection.closed or _readable(connection.fileno()):
            raise DisconnectionError("the server closed the connection while it rested")


def _readable(descriptor: int) -> bool:
    poller = select.poll()
    poller.register(descriptor, select.POLLIN | select.POLLRDHUP)
    return bool(poller.poll(0))


#: More statements than a command and its pages have; the driver's own hundred were forgotten in turn before any came up again.
_PREPARED_MOST = 400
_NEVER = 2**31


def keep_prepared(engine: Engine) -> None:
    """Let connections of ``engine`` keep all statements of the platform's commands prepared, each from its sixth time on."""

    @listens_for(engine, "connect")
    def made(driver: psycopg.Connection[object], _record: object) -> None:
        driver.prepared_max = _PREPARED_MOST


def prepare_only_what_says_so(driver: psycopg.Connection[object]) -> None:
    """Let a connection prepare what asks for it (``Prepared``) and nothing else.

    Lists and searches are planned for what is looked for: a plan for everything that might be would be a bad one for most.
    """
    driver.prepared_max, driver.prepare_threshold = _PREPARED_MOST, _NEVER
