"""The commands of identity behind one face: ``organisation.py``, ``reorganising.py``, ``people.py`` and the rooms beside hold them."""

from __future__ import annotations

from govcloud.identity.correcting import Correcting
from govcloud.identity.reorganising import Reorganising


class Identity(Reorganising, Correcting):
    """Registers and changes divisions, departments, officials and appointments; each command is one transaction."""


__all__ = ["Identity"]
