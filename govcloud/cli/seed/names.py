"""People's names: surnames by their real frequency, polyphonic and two-character ones among them, and names of two parts."""

from __future__ import annotations

import random
from itertools import accumulate

from govcloud.cli.seed.datafiles import document, table

_SINGLE_SHARE = 0.14
_PER_MILLE = 1000


class Names:
    """Draws names; the same random numbers give the same names."""

    def __init__(self) -> None:
        """Read the data files."""
        rows = table("surnames")
        self._surnames = [surname for surname, _, _ in rows]
        self._weights = list(accumulate(int(weight) for _, _, weight in rows))
        self._given = document("given_names")

    def draw(self, rng: random.Random, *, woman: bool) -> str:
        """Return one name."""
        gender = "female" if woman else "male"
        if rng.randrange(_PER_MILLE) < self._given["minority_per_mille"]:
            name: str = rng.choice(self._given["minority"][gender])
            return name
        surname = rng.choices(self._surnames, cum_weights=self._weights)[0]
        parts = self._given[gender]
        if rng.random() < _SINGLE_SHARE:
            return surname + str(rng.choice(parts["single"]))
        return surname + str(rng.choice(parts["first"])) + str(rng.choice(parts["second"]))
