"""The checks of a client that need no database: its id, its addresses, how it proves who it is, and the settings of its protocol.

Every wrong field is noted, with what to do about it. To add a rule: a line in the table of its protocol.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from cryptography.x509 import Name

from govcloud.kernel.messages import Message
from govcloud.kernel.validation import Fields
from govcloud.subsystems.addresses import address_fault, beginning_fault, origin_fault
from govcloud.subsystems.beginnings import canonical, origin_of
from govcloud.subsystems.changes import ClientChange
from govcloud.subsystems.clients.client_keys import holds_certificate, keys_fault
from govcloud.subsystems.inputs import MOST_NAME, NewClient
from govcloud.subsystems.protocols import (
    AUTH_METHODS,
    AUTHORIZATION_CODE,
    CAS,
    CLAIMS,
    CLIENT_CREDENTIALS,
    DEVICE_CODE,
    FORWARD_AUTH,
    GRANT_TYPES,
    OIDC,
    PRIVATE_KEY_JWT,
    PUBLIC,
    REFRESH_TOKEN,
    SECRET,
    SELF_SIGNED_TLS,
    SIGNING_ALGORITHMS,
    TLS,
    TOKEN_EXCHANGE,
    CasSettings,
    ForwardAuthSettings,
    OidcSettings,
    ProtocolSettings,
    protocol_of,
)

MOST_ADDRESSES = 20
MOST_RULES = 50
_MOST_CALLED = 50
_MOST_SUBJECT = 400
_CLIENT_ID = re.compile(r"[a-z][a-z0-9_-]{2,63}")
_PATH = re.compile(r"/[A-Za-z0-9\-._~!$&'()*+,;=:@%/]{0,499}")
ClientT = TypeVar("ClientT", NewClient, ClientChange)


@dataclass(frozen=True)
class Kind:
    """A kind of address: what is wrong with one, and the form in which a sound one is stored and compared."""

    fault: Callable[[str], Message | None]
    stored: Callable[[str], str]


_EXACT = Kind(address_fault, str)
_BEGINNING = Kind(beginning_fault, lambda address: canonical(address) or address)
_ORIGIN = Kind(origin_fault, lambda address: origin_of(address) or address)
#: The addresses that each protocol takes.
_USED: Mapping[str, Mapping[str, Kind]] = {
    OIDC: {"redirect_uris": _EXACT, "post_logout_uris": _EXACT},
    CAS: {"services": _BEGINNING},
    FORWARD_AUTH: {"origins": _ORIGIN},
}
#: CAS knows no secret of a client; the proxy before an application proves itself with one at each question.
_AUTH_METHOD: Mapping[str, str] = {CAS: PUBLIC, FORWARD_AUTH: SECRET}
_ALL = ("redirect_uris", "post_logout_uris", "services", "origins")


@dataclass(frozen=True)
class Rule:
    """One rule of a protocol: the field it is about, when it is broken, and what to say."""

    field: str
    broken: Callable[[NewClient | ClientChange, Any], bool]
    message: Message


_OIDC_RULES: tuple[Rule, ...] = (
    Rule("grant_types", lambda _c, s: not s.grant_types, Message("至少选择一种授权方式。")),
    Rule(
        "grant_types",
        lambda _c, s: REFRESH_TOKEN in s.grant_types and not {AUTHORIZATION_CODE, DEVICE_CODE} & set(s.grant_types),
        Message("refresh_token 须与 authorization_code 或设备授权一起使用。"),
    ),
    Rule(
        "grant_types",
        lambda c, s: c.auth_method == PUBLIC and CLIENT_CREDENTIALS in s.grant_types,
        Message("公开客户端不能使用 client_credentials：它不能证明自己的身份。请改用机密客户端。"),
    ),
    Rule(
        "grant_types",
        lambda c, s: c.auth_method == PUBLIC and TOKEN_EXCHANGE in s.grant_types,
        Message("公开客户端不能使用令牌交换：它不能证明自己的身份。请改用机密客户端。"),
    ),
    Rule(
        "redirect_uris",
        lambda c, s: AUTHORIZATION_CODE in s.grant_types and not c.redirect_uris,
        Message("至少登记一个登录回调地址。"),
    ),
    Rule("require_pkce", lambda c, s: c.auth_method == PUBLIC and not s.require_pkce, Message("公开客户端必须使用 PKCE。")),
    Rule("rotate_refresh", lambda c, s: c.auth_method == PUBLIC and not s.rotate_refresh, Message("公开客户端必须轮换刷新令牌。")),
    Rule("jwks_uri", lambda _c, s: s.jwks is not None and bool(s.jwks_uri), Message("公钥集与公钥集地址只能填一项（RFC 7591）。")),
    Rule(
        "jwks",
        lambda c, s: c.auth_method in {PRIVATE_KEY_JWT, SELF_SIGNED_TLS} and s.jwks is None and not s.jwks_uri,
        Message("这种认证方式需要子系统的公钥：请填写公钥集或公钥集地址。"),
    ),
    Rule(
        "jwks",
        lambda c, s: c.auth_method == SELF_SIGNED_TLS and s.jwks is not None and not holds_certificate(s.jwks),
        Message("自签名证书认证需要公钥集中含有证书（x5c）。"),
    ),
    Rule("tls_subject_dn", lambda c, s: c.auth_method == TLS and not s.tls_subject_dn, Message("请填写证书的主题名称（RFC 4514）。")),
    Rule(
        "frontchannel_logout_uri",
        lambda c, s: bool(s.frontchannel_logout_uri) and not _same_origin(s.frontchannel_logout_uri, c.redirect_uris),
        Message("前端退出地址须与某个登录回调地址同源（OpenID Connect Front-Channel Logout 1.0 第 2 节）。"),
    ),
    Rule("may_call", lambda _c, s: bool(s.may_call) and TOKEN_EXCHANGE not in s.grant_types, Message("代为调用须先选择令牌交换。")),
)


def checked_client(row: NewClient, fields: Fields) -> NewClient:
    """Check a client that is to be registered, and return it as it is stored."""
    grammar = Message("客户端标识应为 3 至 64 位小写字母、数字、连字符或下划线，以字母开头。")
    client_id = fields.matching("client_id", row.client_id, _CLIENT_ID, grammar)
    return replace(checked_change(row, fields), client_id=client_id)


def checked_change(row: ClientT, fields: Fields) -> ClientT:
    """Check what may change of a client, and return it as it is stored."""
    protocol = protocol_of(row.settings)
    used = _USED[protocol]
    addresses: dict[str, tuple[str, ...]] = {}
    for name in _ALL:
        given = getattr(row, name)
        addresses[name] = _checked_addresses(given, name, used[name], fields) if name in used else ()
        if given and name not in used:
            fields.fail(name, Message("这种协议不使用此项地址，请清空。"), given[0])
    method = _AUTH_METHOD.get(protocol) or fields.choice("auth_method", row.auth_method, AUTH_METHODS)
    clean = replace(
        row,
        name=fields.text("name", row.name, most=MOST_NAME),
        auth_method=method,
        redirect_uris=addresses["redirect_uris"],
        post_logout_uris=addresses["post_logout_uris"],
        services=addresses["services"],
        origins=addresses["origins"],
    )
    return replace(clean, settings=_CHECKS[protocol](clean, clean.settings, fields))


def _checked_addresses(addresses: Collection[str], name: str, kind: Kind, fields: Fields) -> tuple[str, ...]:
    if len(addresses) > MOST_ADDRESSES:
        fields.fail(name, Message("最多登记 %(most)s 个地址。", most=MOST_ADDRESSES), len(addresses))
    kept = []
    for address in list(addresses)[:MOST_ADDRESSES]:
        fault = kind.fault(address)
        if fault is not None:
            fields.fail(name, fault, address)
        kept.append(kind.stored(address) if fault is None else address)
    return tuple(dict.fromkeys(kept))


def _checked_oidc(row: NewClient | ClientChange, settings: OidcSettings, fields: Fields) -> OidcSettings:
    for grant in settings.grant_types:
        fields.choice("grant_types", grant, GRANT_TYPES)
    fields.choice("id_token_alg", settings.id_token_alg, SIGNING_ALGORITHMS)
    fault = keys_fault(settings.jwks) if settings.jwks is not None else None
    if fault is not None:
        fields.fail("jwks", fault)
    clean = replace(
        settings,
        grant_types=tuple(grant for grant in GRANT_TYPES if grant in settings.grant_types),
        web_origins=_checked_addresses(settings.web_origins, "web_origins", _ORIGIN, fields),
        jwks_uri=_checked_address(settings.jwks_uri, "jwks_uri", fields),
        backchannel_logout_uri=_checked_address(settings.backchannel_logout_uri, "backchannel_logout_uri", fields),
        frontchannel_logout_uri=_checked_address(settings.frontchannel_logout_uri, "frontchannel_logout_uri", fields),
        tls_subject_dn=_checked_subject(settings.tls_subject_dn, fields),
        may_call=tuple(dict.fromkeys(settings.may_call)),
        claims=_checked_claims("claims", settings.claims, fields),
    )
    if len(clean.may_call) > _MOST_CALLED:
        fields.fail("may_call", Message("最多 %(most)s 项。", most=_MOST_CALLED), len(clean.may_call))
    # A rule about a field that is wrong in itself would only repeat that.
    wrong = {finding.field.rpartition(".")[2] for finding in fields.findings}
    for rule in _OIDC_RULES:
        if rule.field not in wrong and rule.broken(row, clean):
            fields.fail(rule.field, rule.message)
    return clean


def _checked_cas(row: NewClient | ClientChange, settings: CasSettings, fields: Fields) -> CasSettings:
    if not row.services:
        fields.fail("services", Message("至少登记一个 CAS 服务地址。"))
    return replace(
        settings,
        logout_url=_checked_address(settings.logout_url, "logout_url", fields),
        attributes=_checked_claims("attributes", settings.attributes, fields),
    )


def _checked_forward_auth(row: NewClient | ClientChange, settings: ForwardAuthSettings, fields: Fields) -> ForwardAuthSettings:
    if not row.origins:
        fields.fail("origins", Message("至少登记一个应用的地址。"))
    if len(settings.rules) > MOST_RULES:
        fields.fail("rules", Message("最多 %(most)s 项。", most=MOST_RULES), len(settings.rules))
    paths = [path for path, _ in settings.rules]
    for path in paths[:MOST_RULES]:
        # A proxy resolves dot segments before it asks; a rule that holds one would never match, or match what it should not.
        if not _PATH.fullmatch(path) or "//" in path or {".", ".."} & set(path.split("/")):
            fields.fail("rules", Message("路径应以 / 开头，不含查询参数、// 和 .. 。"), path)
    # As they are read when a browser asks: in any case, with and without the slash at the end.
    read = [path.casefold().rstrip("/") for path in paths]
    for path in sorted({path for path, known in zip(paths, read, strict=True) if read.count(known) > 1}):
        fields.fail("rules", Message("同一路径只能有一条规则。"), path)
    return replace(settings, headers=_checked_claims("headers", settings.headers, fields))


_CHECKS: Mapping[str, Callable[[NewClient | ClientChange, Any, Fields], ProtocolSettings]] = {
    OIDC: _checked_oidc,
    CAS: _checked_cas,
    FORWARD_AUTH: _checked_forward_auth,
}


def _checked_address(address: str | None, name: str, fields: Fields) -> str | None:
    clean = (address or "").strip()
    fault = address_fault(clean) if clean else None
    if fault is not None:
        fields.fail(name, fault, clean)
    return clean or None


def _checked_claims(name: str, claims: Collection[str], fields: Fields) -> tuple[str, ...]:
    for claim in claims:
        fields.choice(name, claim, CLAIMS)
    return tuple(claim for claim in CLAIMS if claim in claims)


def _checked_subject(subject: str | None, fields: Fields) -> str | None:
    clean = (subject or "").strip()
    if not clean:
        return None
    try:
        Name.from_rfc4514_string(clean[:_MOST_SUBJECT])
        sound = len(clean) <= _MOST_SUBJECT
    except (ValueError, TypeError, KeyError):
        sound = False
    if not sound:
        fields.fail("tls_subject_dn", Message("不是证书主题名称，请按 RFC 4514 填写，如 CN=housing,O=示例,C=CN。"), clean)
    return clean


def _same_origin(address: str, others: Collection[str]) -> bool:
    return any(address_fault(other) is None and origin_of(other) == origin_of(address) for other in others)
