"""登录与会话规则: the rules that hold, a form with their bounds, what a change does before it is made, and who changed what."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from govcloud.entrypoints.console.running.rule_pages import RulesPage
from govcloud.kernel.messages import Message
from govcloud.signon.policy import BOUNDS, CHOICES, Policies, SignOnPolicy
from govcloud.web.gate import services
from govcloud.web.locale import say
from govcloud.web.policy_words import GROUPS, VALUES, rule_label, rule_value


class SignOnPolicyView(RulesPage):
    """The rules of sign-on."""

    opens = "govcloud:console:signon"
    asks = (Policies.command,)
    title = Message("登录与会话规则")
    lead = Message("会话时限和数量、密码、锁定与第二因素的全省规则；保存后半分钟内在各处生效。")
    icon = "shield-check"
    group = Message("运行")
    form = "console/signon_policy.html"
    preview = "console/signon_preview.html"

    def __init__(self) -> None:
        """Serve below ``/console/signon/``."""
        super().__init__("signon")

    @property
    def rulebook(self) -> Policies:
        """Return the rules of sign-on."""
        return services().signon_policies

    def label(self, name: str) -> str:
        """Return what a rule is called."""
        return rule_label(name)

    def value(self, name: str, value: object) -> str:
        """Return what a rule says, with its unit."""
        return rule_value(name, value)

    def beside_form(self) -> Mapping[str, Any]:
        """Return the groups of the form, and what each rule may be."""
        choices = {name: [(value, say(VALUES[value])) for value in values] for name, values in CHOICES.items()}
        return {"groups": GROUPS, "bounds": BOUNDS, "choices": choices}

    def beside_preview(self, tried: SignOnPolicy) -> Mapping[str, Any]:
        """Return what the change does to sessions that there are."""
        return {"effect": services().logout_queries.touched(tried), "most": tried.sessions_at_once}
