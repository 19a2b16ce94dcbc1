"""Clients by the file: many are registered and changed together, all or none, and what would differ is told beforehand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from govcloud.kernel.actor import Actor
from govcloud.kernel.messages import Message
from govcloud.kernel.validation import Fields
from govcloud.subsystems import errors
from govcloud.subsystems.changes import ClientChange
from govcloud.subsystems.clients import client_inputs
from govcloud.subsystems.clients.client_records import as_record, differences
from govcloud.subsystems.clients.clients import Clients
from govcloud.subsystems.inputs import NewClient
from govcloud.subsystems.protocols import protocol_of

MOST_CLIENTS = 200


@dataclass(frozen=True)
class Brought:
    """What became of one client of a file: ``action`` is ``new``, ``changed`` or ``same``; the secret of a dry run is never real."""

    client_id: str
    subsystem_code: str
    action: str
    differences: Mapping[str, tuple[Any, Any]]
    secret: str | None = field(default=None, repr=False)


class ClientFiles(Clients):
    """Registers and changes clients as files say."""

    def bring_clients(self, actor: Actor, rows: Sequence[NewClient], *, dry_run: bool = False) -> tuple[Brought, ...]:
        """Let the clients be as ``rows`` say: new ones are registered, known ones changed; those that are so already stay untouched.

        All happens in one transaction. A dry run goes through all of it, writes nothing and gives out no secret. Clients that no
        row names stay as they are.

        Raises:
            Invalid: a field of a row is wrong (``rows[n].…`` names it), a client stands twice, or there are too many.
            NotFound, Conflict, Denied: as for ``register_client`` and ``change_client``; nothing is written.
        """
        self._check_rows(rows)
        brought: list[Brought] = []
        places = [self._queries.subsystem(row.subsystem_code) for row in rows]
        target = self._target("clients", "file", [place.owner_department_id if place else None for place in places])
        with self._begin(actor, "govcloud:client:change", target, dry_run=dry_run):
            # In one order, whatever that of the file: two files at once wait for each other instead of blocking each other.
            for row in sorted(rows, key=lambda row: (row.subsystem_code, row.client_id)):
                brought.append(self._bring(actor, row, dry_run=dry_run))  # noqa: PERF401 - each is a command
        order = {row.client_id: place for place, row in enumerate(rows)}
        return tuple(sorted(brought, key=lambda one: order[one.client_id]))

    def _check_rows(self, rows: Sequence[NewClient]) -> None:
        """Note what is wrong in any row, so that all is mended at once."""
        fields = Fields()
        if len(rows) > MOST_CLIENTS:
            fields.fail("rows", Message("一次最多 %(most)s 个客户端。", most=MOST_CLIENTS), len(rows))
        seen: set[str] = set()
        for place, row in enumerate(rows[:MOST_CLIENTS]):
            at = fields.row(place)
            clean = client_inputs.checked_client(row, at)
            if clean.client_id in seen:
                at.fail("client_id", Message("同一客户端标识只能出现一次。"), clean.client_id)
            seen.add(clean.client_id)
            owner = self._queries.subsystem(row.subsystem_code)
            if owner is None or owner.owner_department_id is None:
                at.fail("subsystem", Message("没有这个业务子系统，请先登记。"), row.subsystem_code)
            else:
                self._note_unknown(owner, clean.settings, at)
                self._note_like_another(owner, clean.client_id, at)
        fields.done()

    def _bring(self, actor: Actor, row: NewClient, *, dry_run: bool) -> Brought:
        known = self._queries.client_by_client_id(row.client_id)
        if known is None:
            if any(client.client_id == row.client_id for client in self._queries.clients_of(row.subsystem_code)):
                raise errors.client_elsewhere(row.client_id)
            given = self.register_client(actor, row)
            new = {name: (None, value) for name, value in as_record(client_inputs.checked_client(row, Fields())).items() if value}
            return Brought(given.client_id, row.subsystem_code, "new", new, None if dry_run else given.secret)
        if known.subsystem_code != row.subsystem_code:
            raise errors.client_elsewhere(row.client_id)
        if known.protocol != protocol_of(row.settings):
            raise errors.other_protocol(known.client_id, known.protocol)
        addresses = (row.redirect_uris, row.post_logout_uris, row.services, row.origins)
        change = ClientChange(row.name, *addresses, auth_method=row.auth_method, settings=row.settings)
        found = differences(known, client_inputs.checked_change(change, Fields()))
        changed = self.change_client(actor, row.client_id, change)
        if changed is None:
            return Brought(row.client_id, row.subsystem_code, "same", {})
        return Brought(row.client_id, row.subsystem_code, "changed", found, None if dry_run else changed.secret)
