"""Ready-made settings for the other side of a client, as a table: which libraries and servers there are, and the text for each.

To add one: a template in ``templates/console/settings/`` and a line in ``READY``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from flask import render_template

from govcloud.kernel.messages import Message
from govcloud.subsystems.beginnings import origin_of
from govcloud.subsystems.protocols import AUTHORIZATION_CODE, CAS, CLIENT_CREDENTIALS, FORWARD_AUTH, OIDC, SECRET, OidcSettings
from govcloud.subsystems.views import ClientView


@dataclass(frozen=True)
class Ready:
    """One text to copy: its name in the address, its title, its template, and for which clients it works."""

    name: str
    title: str
    template: str
    fits: Callable[[ClientView], bool] = lambda _client: True


@dataclass(frozen=True)
class Endpoint:
    """One address of the platform that the other side has to know."""

    label: str
    address: str


def _signs_in(client: ClientView) -> bool:
    return isinstance(client.settings, OidcSettings) and AUTHORIZATION_CODE in client.settings.grant_types


def _signs_in_by_secret(client: ClientView) -> bool:
    return _signs_in(client) and client.auth_method == SECRET


def _acts_itself(client: ClientView) -> bool:
    return isinstance(client.settings, OidcSettings) and CLIENT_CREDENTIALS in client.settings.grant_types and client.auth_method == SECRET


READY: Mapping[str, tuple[Ready, ...]] = {
    OIDC: (
        Ready("flask", "Flask · govcloud.client", "govcloud_flask.txt", _signs_in_by_secret),
        Ready("authlib", "Flask · Authlib", "authlib_flask.txt", _signs_in_by_secret),
        Ready("openid-client", "Node.js · openid-client 6", "openid_client.txt", _signs_in),
        Ready("oidc-client-ts", "oidc-client-ts 3", "oidc_client_ts.txt", lambda client: _signs_in(client) and client.public),
        Ready("mod_auth_openidc", "Apache · mod_auth_openidc", "mod_auth_openidc.txt", _signs_in),
        Ready("spring", "Spring Security", "spring.txt", _signs_in_by_secret),
        Ready("machine", "curl · client_credentials", "client_credentials.txt", _acts_itself),
    ),
    CAS: (
        Ready("python-cas", "python-cas", "python_cas.txt"),
        Ready("mod_auth_cas", "Apache · mod_auth_cas", "mod_auth_cas.txt"),
        Ready("cas", "Java CAS Client", "cas_endpoints.txt"),
    ),
    FORWARD_AUTH: (Ready("nginx", "nginx · auth_request", "nginx.txt"),),
}
_PATHS: Mapping[str, Mapping[str, str]] = {
    OIDC: {
        "issuer": "",
        "discovery": "/.well-known/openid-configuration",
        "authorization_endpoint": "/oidc/authorize",
        "token_endpoint": "/oidc/token",
        "jwks_uri": "/oidc/jwks",
        "userinfo_endpoint": "/oidc/userinfo",
        "end_session_endpoint": "/oidc/logout",
    },
    CAS: {
        "login": "/cas/login",
        "p3/serviceValidate": "/cas/p3/serviceValidate",
        "serviceValidate": "/cas/serviceValidate",
        "logout": "/cas/logout",
    },
    FORWARD_AUTH: {"check": "/forward-auth/check", "start": "/forward-auth/start"},
}
#: What a client that has no such address yet is shown in its place.
_SAMPLE = "https://app.example.gov.cn/callback"

NO_SECRET = Message("密钥不在配置中：请从环境变量或只有服务账号可读的文件读取。")


def ready_for(client: ClientView) -> tuple[Ready, ...]:
    """Return the texts that fit a client, in the order of the page."""
    return tuple(one for one in READY[client.protocol] if one.fits(client))


def endpoints_for(client: ClientView, issuer: str) -> tuple[Endpoint, ...]:
    """Return the addresses of the platform that a client's other side needs."""
    return tuple(Endpoint(label, f"{issuer}{path}") for label, path in _PATHS[client.protocol].items())


def text_of(one: Ready, client: ClientView, issuer: str) -> str:
    """Return a text filled with the settings of a client; a secret is never part of it."""
    return render_template(f"console/settings/{one.template}", client=client, issuer=issuer, **_values(client, issuer)).strip() + "\n"


def _values(client: ClientView, issuer: str) -> dict[str, Any]:
    redirect = next(iter(client.redirect_uris), _SAMPLE)
    service = next(iter(client.services), _SAMPLE)
    origin = next(iter(client.origins), _SAMPLE)
    own = client.settings.jwks if isinstance(client.settings, OidcSettings) and client.settings.jwks else {"keys": [{}]}
    return {
        "redirect": redirect,
        "redirect_path": urlsplit(redirect).path or "/",
        "after": next(iter(client.post_logout_uris), ""),
        "service": service,
        "service_path": urlsplit(service).path or "/",
        "service_origin": origin_of(service),
        "origin": origin,
        "host": urlsplit(origin).hostname,
        "listen": "443 ssl" if origin.startswith("https:") else urlsplit(origin).port or 80,
        "cookie": f"{'__Host-' if origin.startswith('https:') else ''}govcloud-{client.client_id}",
        "platform_host": urlsplit(issuer).netloc,
        "kid": own["keys"][0].get("kid", ""),
        "flask_callback": f"{origin_of(redirect)}/govcloud/callback",
    }
