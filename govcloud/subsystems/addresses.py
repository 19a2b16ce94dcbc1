"""The addresses that a relying system may give: exact, https unless on the same machine, without fragment."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from govcloud.kernel.messages import Message
from govcloud.subsystems.beginnings import canonical, origin_of

# RFC 3986 section 2: what an address is written with. Browsers drop tabs and line ends and turn backslashes, so none may be there.
_CHARACTERS = re.compile(r"[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]{1,2000}")
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def address_fault(address: str) -> Message | None:
    """Return what is wrong with an address, or ``None``.

    OAuth 2.0 Security BCP (RFC 9700) section 2.1: compared exactly, so no pattern is taken; RFC 6749 section 3.1.2: no fragment;
    RFC 8252 section 7.3: plain http for loopback only.
    """
    if not _CHARACTERS.fullmatch(address):
        return Message("地址应为 1 至 2000 个字符，且不含空格、反斜杠等字符（中文须先按百分号编码）。")
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return Message("地址的格式不正确，请填写如 https://example.gov.cn/callback 的完整地址。")
    faults = (
        (not host or parts.scheme not in {"http", "https"}, Message("请填写以 https:// 开头的完整地址。")),
        (parts.username is not None or parts.password is not None, Message("地址中不能含有用户名或密码。")),
        ("#" in address, Message("地址不能含有 # 片段。")),
        ("*" in (host or ""), Message("地址不能含有通配符，请逐个登记。")),
        (parts.scheme == "http" and host not in LOOPBACK, Message("除本机地址外，必须使用 https。")),
    )
    return next((message for wrong, message in faults if wrong), None)


def origin_fault(address: str) -> Message | None:
    """Return what is wrong with an origin (RFC 6454): scheme, host and port, nothing behind them but perhaps a slash."""
    fault = address_fault(address)
    if fault is None and canonical(address) != f"{origin_of(address)}/":
        return Message("只填写协议、域名和端口，如 https://app.example.gov.cn，不含路径。")
    return fault


def beginning_fault(address: str) -> Message | None:
    """Return what is wrong with the beginning of CAS services (CAS Protocol 3.0 section 2.1.1): a path to compare, so no query."""
    fault = address_fault(address)
    if fault is None and "?" in address:
        return Message("服务地址不能含有查询参数（? 及其后的内容），平台按地址开头比对。")
    if fault is None and canonical(address) is None:
        return Message("地址的路径中不能含有 .. 、连续的 / 或经编码的 / 与 .，请填写应用的实际路径。")
    return fault
