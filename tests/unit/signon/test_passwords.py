"""How a password is generated, and that hashing is bounded."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError

from govcloud.kernel.errors import Unavailable
from govcloud.signon import passwords
from govcloud.signon.password_rules import kinds
from govcloud.signon.passwords import WAITING_EACH, Hashing, generate
from tests.factories.hashing import RememberingHasher


@pytest.fixture(scope="module")
def hashing() -> Hashing:
    return Hashing(1)


def test_generated_passwords_pass_and_differ() -> None:
    generated = {generate() for _ in range(200)}
    assert len(generated) == 200
    for password in generated:
        assert kinds(password) == 4
        assert not set(password) & set("0O1lIoi")


def test_a_password_matches_its_own_hash_alone(hashing: Hashing) -> None:
    secret_hash = hashing.hash("Xihu-2026-lake")
    assert secret_hash.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert hashing.matches(secret_hash, "Xihu-2026-lake")
    assert not hashing.matches(secret_hash, "xihu-2026-lake")
    assert not hashing.matches(None, "Xihu-2026-lake")
    assert not hashing.outdated(secret_hash)


def test_ways_of_typing_a_character_are_the_same(hashing: Hashing) -> None:
    composed, decomposed = "Caf\u00e9-2026-lake", "Cafe\u0301-2026-lake"
    assert hashing.matches(hashing.hash(composed), decomposed)


def test_any_text_can_be_checked(hashing: Hashing) -> None:
    secret_hash = hashing.hash("Xihu-2026-lake")
    for text in ("", "\0", "\ud800", "x" * 100_000):
        assert not hashing.matches(secret_hash, text)


def test_a_hash_of_other_costs_is_outdated(hashing: Hashing) -> None:
    weak = PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1).hash("Xihu-2026-lake")
    assert hashing.outdated(weak)
    assert hashing.matches(weak, "Xihu-2026-lake")


def test_what_the_suite_remembers_is_what_the_library_says() -> None:
    real, remembering = PasswordHasher(), RememberingHasher()
    known = real.hash("Xihu-2026-lake")
    for _ in range(2):
        assert remembering.verify(known, "Xihu-2026-lake") is True
        for secret_hash, password, fault in (
            (known, "xihu-2026-lake", VerifyMismatchError),
            ("no hash", "Xihu-2026-lake", InvalidHashError),
            (known[:40], "Xihu-2026-lake", VerificationError),
        ):
            with pytest.raises(fault) as theirs:
                real.verify(secret_hash, password)
            with pytest.raises(fault) as ours:
                remembering.verify(secret_hash, password)
            assert type(ours.value) is type(theirs.value)


def test_a_full_queue_says_when_to_come_back() -> None:
    hashing = Hashing(1)
    held = [hashing.place() for _ in range(1 + WAITING_EACH)]
    for place in held:
        place.__enter__()
    with pytest.raises(Unavailable) as busy, hashing.place():
        pass
    assert busy.value.retry_after == passwords._RETRY_SECONDS
    held.pop().__exit__(None, None, None)
    with hashing.place():
        pass


def test_no_more_run_at_once_than_allowed() -> None:
    hashing = Hashing(2)
    running, most, lock = 0, 0, threading.Lock()
    real = hashing._hasher

    class Counting:
        def hash(self, password: bytes) -> str:
            nonlocal running, most
            with lock:
                running += 1
                most = max(most, running)
            try:
                return real.hash(password)
            finally:
                with lock:
                    running -= 1

    hashing._hasher = Counting()  # type: ignore[assignment]  # counts, and hashes with the real one
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(hashing.hash, ["Xihu-2026-lake"] * 16))
    assert most == 2
