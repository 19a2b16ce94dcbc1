"""The guides "connect your subsystem" say the same to copy in both languages; the English is what ``make test-clients`` runs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

CONNECT = Path(__file__).parents[2] / "docs" / "connect"
#: What stands for a value of the reader's own; the longest first, as one is in the other.
PLACEHOLDERS = {"上面的密钥": "the-secret-above", "访问令牌": "the-access-token", "令牌": "the-token"}
_COMMENT = re.compile(r"\s*# .*$", re.MULTILINE)


def copied(page: Path) -> list[tuple[str, str]]:
    """Return the blocks of a page, each with its language, without comments."""
    found = re.findall(r"^([ ]*)```(\w*)\n(.*?)^\1```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    said = [(language, _COMMENT.sub("", re.sub(rf"^{indent}", "", block, flags=re.MULTILINE))) for indent, language, block in found]
    for theirs, ours in PLACEHOLDERS.items():
        said = [(language, block.replace(theirs, ours)) for language, block in said]
    return said


@pytest.mark.parametrize("page", sorted(path.name for path in CONNECT.glob("*.md") if not path.name.endswith(".zh-CN.md")))
def test_both_editions_have_one_text_to_copy(page: str) -> None:
    assert copied(CONNECT / page) == copied(CONNECT / page.replace(".md", ".zh-CN.md"))
