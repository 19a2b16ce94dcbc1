"""Commands on clients: what a subsystem signs officials in with."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import insert, update

from govcloud.kernel.actor import Actor
from govcloud.kernel.authorizer import Target
from govcloud.kernel.constraints import explained
from govcloud.kernel.ids import new_id
from govcloud.kernel.validation import Fields
from govcloud.subsystems import errors, inputs
from govcloud.subsystems.commands import Commands
from govcloud.subsystems.events import ClientDisabled, ClientEntrusted, ClientRegistered, ClientSecretRotated
from govcloud.subsystems.inputs import ClientCredentials, NewClient
from govcloud.subsystems.models import Client, ClientRedirect
from govcloud.subsystems.protocols import SECRET, protocol_of, to_json
from govcloud.subsystems.secrets import new_secret, secret_digest
from govcloud.subsystems.views import ClientView


class Clients(Commands):
    """Commands that give subsystems their credentials; each is one transaction."""

    def register_client(self, actor: Actor, client: NewClient) -> ClientCredentials:
        """Enter a client and return its credentials; the secret is shown this once.

        Raises:
            Invalid: an address is not exact and safe.
            NotFound: there is no such subsystem.
            Conflict: the client_id is registered already, or the subsystem is under review or retired.
        """
        owner = self._queries.subsystem(client.subsystem_code)
        target = self._target("client", client.client_id, [owner.owner_department_id if owner else None])
        with self._uow.begin(actor, "govcloud:client:register", target) as tx:
            fields = Fields()
            row = inputs.checked_client(client, fields)
            fields.done()
            if owner is None:
                raise errors.subsystem_missing(client.subsystem_code)
            secret = new_secret() if row.auth_method == SECRET else None
            with self._keeping_sound(tx, [owner]), explained(errors.CONSTRAINTS):
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
                tx.session.execute(insert(ClientRedirect), _redirects(row))
            tx.record(
                ClientRegistered(
                    subject=f"client:{row.client_id}",
                    client_id=row.client_id,
                    subsystem_code=owner.code,
                    protocol=protocol_of(row.settings),
                    auth_method=row.auth_method,
                    addresses=tuple(str(address["uri"]) for address in _redirects(row)),
                    settings=to_json(row.settings),
                )
            )
        return ClientCredentials(row.client_id, secret)

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
            tx.session.execute(update(Client).where(Client.id == view.id).values(secret_digest=digest))
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

    def _client(self, client_id: str) -> tuple[ClientView, Target]:
        view = self._queries.client_by_client_id(client_id)
        if view is None:
            raise errors.client_missing(client_id)
        return view, self._target("client", view.client_id, [self._subsystem(view.subsystem_id).owner_department_id])


def _redirects(row: NewClient) -> list[dict[str, object]]:
    kinds = {"redirect": row.redirect_uris, "post_logout": row.post_logout_uris, "service": row.services, "origin": row.origins}
    return [{"id": new_id(), "client_id": row.id, "uri": uri, "kind": kind} for kind, uris in kinds.items() for uri in uris]
