"""The tables of the lists beside their entries: what each entry says by version, the editions, and uploads that wait."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint

from govcloud.kernel.database import Base, Mapped, Temporal, mapped_column, prefix_index, temporal_args

_KIND = "kind IN ('power', 'implementation')"


class ListEdition(Base):
    """One change of a list: an import that was applied, or one batch of registrations, changes or withdrawals.

    ``number`` counts the editions of each list. ``department_path`` bounds it (``"/"``: the whole province). The counts grow when
    a long list is written in several transactions.
    """

    __tablename__ = "list_edition"
    __table_args__ = (
        UniqueConstraint("kind", "number"),
        CheckConstraint(_KIND, name="kind"),
        CheckConstraint("number >= 1", name="number"),
        Index("ix_list_edition_sha256", "sha256"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    number: Mapped[int]
    title: Mapped[str]
    note: Mapped[str]
    file_name: Mapped[str | None]
    sha256: Mapped[str | None]
    department_path: Mapped[str]
    complete: Mapped[bool]
    actor_id: Mapped[str]
    actor_name: Mapped[str]
    recorded_at: Mapped[datetime]
    added: Mapped[int]
    changed: Mapped[int]
    unchanged: Mapped[int]
    withdrawn: Mapped[int]


class PowerItemVersion(Temporal, Base):
    """What an entry of the power list said over a window of time; ``kind`` is two digits and an open set, as provinces add kinds."""

    __tablename__ = "power_item_version"
    __table_args__ = (
        *temporal_args(),
        UniqueConstraint("power_item_id", "version"),
        CheckConstraint("kind ~ '^[0-9]{2}$'", name="kind"),
        CheckConstraint("version >= 1", name="version"),
        Index("uq_power_item_version_live", "power_item_id", unique=True, postgresql_where="valid_to IS NULL"),
        Index("ix_power_item_version_edition_id", "edition_id"),
        prefix_index("ix_power_item_version_name", "name"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    power_item_id: Mapped[UUID] = mapped_column(ForeignKey("power_item.id"))
    version: Mapped[int]
    name: Mapped[str]
    kind: Mapped[str]
    legal_basis: Mapped[str]
    edition_id: Mapped[UUID] = mapped_column(ForeignKey("list_edition.id"))


class ServiceItemVersion(Temporal, Base):
    """What a service item said over a window of time; ``promised_days`` are working days, NULL when none are promised."""

    __tablename__ = "service_item_version"
    __table_args__ = (
        *temporal_args(),
        UniqueConstraint("service_item_id", "version"),
        CheckConstraint("version >= 1", name="version"),
        CheckConstraint("promised_days BETWEEN 0 AND 999", name="promised_days"),
        Index("uq_service_item_version_live", "service_item_id", unique=True, postgresql_where="valid_to IS NULL"),
        Index("ix_service_item_version_edition_id", "edition_id"),
        prefix_index("ix_service_item_version_name", "name"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    service_item_id: Mapped[UUID] = mapped_column(ForeignKey("service_item.id"))
    version: Mapped[int]
    name: Mapped[str]
    promised_days: Mapped[int | None]
    edition_id: Mapped[UUID] = mapped_column(ForeignKey("list_edition.id"))


class ListUpload(Base):
    """A file that was uploaded to be looked at before it is imported; its pieces go when that is settled."""

    __tablename__ = "list_upload"
    __table_args__ = (
        CheckConstraint(_KIND, name="kind"),
        CheckConstraint("state IN ('waiting', 'applied', 'discarded')", name="state"),
        Index("ix_list_upload_waiting", "created_at", postgresql_where="state = 'waiting'"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    name: Mapped[str]
    sha256: Mapped[str]
    size: Mapped[int] = mapped_column(BigInteger)
    order: Mapped[dict[str, Any]]
    actor_id: Mapped[str]
    state: Mapped[str]
    edition_id: Mapped[UUID | None] = mapped_column(ForeignKey("list_edition.id"))
    created_at: Mapped[datetime]


class ListPiece(Base):
    """A sealed piece of an upload."""

    __tablename__ = "list_piece"

    upload_id: Mapped[UUID] = mapped_column(ForeignKey("list_upload.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    sealed: Mapped[bytes]
