"""The commands of identity behind one face: ``organisation.py``, ``reorganising.py`` and ``people.py`` hold them."""

from __future__ import annotations

from govcloud.identity.people import People
from govcloud.identity.reorganising import Reorganising


class Identity(Reorganising, People):
    """Registers and changes divisions, departments, officials and appointments; each command is one transaction."""


__all__ = ["Identity"]
