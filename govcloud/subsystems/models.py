"""The tables of the catalogue: subsystems, functions, requestable items, clients, the power list and matters."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text

from govcloud.kernel.database import Base, Mapped, Temporal, mapped_column, prefix_index, temporal_args
from govcloud.subsystems.sought import Sought

FUNCTION_CODE = "^[a-z][a-z0-9_]*(:[a-z][a-z0-9_]*){2}$"


class Subsystem(Sought, Base):
    """A relying system, owned by a department; the platform itself stands in its own catalogue and has no owner."""

    __tablename__ = "subsystem"
    __table_args__ = (
        UniqueConstraint("code"),
        CheckConstraint("code ~ '^[a-z][a-z0-9_]*$'", name="code"),
        CheckConstraint("integration_level BETWEEN 0 AND 3", name="integration_level"),
        CheckConstraint("status IN ('registered', 'submitted', 'checked', 'published', 'retired')", name="status"),
        CheckConstraint("owner_department_id IS NOT NULL OR code = 'govcloud'", name="owner"),
        Index("ix_subsystem_owner_department_id", "owner_department_id"),
        Index("ix_subsystem_search_grams", "search_grams", postgresql_using="gin"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    code: Mapped[str]
    name: Mapped[str]
    owner_department_id: Mapped[UUID | None] = mapped_column(ForeignKey("department.id"))
    integration_level: Mapped[int]
    status: Mapped[str]
    launch_url: Mapped[str | None]
    webhook_url: Mapped[str | None]
    description: Mapped[str]
    created_at: Mapped[datetime]


class SubsystemStep(Base):
    """One step of a subsystem on its way into service, with what the checks found then; only ever added to."""

    __tablename__ = "subsystem_step"
    __table_args__ = (
        CheckConstraint("step IN ('register', 'submit', 'return', 'check', 'publish', 'retire', 'hand_over')", name="step"),
        Index("ix_subsystem_step_subsystem_id", "subsystem_id", "at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    subsystem_id: Mapped[UUID] = mapped_column(ForeignKey("subsystem.id"))
    step: Mapped[str]
    at: Mapped[datetime]
    actor: Mapped[str]
    official_id: Mapped[UUID | None] = mapped_column(ForeignKey("official.id"))
    appointment_id: Mapped[UUID | None] = mapped_column(ForeignKey("appointment.id"))
    note: Mapped[str]
    findings: Mapped[dict[str, Any]]


class SubsystemFunction(Temporal, Base):
    """What can be done in a subsystem, named ``subsystem:resource:action``; what it is like stands in its versions."""

    __tablename__ = "subsystem_function"
    __table_args__ = (
        *temporal_args(),
        Index("uq_subsystem_function_live", "code", unique=True, postgresql_where="valid_to IS NULL"),
        # A colon before a letter reads as a bound parameter in textual SQL; it is escaped for SQLAlchemy.
        CheckConstraint(f"code ~ '{FUNCTION_CODE}'".replace(":[", "\\:["), name="code"),
        Index("ix_subsystem_function_subsystem_id", "subsystem_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    subsystem_id: Mapped[UUID] = mapped_column(ForeignKey("subsystem.id"))
    code: Mapped[str]


class SubsystemFunctionVersion(Sought, Temporal, Base):
    """A function as it is for a while; the last version stays open when the function is withdrawn, whose own end counts.

    ``basis_note`` says why the function rests on no service item, where that is so. ``label`` is its security label (安全标记): who uses it
    has to be cleared for as much.
    """

    __tablename__ = "subsystem_function_version"
    __table_args__ = (
        *temporal_args(),
        Index("uq_subsystem_function_version_live", "function_id", unique=True, postgresql_where="valid_to IS NULL"),
        CheckConstraint("integration_level BETWEEN 0 AND 3", name="integration_level"),
        CheckConstraint("label BETWEEN 0 AND 4", name="label"),
        Index("ix_subsystem_function_version_search_grams", "search_grams", postgresql_using="gin"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    function_id: Mapped[UUID] = mapped_column(ForeignKey("subsystem_function.id"))
    name: Mapped[str]
    description: Mapped[str]
    sensitive: Mapped[bool]
    integration_level: Mapped[int]
    basis_note: Mapped[str]
    label: Mapped[int] = mapped_column(server_default="0")


class FunctionBasis(Temporal, Base):
    """A service item on which a function rests: what one may be given the function for (政务数据共享条例)."""

    __tablename__ = "function_basis"
    __table_args__ = (
        *temporal_args(),
        Index("uq_function_basis_live", "function_id", "service_item_id", unique=True, postgresql_where="valid_to IS NULL"),
        Index("ix_function_basis_service_item_id", "service_item_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    function_id: Mapped[UUID] = mapped_column(ForeignKey("subsystem_function.id"))
    service_item_id: Mapped[UUID] = mapped_column(ForeignKey("service_item.id"))


class CatalogueItem(Temporal, Base):
    """A function, or a slice of it, that may be requested: by its id and a version, which says what it is like."""

    __tablename__ = "catalogue_item"
    __table_args__ = (*temporal_args(), Index("ix_catalogue_item_function_id", "function_id"))

    id: Mapped[UUID] = mapped_column(primary_key=True)
    function_id: Mapped[UUID] = mapped_column(ForeignKey("subsystem_function.id"))


class CatalogueItemVersion(Sought, Temporal, Base):
    """An item as it is for a while; ``tier`` says how much care it needs.

    The last version stays open when the item is withdrawn, whose own end counts.
    """

    __tablename__ = "catalogue_item_version"
    __table_args__ = (
        *temporal_args(),
        UniqueConstraint("item_id", "version"),
        Index("uq_catalogue_item_version_live", "item_id", unique=True, postgresql_where="valid_to IS NULL"),
        CheckConstraint("tier IN ('auto', 'one', 'quorum', 'serial', 'two_units')", name="tier"),
        CheckConstraint("max_days BETWEEN 1 AND 366", name="max_days"),
        CheckConstraint("scope_kind IN ('none', 'division')", name="scope_kind"),
        CheckConstraint("version >= 1", name="version"),
        CheckConstraint("grace_minutes BETWEEN 0 AND 30", name="grace_minutes"),
        Index("ix_catalogue_item_version_owner_department_id", "owner_department_id"),
        Index("ix_catalogue_item_version_search_grams", "search_grams", postgresql_using="gin"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    item_id: Mapped[UUID] = mapped_column(ForeignKey("catalogue_item.id"))
    version: Mapped[int]
    name: Mapped[str]
    exposes: Mapped[str]
    tier: Mapped[str]
    approval: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'::jsonb"))
    max_days: Mapped[int]
    requires_case_number: Mapped[bool]
    scope_kind: Mapped[str]
    owner_department_id: Mapped[UUID] = mapped_column(ForeignKey("department.id"))
    # So long after its end a grant lets work in progress finish; never for sensitive functions, never after a revocation.
    grace_minutes: Mapped[int] = mapped_column(server_default="0")


class Client(Base):
    """What a subsystem signs in with: its protocol, how it proves who it is, and the protocol's own settings (``protocols.py``).

    A public client (RFC 6749 section 2.1: ``auth_method`` ``none``) has no secret, and losing a secret makes none public.
    ``roles`` are what the security administrator entrusted it with beyond its own subsystem, e.g. ``provisioning``.
    """

    __tablename__ = "client"
    __table_args__ = (
        UniqueConstraint("client_id"),
        CheckConstraint("protocol IN ('oidc', 'cas', 'forward_auth')", name="protocol"),
        CheckConstraint(
            "auth_method IN ('none', 'client_secret', 'private_key_jwt', 'tls_client_auth', 'self_signed_tls_client_auth')",
            name="auth_method",
        ),
        CheckConstraint("(auth_method = 'client_secret') = (secret_digest IS NOT NULL)", name="secret"),
        CheckConstraint("roles <@ ARRAY['provisioning', 'address_source']", name="roles"),
        Index("ix_client_subsystem_id", "subsystem_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    subsystem_id: Mapped[UUID] = mapped_column(ForeignKey("subsystem.id"))
    client_id: Mapped[str]
    protocol: Mapped[str]
    auth_method: Mapped[str]
    settings: Mapped[dict[str, Any]]
    secret_digest: Mapped[bytes | None]
    name: Mapped[str]
    roles: Mapped[list[str]] = mapped_column(server_default="{}")
    created_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None]


class ClientRedirect(Base):
    """One address of a client: an exact one to come back to after sign-in or sign-out, the beginning of a CAS service, an origin."""

    __tablename__ = "client_redirect"
    __table_args__ = (
        Index("uq_client_redirect_live", "client_id", "kind", "uri", unique=True, postgresql_where="removed_at IS NULL"),
        Index("ix_client_redirect_uri", "kind", "uri", postgresql_where="removed_at IS NULL"),
        CheckConstraint("kind IN ('redirect', 'post_logout', 'service', 'origin')", name="kind"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    client_id: Mapped[UUID] = mapped_column(ForeignKey("client.id"))
    uri: Mapped[str]
    kind: Mapped[str]
    removed_at: Mapped[datetime | None]


class PowerItem(Temporal, Base):
    """An entry of the power list of a department; what it says stands in its versions (``listing/models.py``).

    One row is one stay on the list: what left and comes back is entered anew. ``service_item`` rows refer to it.
    """

    __tablename__ = "power_item"
    __table_args__ = (
        *temporal_args(),
        Index("uq_power_item_live", "department_id", "code", unique=True, postgresql_where="valid_to IS NULL"),
        Index("ix_power_item_department_id", "department_id", "code", "id"),
        Index("ix_power_item_ended_edition_id", "ended_edition_id"),
        prefix_index("ix_power_item_code", "code"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    code: Mapped[str]
    department_id: Mapped[UUID] = mapped_column(ForeignKey("department.id"))
    ended_edition_id: Mapped[UUID | None] = mapped_column(ForeignKey("list_edition.id"))


class ServiceItem(Temporal, Base):
    """A government service item of the implementation list (GB/T 39554.1, implementation code of 31 characters).

    What it says stands in its versions; the code is unique among those that stand on the list.
    """

    __tablename__ = "service_item"
    __table_args__ = (
        *temporal_args(),
        CheckConstraint("length(code) = 31", name="code"),
        Index("uq_service_item_live", "code", unique=True, postgresql_where="valid_to IS NULL"),
        Index("ix_service_item_power_item_id", "power_item_id"),
        Index("ix_service_item_department_id", "department_id", "code", "id"),
        Index("ix_service_item_ended_edition_id", "ended_edition_id"),
        prefix_index("ix_service_item_code", "code"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    code: Mapped[str]
    power_item_id: Mapped[UUID] = mapped_column(ForeignKey("power_item.id"))
    department_id: Mapped[UUID] = mapped_column(ForeignKey("department.id"))
    ended_edition_id: Mapped[UUID | None] = mapped_column(ForeignKey("list_edition.id"))


class Matter(Temporal, Base):
    """One matter (一件事): a template of items across departments, led by one of them; what it is like stands in its versions."""

    __tablename__ = "matter"
    __table_args__ = (*temporal_args(), UniqueConstraint("code"))

    id: Mapped[UUID] = mapped_column(primary_key=True)
    code: Mapped[str]


class MatterVersion(Sought, Temporal, Base):
    """A matter as it is for a while. The last version stays open when the matter ends, whose own end counts."""

    __tablename__ = "matter_version"
    __table_args__ = (
        *temporal_args(),
        UniqueConstraint("matter_id", "version"),
        Index("uq_matter_version_live", "matter_id", unique=True, postgresql_where="valid_to IS NULL"),
        CheckConstraint("version >= 1", name="version"),
        Index("ix_matter_version_lead_department_id", "lead_department_id"),
        Index("ix_matter_version_search_grams", "search_grams", postgresql_using="gin"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    matter_id: Mapped[UUID] = mapped_column(ForeignKey("matter.id"))
    version: Mapped[int]
    name: Mapped[str]
    lead_department_id: Mapped[UUID] = mapped_column(ForeignKey("department.id"))


class MatterItem(Base):
    """One item of a version of a matter; items of one ``stage`` (from 1) are wanted at the same time.

    ``duty`` is the part that it serves: handling a case (经办) or reviewing it (复核); NULL: either.
    """

    __tablename__ = "matter_item"
    __table_args__ = (
        UniqueConstraint("version_id", "catalogue_item_id"),
        CheckConstraint("stage >= 1", name="stage"),
        CheckConstraint("duty IN ('handle', 'review')", name="duty"),
        Index("ix_matter_item_catalogue_item_id", "catalogue_item_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    version_id: Mapped[UUID] = mapped_column(ForeignKey("matter_version.id"))
    catalogue_item_id: Mapped[UUID] = mapped_column(ForeignKey("catalogue_item.id"))
    stage: Mapped[int]
    duty: Mapped[str | None]


class ServiceItemKey(Sought, Base):
    """What a service item that functions rest on is called, for the search; the others, a hundred times as many, lead to no function."""

    __tablename__ = "service_item_key"
    __table_args__ = (Index("ix_service_item_key_search_grams", "search_grams", postgresql_using="gin"),)

    service_item_id: Mapped[UUID] = mapped_column(ForeignKey("service_item.id"), primary_key=True)
