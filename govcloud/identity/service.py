"""The commands of identity behind one face: ``organisation.py`` and ``people.py`` hold them."""

from __future__ import annotations

from govcloud.identity.organisation import Organisation
from govcloud.identity.people import People


class Identity(Organisation, People):
    """Registers and changes divisions, departments, officials and appointments; each command is one transaction."""


__all__ = ["Identity"]
