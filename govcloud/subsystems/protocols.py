"""The protocols that a client may speak, and what each has to be told about the client: one typed record a protocol.

A record is stored as JSON beside the client (``to_json``, ``settings_of``); its fields are checked when a client is registered or
changed, so what comes out of the table is sound.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, TypeAlias

OIDC, CAS, FORWARD_AUTH = "oidc", "cas", "forward_auth"
PROTOCOLS = (OIDC, CAS, FORWARD_AUTH)

PUBLIC, SECRET = "none", "client_secret"
PRIVATE_KEY_JWT, TLS, SELF_SIGNED_TLS = "private_key_jwt", "tls_client_auth", "self_signed_tls_client_auth"
AUTH_METHODS = (PUBLIC, SECRET, PRIVATE_KEY_JWT, TLS, SELF_SIGNED_TLS)
"""How a client proves who it is; ``client_secret`` is both ``client_secret_basic`` and ``client_secret_post`` (OIDC Core 9, RFC 8705)."""

AUTHORIZATION_CODE, REFRESH_TOKEN, CLIENT_CREDENTIALS = "authorization_code", "refresh_token", "client_credentials"
DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"  # noqa: S105 - the registered name of the grant
GRANT_TYPES = (AUTHORIZATION_CODE, REFRESH_TOKEN, CLIENT_CREDENTIALS, DEVICE_CODE, TOKEN_EXCHANGE)
SIGNING_ALGORITHMS = ("ES256", "RS256")

CLAIMS = ("name", "employee_code", "appointment_id", "department", "division")
"""What a subsystem can be told about an official, whatever the protocol calls it: a claim, an attribute, a header.

Each record has those that its client may be told, as ``claims``; nothing else about an official leaves for that client.
"""


@dataclass(frozen=True)
class OidcSettings:
    """A client of OpenID Connect and OAuth 2.

    ``jwks`` or ``jwks_uri`` hold its own public keys (``private_key_jwt``, ``self_signed_tls_client_auth``), ``tls_subject_dn`` the
    subject of its certificate (RFC 8705 section 2.1.2). ``may_call`` are the codes of subsystems that it may call on behalf of an
    official (RFC 8693). ``rotate_refresh`` may be switched off for a client that can keep a secret.
    """

    grant_types: tuple[str, ...] = (AUTHORIZATION_CODE, REFRESH_TOKEN)
    id_token_alg: str = SIGNING_ALGORITHMS[0]
    require_pkce: bool = True
    require_pushed_requests: bool = False
    dpop_bound: bool = False
    tls_bound: bool = False
    rotate_refresh: bool = True
    jwks: Mapping[str, Any] | None = None
    jwks_uri: str | None = None
    tls_subject_dn: str | None = None
    backchannel_logout_uri: str | None = None
    backchannel_logout_session_required: bool = True
    frontchannel_logout_uri: str | None = None
    frontchannel_logout_session_required: bool = True
    may_call: tuple[str, ...] = ()
    web_origins: tuple[str, ...] = ()
    claims: tuple[str, ...] = CLAIMS


@dataclass(frozen=True)
class CasSettings:
    """A client of the CAS protocol; ``proxy`` lets it get tickets for other services (CAS 3.0 section 2.5)."""

    single_logout: bool = True
    logout_url: str | None = None
    proxy: bool = False
    attributes: tuple[str, ...] = CLAIMS

    @property
    def claims(self) -> tuple[str, ...]:
        """Return what the client may be told."""
        return self.attributes


@dataclass(frozen=True)
class ForwardAuthSettings:
    """A legacy application behind a proxy that asks for each request; ``rules`` are pairs of path beginning and function needed there."""

    headers: tuple[str, ...] = CLAIMS
    rules: tuple[tuple[str, str], ...] = ()

    @property
    def claims(self) -> tuple[str, ...]:
        """Return what the client may be told."""
        return self.headers


ProtocolSettings: TypeAlias = OidcSettings | CasSettings | ForwardAuthSettings

RECORDS: Mapping[str, type[OidcSettings | CasSettings | ForwardAuthSettings]] = {
    OIDC: OidcSettings,
    CAS: CasSettings,
    FORWARD_AUTH: ForwardAuthSettings,
}


def protocol_of(settings: ProtocolSettings) -> str:
    """Return the protocol whose settings these are."""
    return next(protocol for protocol, record in RECORDS.items() if isinstance(settings, record))


def to_json(settings: ProtocolSettings) -> dict[str, Any]:
    """Return the settings as they are stored."""
    return asdict(settings)


def settings_of(protocol: str, stored: Mapping[str, Any]) -> ProtocolSettings:
    """Return the settings that were stored; what was not known yet when they were has its default."""
    record = RECORDS[protocol]
    known = {field.name for field in fields(record)}
    return record(**{name: _frozen(value) for name, value in stored.items() if name in known})


def _frozen(value: object) -> Any:  # noqa: ANN401 - JSON in, the same with tuples out
    return tuple(_frozen(item) for item in value) if isinstance(value, list) else value
