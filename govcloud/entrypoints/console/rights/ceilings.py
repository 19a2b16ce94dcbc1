"""角色授予上限: which roles administrators may give directly in a department and below, said from above."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from flask import Response, flash, make_response, redirect, request, url_for
from flask_admin import expose

from govcloud.authorization.rights.ceilings import ADMIN_ROLE, UNBOUND_ROLE
from govcloud.entrypoints.console.parts.pages import ConsolePage, opened
from govcloud.entrypoints.console.rights.authorization import GROUP, role_name
from govcloud.identity.queries import DepartmentView
from govcloud.kernel.errors import Conflict, Denied, GovcloudError, NotFound
from govcloud.kernel.messages import Message
from govcloud.kernel.validation import identifier
from govcloud.web.gate import current_actor, reader_session, services
from govcloud.web.locale import say

_PAGE = 20
_SETS = "govcloud:role_ceiling:set"


@dataclass(frozen=True)
class _Row:
    """A department with its ceiling; ``set_on`` names the department above on which it was set."""

    department: DepartmentView
    roles: tuple[str, ...]
    set_on: str | None
    own: bool


class CeilingsView(ConsolePage):
    """The ceilings; administrators of departments see those of their own subtree."""

    opens = "govcloud:role_ceiling:read"
    asks = (_SETS,)
    title = Message("角色授予上限")
    lead = Message("部门管理员只能在上限之内单独授予角色；下级未设时沿用上级。")
    icon = "layers"
    group = GROUP

    def __init__(self) -> None:
        """Serve below ``/console/ceilings/``."""
        super().__init__("ceilings")

    @expose("/")
    def index_view(self) -> str:
        """Show the departments that have a ceiling of their own, or those that a search finds."""
        text, after = request.args.get("search", "").strip(), identifier(request.args.get("after"))
        queries = services().identity_queries
        following: UUID | None = None
        paths = _paths()
        if text:
            found = list(services().tree_queries.search(text, _PAGE, within=paths).rows) if paths else []
        elif "/" not in paths:
            # Whoever is in charge of a part begins there: those with a ceiling of their own lie anywhere in the province.
            found = list(queries.departments({UUID(path.rstrip("/").rpartition("/")[2]) for path in paths}).values())
        else:
            ids = services().authorization_queries.duties.departments_with_ceiling(_PAGE + 1, after)
            following = ids[_PAGE - 1] if len(ids) > _PAGE else None
            known = queries.departments(ids[:_PAGE])
            found = [known[item] for item in ids[:_PAGE] if item in known]
        rendered: str = self.render(
            "console/ceilings.html",
            view=self,
            role_name=role_name,
            search=text,
            rows=_rows(found),
            following=following,
            after=after,
            # What may be given in one's own department is said from above.
            settable={row.id for row in found if opened(_SETS) and row.path not in paths},
        )
        return rendered

    @expose("/set/<department_id>", methods=("GET", "POST"))
    def set_view(self, department_id: str) -> Response | str:
        """Set what may be given in a department."""
        wanted = identifier(department_id)
        department = services().identity_queries.department(wanted) if wanted else None
        if department is None:
            raise NotFound.of(Message("部门"), department_id)
        if not _own([department], _paths()):
            raise Denied("out_of_scope", Message("此人或此部门不在您的管理范围内。"), remedy=Message("请联系安全管理员办理。"))
        [row] = _rows([department])
        mode, chosen, reason = ("own" if row.own else "inherit"), list(row.roles), ""
        error: GovcloudError | None = None
        if request.method == "POST":
            mode, chosen, reason = request.form.get("mode", ""), request.form.getlist("roles"), request.form.get("reason", "")
            try:
                services().authorization.set_role_ceiling(current_actor(), department.id, None if mode == "inherit" else chosen, reason)
            except GovcloudError as refused:
                error = refused
            else:
                flash(say(Message("上限已保存，立即生效。")), "success")
                return make_response(redirect(url_for(".index_view")))
        roles = [(role.code, role_name(role.code)) for role in services().authorization_queries.duties.roles()]
        page = self.render(
            "console/ceiling_form.html", view=self, row=row, mode=mode, chosen=chosen, reason=reason, roles=roles, error=error
        )
        return make_response(page, 200 if error is None else 409 if isinstance(error, Conflict | Denied) else 422)


def _paths() -> list[str]:
    """Return the subtrees in the reader's charge; ``"/"`` is the whole province."""
    session = reader_session()
    queries = services().authorization_queries
    return [
        path for role in (UNBOUND_ROLE, ADMIN_ROLE) for path in queries.department_paths(session.official_id, session.appointment_id, role)
    ]


def _own(found: Sequence[DepartmentView], paths: Sequence[str]) -> list[DepartmentView]:
    """Return those of the departments that lie within ``paths``."""
    return [department for department in found if any(department.path.startswith(path) for path in paths)]


def _rows(found: Sequence[DepartmentView]) -> list[_Row]:
    duties = services().authorization_queries.duties
    views = {department.id: duties.ceiling(department.path) for department in found}
    names = _names({view.set_on for view in views.values() if view.set_on})
    return [
        _Row(
            department,
            tuple(sorted(views[department.id].roles)),
            names.get(views[department.id].set_on),
            own=views[department.id].set_on == department.id,
        )
        for department in found
    ]


def _names(wanted: set[UUID]) -> Mapping[UUID | None, str]:
    return {key: view.name for key, view in services().identity_queries.departments(wanted).items()}
