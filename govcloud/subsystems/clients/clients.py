"""Commands on clients: what a subsystem signs officials in with."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, cast
from uuid import UUID

from sqlalchemy import CursorResult, insert, update

from govcloud.kernel.actor import Actor
from govcloud.kernel.authorizer import Target
from govcloud.kernel.constraints import explained
from govcloud.kernel.ids import new_id
from govcloud.kernel.messages import Message
from govcloud.kernel.unit_of_work import Transaction
from govcloud.kernel.validation import Fields
from govcloud.subsystems import errors, inputs
from govcloud.subsystems.changes import ClientChange
from govcloud.subsystems.claims import claimed_elsewhere, lock_claims
from govcloud.subsystems.clients import client_inputs
from govcloud.subsystems.clients.client_events import ClientChanged, ClientDisabled, ClientEntrusted, ClientRegistered, ClientSecretRotated
from govcloud.subsystems.clients.client_records import ADDRESSES, differences, fingerprint
from govcloud.subsystems.clients.secrets import new_secret, secret_digest
from govcloud.subsystems.commands import Commands
from govcloud.subsystems.inputs import ClientCredentials, NewClient
from govcloud.subsystems.lifecycle import Status
from govcloud.subsystems.models import Client, ClientRedirect
from govcloud.subsystems.protocols import PUBLIC, SECRET, ForwardAuthSettings, OidcSettings, ProtocolSettings, protocol_of, to_json
from govcloud.subsystems.views import ClientView, SubsystemView

#: The fields of a client that are columns of their own; the rest are its settings.
_COLUMNS = ("name", "auth_method")


class Clients(Commands):
    """Commands that give subsystems their credentials; each is one transaction."""

    def register_client(self, actor: Actor, client: NewClient) -> ClientCredentials:
        """Enter a client and return its credentials; the secret is shown this once.

        Raises:
            Invalid: an address is not exact and safe, or the settings of its protocol do not go together; every wrong field is named.
            NotFound: there is no such subsystem.
            Conflict: the client_id is registered already, another subsystem claims an address (``claims.py``), or the subsystem is
                under review or retired.
            Denied: the actor manages the subsystem, but not one that the client wants to call.
        """
        owner = self._queries.subsystem(client.subsystem_code)
        with self._uow.begin(actor, "govcloud:client:register", self._place_of_client(client.client_id, owner, client.settings)) as tx:
            fields = Fields()
            row = client_inputs.checked_client(client, fields)
            if owner is None or owner.owner_department_id is None:
                raise errors.subsystem_missing(client.subsystem_code)
            self._note_unknown(owner, row.settings, fields)
            self._note_like_another(owner, row.client_id, fields)
            fields.done()
            secret = new_secret() if row.auth_method == SECRET else None
            lock_claims(tx.session)
            with self._keeping_sound(tx, [owner]), explained(errors.CONSTRAINTS):
                self._insert_client(tx, owner, row, secret)
        return ClientCredentials(row.client_id, secret)

    def change_client(self, actor: Actor, client_id: str, change: ClientChange) -> ClientCredentials | None:
        """Let a client be as ``change`` says; return ``None`` when it is so already.

        The secret is ``None`` unless the client begins to prove itself by one, which is then shown this once; when it stops, the old
        one is gone at once. Whoever is signed in through the client stays so.

        Raises:
            Invalid, Denied: as for ``register_client``.
            NotFound: there is no such enabled client.
            Conflict: the protocol would be another, the client has changed since it was ``seen``, another subsystem claims a new
                address, the subsystem is under review, or in service and would no longer pass the checks.
        """
        view, _ = self._client(client_id)
        owner = self._subsystem(view.subsystem_id)
        target = self._place_of_client(view.client_id, owner, change.settings, known=view.settings)
        with self._uow.begin(actor, "govcloud:client:change", target) as tx:
            fields = Fields()
            row = client_inputs.checked_change(change, fields)
            self._note_unknown(owner, row.settings, fields)
            fields.done()
            if protocol_of(row.settings) != view.protocol:
                raise errors.other_protocol(view.client_id, view.protocol)
            lock_claims(tx.session)
            with self._keeping_sound(tx, [owner]), explained(errors.CONSTRAINTS):
                return self._change_to(tx, view.client_id, row)

    def rotate_client_secret(self, actor: Actor, client_id: str) -> ClientCredentials:
        """Give a client another secret, shown this once; the old one stops working at once.

        Raises:
            NotFound: there is no such enabled client.
            Conflict: the client is public and has no secret.
        """
        view, target = self._client(client_id)
        with self._uow.begin(actor, "govcloud:client:rotate", target) as tx:
            if view.auth_method != SECRET:
                raise errors.public_client(view.client_id)
            secret = new_secret()
            digest = secret_digest(self._keys, view.client_id, secret)
            # A change that takes the secret away at the same moment wins: a client never gets one that it is not asked for.
            done = tx.session.execute(update(Client).where(Client.id == view.id, Client.auth_method == SECRET).values(secret_digest=digest))
            if cast("CursorResult[Any]", done).rowcount == 0:
                raise errors.public_client(view.client_id)
            tx.record(ClientSecretRotated(subject=f"client:{view.client_id}", client_id=view.client_id, subsystem_code=view.subsystem_code))
        return ClientCredentials(view.client_id, secret)

    def entrust_client(self, actor: Actor, client_id: str, roles: Sequence[str], reason: str) -> None:
        """Let a client act for the platform itself in ``roles`` (see ``CLIENT_ROLES``), in place of those that it had; none takes all away.

        Raises:
            Invalid: a role is none of those that a client may have, or there is no reason.
            NotFound: there is no such enabled client.
            Conflict: the client is public: whoever has no secret cannot be trusted with anything.
        """
        view, target = self._client(client_id)
        with self._uow.begin(actor, "govcloud:client:entrust", target) as tx:
            fields = Fields()
            wanted = tuple(sorted({fields.choice("roles", role, inputs.CLIENT_ROLES) for role in roles}))
            clean = fields.text("reason", reason, most=inputs.MOST_REASON, multiline=True)
            fields.done()
            if view.public:
                raise errors.public_client(view.client_id)
            tx.session.execute(update(Client).where(Client.id == view.id).values(roles=list(wanted)))
            subject = f"client:{view.client_id}"
            tx.record(ClientEntrusted(subject=subject, client_id=view.client_id, old_roles=view.roles, roles=wanted, reason=clean))

    def disable_client(self, actor: Actor, client_id: str) -> None:
        """Close a client for good: it is as good as unknown from now on.

        Raises:
            NotFound: there is no such enabled client.
        """
        view, target = self._client(client_id)
        with self._uow.begin(actor, "govcloud:client:disable", target) as tx:
            tx.session.execute(update(Client).where(Client.id == view.id, Client.disabled_at.is_(None)).values(disabled_at=tx.now))
            tx.record(ClientDisabled(subject=f"client:{view.client_id}", client_id=view.client_id, subsystem_code=view.subsystem_code))

    # How the above look and write

    def _client(self, client_id: str) -> tuple[ClientView, Target]:
        view = self._queries.client_by_client_id(client_id)
        if view is None:
            raise errors.client_missing(client_id)
        return view, self._target("client", view.client_id, [self._subsystem(view.subsystem_id).owner_department_id])

    def _place_of_client(
        self, client_id: str, owner: SubsystemView | None, settings: ProtocolSettings, *, known: ProtocolSettings | None = None
    ) -> Target:
        """Return the client as a target: where its subsystem lies, and every subsystem that it is newly to call for an official.

        Who lets a client act in another subsystem has to manage both.
        """
        wanted = set(settings.may_call) if isinstance(settings, OidcSettings) else set()
        wanted -= set(known.may_call) if isinstance(known, OidcSettings) else set()
        called = [view.owner_department_id for code in sorted(wanted)[:50] if (view := self._queries.subsystem(code)) is not None]
        return self._target("client", client_id, [owner.owner_department_id if owner else None, *called])

    def _note_unknown(self, owner: SubsystemView, settings: ProtocolSettings, fields: Fields) -> None:
        """Note what the settings name and the catalogue does not have."""
        if isinstance(settings, OidcSettings):
            for code in settings.may_call[:50]:
                called = self._queries.subsystem(code)
                if called is None or called.owner_department_id is None or called.status == Status.RETIRED or code == owner.code:
                    fields.fail("may_call", Message("没有这个可以调用的子系统，请填写其他子系统的代码。"), code)
        if isinstance(settings, ForwardAuthSettings) and settings.rules:
            own = {function.code for function in self._queries.functions_of(owner.id)}
            for _path, code in settings.rules:
                if code not in own:
                    fields.fail("rules", Message("不是本子系统的功能，请先新增功能，再填写其代码。"), code)

    def _note_like_another(self, owner: SubsystemView, client_id: str, fields: Fields) -> None:
        """Note a client that is called as another subsystem: both are names that a token can be meant for."""
        called = self._queries.subsystem(client_id)
        if called is not None and called.id != owner.id:
            fields.fail("client_id", Message("客户端标识不能与其他业务子系统的代码相同，请换一个。"), client_id)

    def _claim(self, tx: Transaction, subsystem_id: UUID, addresses: Sequence[tuple[str, str]]) -> None:
        """Refuse what another subsystem claims; whose it is is said to whoever may read that subsystem."""
        claim = claimed_elsewhere(tx.session, subsystem_id, addresses)
        if claim is not None:
            theirs = self._subsystem(claim.subsystem_id)
            known = self._uow.may(tx, "govcloud:subsystem:read", self._target("subsystem", theirs.code, [theirs.owner_department_id]))
            raise errors.address_claimed(claim, theirs if known else None)

    def _insert_client(self, tx: Transaction, owner: SubsystemView, row: NewClient, secret: str | None) -> None:
        tx.session.execute(
            insert(Client).values(
                id=row.id,
                subsystem_id=owner.id,
                client_id=row.client_id,
                protocol=protocol_of(row.settings),
                auth_method=row.auth_method,
                settings=to_json(row.settings),
                secret_digest=secret_digest(self._keys, row.client_id, secret) if secret else None,
                name=row.name,
                created_at=tx.now,
            )
        )
        addresses = _addresses(row)
        self._claim(tx, owner.id, addresses)
        _add_addresses(tx, row.id, addresses)
        tx.record(
            ClientRegistered(
                subject=f"client:{row.client_id}",
                client_id=row.client_id,
                subsystem_code=owner.code,
                protocol=protocol_of(row.settings),
                auth_method=row.auth_method,
                addresses=tuple(uri for _, uri in addresses),
                settings=to_json(row.settings),
            )
        )

    def _change_to(self, tx: Transaction, client_id: str, row: ClientChange) -> ClientCredentials | None:
        """Write what differs from how the client stands now that its subsystem is held."""
        view, _ = self._client(client_id)
        if row.seen is not None and row.seen != fingerprint(view):
            raise errors.client_changed_meanwhile(view.client_id)
        found = differences(view, row)
        if not found:
            return None
        if row.auth_method == PUBLIC and view.roles:
            raise errors.entrusted_client(view.client_id)
        secret = new_secret() if row.auth_method == SECRET and view.auth_method != SECRET else None
        values: dict[str, Any] = {name: new for name, (_, new) in found.items() if name in _COLUMNS}
        if set(found) - set(_COLUMNS) - set(ADDRESSES):
            values["settings"] = to_json(row.settings)
        if "auth_method" in found:
            values["secret_digest"] = secret_digest(self._keys, view.client_id, secret) if secret else None
        if values:
            tx.session.execute(update(Client).where(Client.id == view.id).values(**values))
        before, after = set(_addresses(view)), set(_addresses(row))
        # Only what is new: a client that an older release let claim too much can still be mended step by step.
        self._claim(tx, view.subsystem_id, sorted(after - before))
        for kind, uri in sorted(before - after):
            gone = (ClientRedirect.client_id == view.id, ClientRedirect.kind == kind, ClientRedirect.uri == uri)
            tx.session.execute(update(ClientRedirect).where(*gone, ClientRedirect.removed_at.is_(None)).values(removed_at=tx.now))
        _add_addresses(tx, view.id, sorted(after - before))
        tx.record(
            ClientChanged(
                subject=f"client:{view.client_id}",
                client_id=view.client_id,
                subsystem_code=view.subsystem_code,
                changed=tuple(sorted(found)),
                old={name: old for name, (old, _) in found.items()},
                new={name: new for name, (_, new) in found.items()},
                secret="issued" if secret else "withdrawn" if "secret_digest" in values else "",
            )
        )
        return ClientCredentials(view.client_id, secret)


def _addresses(row: NewClient | ClientChange | ClientView) -> list[tuple[str, str]]:
    """Return the addresses with their kinds."""
    return [(kind, uri) for name, kind in ADDRESSES.items() for uri in getattr(row, name)]


def _add_addresses(tx: Transaction, client_id: UUID, addresses: Iterable[tuple[str, str]]) -> None:
    rows = [{"id": new_id(), "client_id": client_id, "uri": uri, "kind": kind} for kind, uri in addresses]
    if rows:
        tx.session.execute(insert(ClientRedirect), rows)
