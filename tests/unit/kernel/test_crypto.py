"""Sealing many values in one run: every nonce is fresh, and what was sealed opens like anything else."""

from __future__ import annotations

import pytest

from govcloud.kernel.crypto import Cipher, MasterKeyError, fresh

MANY = 1_000


def test_what_is_drawn_in_stock_is_never_given_twice() -> None:
    draw = fresh(12)
    drawn = [draw() for _ in range(MANY)]
    assert len(set(drawn)) == MANY
    assert {len(value) for value in drawn} == {12}
    assert set(drawn).isdisjoint({fresh(12)() for _ in range(MANY)})


def test_values_sealed_in_bulk_open_like_any_other() -> None:
    cipher = Cipher(b"k" * 32)
    sealer = cipher.in_bulk()
    sealed = [sealer.seal(f"value {number}".encode(), b"column:1") for number in range(MANY)]
    assert [cipher.open(value, b"column:1").decode() for value in sealed] == [f"value {number}" for number in range(MANY)]
    assert len({value[1:13] for value in sealed}) == MANY
    with pytest.raises(MasterKeyError):
        cipher.open(sealed[0], b"column:2")
