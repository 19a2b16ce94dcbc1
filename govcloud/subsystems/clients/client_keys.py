"""The public keys of a client (RFC 7517): those that ES256, RS256 and PS256 are checked with; no value of any is ever repeated."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from govcloud.kernel.messages import Message

MOST_KEYS = 10
_LEAST_RSA_BITS = 2048
_MOST_MEMBER = 4096
#: RFC 7518 sections 6.2.2, 6.3.2 and 6.4: the members that only a private or a symmetric key has.
PRIVATE_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
NO_KEYS = Message("公钥集应为 JSON 对象，其 keys 至少含一个公钥，最多 %(most)s 个。", most=MOST_KEYS)
PRIVATE = Message("公钥集中含有私钥或对称密钥，没有保存。请只粘贴公钥；该私钥已在页面上出现过，请立即作废并重新生成。")
_SAME_ID = Message("公钥集中有两个相同的 kid，请为每个公钥使用不同的标识。")


def holds_private(jwks: object) -> bool:
    """Say whether anything in ``jwks`` is a private or symmetric key; whatever its form, so that none is shown or stored."""
    left = [jwks]
    while left:
        value = left.pop()
        if isinstance(value, Mapping):
            if PRIVATE_MEMBERS & {str(name) for name in value}:
                return True
            left.extend(value.values())
        elif isinstance(value, (list, tuple)):
            left.extend(value)
    return False


def keys_fault(jwks: object) -> Message | None:
    """Return what is wrong with a key set, or ``None``."""
    if holds_private(jwks):
        return PRIVATE
    keys = jwks.get("keys") if isinstance(jwks, Mapping) else None
    if not isinstance(keys, (list, tuple)) or not 1 <= len(keys) <= MOST_KEYS:
        return NO_KEYS
    for place, key in enumerate(keys, start=1):
        if not usable(key):
            return Message("第 %(n)s 个公钥无法读取（支持 EC P-256 和 2048 位以上的 RSA），请检查其参数。", n=place)
    ids = [key["kid"] for key in keys if "kid" in key]
    return _SAME_ID if len(set(ids)) < len(ids) else None


def usable(key: object) -> bool:
    """Say whether a key is a public one that signatures can be checked with."""
    if not isinstance(key, Mapping) or PRIVATE_MEMBERS & set(key) or not isinstance(key.get("kid", ""), str):
        return False
    read = _READERS.get(str(key.get("kty")))
    try:
        return read is not None and read(key)
    except (ValueError, KeyError, TypeError, binascii.Error):
        return False


def holds_certificate(jwks: object) -> bool:
    """Say whether a key comes with its certificate (``x5c``), which is how a self-signed one is registered (RFC 8705 section 2.2.2)."""
    keys = jwks.get("keys") if isinstance(jwks, Mapping) else None
    return isinstance(keys, (list, tuple)) and any(_certificate(key) is not None for key in keys if isinstance(key, Mapping))


def _certificate(key: Mapping[str, Any]) -> x509.Certificate | None:
    chain = key.get("x5c")
    if not isinstance(chain, (list, tuple)) or not chain:
        return None
    try:
        return x509.load_der_x509_certificate(base64.b64decode(str(chain[0]), validate=True))
    except (ValueError, binascii.Error):
        return None


def _octets(key: Mapping[str, Any], name: str) -> bytes:
    value = key[name]
    if not isinstance(value, str) or len(value) > _MOST_MEMBER:
        raise ValueError(name)
    return base64.b64decode(value.encode("ascii") + b"=" * (-len(value) % 4), altchars=b"-_", validate=True)


def _number(key: Mapping[str, Any], name: str) -> int:
    return int.from_bytes(_octets(key, name), "big")


def _elliptic(key: Mapping[str, Any]) -> bool:
    if key["crv"] != "P-256":
        return False
    # Raises when the point does not lie on the curve.
    ec.EllipticCurvePublicNumbers(_number(key, "x"), _number(key, "y"), ec.SECP256R1()).public_key()
    return True


def _rsa(key: Mapping[str, Any]) -> bool:
    public = rsa.RSAPublicNumbers(_number(key, "e"), _number(key, "n")).public_key()
    return public.key_size >= _LEAST_RSA_BITS


_READERS: Mapping[str, Callable[[Mapping[str, Any]], bool]] = {"EC": _elliptic, "RSA": _rsa}
