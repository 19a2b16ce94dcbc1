"""A checkpoint: the size and root of the tree at a moment, and its one-line form that people keep elsewhere."""

from __future__ import annotations

import re
from dataclasses import dataclass

from govcloud.audit.errors import checkpoint_malformed

_TEXT = re.compile(r"([1-9][0-9]{0,17}):([0-9a-f]{64})")


@dataclass(frozen=True)
class Checkpoint:
    """The tree over the first ``size`` events has this ``root``."""

    size: int
    root: bytes

    def __str__(self) -> str:
        """Return ``<size>:<root in hexadecimal>``."""
        return f"{self.size}:{self.root.hex()}"

    @classmethod
    def parse(cls, text: str) -> Checkpoint:
        """Return the checkpoint of its one-line form.

        Raises:
            Invalid: the text is none.
        """
        match = _TEXT.fullmatch(text.strip().lower())
        if match is None:
            raise checkpoint_malformed(text)
        return cls(int(match[1]), bytes.fromhex(match[2]))
