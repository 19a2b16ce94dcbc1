"""What a new password must be: the province's rules and the lists of known passwords; every broken rule is named at once."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from govcloud.kernel.errors import FieldError, Invalid
from govcloud.kernel.messages import Message
from govcloud.signon.breached import Breached
from govcloud.signon.policy import Policies, SignOnPolicy

MOST_LENGTH = 128


@dataclass(frozen=True)
class Rule:
    """One rule as the form shows it; ``kind`` and ``least`` let the page say while one types whether it is kept."""

    kind: str
    text: Message
    least: int = 0


class PasswordRules:
    """Checks new passwords by the rules that hold now."""

    def __init__(self, policies: Policies, breached: Breached) -> None:
        """Take the rules and the lists."""
        self._policies = policies
        self._breached = breached

    def check(self, password: str, login: str) -> None:
        """Return nothing when ``password`` may be set for the account ``login``; its history is another matter.

        Raises:
            Invalid: with every rule that it breaks; the password itself is never repeated.
        """
        broken = [FieldError("password", message) for message in self._broken(password, login)]
        if broken:
            raise Invalid.of(*broken)

    def shown(self) -> tuple[Rule, ...]:
        """Return the rules in the order in which the form lists them."""
        policy = self._policies.current()
        rules = [
            Rule("length", _length(policy), policy.password_least_length),
            Rule("classes", _too_few_kinds(policy), policy.password_least_classes),
            Rule("login", _HAS_LOGIN),
            Rule("known", Message("密码不能是常见的或已经泄露的密码。")),
        ]
        if policy.password_history:
            rules.append(Rule("history", repeated(policy.password_history)))
        return tuple(rule for rule in rules if rule.kind != "classes" or rule.least > 1)

    @property
    def least_length(self) -> int:
        """Return how many characters a password has at the least."""
        return self._policies.current().password_least_length

    @property
    def history(self) -> int:
        """Return how many passwords, the present one among them, may not come back."""
        return self._policies.current().password_history

    def _broken(self, password: str, login: str) -> Iterator[Message]:
        policy = self._policies.current()
        if not policy.password_least_length <= len(password) <= MOST_LENGTH:
            yield _length(policy)
        if kinds(password) < policy.password_least_classes:
            yield _too_few_kinds(policy)
        if login and login.casefold() in password.casefold():
            yield _HAS_LOGIN
        if any(unicodedata.category(char) == "Cc" for char in password):
            yield Message("密码不能含有控制字符。")
        if password and len(password) <= MOST_LENGTH and password in self._breached:
            yield Message("这个密码常见或已经泄露，容易被猜到，请换一个。")


_HAS_LOGIN = Message("密码不能包含账号。")


def repeated(history: int) -> Message:
    """Return the rule that earlier passwords do not come back."""
    return Message("密码不能与最近 %(count)s 次用过的相同。", count=history)


def refuse_repeated(history: int) -> Invalid:
    """Return the error for a password that was used before."""
    return Invalid.of(FieldError("password", repeated(history)))


def _length(policy: SignOnPolicy) -> Message:
    return Message("密码应为 %(least)s 至 %(most)s 个字符。", least=policy.password_least_length, most=MOST_LENGTH)


def _too_few_kinds(policy: SignOnPolicy) -> Message:
    return Message("密码应包含大写字母、小写字母、数字、符号中的至少 %(least)s 类。", least=policy.password_least_classes)


def kinds(password: str) -> int:
    """Return how many of the four classes occur: upper case, lower case, digit, anything else."""
    tests: Sequence[bool] = (
        any(char.isupper() for char in password),
        any(char.islower() for char in password),
        any(char.isdigit() for char in password),
        any(not (char.isupper() or char.islower() or char.isdigit()) for char in password),
    )
    return sum(tests)
