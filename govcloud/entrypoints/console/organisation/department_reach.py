"""How far the reader's roles reach over the department tree: the pages show, and let be named, nothing beyond."""

from __future__ import annotations

from typing import cast

from flask import g

from govcloud.kernel.errors import Denied
from govcloud.kernel.messages import Message
from govcloud.web.gate import current_session, services

FUNCTION = "govcloud:console:departments"


def reach() -> tuple[str, ...]:
    """Return the paths at or below which the reader may look, the widest only; ``("/",)`` is the whole province."""
    if "department_reach" not in g:
        g.department_reach = _reach()
    return cast("tuple[str, ...]", g.department_reach)


def reaches(path: str) -> bool:
    """Say whether the reader may look at the department at ``path``."""
    return any(path.startswith(above) for above in reach())


def must_reach(path: str) -> None:
    """Refuse a department beyond the reader's roles.

    Raises:
        Denied: it is.
    """
    if not reaches(path):
        raise Denied("out_of_scope", Message("该机构不在您的管理范围内。"), remedy=Message("如确需办理，请联系其上级机构的部门管理员。"))


def _reach() -> tuple[str, ...]:
    session = current_session()
    if session is None:
        return ()
    queries = services().authorization_queries
    roles = queries.policy().roles_naming(FUNCTION)
    paths = {path for role in roles for path in queries.department_paths(session.official_id, session.appointment_id, role)}
    return tuple(sorted(path for path in paths if not any(path != other and path.startswith(other) for other in paths)))
