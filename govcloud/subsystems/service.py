"""The commands of the catalogue behind one face: ``catalogue.py``, ``clients.py`` and ``lists.py`` hold them."""

from __future__ import annotations

from govcloud.subsystems.catalogue import Catalogue
from govcloud.subsystems.clients import Clients
from govcloud.subsystems.inputs import ClientCredentials
from govcloud.subsystems.lists import Lists


class Subsystems(Catalogue, Clients, Lists):
    """Registers subsystems, functions, items, clients, lists and matters; each command is one transaction."""


__all__ = ["ClientCredentials", "Subsystems"]
