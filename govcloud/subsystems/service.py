"""The commands of the catalogue behind one face: ``catalogue.py``, ``clients.py``, ``matters.py`` and ``listing/`` hold them."""

from __future__ import annotations

from uuid import UUID

from govcloud.kernel.unit_of_work import Transaction
from govcloud.subsystems import owners
from govcloud.subsystems.catalogue import Catalogue
from govcloud.subsystems.clients import Clients
from govcloud.subsystems.inputs import ClientCredentials
from govcloud.subsystems.listing.commands import ListCommands
from govcloud.subsystems.listing.uploads import ListUploads
from govcloud.subsystems.matters import Matters


class Subsystems(Catalogue, Clients, Matters, ListCommands, ListUploads):
    """Registers subsystems, functions, items, clients, lists and matters; each command is one transaction."""

    def change_owner(self, tx: Transaction, department_id: UUID, successor_id: UUID) -> None:
        """Hand what a department owned over to its successor, in the transaction of the merger."""
        owners.change_owner(tx, department_id, successor_id)


__all__ = ["ClientCredentials", "Subsystems"]
