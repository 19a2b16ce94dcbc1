"""The texts of CAS tickets: what they begin with, of which characters, how long, and for how long they hold (section 3)."""

from __future__ import annotations

import secrets
import string
from datetime import timedelta

from govcloud.settings import Settings
from govcloud.signon.handing import LONGEST_LIFE

# Section 3.7: letters, digits and the hyphen.
_ALPHABET = string.ascii_letters + string.digits
SERVICE, PROXY, PGT, PGT_IOU = "ST-", "PT-", "PGT-", "PGTIOU-"
#: What every service must be able to take (3.1.1, 3.2.1, 3.3.1, 3.4.1); the shortest text still holds 172 random bits.
_LENGTHS = {SERVICE: 32, PROXY: 32, PGT: 64, PGT_IOU: 64}


def fresh_text(prefix: str) -> str:
    """Return a text that nobody can guess, beginning with ``prefix``."""
    return prefix + "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTHS[prefix] - len(prefix)))


def life(settings: Settings) -> timedelta:
    """Return for how long a ticket may be redeemed: as long as an OIDC code, and no longer than a minute."""
    return min(timedelta(seconds=settings.code_seconds), LONGEST_LIFE)
