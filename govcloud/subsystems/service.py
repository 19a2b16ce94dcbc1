"""The commands of the catalogue behind one face; the rooms beside this hold them: what each is about, its name says."""

from __future__ import annotations

from uuid import UUID

from govcloud.kernel.unit_of_work import Transaction
from govcloud.subsystems import owners
from govcloud.subsystems.basis import Basis
from govcloud.subsystems.catalogue import Catalogue
from govcloud.subsystems.clients import Clients
from govcloud.subsystems.inputs import ClientCredentials
from govcloud.subsystems.items import Items
from govcloud.subsystems.lists import Lists
from govcloud.subsystems.onboarding import Onboarding
from govcloud.subsystems.platform import Platform


class Subsystems(Catalogue, Platform, Basis, Items, Clients, Onboarding, Lists):
    """Registers subsystems, functions, items, clients, lists and matters, and brings them into service; each command is one transaction."""

    def change_owner(self, tx: Transaction, department_id: UUID, successor_id: UUID) -> None:
        """Hand what a department owned over to its successor, in the transaction of the merger."""
        owners.change_owner(tx, department_id, successor_id)


__all__ = ["ClientCredentials", "Subsystems"]
