"""The tests of a connection, a small function each: which address it knocks at, and what it makes of the answer.

To add one: a function that returns a ``Verdict``, and its line in ``PROBES``. None of them can end anybody's session or sign anybody in:
a sign-out is tested with a token that must be refused, and with a ticket that was never issued.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode

from govcloud.kernel.messages import Message
from govcloud.subsystems.beginnings import origin_of
from govcloud.subsystems.clients.client_keys import holds_private, usable
from govcloud.subsystems.probing.knocking import MOST_BODY, Heard, Knock
from govcloud.subsystems.protocols import CAS, FORWARD_AUTH, OIDC, CasSettings
from govcloud.subsystems.views import ClientView

PASSED, ADVICE, FAILED = "passed", "advice", "failed"
_FEW_DAYS = 30
_MOST_SKEW = timedelta(seconds=30)
_SUCCESS, _REDIRECTION, _CLIENT_ERROR, _SERVER_ERROR = 200, 300, 400, 500
_NOT_FOUND, _BAD_REQUEST = 404, 400
_FORM = "application/x-www-form-urlencoded"
#: A token that is none, so that whoever checks it at all refuses it (Back-Channel Logout 1.0 section 2.6).
_NO_TOKEN = "govcloud-connection-test.this-is-no-logout-token.it-must-be-refused"  # noqa: S105 - says itself what it is
#: A ticket that no server ever issued (CAS Protocol 3.0 section 2.3.3).
_NO_TICKET = "ST-0-govcloud-connection-test-never-issued"
_CAS_LOGOUT = (
    '<samlp:LogoutRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ID="LR-connection-test" Version="2.0" IssueInstant="{at}">'
    '<saml:NameID xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">@NOT_USED@</saml:NameID>'
    f"<samlp:SessionIndex>{_NO_TICKET}</samlp:SessionIndex></samlp:LogoutRequest>"
)


@dataclass(frozen=True)
class Verdict:
    """What a test found: an outcome, what was seen, and what to do about it."""

    outcome: str
    message: Message
    remedy: Message | None = None


@dataclass(frozen=True)
class Context:
    """What a test may know beside the answer: the moment of the platform's clock, and where the platform is."""

    now: datetime
    public_url: str


@dataclass(frozen=True)
class Probe:
    """A kind of test: its name, what it says when all is well, where it knocks, how, and what it makes of the answer."""

    key: str
    title: Message
    addresses: Callable[[ClientView], Iterator[str]]
    knock: Callable[[str, Context], Knock]
    judge: Callable[[Heard, Context], Verdict]


# Where to knock


def _entries(client: ClientView) -> Iterator[str]:
    """Give the addresses at which people arrive."""
    yield from (*client.redirect_uris, *client.services)


def _applications(client: ClientView) -> Iterator[str]:
    yield from (f"{origin}/" for origin in client.origins)


def _origins(client: ClientView) -> Iterator[str]:
    yield from dict.fromkeys(f"{origin_of(address)}/" for address in (*client.redirect_uris, *client.services, *client.origins))


def _secure_origins(client: ClientView) -> Iterator[str]:
    yield from (address for address in _origins(client) if address.startswith("https:"))


def _setting(name: str) -> Callable[[ClientView], Iterator[str]]:
    def addresses(client: ClientView) -> Iterator[str]:
        if address := getattr(client.settings, name, None):
            yield address

    return addresses


def _cas_logout(client: ClientView) -> Iterator[str]:
    match client.settings:
        case CasSettings(single_logout=True, logout_url=str() as address):
            yield address
        case CasSettings(single_logout=True):
            yield from client.services[:1]
        case _:
            return


# How to knock


def _get(address: str, _context: Context) -> Knock:
    return Knock(address)


def _post_no_token(address: str, _context: Context) -> Knock:
    return Knock(address, "POST", urlencode({"logout_token": _NO_TOKEN}).encode(), _FORM)


def _post_no_ticket(address: str, context: Context) -> Knock:
    message = _CAS_LOGOUT.format(at=context.now.strftime("%Y-%m-%dT%H:%M:%SZ"))
    return Knock(address, "POST", urlencode({"logoutRequest": message}).encode(), _FORM)


# What to make of the answer


def _answered(heard: Heard) -> Message:
    return Message("已响应：HTTP %(status)s，用时 %(milliseconds)s 毫秒。", status=heard.status, milliseconds=heard.milliseconds)


def _silent(heard: Heard) -> Verdict:
    message, remedy = _SILENCE[heard.fault]
    return Verdict(FAILED, Message(message.template, detail=heard.detail) if heard.detail else message, remedy)


_SILENCE: Mapping[str, tuple[Message, Message]] = {
    "unknown": (Message("域名无法解析。"), Message("请核对地址，或在平台所用的 DNS 中登记该域名。")),
    "forbidden": (
        Message("域名指向本机、链路本地等不会有业务子系统的地址，没有连接。"),
        Message("请把域名指向子系统所在的服务器。"),
    ),
    "certificate": (
        Message("服务器证书没有通过验证：%(detail)s"),
        Message("请更换为平台信任的证书机构签发、域名相符且未过期的证书；自建机构的根证书由运维加入 SSL_CERT_FILE。"),
    ),
    "refused": (Message("无法建立连接。"), Message("请确认服务已启动、端口正确，且防火墙允许平台访问。")),
    "slow": (Message("5 秒内没有响应。"), Message("请确认服务已启动，且防火墙允许平台访问。")),
}


def _judge_reach(heard: Heard, _context: Context) -> Verdict:
    if heard.status >= _SERVER_ERROR:
        return Verdict(FAILED, _answered(heard), Message("服务器内部出错，请查看子系统的日志。"))
    if heard.status == _NOT_FOUND:
        return Verdict(FAILED, _answered(heard), Message("子系统没有这个地址，请核对登记的地址与子系统的配置是否一致。"))
    if heard.status == _BAD_REQUEST:
        # We come without what a sign-in brings along: to be turned away is as it should be, which a bare "400" does not say.
        told = Message(
            "地址可以访问，用时 %(milliseconds)s 毫秒；不带参数的访问被拒绝（HTTP 400），符合预期。", milliseconds=heard.milliseconds
        )
        return Verdict(PASSED, told)
    return Verdict(PASSED, _answered(heard))


def _judge_certificate(heard: Heard, context: Context) -> Verdict:
    if heard.certificate_ends is None:
        return Verdict(FAILED, Message("没有取得服务器证书。"), Message("请确认该端口提供 https。"))
    days = (heard.certificate_ends - context.now).days
    message = Message("证书有效，还剩 %(days)s 天。", days=days)
    if days < _FEW_DAYS:
        return Verdict(ADVICE, message, Message("请尽快更换证书，到期后无法登录。"))
    return Verdict(PASSED, message)


def _judge_clock(heard: Heard, context: Context) -> Verdict:
    if heard.date is None:
        return Verdict(ADVICE, Message("响应中没有 Date，无法比较时钟。"), Message("请确认子系统的服务器已启用时间同步（NTP）。"))
    skew = abs(heard.date - context.now)
    message = Message("与平台的时钟相差 %(seconds)s 秒。", seconds=round(skew.total_seconds()))
    if skew > _MOST_SKEW:
        return Verdict(FAILED, message, Message("时钟相差过大时，令牌会被当作尚未生效或已过期；请启用时间同步（NTP）。"))
    return Verdict(PASSED, message)


def _judge_keys(heard: Heard, _context: Context) -> Verdict:
    shape = Message("地址应返回 JSON 公钥集，其 keys 至少含一个可用的公钥。")
    if not _SUCCESS <= heard.status < _REDIRECTION or len(heard.body) > MOST_BODY:
        return Verdict(FAILED, _answered(heard), shape)
    try:
        read = json.loads(heard.body)
    except (ValueError, RecursionError):
        return Verdict(FAILED, Message("返回的内容不是 JSON。"), shape)
    if holds_private(read):
        return Verdict(FAILED, Message("公钥集中含有私钥或对称密钥！"), Message("请立即作废这些密钥，并只公布公钥。"))
    keys = read.get("keys") if isinstance(read, dict) else None
    good = sum(usable(key) for key in keys) if isinstance(keys, list) else 0
    if not good:
        return Verdict(FAILED, Message("公钥集中没有可用的公钥。"), shape)
    return Verdict(PASSED, Message("公钥集可以读取，含 %(n)s 个可用的公钥。", n=good))


def _judge_back_channel(heard: Heard, _context: Context) -> Verdict:
    if heard.status == _BAD_REQUEST:
        return Verdict(PASSED, Message("无效的退出令牌被拒绝（HTTP 400），符合规范。"))
    if heard.status < _REDIRECTION:
        remedy = Message("子系统没有校验退出令牌的签名，任何人都能让别人退出；请按 Back-Channel Logout 1.0 第 2.6 节校验，无效时返回 400。")
        return Verdict(FAILED, Message("无效的退出令牌被接受了（HTTP %(status)s）！", status=heard.status), remedy)
    remedy = Message("这个地址应接受平台的 POST，不要求登录，也不要求 CSRF 令牌；令牌无效时返回 400。")
    return Verdict(FAILED, _answered(heard), remedy)


def _judge_front_channel(heard: Heard, context: Context) -> Verdict:
    reached = _judge_reach(heard, context)
    if reached.outcome != PASSED:
        return reached
    framing = heard.headers.get("x-frame-options", "").lower(), heard.headers.get("content-security-policy", "").lower()
    if framing[0] in {"deny", "sameorigin"} or (
        "frame-ancestors" in framing[1] and (origin_of(context.public_url) or "") not in framing[1]
    ):
        remedy = Message("平台在隐藏的框架中打开这个地址，请在其响应中允许平台嵌入（frame-ancestors）。")
        return Verdict(FAILED, Message("地址可以访问，但不允许嵌入平台的退出页面。"), remedy)
    return reached


def _judge_cas_logout(heard: Heard, _context: Context) -> Verdict:
    if heard.status < _CLIENT_ERROR:
        return Verdict(PASSED, Message("退出通知可以送达（HTTP %(status)s）。", status=heard.status))
    remedy = Message("这个地址应接受平台的 POST（参数 logoutRequest），不要求登录，也不要求 CSRF 令牌。")
    return Verdict(FAILED, _answered(heard), remedy)


def _judge_closed(heard: Heard, context: Context) -> Verdict:
    if heard.headers.get("location", "").startswith(f"{context.public_url}/forward-auth/"):
        return Verdict(PASSED, Message("未登录的访问被引导到平台登录（HTTP %(status)s）。", status=heard.status))
    if heard.status in {401, 403}:
        remedy = Message("请在 nginx 中把 401 转到平台的登录地址，见本页“复制配置”。")
        return Verdict(ADVICE, Message("未登录的访问被拒绝（HTTP %(status)s），但没有引导到登录。", status=heard.status), remedy)
    if heard.status >= _SERVER_ERROR:
        return Verdict(FAILED, _answered(heard), Message("代理出错：请检查 auth_request 能否访问平台，以及代理的密钥。"))
    remedy = Message("代理没有询问平台，应用对任何人开放！请按本页“复制配置”启用 auth_request。")
    return Verdict(FAILED, Message("未登录的访问没有被拦下（HTTP %(status)s）。", status=heard.status), remedy)


_CERTIFICATE = Probe("certificate", Message("服务器证书"), _secure_origins, _get, _judge_certificate)
_CLOCK = Probe("clock", Message("时钟"), _origins, _get, _judge_clock)

PROBES: Mapping[str, tuple[Probe, ...]] = {
    OIDC: (
        Probe("redirect", Message("登录回调地址可以访问"), _entries, _get, _judge_reach),
        _CERTIFICATE,
        _CLOCK,
        Probe("jwks", Message("公钥集地址可以读取"), _setting("jwks_uri"), _get, _judge_keys),
        Probe("back_channel", Message("后端退出地址校验退出令牌"), _setting("backchannel_logout_uri"), _post_no_token, _judge_back_channel),
        Probe("front_channel", Message("前端退出地址可以嵌入"), _setting("frontchannel_logout_uri"), _get, _judge_front_channel),
    ),
    CAS: (
        Probe("service", Message("CAS 服务地址可以访问"), _entries, _get, _judge_reach),
        _CERTIFICATE,
        _CLOCK,
        Probe("single_logout", Message("CAS 退出通知可以送达"), _cas_logout, _post_no_ticket, _judge_cas_logout),
    ),
    FORWARD_AUTH: (
        Probe("closed", Message("未登录者进不去"), _applications, _get, _judge_closed),
        _CERTIFICATE,
        _CLOCK,
    ),
}


def judged(probe: Probe, heard: Heard, context: Context) -> Verdict:
    """Return what a test makes of an answer, or of none."""
    return _silent(heard) if heard.fault else probe.judge(heard, context)
