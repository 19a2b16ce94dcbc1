"""What the API takes in and answers about clients: addresses, how they prove who they are, the settings of their protocol."""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import Field, JsonValue, StrictBool

from govcloud.entrypoints.api.wire.answers import Answer
from govcloud.entrypoints.api.wire.bodies import Input, Text
from govcloud.kernel.errors import FieldError, Invalid
from govcloud.kernel.messages import Message
from govcloud.kernel.validation import Fields
from govcloud.subsystems.changes import ClientChange
from govcloud.subsystems.clients.client_records import as_record, fingerprint, read_settings
from govcloud.subsystems.inputs import NewClient
from govcloud.subsystems.probing.service import Probed
from govcloud.subsystems.protocols import OIDC, PROTOCOLS, PUBLIC, SECRET, ProtocolSettings
from govcloud.subsystems.views import ClientView
from govcloud.web.locale import say

_MOST_ADDRESSES = 20
Addresses = Annotated[list[Text], Field(max_length=_MOST_ADDRESSES)]
_SETTINGS = (
    "by name, as docs/connect names them for each protocol; what is left out is as by default. "
    "claims (attributes, headers) are what the client may be told about an official"
)


class ClientBody(Input):
    """How a client is, but for its id and its protocol."""

    name: Text
    redirect_uris: Addresses = Field(default_factory=list, description="OpenID Connect: exact addresses to come back to")
    post_logout_uris: Addresses = Field(default_factory=list, description="OpenID Connect: exact addresses after sign-out")
    services: Addresses = Field(default_factory=list, description="CAS: how addresses of the services begin")
    origins: Addresses = Field(default_factory=list, description="forward-auth: scheme, host and port of the application")
    auth_method: Text = Field(default=SECRET, description="OpenID Connect: how it proves who it is")
    settings: dict[str, JsonValue] = Field(default_factory=dict, max_length=40, description=_SETTINGS)

    def parts(self, protocol: str) -> dict[str, Any]:
        """Return name, addresses, method and typed settings as the commands take them.

        Raises:
            Invalid: there is no such protocol, or no such setting, or one is of a wrong type.
        """
        return {
            "name": self.name,
            "redirect_uris": tuple(self.redirect_uris),
            "post_logout_uris": tuple(self.post_logout_uris),
            "services": tuple(self.services),
            "origins": tuple(self.origins),
            "auth_method": self.auth_method,
            "settings": _settings(protocol, self.settings),
        }


class NewClientBody(ClientBody):
    """A client to register."""

    client_id: Text
    protocol: Text = Field(default=OIDC, description="`oidc`, `cas` or `forward_auth`; stays for good")
    public: StrictBool = Field(default=False, description="the same as `auth_method` `none`")

    def to_input(self, code: str) -> NewClient:
        """Return it as the command takes it."""
        parts = self.parts(self.protocol)
        method = PUBLIC if self.public else self.auth_method
        return NewClient(code, self.client_id, **parts | {"auth_method": method})


class ClientChangeBody(ClientBody):
    """How a client is to be from now on, whole."""

    seen: Text | None = Field(
        default=None, description="`fingerprint` of the client as it was read; nothing is changed if it is another now"
    )

    def to_change(self, protocol: str) -> ClientChange:
        """Return it as the command takes it."""
        return ClientChange(**self.parts(protocol), seen=self.seen)


class ClientAnswer(Answer):
    """A client; its secret is never shown again."""

    client_id: str
    name: str
    protocol: str
    auth_method: str
    public: bool
    redirect_uris: tuple[str, ...]
    post_logout_uris: tuple[str, ...]
    services: tuple[str, ...]
    origins: tuple[str, ...]
    settings: dict[str, JsonValue]
    disabled: bool
    fingerprint: str = Field(description="another one whenever anything about the client is")

    @classmethod
    def of(cls, view: ClientView) -> Self:
        """Take the view over."""
        own = ("client_id", "name", "protocol", "auth_method", "public", "disabled")
        lists = ("redirect_uris", "post_logout_uris", "services", "origins")
        record = as_record(view)
        settings = {name: value for name, value in record.items() if name not in {*own, *lists}}
        return cls(**{name: getattr(view, name) for name in (*own, *lists)}, settings=settings, fingerprint=fingerprint(view))


class ProbeAnswer(Answer):
    """What one test of a connection found: `passed`, `advice` or `failed`."""

    key: str
    title: str
    address: str
    outcome: str
    message: str
    remedy: str | None
    milliseconds: int

    @classmethod
    def of(cls, one: Probed) -> Self:
        """Say it in the reader's language."""
        return cls(
            key=one.planned.key,
            title=say(one.planned.title),
            address=one.planned.address,
            outcome=one.verdict.outcome,
            message=say(one.verdict.message),
            remedy=say(one.verdict.remedy) if one.verdict.remedy else None,
            milliseconds=one.milliseconds,
        )


class ProbesAnswer(Answer):
    """What the tests of a connection found."""

    results: tuple[ProbeAnswer, ...]


class ChangedClientAnswer(Answer):
    """Whether anything is different now, and the secret when the client begins to have one; it is shown this once."""

    changed: bool
    secret: str | None


def _settings(protocol: str, raw: dict[str, JsonValue]) -> ProtocolSettings:
    if protocol not in PROTOCOLS:
        allowed = "、".join(PROTOCOLS)
        raise Invalid.of(FieldError("protocol", Message("不是可选值，请填写：%(allowed)s。", allowed=allowed), protocol[:60]))
    notes = Fields()
    settings = read_settings(protocol, raw, notes)
    notes.done()
    return settings
