"""What a new password must be: every broken rule is named at once, by the rules that hold."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest

from govcloud.kernel.errors import Invalid
from govcloud.signon.breached import Breached
from govcloud.signon.password_rules import PasswordRules
from govcloud.signon.passwords import generate
from govcloud.signon.policy import SignOnPolicy

if TYPE_CHECKING:
    from govcloud.signon.policy import Policies


@dataclass
class Fixed:
    """Rules that hold without a database."""

    policy: SignOnPolicy = field(default_factory=SignOnPolicy)

    def current(self) -> SignOnPolicy:
        return self.policy


def rules(policy: SignOnPolicy | None = None, file: Path | None = None) -> PasswordRules:
    return PasswordRules(cast("Policies", Fixed(policy or SignOnPolicy())), Breached(file))


@pytest.mark.parametrize(
    "password",
    ["Xihu-2026-lake", "longer pass Phrase", "Abcdefgh12", "西湖边的柳树 Abc1", "abcdefgh-1", "Aa1!" * 32],
)
def test_good_passwords_pass(password: str) -> None:
    rules().check(password, "WANGFANG")


@pytest.mark.parametrize(
    ("password", "broken"),
    [
        ("Xihu-2026", 1),  # nine characters
        ("Aa1!" * 32 + "x", 1),  # more than 128
        ("alllowercase", 1),
        ("ONLYUPPER123", 1),
        ("xihu-wangfang-1A", 1),  # the login, in another case
        ("short", 2),
        ("wangfang", 3),
        ("Xihu-2026\nlake", 1),
        ("", 2),
        ("P@ssw0rd123", 1),  # keeps every other rule, and everybody tries it
        ("Admin@123456", 1),
        ("admin@123456", 1),  # whatever the case
        ("Ｐ@ssw0rd123", 1),  # full-width letters are the same letters
    ],
)
def test_each_broken_rule_is_named(password: str, broken: int) -> None:
    with pytest.raises(Invalid) as refused:
        rules().check(password, "WANGFANG")
    assert len(refused.value.fields) == broken
    assert all(password not in str(field.message) for field in refused.value.fields if password)


def test_the_rules_follow_the_policy() -> None:
    strict = rules(SignOnPolicy(password_least_length=16, password_least_classes=4, password_history=0))
    with pytest.raises(Invalid) as refused:
        strict.check("Xihu2026lake", "WANGFANG")
    assert len(refused.value.fields) == 2
    strict.check("Xihu-2026-lake-side", "WANGFANG")
    assert [rule.kind for rule in strict.shown()] == ["length", "classes", "login", "known"]
    assert [rule.least for rule in strict.shown()][:2] == [16, 4]
    loose = rules(SignOnPolicy(password_least_classes=1))
    assert [rule.kind for rule in loose.shown()] == ["length", "login", "known", "history"]


@pytest.mark.parametrize("least", [8, 10, 16, 20, 33, 64])
def test_generated_passwords_keep_every_rule(least: int) -> None:
    strictest = rules(SignOnPolicy(password_least_length=least, password_least_classes=4))
    for _ in range(50):
        strictest.check(generate(least), "WANGFANG")
