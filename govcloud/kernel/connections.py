"""How connections to the database are kept: one that the server closed is noticed when it is taken out, without asking the server."""

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
