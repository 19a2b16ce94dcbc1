"""登录与会话规则: the rules that hold, a form with their bounds, what a change does before it is made, and who changed what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from uuid import UUID

from flask import Response, flash, make_response, redirect, request, url_for
from flask_admin import expose

from govcloud.entrypoints.console.pages import ConsolePage, opened
from govcloud.entrypoints.console.typed import checked_reason
from govcloud.kernel.errors import GovcloudError
from govcloud.kernel.messages import Message
from govcloud.signon.policy import BOUNDS, CHOICES, PolicyChange, differences
from govcloud.web.errors import status_of
from govcloud.web.gate import current_actor, no_permission, services
from govcloud.web.locale import say
from govcloud.web.policy_words import GROUPS, VALUES, rule_label, rule_value

SETS = "govcloud:signon_policy:set"
_MOST_DIGITS = 6


class SignOnPolicyView(ConsolePage):
    """The rules of sign-on."""

    opens = "govcloud:console:signon"
    asks = (SETS,)
    title = Message("登录与会话规则")
    lead = Message("会话时限和数量、密码、锁定与第二因素的全省规则；保存后半分钟内在各处生效。")
    icon = "shield-check"
    group = Message("运行")

    def __init__(self) -> None:
        """Serve below ``/console/signon/``."""
        super().__init__("signon")

    @expose("/", methods=("GET", "POST"))
    def index_view(self) -> Response:
        """Show the rules; what is sent is shown as a preview first, and set when that is confirmed."""
        if request.method == "GET":
            return self._page(_typed(asdict(services().signon_policies.current())), "")
        if not opened(SETS):
            raise no_permission()
        typed = {name: request.form.get(name, "").strip() for name in (*BOUNDS, *CHOICES)}
        reason = request.form.get("reason", "").strip()
        if "back" in request.form:
            return self._page(typed, reason)
        try:
            changes = _changes(typed)
            clean = checked_reason(reason)
            tried = services().signon_policies.tried(changes, clean)
            if "confirmed" in request.form:
                services().signon_policies.set(current_actor(), changes, clean)
                flash(say(Message("规则已保存，半分钟内在各处生效。")), "success")
                return make_response(redirect(url_for(".index_view"), 303))
        except GovcloudError as error:
            return self._page(typed, reason, error)
        changed = differences(services().signon_policies.current(), tried)
        if not changed:
            flash(say(Message("内容没有变化。")), "info")
            return self._page(typed, reason)
        page: str = self.render(
            "console/signon_preview.html",
            view=self,
            typed=typed,
            reason=reason,
            changed=_words(changed),
            effect=services().logout_queries.touched(tried),
            most=tried.sessions_at_once,
        )
        return make_response(page)

    def _page(self, typed: Mapping[str, str], reason: str, error: GovcloudError | None = None) -> Response:
        history = services().signon_policies.history()
        page: str = self.render(
            "console/signon_policy.html",
            view=self,
            groups=GROUPS,
            bounds=BOUNDS,
            choices={name: [(value, say(VALUES[value])) for value in values] for name, values in CHOICES.items()},
            typed=typed,
            reason=reason,
            errors={item.field: say(item.message) for item in error.fields} if error else {},
            general=say(error.message) if error and not error.fields else "",
            history=[(item, _who(item), _words(item.changes)) for item in history],
            names=_names(history),
            may_set=opened(SETS),
        )
        return make_response(page, status_of(error) if error else 200)


def _typed(rules: Mapping[str, object]) -> dict[str, str]:
    return {name: str(value) for name, value in rules.items()}


def _changes(typed: Mapping[str, str]) -> dict[str, object]:
    """Return what was typed as the command takes it: whole numbers as such, so that anything else is named as wrong."""
    return {
        name: int(value) if name in BOUNDS and value.isascii() and value.isdigit() and len(value) <= _MOST_DIGITS else value
        for name, value in typed.items()
    }


def _words(changes: Mapping[str, tuple[object, object]]) -> list[tuple[str, str, str]]:
    """Return each change as a rule's name, from what, to what."""
    return [(rule_label(name), rule_value(name, old), rule_value(name, new)) for name, (old, new) in changes.items()]


def _who(change: PolicyChange) -> UUID | None:
    """Return the official who made a change; ``None``: the operator at the command line."""
    kind, _, name = change.set_by.partition(":")
    return UUID(name) if kind == "official" else None


def _names(history: tuple[PolicyChange, ...]) -> Mapping[UUID, str]:
    return services().identity_queries.official_names({who for item in history if (who := _who(item)) is not None})
