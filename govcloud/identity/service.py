"""The commands of identity behind one face: ``organisation.py``, ``people.py`` and the rooms beside them hold them."""

from __future__ import annotations

from govcloud.identity.abolishing import Abolishing
from govcloud.identity.correcting import Correcting


class Identity(Abolishing, Correcting):
    """Registers and changes divisions, departments, officials and appointments; each command is one transaction."""


__all__ = ["Identity"]
