"""What a request names in words of its own: a department by its code, divisions as a scope."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from govcloud.authorization.scopes.scope import Scope
from govcloud.kernel.errors import NotFound
from govcloud.kernel.messages import Message
from govcloud.web.gate import services


def department_of(uscc: str | None) -> UUID | None:
    """Return the department with a credit code; ``None``: none is named.

    Raises:
        NotFound: there is no such department.
    """
    if uscc is None:
        return None
    view = services().identity_queries.department_by_uscc(uscc)
    if view is None:
        raise NotFound.of(Message("部门"), uscc)
    return view.id


def scope_of(divisions: Sequence[str] | None) -> Scope | None:
    """Return the scope of some divisions; ``None``: none is named."""
    return None if divisions is None else Scope(tuple(divisions))
