"""The table of second factors: one line each, in the order in which pages offer them."""

from __future__ import annotations

from collections.abc import Mapping

from govcloud.kernel.keys import KeyRing
from govcloud.signon.factors.factor import Factor
from govcloud.signon.factors.recovery import RecoveryCodes
from govcloud.signon.factors.totp import Totp


def second_factors(keys: KeyRing) -> Mapping[str, Factor]:
    """Return the factors by name."""
    factors: tuple[Factor, ...] = (Totp(keys), RecoveryCodes(keys))
    return {factor.name: factor for factor in factors}
