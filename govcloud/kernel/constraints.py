"""Turning a violated database constraint into an error that people understand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import psycopg
from sqlalchemy.exc import IntegrityError

from govcloud.kernel.errors import Conflict
from govcloud.kernel.messages import Message


@contextmanager
def explained(messages: Mapping[str, Message]) -> Iterator[None]:
    """Raise ``Conflict`` with the message of the constraint that a statement inside violates.

    Commands check first, to name every row; the constraint is what holds when two commands race, so its message is said then.
    A constraint that ``messages`` does not name is a defect of ours and stays an ``IntegrityError``.
    """
    try:
        yield
    except (IntegrityError, psycopg.IntegrityError) as error:
        # COPY goes past SQLAlchemy, so its error comes bare.
        bare = error.orig if isinstance(error, IntegrityError) else error
        violated = bare.diag.constraint_name if isinstance(bare, psycopg.Error) else None
        message = messages.get(violated or "")
        if message is None:
            raise
        raise Conflict("already_exists", message) from error
