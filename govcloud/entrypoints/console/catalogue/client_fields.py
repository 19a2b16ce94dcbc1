"""The form of a client as a table: which fields each protocol has, what they are called, and how each is typed and shown.

To add a setting: a field of its record in ``subsystems/protocols.py``, a line here.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from werkzeug.datastructures import MultiDict

from govcloud.kernel.messages import Message
from govcloud.kernel.validation import Fields
from govcloud.subsystems.clients.client_records import ADDRESSES, as_record, read_settings
from govcloud.subsystems.protocols import (
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
    RECORDS,
    REFRESH_TOKEN,
    SECRET,
    SELF_SIGNED_TLS,
    SIGNING_ALGORITHMS,
    TLS,
    TOKEN_EXCHANGE,
    ProtocolSettings,
    to_json,
)
from govcloud.subsystems.views import ClientView
from govcloud.web.locale import say

_MOST_KEYS_TEXT = 50_000


@dataclass(frozen=True)
class ProtocolWord:
    """A protocol as the pages say it: its name, for what kind of subsystem it is, and its page of the documentation."""

    name: str
    meant_for: Message
    guide: str


PROTOCOL_WORDS: Mapping[str, ProtocolWord] = {
    OIDC: ProtocolWord("OpenID Connect / OAuth 2.0", Message("新建系统、接口服务、手机应用：首选。"), "oidc"),
    CAS: ProtocolWord("CAS 2.0 / 3.0", Message("已带 CAS 客户端的系统：改配置即可，不改代码。"), "cas"),
    FORWARD_AUTH: ProtocolWord("nginx auth_request", Message("不能改造的老系统：由 nginx 代为登录，身份放在请求头中。"), "forward-auth"),
}

METHOD_WORDS: Mapping[str, Message] = {
    SECRET: Message("密钥（client_secret_basic 或 client_secret_post）"),
    PRIVATE_KEY_JWT: Message("私钥签名（private_key_jwt）"),
    TLS: Message("机构签发的证书（tls_client_auth）"),
    SELF_SIGNED_TLS: Message("自签名证书（self_signed_tls_client_auth）"),
    PUBLIC: Message("无：公开客户端，如手机应用、单页应用"),
}

GRANT_WORDS: Mapping[str, Message] = {
    AUTHORIZATION_CODE: Message("授权码：人员通过浏览器登录"),
    REFRESH_TOKEN: Message("刷新令牌：登录期间换取新的访问令牌"),
    CLIENT_CREDENTIALS: Message("客户端凭据：子系统以自己的身份调用接口"),
    DEVICE_CODE: Message("设备授权：没有浏览器的设备"),
    TOKEN_EXCHANGE: Message("令牌交换：代表登录人员调用其他子系统"),
}

CLAIM_WORDS: Mapping[str, Message] = {
    "name": Message("姓名"),
    "employee_code": Message("工号"),
    "appointment_id": Message("任职编号"),
    "department": Message("任职部门"),
    "division": Message("行政区划代码"),
}


@dataclass(frozen=True)
class ClientField:
    """One field: ``kind`` says how it is typed (``text``, ``lines``, ``check``, ``checks``, ``select``, ``json``, ``pairs``).

    ``rare`` ones stand folded away, for most clients leave them as they are.
    """

    name: str
    label: Message
    kind: str = "text"
    hint: Message | None = None
    options: Mapping[str, Message] | None = None
    rare: bool = False
    required: bool = False

    @property
    def choices(self) -> list[tuple[str, str]]:
        """Return the values and words of a choice, in the reader's language."""
        return [(key, say(word)) for key, word in (self.options or {}).items()]


_NAME = ClientField("name", Message("名称"), required=True)
_CLAIM_OPTIONS = {claim: CLAIM_WORDS[claim] for claim in CLAIMS}
_LEAST = Message("只勾选办理业务必需的信息（最小必要）；未勾选的，任何协议都不会告知。")
_LINES = Message("完整地址，每行一个，逐字比对。")

FIELDS: Mapping[str, tuple[ClientField, ...]] = {
    OIDC: (
        _NAME,
        ClientField("redirect_uris", Message("登录回调地址"), "lines", _LINES),
        ClientField("post_logout_uris", Message("退出后返回地址"), "lines", Message("每行一个，可以不填。")),
        ClientField("auth_method", Message("认证方式"), "select", None, METHOD_WORDS),
        ClientField("grant_types", Message("授权方式"), "checks", None, {grant: GRANT_WORDS[grant] for grant in GRANT_TYPES}),
        ClientField("claims", Message("告知子系统的信息"), "checks", _LEAST, _CLAIM_OPTIONS),
        ClientField(
            "backchannel_logout_uri",
            Message("后端退出地址"),
            "text",
            Message("有人退出、权限收回时，平台向它发送退出令牌，子系统随即结束其登录。"),
        ),
        ClientField(
            "frontchannel_logout_uri", Message("前端退出地址"), "text", Message("在浏览器中嵌入打开；有后端退出地址时可以不填。"), rare=True
        ),
        ClientField("jwks_uri", Message("公钥集地址"), "text", Message("子系统公布公钥的地址；与公钥集填一项。"), rare=True),
        ClientField("jwks", Message("公钥集（JSON）"), "json", Message("只粘贴公钥，不要粘贴私钥。"), rare=True),
        ClientField("tls_subject_dn", Message("证书主题名称"), "text", Message("如 CN=housing,O=示例,C=CN。"), rare=True),
        ClientField("web_origins", Message("浏览器跨域来源"), "lines", Message("单页应用所在的协议、主机和端口，每行一个。"), rare=True),
        ClientField(
            "id_token_alg",
            Message("ID 令牌签名算法"),
            "select",
            None,
            {name: Message("%(name)s", name=name) for name in SIGNING_ALGORITHMS},
            rare=True,
        ),
        ClientField("require_pkce", Message("必须使用 PKCE"), "check", rare=True),
        ClientField("require_pushed_requests", Message("必须先推送授权请求（PAR）"), "check", rare=True),
        ClientField("dpop_bound", Message("访问令牌绑定 DPoP 密钥"), "check", rare=True),
        ClientField("tls_bound", Message("访问令牌绑定客户端证书"), "check", rare=True),
        ClientField("rotate_refresh", Message("每次刷新都更换刷新令牌"), "check", rare=True),
        ClientField("backchannel_logout_session_required", Message("后端退出令牌须含会话编号（sid）"), "check", rare=True),
        ClientField("frontchannel_logout_session_required", Message("前端退出须带会话编号（sid）"), "check", rare=True),
        ClientField(
            "may_call",
            Message("可代表登录人员调用的子系统"),
            "lines",
            Message("子系统代码，每行一个；须由同时管理两个子系统的人员设置。"),
            rare=True,
        ),
    ),
    CAS: (
        _NAME,
        ClientField(
            "services",
            Message("CAS 服务地址"),
            "lines",
            Message("应用地址的开头，每行一个，如 https://app.example.gov.cn/portal/。"),
            required=True,
        ),
        ClientField("attributes", Message("告知子系统的信息"), "checks", _LEAST, _CLAIM_OPTIONS),
        ClientField("single_logout", Message("退出时通知子系统（单点退出）"), "check"),
        ClientField("logout_url", Message("退出通知地址"), "text", Message("不填则通知登录时的服务地址。"), rare=True),
        ClientField("proxy", Message("允许取得代理票据，代表登录人员访问其他 CAS 服务"), "check", rare=True),
    ),
    FORWARD_AUTH: (
        _NAME,
        ClientField(
            "origins", Message("应用地址"), "lines", Message("协议、主机和端口，每行一个，如 https://old.example.gov.cn。"), required=True
        ),
        ClientField("headers", Message("放在请求头中的信息"), "checks", _LEAST, _CLAIM_OPTIONS),
        ClientField(
            "rules",
            Message("按路径要求的功能"),
            "pairs",
            Message("每行：路径开头、空格、功能代码，如 /admin/ archive:record:read；没有规则的路径只要求能进入子系统。"),
        ),
    ),
}


def typed(protocol: str, form: MultiDict[str, str], notes: Fields) -> dict[str, Any]:
    """Return what a form holds, by name, as the record of the client wants it; notes what cannot be read."""
    return {field.name: _READ[field.kind](field, form, notes) for field in FIELDS[protocol]}


def settings_from(protocol: str, values: Mapping[str, Any], notes: Fields) -> ProtocolSettings:
    """Return the typed settings among typed values."""
    own = {item.name for item in fields(RECORDS[protocol])}
    return read_settings(protocol, {name: value for name, value in values.items() if name in own}, notes)


def addresses_from(values: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """Return the lists of addresses among typed values."""
    return {name: tuple(values.get(name, ())) for name in ADDRESSES}


def shown(client: ClientView) -> dict[str, Any]:
    """Return what the form of a client starts with."""
    return _texts(client.protocol, as_record(client))


def blank(protocol: str, name: str) -> dict[str, Any]:
    """Return what the form of a new client starts with: what is usual."""
    record: dict[str, Any] = json.loads(json.dumps(to_json(RECORDS[protocol]())))
    return _texts(protocol, record | {"name": name, "auth_method": SECRET} | {kind: [] for kind in ADDRESSES})


def _texts(protocol: str, record: Mapping[str, Any]) -> dict[str, Any]:
    return {field.name: _SHOW[field.kind](record.get(field.name)) for field in FIELDS[protocol]}


def _lines(field: ClientField, form: MultiDict[str, str], _notes: Fields) -> list[str]:
    return form.get(field.name, "").split()


def _json(field: ClientField, form: MultiDict[str, str], notes: Fields) -> object:
    text = form.get(field.name, "").strip()
    if not text:
        return None
    try:
        return json.loads(text[:_MOST_KEYS_TEXT])
    except (ValueError, RecursionError):
        notes.fail(field.name, Message("不是 JSON，请完整粘贴公钥集。"))
        return None


def _pairs(field: ClientField, form: MultiDict[str, str], _notes: Fields) -> list[list[str]]:
    return [line.split() for line in form.get(field.name, "").splitlines() if line.strip()]


def _text(field: ClientField, form: MultiDict[str, str], _notes: Fields) -> str | None:
    return form.get(field.name, "").strip() or None


_READ: Mapping[str, Callable[[ClientField, MultiDict[str, str], Fields], Any]] = {
    "text": _text,
    "select": lambda field, form, _notes: form.get(field.name, ""),
    "lines": _lines,
    "check": lambda field, form, _notes: bool(form.get(field.name)),
    "checks": lambda field, form, _notes: form.getlist(field.name),
    "json": _json,
    "pairs": _pairs,
}
_SHOW: Mapping[str, Callable[[Any], Any]] = {
    "text": lambda value: value or "",
    "select": lambda value: value or "",
    "lines": lambda value: "\n".join(value or ()),
    "check": bool,
    "checks": lambda value: list(value or ()),
    "json": lambda value: json.dumps(value, ensure_ascii=False, indent=2) if value else "",
    "pairs": lambda value: "\n".join(" ".join(pair) for pair in value or ()),
}
