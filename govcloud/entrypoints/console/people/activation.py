"""激活码: one-time codes for people who have no password yet, or need a new one; a list to print and hand over."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from flask import Response, flash, make_response, request
from flask.typing import ResponseReturnValue
from flask_admin import expose

from govcloud.entrypoints.console.parts.pages import ConsolePage
from govcloud.entrypoints.console.parts.people_reach import department_named, own_department, reach
from govcloud.kernel.errors import FieldError, GovcloudError, Invalid
from govcloud.kernel.messages import Message
from govcloud.kernel.spreadsheets import csv_lines
from govcloud.signon.activation import MOST_AT_ONCE, IssuedCode
from govcloud.web.errors import status_of
from govcloud.web.gate import current_actor, may, services
from govcloud.web.locale import say
from govcloud.web.moments import moment

ISSUE = "govcloud:activation:issue"
_NAMED = 10


class ActivationView(ConsolePage):
    """Issues codes: for one person, or for everybody of a department who has no password."""

    opens = "govcloud:console:activation"
    title = Message("激活码")
    lead = Message("为没有密码的人员签发一次性激活码；本人凭码设置密码，任何人都不知道密码。")
    icon = "key-round"
    group = Message("组织与人员")

    def __init__(self) -> None:
        """Serve below ``/console/activation/``."""
        super().__init__("activation")

    @expose("/")
    def index_view(self) -> ResponseReturnValue:
        """Show the two forms."""
        return self._page()

    @expose("/issue", methods=("POST",))
    def issue(self) -> ResponseReturnValue:
        """Issue codes and show them this once, as a page to print or as a CSV."""
        try:
            codes = services().signon.issue_activation_codes(current_actor(), self._people())
        except GovcloudError as error:
            return self._page(error=error)
        return _table(codes) if request.form.get("as") == "csv" else self._page(codes)

    def _people(self) -> list[UUID]:
        """Return whom the form names.

        Raises:
            Invalid: there is no such person or department.
        """
        identity = services().identity_queries
        code = request.form.get("employee_code", "").strip()
        if code:
            view = identity.official_by_code(code)
            if view is None:
                raise Invalid.of(FieldError("employee_code", Message("没有这个工号，请核对。"), code))
            return [view.id]
        if "employee_code" in request.form:
            raise Invalid.of(FieldError("employee_code", Message("不能为空，请填写。")))
        department = department_named("department", request.form.get("department", ""), beyond=True)
        people = services().signon.to_activate(department.id, MOST_AT_ONCE)
        trust = services().authorization.entrusted_among(people)
        open_to = {level for level in set(trust.values()) if self._may_issue(department.path, level)}
        # Whoever is entrusted with more than the reader may open, or serves elsewhere as well, is left out: those codes are somebody
        # else's to issue, and one of them would have the command refuse all. Where nothing is open, the command itself refuses.
        if not open_to:
            return list(people)
        beyond = identity.serving_beyond(people, reach())
        left_out = [person for person in people if person in beyond or trust[person] not in open_to]
        if left_out:
            flash(say(_left_out(identity.official_names(left_out[:_NAMED]), len(left_out))), "warning")
        return [person for person in people if person not in set(left_out)]

    @staticmethod
    def _may_issue(path: str, entrusted: str) -> bool:
        return may(ISSUE, {"department_path": path, "entrusted": entrusted})

    def _page(self, codes: tuple[IssuedCode, ...] | None = None, *, error: GovcloudError | None = None) -> Response:
        page = self.render(
            "console/activation.html",
            view=self,
            codes=codes,
            error=error,
            errors={item.field: say(item.message) for item in error.fields} if error else {},
            most=MOST_AT_ONCE,
            hours=services().settings.activation_hours,
            own=own_department(),
        )
        response = make_response(page, status_of(error) if error else 200)
        response.headers["Cache-Control"] = "no-store"
        return response


def _left_out(names: Mapping[UUID, str], count: int) -> Message:
    """Return who got no code, the first by name, and whose they are to give."""
    return Message(
        "%(count)s 人担任管理职责或同时在您的管理范围之外任职，未予签发，请由系统管理员签发：%(names)s。",
        count=count,
        names=say(Message("、")).join(sorted(names.values())),
    )


def _table(codes: tuple[IssuedCode, ...]) -> Response:
    heads = tuple(say(head) for head in (Message("工号"), Message("姓名"), Message("激活码"), Message("有效期至")))
    rows = [(item.employee_code, item.name, item.code, moment(item.expires_at)) for item in codes]
    response = Response(list(csv_lines(heads, rows)), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = "attachment; filename=activation-codes.csv"
    response.headers["Cache-Control"] = "no-store"
    return response
