"""The embedded PostgreSQL: the real server from a wheel's binaries, under a launcher of our own."""

from __future__ import annotations

from govcloud.kernel.embedded_postgres.account import EmbeddedPostgresError, default_root
from govcloud.kernel.embedded_postgres.binaries import client_program
from govcloud.kernel.embedded_postgres.server import Addresses, EmbeddedPostgres, throw_away

__all__ = ["Addresses", "EmbeddedPostgres", "EmbeddedPostgresError", "client_program", "default_root", "throw_away"]
