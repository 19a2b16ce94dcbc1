"""The commands of identity behind one face: ``organisation.py``, ``people.py``, ``lifecycle.py`` and the rooms beside hold them."""

from __future__ import annotations

from govcloud.identity.correcting import Correcting
from govcloud.identity.feed import Feed
from govcloud.identity.reorganising import Reorganising
from govcloud.identity.settling import Settling
from govcloud.identity.unmasking import Unmasking


class Identity(Reorganising, Correcting, Feed, Settling, Unmasking):
    """Registers and changes divisions, departments, officials and appointments; each command is one transaction."""


__all__ = ["Identity"]
