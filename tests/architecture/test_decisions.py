"""Each decision has a number of its own, said by its file and its heading alike, and what points at one finds it."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "decisions"
LINK = re.compile(r"\(((?:\.\./|docs/)*decisions/[^)#]+|[0-9]{4}-[^)#]+\.md)\)")


def test_a_number_is_one_decision() -> None:
    numbers = [int(page.name[:4]) for page in sorted(FOLDER.glob("*.md"))]
    assert numbers == list(range(1, len(numbers) + 1))
    for page in FOLDER.glob("*.md"):
        assert page.read_text(encoding="utf-8").startswith(f"# {int(page.name[:4])}. "), page.name


def test_every_pointer_finds_its_decision() -> None:
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    lost = [
        (page.name, link) for page in pages for link in LINK.findall(page.read_text(encoding="utf-8")) if not (page.parent / link).exists()
    ]
    assert lost == []
