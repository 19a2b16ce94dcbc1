"""The commands of identity behind one face: ``organisation.py``, ``people.py``, ``lifecycle.py`` and the rooms beside hold them."""

from __future__ import annotations

from govcloud.identity.departments.reorganising import Reorganising
from govcloud.identity.working_life.correcting import Correcting
from govcloud.identity.working_life.feed import Feed
from govcloud.identity.working_life.settling import Settling
from govcloud.identity.working_life.unmasking import Unmasking


class Identity(Reorganising, Correcting, Feed, Settling, Unmasking):
    """Registers and changes divisions, departments, officials and appointments; each command is one transaction."""


__all__ = ["Identity"]
