"""The ladder of ranks, for questions of who stands above whom.

Source: 公务员职务与职级并行规定 (2019), articles 7, 8 and 10. A leading post stands above the ranks of its own level, since who
holds it directs those who hold them.
"""

from __future__ import annotations

LADDER = (
    "省部级正职",
    "省部级副职",
    "厅局级正职",
    "一级巡视员",
    "厅局级副职",
    "二级巡视员",
    "县处级正职",
    "一级调研员",
    "二级调研员",
    "县处级副职",
    "三级调研员",
    "四级调研员",
    "乡科级正职",
    "一级主任科员",
    "二级主任科员",
    "乡科级副职",
    "三级主任科员",
    "四级主任科员",
    "一级科员",
    "二级科员",
)
_ORDER = {rank: place for place, rank in enumerate(LADDER)}


def not_above(order: int | None) -> tuple[str, ...]:
    """Return the ranks whose holders direct nobody of a rank at ``order``: all from there down; none where there is nothing to compare."""
    return () if order is None else LADDER[order:]


def rank_order(rank: str) -> int | None:
    """Return the place of ``rank`` on the ladder, 0 being the highest; ``None`` for a rank that is not on it."""
    return _ORDER.get(rank)
