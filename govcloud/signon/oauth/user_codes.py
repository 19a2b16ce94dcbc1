"""The codes that devices show and people type: how they look, and what holds up whoever types wrong ones (RFC 8628 section 5.1)."""

from __future__ import annotations

import secrets

from govcloud.kernel.errors import Denied
from govcloud.kernel.keys import KeyRing
from govcloud.kernel.messages import Message
from govcloud.kernel.unit_of_work import Transaction
from govcloud.signon.throttle import Attempt, Held, Throttle

#: No vowels, so that no words come out, and nothing that is read as something else (RFC 8628 section 6.1).
ALPHABET = "BCDFGHJKLMNPQRSTVWXZ"
LENGTH = 8
_MINUTE = 60


class DeviceCodeLocked(Denied):
    """Somebody typed too many codes that no device shows."""

    def __init__(self, seconds: int) -> None:
        """Say when to try again."""
        super().__init__(
            "device_code_locked",
            Message("输入错误的设备代码次数过多，已暂时锁定。"),
            remedy=Message("请在 %(minutes)s 分钟后重试。", minutes=-(-seconds // _MINUTE)),
            retry_after=seconds,
        )


def drawn() -> str:
    """Return a fresh code."""
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))


def shown(user_code: str) -> str:
    """Return a code as it is shown: in two groups."""
    return f"{user_code[: LENGTH // 2]}-{user_code[LENGTH // 2 :]}"


def typed(text: str) -> str:
    """Return the code that somebody typed: case, spaces and hyphens do not matter (RFC 8628 section 6.1)."""
    return "".join(char for char in text.upper() if char.isalnum())[: LENGTH * 2]


class Guesses:
    """Counts the codes that a person types, from one address, as sign-in counts passwords."""

    def __init__(self, keys: KeyRing, throttle: Throttle) -> None:
        """Take the one count of tries."""
        self._keys = keys
        self._throttle = throttle

    def enter(self, tx: Transaction) -> Attempt | DeviceCodeLocked:
        """Count a try of the transaction's actor as a wrong one, unless too many went before; ``take_back`` when it was right."""
        digest = self._keys.digest("device-guesser", tx.actor.id.encode("utf-8", "surrogatepass"))
        address = self._throttle.network_of(tx.actor.source_address or "")
        counted = self._throttle.enter(tx, digest, address)
        return DeviceCodeLocked(int((counted.until - tx.now).total_seconds()) + 1) if isinstance(counted, Held) else counted

    def take_back(self, tx: Transaction, guess: Attempt) -> None:
        """Forget a try that was right; it is no success, which would begin the count anew: who guesses may have a device of their own."""
        self._throttle.forget(tx, guess)
