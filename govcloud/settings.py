"""The settings of a platform, typed, from the environment; an unsafe one stops the start with the reason and the remedy."""

from __future__ import annotations

import os
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Self
from urllib.parse import SplitResult, urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
LEAST_SECRET = 32
_LAST_PORT = 65_535
ZoneName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,31}$")]


class SettingsError(Exception):
    """A setting is missing or unsafe; the text names each, with its value and what to do."""


class Environment(StrEnum):
    """Where the platform runs: at home (development, test) or in service (production)."""

    DEVELOPMENT = "development"
    TEST = "test"
    PRODUCTION = "production"


class Settings(BaseSettings):
    """Every setting; the environment variable is ``GOVCLOUD_`` plus the name, except ``DATABASE_URL`` and ``DATABASE_OWNER_URL``."""

    model_config = SettingsConfigDict(env_prefix="GOVCLOUD_", extra="ignore", frozen=True)

    environment: Environment = Environment.DEVELOPMENT
    # Addresses hold passwords, so they stay out of what is printed about the settings.
    database_url: str = Field(validation_alias="DATABASE_URL", repr=False, description="the application's role: may read, insert, update")
    database_owner_url: str | None = Field(
        default=None, validation_alias="DATABASE_OWNER_URL", repr=False, description="the role that owns the tables: migrations only"
    )
    database_pool_size: int = Field(default=8, ge=1, le=200)
    public_url: str = "http://127.0.0.1:8000"
    master_key_file: Path
    trusted_proxies: int = Field(default=0, ge=0, le=3, description="how many proxies in front may name the client's address")
    client_certificate_header: str | None = Field(
        default=None, pattern=r"^[A-Za-z][A-Za-z0-9-]{2,63}$", description="the header in which the proxy hands on the client's certificate"
    )
    client_certificate_secret: SecretStr | None = Field(default=None, description="what the proxy proves with that it wrote that header")
    client_certificate_url: str | None = Field(default=None, description="where the proxy asks for certificates, if not at public_url")
    session_idle_minutes: int = Field(default=30, ge=1, le=240)
    session_absolute_hours: int = Field(default=10, ge=1, le=24)
    access_token_seconds: int = Field(default=300, ge=30, le=300)
    signing_key_days: int = Field(default=90, ge=1, le=3650, description="how long a key signs before the next one is made")
    code_seconds: int = Field(default=60, ge=10, le=120)
    activation_hours: int = Field(default=72, ge=1, le=720, description="how long a one-time activation code can be used")
    import_max_bytes: int = Field(default=64 * 1_048_576, ge=65_536, le=1024 * 1_048_576, description="largest file of people to upload")
    lock_attempts: int = Field(default=5, ge=3, le=20)
    lock_window_minutes: int = Field(default=5, ge=1, le=60)
    lock_minutes: int = Field(default=30, ge=1, le=1440)
    breached_passwords_file: Path | None = Field(default=None, description="a sorted file of known passwords or their SHA-1 digests")
    hash_concurrency: int = Field(default_factory=lambda: os.cpu_count() or 1, ge=1, le=256)
    request_max_bytes: int = Field(default=1_048_576, ge=16_384, le=64 * 1_048_576)
    decision_rate: int = Field(default=20_000, ge=10, le=1_000_000, description="decisions a second that one client gets of one worker")
    decision_log_sample: float = Field(default=0.01, ge=0, le=1, description="share of the unremarkable permissions that are logged")
    notice_read_days: int = Field(default=180, ge=1, le=3650, description="how long a notice is kept after it was read")
    notice_unread_days: int = Field(default=400, ge=1, le=3650, description="how long a notice is kept that nobody read")
    decision_log_days: int = Field(default=180, ge=1, le=3650, description="how long the decision log is kept")
    replica_dir: Path | None = Field(default=None, description="the folder of this machine's replica of what decisions read")
    replica_bound_seconds: float = Field(default=2.0, ge=0.5, le=60, description="how old the replica may be; then the database is read")
    clock_bound_seconds: float = Field(
        default=2.0, ge=0.1, le=60, description="how far this machine's clock may be from the database's; beyond it nothing is decided"
    )
    work_calendar_file: Path | None = Field(default=None, description="days off and make-up working days beside those that are shipped")
    smtp_url: SecretStr | None = Field(
        default=None, description="where mail is handed over: smtps://user:password@host, smtp+starttls://…, or smtp:// on this machine"
    )
    mail_from: str | None = Field(default=None, pattern=r"^[^\s@<>,;:'\"]{1,64}@[A-Za-z0-9.-]{1,255}$", description="from whom mail comes")
    network_zones: dict[ZoneName, tuple[IPv4Network | IPv6Network, ...]] = Field(
        default_factory=dict, description='the networks of each zone that rules may name, as JSON: {"office": ["10.0.0.0/8"]}'
    )

    @field_validator("database_url", "database_owner_url")
    @classmethod
    def _postgresql_only(cls, value: str | None) -> str | None:
        """Bring the address to SQLAlchemy's psycopg form; refuse every other engine."""
        if value is None:
            return None
        scheme, separator, rest = value.partition("://")
        if not separator or scheme not in {"postgresql", "postgres", "postgresql+psycopg"}:
            # The value may hold a password, so only its scheme is named.
            raise ValueError(f"needs an address postgresql://…, got scheme {scheme[:30]!r}; PostgreSQL is the one engine")
        address = f"postgresql+psycopg://{rest}"
        if not _readable(address):
            raise ValueError("the address cannot be read: check host and port, and write special characters of the password as %XX")
        return address

    @field_validator("public_url", "client_certificate_url")
    @classmethod
    def _origin(cls, value: str | None) -> str | None:
        """Keep the origin without a trailing slash; it is the issuer and the base of every published address."""
        if value is None:
            return None
        parts = _split(value)
        if parts is None or parts.scheme not in {"http", "https"} or not parts.hostname or any(_beyond_origin(parts)):
            raise ValueError(f"needs an address such as https://cloud.example.gov.cn, got {value!r}")
        if parts.username is not None:
            raise ValueError("needs an address such as https://cloud.example.gov.cn, without an account in it")
        if parts.scheme == "http" and parts.hostname not in LOOPBACK:
            raise ValueError(f"http is only for this machine; use https for {parts.hostname!r}")
        return value.rstrip("/")

    @model_validator(mode="after")
    def _safe(self) -> Self:
        """Refuse what would be unsafe in service."""
        if self.environment is Environment.PRODUCTION:
            if not self.public_url.startswith("https://"):
                raise ValueError(f"production needs an https public_url, got {self.public_url!r}")
            if self.database_owner_url is not None and self.database_owner_url == self.database_url:
                raise ValueError("production needs two database roles: DATABASE_URL must not be the owner's address")
        return self

    @model_validator(mode="after")
    def _certificates_from_the_proxy(self) -> Self:
        """Refuse a header with certificates that anybody could write."""
        if self.client_certificate_header is None:
            return self
        if self.trusted_proxies == 0:
            raise ValueError("client_certificate_header needs a proxy that writes it: set GOVCLOUD_TRUSTED_PROXIES")
        secret = self.client_certificate_secret
        if secret is None or len(secret.get_secret_value()) < LEAST_SECRET:
            raise ValueError(f"client_certificate_header needs GOVCLOUD_CLIENT_CERTIFICATE_SECRET of {LEAST_SECRET} characters or more")
        return self

    @model_validator(mode="after")
    def _mail_whole(self) -> Self:
        """Refuse a mail server without a sender, and one that would be spoken to in clear across a network."""
        if self.smtp_url is None:
            return self
        parts = _split(self.smtp_url.get_secret_value())
        if parts is None or parts.scheme not in {"smtp", "smtp+starttls", "smtps"} or not parts.hostname:
            # The value may hold a password, so it is not named.
            raise ValueError("smtp_url needs an address such as smtps://user:password@mail.example.gov.cn")
        if parts.scheme == "smtp" and parts.hostname not in LOOPBACK:
            raise ValueError("smtp:// is only for this machine; use smtps:// or smtp+starttls://")
        if self.mail_from is None:
            raise ValueError("smtp_url needs GOVCLOUD_MAIL_FROM: from whom mail comes")
        return self

    @property
    def secure(self) -> bool:
        """Whether browsers reach the platform over TLS (cookies are then ``Secure`` and ``__Host-``)."""
        return self.public_url.startswith("https://")

    @property
    def host(self) -> str:
        """Return host and port as a browser's ``Host`` header has them."""
        return urlsplit(self.public_url).netloc


def _readable(address: str) -> bool:
    """Return whether a database's address can be read, with a port that exists if it names one."""
    try:
        port = make_url(address).port
    except (ArgumentError, ValueError):
        return False
    return port is None or 0 < port <= _LAST_PORT


def _beyond_origin(parts: SplitResult) -> tuple[str, ...]:
    """Return what an address says beyond its origin, the account apart."""
    return (parts.path.strip("/"), parts.query, parts.fragment)


def _split(address: str) -> SplitResult | None:
    """Return the parts of a web address; ``None`` when it is none."""
    try:
        parts = urlsplit(address)
        _ = parts.port  # read only when it is asked for
    except ValueError:
        return None
    return parts


def load_settings(**given: object) -> Settings:
    """Return the settings of the environment; ``given`` values win over it.

    Raises:
        SettingsError: names every wrong or missing setting in one text.
    """
    try:
        return Settings(**given)  # type: ignore[arg-type]  # pydantic checks the values
    except ValidationError as error:
        raise SettingsError("\n".join(_explain(item["loc"], item["msg"]) for item in error.errors())) from None


def _explain(location: tuple[int | str, ...], reason: str) -> str:
    """Return one line about one setting, by the name that an operator sets."""
    if not location:
        return f"settings: {reason.removeprefix('Value error, ')}"
    name = str(location[0])
    variable = name if name.isupper() else f"GOVCLOUD_{name.upper()}"
    return f"{variable}: {reason.removeprefix('Value error, ')}"
