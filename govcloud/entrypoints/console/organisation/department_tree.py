"""The department tree at the left of a page: the levels that stand open, the day it is shown for, and ids in addresses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from govcloud.identity.tree import Node, NodePage
from govcloud.identity.views import DepartmentView
from govcloud.web.gate import services
from govcloud.web.moments import CHINA, day

MOST_NODES = 100
WHOLE = "/"
"""The path above all departments: who reaches it sees the province."""


@dataclass(frozen=True)
class Branch:
    """One level of the tree as it is drawn: its lines, what stands open below one of them, and whether there are more."""

    nodes: tuple[Node, ...]
    open_id: UUID | None = None
    below: Branch | None = None
    more: bool = False


def tree_to(selected: DepartmentView | None, at: datetime | None, roots: Sequence[str]) -> Branch:
    """Return the tree, open from the ``roots`` (paths) down to ``selected`` and to what is directly below it."""
    chain = [UUID(part) for part in selected.path.split("/") if part] if selected else []
    if WHOLE in roots:
        return _branch(services().tree_queries.children(None, MOST_NODES, at=at), chain, at)
    own = [UUID(path.rstrip("/").rpartition("/")[2]) for path in roots]
    nodes = services().tree_queries.nodes(own, at=at)
    within = next((chain[place:] for place, item in enumerate(chain) if item in own), [])
    return _branch(NodePage(nodes, None), within, at)


def _branch(page: NodePage, chain: list[UUID], at: datetime | None) -> Branch:
    nodes = page.nodes
    if not chain:
        return Branch(nodes, more=page.after is not None)
    if chain[0] not in {node.id for node in nodes}:
        # It stands behind the first hundred of its level, or is no more.
        nodes = (*nodes, *services().tree_queries.nodes(chain[:1], at=at))
    here = next((node for node in nodes if node.id == chain[0]), None)
    if here is None:
        return Branch(nodes, more=page.after is not None)
    below = None
    if here.has_children:
        below = _branch(services().tree_queries.children(here.id, MOST_NODES, at=at), chain[1:], at)
    return Branch(nodes, here.id, below, more=page.after is not None)


def as_of(text: str) -> tuple[datetime | None, str]:
    """Return the end of the day that is asked for, and the day as it stands in the field; today and what is no day mean now."""
    try:
        wanted = date.fromisoformat(text)
    except ValueError:
        return None, ""
    now = services().clock.now()
    if text >= day(now):
        return None, ""
    ends = datetime.combine(wanted, datetime.min.time(), CHINA) + timedelta(days=1) - timedelta(microseconds=1)
    return ends.astimezone(UTC), text
