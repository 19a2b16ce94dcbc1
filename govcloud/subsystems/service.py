"""The commands of the catalogue behind one face; the rooms beside this hold them: what each is about, its name says."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from govcloud.kernel.actor import Actor
from govcloud.kernel.unit_of_work import Transaction
from govcloud.subsystems import owners
from govcloud.subsystems.catalogue import Catalogue
from govcloud.subsystems.clients.client_files import ClientFiles
from govcloud.subsystems.inputs import ClientCredentials, NewFunction, NewItem
from govcloud.subsystems.listing.commands import ListCommands
from govcloud.subsystems.listing.uploads import ListUploads
from govcloud.subsystems.matters.matters import Matters
from govcloud.subsystems.offers.basis import Basis
from govcloud.subsystems.offers.items import Items
from govcloud.subsystems.platform import Platform
from govcloud.subsystems.service_life.handing_over import HandingOver
from govcloud.subsystems.service_life.onboarding import Onboarding


class Subsystems(Catalogue, Platform, Basis, Items, ClientFiles, Onboarding, HandingOver, Matters, ListCommands, ListUploads):
    """Registers subsystems, functions, items, clients, lists and matters, and brings them into service; each command is one transaction."""

    def add_offered(
        self, actor: Actor, functions: Sequence[NewFunction], items: Sequence[NewItem], *, dry_run: bool = False
    ) -> tuple[UUID, ...]:
        """Add functions and offer items of them in one transaction, and return the functions' ids; a dry run only looks.

        Raises:
            Invalid, Conflict: as for ``add_functions`` and ``offer_items``; nothing is written.
        """
        with self._begin(actor, "govcloud:function:add", self._place_of(functions), dry_run=dry_run):
            added = self.add_functions(actor, functions)
            if items:
                self.offer_items(actor, items)
        return added

    def change_owner(self, tx: Transaction, department_id: UUID, successor_id: UUID) -> None:
        """Hand what a department owned over to its successor, in the transaction of the merger."""
        owners.change_owner(tx, department_id, successor_id)


__all__ = ["ClientCredentials", "Subsystems"]
