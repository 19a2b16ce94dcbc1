"""Which database a replica is of: told apart from every other, so that none is ever answered from the replica of another."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

#: The cluster, the database in it, and the revision of its tables: after a migration a record may have to say something else.
_IDENTITY = text(
    """
    SELECT (SELECT system_identifier FROM pg_control_system())::text,
           (SELECT oid FROM pg_database WHERE datname = current_database())::text,
           (SELECT version_num FROM alembic_version)
    """
)


def identity_of(session: Session) -> bytes:
    """Return the identity of the database that ``session`` reads, as 32 bytes.

    A database that was dropped and restored under the same name is another one; one whose files were put back is recognised by
    its feed (``Head.tail``).
    """
    return hashlib.sha256("/".join(session.execute(_IDENTITY).one()).encode()).digest()


def known_identity(read: Callable[[], Session]) -> bytes | None:
    """Return the identity of the database that this process works on; ``None`` while it cannot be reached."""
    try:
        return identity_of(read())
    except OperationalError:
        return None
