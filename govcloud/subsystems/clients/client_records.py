"""A client as one record of named values, the same names everywhere: in forms, over the API, in files and in the audit record."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import MISSING, fields
from hashlib import sha256
from typing import Any, Protocol

from govcloud.kernel.messages import Message
from govcloud.kernel.validation import Fields
from govcloud.subsystems.protocols import FORWARD_AUTH, OIDC, RECORDS, ProtocolSettings, settings_of, to_json

ADDRESSES = {"redirect_uris": "redirect", "post_logout_uris": "post_logout", "services": "service", "origins": "origin"}
"""The lists of addresses of a client, and the kind under which each is stored."""
_MOST_LIST = 200


class Described(Protocol):
    """What a client, a new one and a change of one have in common."""

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def redirect_uris(self) -> tuple[str, ...]: ...  # noqa: D102
    @property
    def post_logout_uris(self) -> tuple[str, ...]: ...  # noqa: D102
    @property
    def services(self) -> tuple[str, ...]: ...  # noqa: D102
    @property
    def origins(self) -> tuple[str, ...]: ...  # noqa: D102
    @property
    def auth_method(self) -> str: ...  # noqa: D102
    @property
    def settings(self) -> ProtocolSettings: ...  # noqa: D102


def as_record(client: Described) -> dict[str, Any]:
    """Return a client as plain values, flat: what it is called, its addresses, how it proves who it is, and its settings."""
    own: dict[str, Any] = {"name": client.name, "auth_method": client.auth_method}
    own |= {name: sorted(getattr(client, name)) for name in ADDRESSES}
    plain: dict[str, Any] = json.loads(json.dumps(to_json(client.settings)))
    return own | plain


def differences(old: Described, new: Described) -> dict[str, tuple[Any, Any]]:
    """Return what differs, by name: how it was and how it is to be."""
    before, after = as_record(old), as_record(new)
    return {name: (before.get(name), value) for name, value in after.items() if before.get(name) != value}


def fingerprint(client: Described) -> str:
    """Return a short text that is another one whenever anything about the client is."""
    return sha256(json.dumps(as_record(client), sort_keys=True).encode()).hexdigest()[:16]


def beyond_defaults(settings: ProtocolSettings) -> dict[str, Any]:
    """Return the settings that are not as they are by default, as plain values."""
    usual = to_json(type(settings)())
    plain: dict[str, Any] = json.loads(json.dumps({name: value for name, value in to_json(settings).items() if value != usual[name]}))
    return plain


def read_settings(protocol: str, raw: Mapping[str, object], notes: Fields) -> ProtocolSettings:
    """Return the typed settings that ``raw`` (JSON, YAML) means; notes every unknown name and every value of a wrong type.

    What is left out is as it is by default.
    """
    record = RECORDS[protocol]
    known = {item.name: item for item in fields(record)}
    values: dict[str, Any] = {}
    for name, value in raw.items():
        if name not in known:
            allowed = "、".join(known)
            notes.fail(str(name), Message("没有这个设置；这种协议的设置有：%(allowed)s。", allowed=allowed))
            continue
        usual = known[name].default if known[name].default is not MISSING else None
        fault = _type_fault(protocol, name, value, usual)
        if fault is not None:
            # The value may be a key that was pasted into the wrong place, so it is not repeated.
            notes.fail(name, fault)
        else:
            values[name] = value
    return settings_of(protocol, values)


def _type_fault(protocol: str, name: str, value: object, usual: object) -> Message | None:
    if isinstance(usual, bool):
        return None if isinstance(value, bool) else Message("应为 true 或 false。")
    if isinstance(usual, tuple):
        return _list_fault(value, pairs=(protocol, name) == (FORWARD_AUTH, "rules"))
    if (protocol, name) == (OIDC, "jwks"):
        return None if value is None or isinstance(value, Mapping) else Message("应为 JSON 对象。")
    sound = isinstance(value, str) or (value is None and usual is None)
    return None if sound else Message("应为文本。")


def _list_fault(value: object, *, pairs: bool) -> Message | None:
    if not isinstance(value, (list, tuple)) or len(value) > _MOST_LIST:
        return Message("应为列表，最多 %(most)s 项。", most=_MOST_LIST)
    if pairs:
        return None if all(_is_pair(item) for item in value) else Message("每条规则应为两项：路径开头和功能代码。")
    return None if all(isinstance(item, str) for item in value) else Message("列表中的每一项应为文本。")


def _is_pair(item: object) -> bool:
    return isinstance(item, (list, tuple)) and len(item) == len(("path", "function")) and all(isinstance(part, str) for part in item)


def own_addresses(settings: ProtocolSettings) -> tuple[str, ...]:
    """Return the addresses that stand in the settings themselves: where keys are read, and where a sign-out is told."""
    named = ("jwks_uri", "backchannel_logout_uri", "frontchannel_logout_uri", "logout_url")
    return tuple(address for name in named if (address := getattr(settings, name, None)))
