"""A page of rules that are set in one place: the form, what a change does before it is made, and who changed what."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, ClassVar

from flask import Response, flash, make_response, redirect, request, url_for
from flask_admin import expose

from govcloud.entrypoints.console.parts.pages import ConsolePage, opened
from govcloud.entrypoints.console.parts.typed import checked_reason
from govcloud.kernel.actor import official_of
from govcloud.kernel.errors import GovcloudError
from govcloud.kernel.messages import Message
from govcloud.kernel.rulebook import Rulebook, differences
from govcloud.web.errors import status_of
from govcloud.web.gate import current_actor, no_permission, services
from govcloud.web.locale import say


class RulesPage(ConsolePage):
    """The rules of one rulebook; subclasses say which, in what words, and what else stands on the page."""

    form: ClassVar[str]
    """The template of the page."""
    preview: ClassVar[str]
    """The template of what a change does."""

    @expose("/", methods=("GET", "POST"))
    def index_view(self) -> Response:
        """Show the rules; what is sent is shown as a preview first, and set when that is confirmed."""
        if request.method == "GET":
            return self.page(self.current(), "")
        if not opened(self.rulebook.command):
            raise no_permission()
        typed = {name: request.form.get(name, "").strip() for name in self.rulebook.rules}
        reason = request.form.get("reason", "").strip()
        if "back" in request.form:
            return self.page(typed, reason)
        try:
            changes, clean = self.rulebook.typed(typed), checked_reason(reason)
            tried = self.rulebook.tried(changes, clean)
            if "confirmed" in request.form:
                self.rulebook.set(current_actor(), changes, clean)
                flash(say(Message("规则已保存，半分钟内在各处生效。")), "success")
                return make_response(redirect(url_for(".index_view"), 303))
        except GovcloudError as error:
            return self.page(typed, reason, error)
        changed = differences(self.rulebook.current(), tried)
        if not changed:
            flash(say(Message("内容没有变化。")), "info")
            return self.page(typed, reason)
        page: str = self.render(
            self.preview, view=self, typed=typed, reason=reason, changed=self._in_words(changed), **self.beside_preview(tried)
        )
        return make_response(page)

    def page(self, typed: Mapping[str, str], reason: str, error: GovcloudError | None = None, **further: Any) -> Response:  # noqa: ANN401 - values of the template
        """Show the form with what was typed and what is wrong with it."""
        history = [(item, official_of(item.set_by), self._in_words(item.changes)) for item in self.rulebook.history()]
        page: str = self.render(
            self.form,
            view=self,
            typed=typed,
            reason=reason,
            errors={item.field: say(item.message) for item in error.fields} if error else {},
            general=say(error.message) if error and not error.fields else "",
            history=history,
            names=services().identity_queries.official_names({who for _, who, _ in history if who is not None}),
            may_set=opened(self.rulebook.command),
            **{**self.beside_form(), **further},
        )
        return make_response(page, status_of(error) if error else 200)

    def current(self) -> dict[str, str]:
        """Return the rules that hold, as they stand in the fields."""
        return {name: str(value) for name, value in asdict(self.rulebook.current()).items()}

    @property
    @abstractmethod
    def rulebook(self) -> Rulebook[Any]:
        """Return the rulebook that the page is about."""

    @abstractmethod
    def label(self, name: str) -> str:
        """Return what a rule is called."""

    def value(self, name: str, value: object) -> str:  # noqa: ARG002 - for those that have words for values
        """Return what a rule says, for people."""
        return str(value)

    @abstractmethod
    def beside_form(self) -> Mapping[str, Any]:
        """Return what the page's template needs besides."""

    def beside_preview(self, tried: Any) -> Mapping[str, Any]:  # noqa: ANN401, ARG002 - the rules of the rulebook, for those that need them
        """Return what the preview's template needs besides."""
        return {}

    def _in_words(self, changes: Mapping[str, tuple[object, object]]) -> list[tuple[str, str, str]]:
        """Return each change as a rule's name, from what, to what."""
        return [(self.label(name), self.value(name, old), self.value(name, new)) for name, (old, new) in changes.items()]
