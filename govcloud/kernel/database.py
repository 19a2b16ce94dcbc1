"""The shape that all tables share: naming, types, validity in time; and the Flask-SQLAlchemy instance.

Domains use ``Base`` and ``Temporal``; only the ways in, the composition root and the migrations touch ``db``.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

import psycopg
from flask import current_app
from flask_sqlalchemy import SQLAlchemy
from flask_sqlalchemy.session import Session as FlaskSession
from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    Connection,
    DateTime,
    Engine,
    ExceptionContext,
    Index,
    LargeBinary,
    MetaData,
    Text,
    Uuid,
    and_,
    func,
    literal_column,
    or_,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, ExcludeConstraint
from sqlalchemy.event import listens_for
from sqlalchemy.orm import DeclarativeBase, Mapped, declared_attr, mapped_column
from sqlalchemy.orm.util import AliasedClass

from govcloud.kernel.looking import Looking

NAMES = {
    "pk": "pk_%(table_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
}


class Base(DeclarativeBase):
    """The parent of every table."""

    metadata = MetaData(naming_convention=NAMES)
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: DateTime(timezone=True),
        UUID: Uuid(),
        str: Text(),
        bytes: LargeBinary(),
        dict[str, Any]: JSONB(),
        list[str]: ARRAY(Text()),
    }


class Temporal:
    """A fact that holds in ``[valid_from, valid_to)`` (UTC); an open end is NULL.

    Decisions read such facts, and as-of questions read them at another moment, so a fact is closed and never overwritten.
    """

    valid_from: Mapped[datetime]
    valid_to: Mapped[datetime | None]

    @declared_attr.directive
    def __table_args__(cls) -> tuple[Any, ...]:  # noqa: N805 - SQLAlchemy hands the class
        """Refuse a reversed window; a table with constraints of its own adds ``*temporal_args()``.

        An empty window is fine: it held at no moment, which is the truth about a fact that was closed at once.
        """
        return temporal_args()


def temporal_args() -> tuple[Any, ...]:
    """Return the constraints of ``Temporal`` for a class that writes its own ``__table_args__``."""
    return (CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name="window"),)


def live_at(table: type[Temporal] | AliasedClass[Any], at: datetime | ColumnElement[datetime]) -> ColumnElement[bool]:
    """Return the condition that a fact of ``table`` (or of an alias of one) holds at ``at``: its window is half-open."""
    return and_(table.valid_from <= at, lasts_beyond(table, at))


def lasts_beyond(table: type[Temporal] | AliasedClass[Any], at: datetime | ColumnElement[datetime]) -> ColumnElement[bool]:
    """Return the condition that a fact of ``table`` is not over at ``at``, though it may begin later."""
    return or_(table.valid_to.is_(None), table.valid_to > at)


WINDOW_FUNCTIONS = (
    """
    CREATE FUNCTION window_box(id uuid, starts timestamptz, ends timestamptz) RETURNS box LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN box(
        point(
            CAST(CAST('x' || left(replace(CAST(id AS text), '-', ''), 12) AS bit(48)) AS bigint),
            CAST(extract(epoch FROM starts AT TIME ZONE 'UTC') * 1000000 AS float8)
        ),
        point(
            CAST(CAST('x' || left(replace(CAST(id AS text), '-', ''), 12) AS bit(48)) AS bigint),
            least(coalesce(CAST(extract(epoch FROM ends AT TIME ZONE 'UTC') * 1000000 - 1 AS float8), 9007199254740992), 9007199254740992)
        )
    )
    """,
    """
    CREATE FUNCTION window_owner(id uuid) RETURNS point LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN point(
        CAST(CAST('x' || substr(replace(CAST(id AS text), '-', ''), 13, 12) AS bit(48)) AS bigint),
        CAST(CAST('x' || right(CAST(id AS text), 8) AS bit(32)) AS bigint)
    )
    """,
)
"""What the exclusion constraints stand on; a migration makes them, and ``no_overlap`` says what they mean."""


def no_overlap(name: str, near: str, where: str | None = None, *, owner: str | None = None, until: str = "valid_to") -> ExcludeConstraint:
    """Return the constraint that two windows of one owner never overlap.

    ``near`` is a column with a uuid; rows of one owner have the same, and neighbours in it are neighbours in the index, so that ids
    which rise with time are added at one end. ``owner`` is an expression that gives the owner as a uuid, where ``near`` alone is not
    it; ``until`` one that gives the end of the window.

    The embedded server has no contrib modules, so ``btree_gist`` is not at hand; ranges would do, but cost five times as much an entry.
    Boxes and points have the index built in: a box spans the first 48 bits of the id and the window in microseconds (its end, which
    is not part of it, less one), a point has the other 80 bits. All of these are whole numbers below 2^53, which floats keep whole:
    nothing is rounded before the year 2255, and what ends later is taken as open. An empty window holds at no moment.
    """
    end: ColumnElement[datetime] = literal_column(until)
    held = f"({until} IS NULL OR {until} > valid_from)"
    return ExcludeConstraint(
        (func.window_box(literal_column(near), literal_column("valid_from"), end), "&&"),
        (func.window_owner(literal_column(owner or near)), "~="),
        name=name,
        where=literal_column(f"{held} AND ({where})" if where else held),
        using="gist",
    )


def prefix_index(name: str, column: str, **options: Any) -> Index:  # noqa: ANN401 - options of sqlalchemy.Index
    """Return an index that serves ``column LIKE 'prefix%'`` whatever the collation of the database."""
    return Index(name, column, postgresql_ops={column: "text_pattern_ops"}, **options)


class ReadOnlySession(FlaskSession):
    """The session of pages, queries and the console: it refuses to write, whatever code is handed to it.

    PostgreSQL refuses as well: on the connections that it is bound to, nothing can be written (``looking.py``).
    """

    def get_bind(self, *args: Any, **kwargs: Any) -> Engine | Connection:  # noqa: ANN401 - Flask-SQLAlchemy's signature
        """Return what reads where the platform's engine connects."""
        bind = super().get_bind(*args, **kwargs)
        return looking_on(bind).engine if isinstance(bind, Engine) else bind

    def flush(self, objects: Sequence[Any] | None = None) -> None:
        """Refuse as soon as there is something to write.

        Raises:
            ReadOnlyError: an object was added, changed or deleted.
        """
        if self.new or self.dirty or self.deleted:
            raise ReadOnlyError("this session only reads; change things through a service's command")
        super().flush(objects)

    def commit(self) -> None:
        """Refuse: only the unit of work commits.

        Raises:
            ReadOnlyError: always.
        """
        raise ReadOnlyError("this session only reads; change things through a service's command")


def looking_on(engine: Engine) -> Looking:
    """Return what reads where ``engine`` of the current application connects, made once an engine."""
    known: dict[Engine, Looking] = current_app.extensions.setdefault("govcloud.looking", {})
    return known.get(engine) or known.setdefault(engine, Looking(engine))


def keep_values_out_of_errors(engine: Engine) -> None:
    """Let errors of the database name what failed, and never the values: they end in logs, and rows hold people's data.

    PostgreSQL puts the failing row into the error's detail ("Failing row contains …"); the primary message names table, column
    and constraint, which is what a log needs.
    """

    @listens_for(engine, "handle_error")
    def shorten(context: ExceptionContext) -> None:
        original, wrapped = context.original_exception, context.sqlalchemy_exception
        if not isinstance(original, psycopg.Error) or original.diag.message_detail is None:
            return
        said = str(original.diag.message_primary)
        original.args = (said,)
        if wrapped is not None:
            wrapped.args = (f"({type(original).__module__}.{type(original).__name__}) {said}",)


class ReadOnlyError(Exception):
    """Somebody tried to write outside a unit of work: a defect of the program, never of the input."""


db = SQLAlchemy(
    metadata=Base.metadata,
    session_options={"class_": ReadOnlySession, "expire_on_commit": False, "autoflush": False},
)

__all__ = [
    "Base",
    "Mapped",
    "Temporal",
    "db",
    "keep_values_out_of_errors",
    "live_at",
    "looking_on",
    "mapped_column",
    "no_overlap",
    "prefix_index",
    "temporal_args",
]
