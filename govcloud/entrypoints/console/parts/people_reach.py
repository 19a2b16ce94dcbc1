"""Within which subtrees the reader of a console page sees people; the look-ups of a person, and of a department that a form names."""

from __future__ import annotations

from uuid import UUID

from govcloud.identity.finding.reach import NOWHERE, Reach
from govcloud.identity.views import DepartmentView, OfficialView
from govcloud.kernel.errors import FieldError, Invalid, NotFound
from govcloud.kernel.messages import Message
from govcloud.web.gate import current_session, reach_of, services

OPENS = "govcloud:console:officials"
_LOOKED_AT, _MOST_CHOICES, _SHOWN = 50, 8, 5


def reach(function: str = OPENS) -> Reach:
    """Return how far the reader sees people, looked up once a request: what the roles that open ``function`` are bounded by."""
    paths = reach_of(function)
    return Reach(paths) if paths else NOWHERE


def departments_named(typed: str, within: Reach) -> tuple[DepartmentView | None, tuple[DepartmentView, ...]]:
    """Return the department within a reach that ``typed`` names exactly, or, when there is not one, those that it may mean."""
    found = departments_like(typed, _LOOKED_AT, within) if typed else ()
    exact = [view for view in found if typed.upper() == view.uscc or typed in {view.name, view.short_name}]
    chosen = exact[0] if len(exact) == 1 else found[0] if len(found) == 1 else None
    return chosen, () if chosen else found[:_MOST_CHOICES]


def person_within(official_id: object) -> OfficialView:
    """Return a person whom the reader may see.

    Raises:
        NotFound: there is nobody by that id within reach; which of the two is not said.
    """
    try:
        view = services().identity_queries.official_within(UUID(str(official_id)), reach())
    except ValueError:
        view = None
    if view is None:
        raise NotFound.of(Message("公职人员"), official_id)
    return view


def departments_like(text: str, most: int, within: Reach) -> tuple[DepartmentView, ...]:
    """Return departments within a reach whose name, short name, pinyin or initials contain ``text``, the topmost first."""
    return services().tree_queries.search(text, most, within=within.paths).rows if within.paths else ()


def department_named(field: str, typed: str, *, beyond: bool = False) -> DepartmentView:
    """Return the department that a form's field means: by its credit code, its full name or its short name, within reach.

    ``beyond`` takes a code wherever it leads: the command that follows says whether the reader may.

    Raises:
        Invalid: there is none, or more than one; names them.
    """
    queries, clean = services().identity_queries, typed.strip()
    by_code = queries.department_by_uscc(clean) if clean else None
    if by_code is not None and (beyond or reach().covers(by_code.path)):
        return by_code
    found = departments_like(clean, _LOOKED_AT, reach())
    exact = [view for view in found if clean in {view.name, view.short_name}]
    if len(exact) == 1:
        return exact[0]
    raise Invalid.of(FieldError(field, _unclear(clean, [view.name for view in exact or found]), typed))


def own_department() -> str:
    """Return the name of the department in which the reader acts, for the forms of those who manage that one; else nothing."""
    session = current_session()
    if session is None or session.appointment_id is None or reach().everywhere:
        return ""
    held = services().identity_queries.appointment(session.appointment_id, services().clock.now())
    return held.department_name if held and reach().covers(held.department_path) else ""


def _unclear(typed: str, names: list[str]) -> Message:
    if not typed:
        return Message("不能为空，请填写。")
    if not names:
        return Message("您的管理范围内没有这个部门，请填写部门全称或统一社会信用代码。")
    return Message("请填写部门全称或统一社会信用代码，例如：%(names)s。", names="、".join(names[:_SHOWN]))
