"""The small province that the tests of seeding load: just enough for the story."""

from __future__ import annotations

from govcloud.cli.seed.sizes import Shape

#: The province's first departments, 杭州 with 西湖区 and 余杭区, one township.
SMALL = Shape("small", 300, 16, 1, 3, 2, 4, 1, 2, 6)
XIHU = "330106000000"


def silent(_stage: str, _done: int, _total: int) -> None:
    """Take progress in."""
