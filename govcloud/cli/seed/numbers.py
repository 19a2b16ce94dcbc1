"""Valid, fictitious numbers of people and bodies, each one different by construction, so that none has to be remembered.

``random`` is right here: the data must come out the same for the same seed, and nothing in it is a secret.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from datetime import date, timedelta

from stdnum.cn import ric, uscc

_FIRST_BIRTH = date(1840, 1, 1)
_DAYS = (date(1900, 1, 1) - _FIRST_BIRTH).days
_SEQUENCES = 999
_CHECK_PLACEHOLDER = "0"
# No operator was given the numbers that begin so.
_UNASSIGNED_PHONES = "154"
_PHONES = 10**8
# GB 11714: weights of the eight digits of an organisation's number.
_BODY_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
_FICTITIOUS_BODIES = "99"
_BODIES = 10**6
_GOLDEN = 0.6180339887498949


def stream(seed: int, *labels: object) -> random.Random:
    """Return the random numbers of one part of the data; parts do not disturb each other."""
    return random.Random("/".join(map(str, (seed, *labels))))  # noqa: S311 - see the head of this file


class Shuffle:
    """A fixed reordering of ``range(size)`` that needs no table: multiplication by a step that shares no factor with ``size``."""

    def __init__(self, size: int, rng: random.Random) -> None:
        """Choose the reordering; the step lies near the golden section, so that neighbours land far apart."""
        self.size = size
        self._shift = rng.randrange(size)
        step = int(size * _GOLDEN) + rng.randrange(max(1, size // 1000))
        while math.gcd(step, size) != 1:
            step += 1
        self._step = step

    def __getitem__(self, index: int) -> int:
        """Return where ``index`` lands.

        Raises:
            IndexError: ``index`` lies outside ``range(size)``.
        """
        if not 0 <= index < self.size:
            raise IndexError(index)
        return (index * self._step + self._shift) % self.size


class IdNumbers:
    """Citizens' ID numbers (GB 11643) of people born from 1840 to 1899: nobody alive has one of them."""

    def __init__(self, counties: Sequence[str], rng: random.Random) -> None:
        """Take six-digit division codes of counties."""
        self._counties = tuple(counties)
        self._places = Shuffle(len(self._counties) * _DAYS * _SEQUENCES, rng)

    def __len__(self) -> int:
        """Return how many different numbers there are."""
        return self._places.size

    def __getitem__(self, index: int) -> str:
        """Return the number of ``index``: division, birth, sequence (odd for men), check digit."""
        rest, sequence = divmod(self._places[index], _SEQUENCES)
        county, day = divmod(rest, _DAYS)
        birth = _FIRST_BIRTH + timedelta(days=day)
        head = f"{self._counties[county]}{birth:%Y%m%d}{sequence + 1:03d}"
        return head + str(ric.calc_check_digit(head + _CHECK_PLACEHOLDER))


def is_woman(id_number: str) -> bool:
    """Return whether the ID number is a woman's: its sequence is even (GB 11643 section 4)."""
    return int(id_number[16]) % 2 == 0


class Phones:
    """Mobile numbers of a range that was never given out."""

    def __init__(self, rng: random.Random) -> None:
        """Choose their order."""
        self._places = Shuffle(_PHONES, rng)

    def __getitem__(self, index: int) -> str:
        """Return the number of ``index``."""
        return f"{_UNASSIGNED_PHONES}{self._places[index]:08d}"


class CreditCodes:
    """Unified social credit codes (GB 32100) whose organisation's part (GB 11714) is fictitious and has a right check digit."""

    def __init__(self, rng: random.Random) -> None:
        """Choose their order."""
        self._places = Shuffle(_BODIES, rng)

    def code(self, index: int, category: str, division: str) -> str:
        """Return the code of ``index``.

        Args:
            index: which one.
            category: authority and class, ``"11"`` for organs of the state, ``"12"`` public institutions, ``"13"`` mass bodies.
            division: six or more digits of the division where it is registered.
        """
        body = f"{_FICTITIOUS_BODIES}{self._places[index]:06d}"
        head = category + division[:6] + body + _body_check(body)
        return head + str(uscc.calc_check_digit(head))


def _body_check(body: str) -> str:
    """Return the check digit of an organisation's number (GB 11714 section 3.2)."""
    rest = 11 - sum(int(digit) * weight for digit, weight in zip(body, _BODY_WEIGHTS, strict=True)) % 11
    return {10: "X", 11: "0"}.get(rest, str(rest))
