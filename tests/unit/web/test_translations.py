"""English is complete: every sentence that the code says has its translation, with the same values in it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from babel.messages.catalog import Message
from babel.messages.pofile import read_po

from govcloud.identity.importing.columns import COLUMNS
from govcloud.subsystems.listing.columns import IMPLEMENTATION, POWER

ROOT = Path(__file__).parents[3]
_VALUES = re.compile(r"%\(\w+\)s|\{\w+\}")
_CHINESE = re.compile(r"[\u4e00-\u9fff]")


@pytest.fixture(scope="module")
def english() -> dict[str, Message]:
    """Return the English catalogue by source text."""
    with (ROOT / "govcloud/web/translations/en/LC_MESSAGES/messages.po").open("rb") as file:
        return {_source(message): message for message in read_po(file) if message.id}


def _source(message: Message) -> str:
    return message.id if isinstance(message.id, str) else message.id[0]


def _texts(value: object) -> list[str]:
    return [value] if isinstance(value, str) else [str(item) for item in value]  # type: ignore[attr-defined]


def test_every_sentence_has_its_translation(english: dict[str, Message], tmp_path: Path) -> None:
    template = tmp_path / "messages.pot"
    extract = [
        sys.executable,
        "-m",
        "babel.messages.frontend",
        "-q",
        "extract",
        "-F",
        "pyproject.toml",
        "-k",
        "Message",
        "-o",
        str(template),
        ".",
    ]
    subprocess.run(extract, cwd=ROOT, check=True)
    with template.open("rb") as file:
        said = [_source(message) for message in read_po(file) if message.id]
    assert len(said) > 300
    missing = [text for text in said if text not in english or not all(_texts(english[text].string))]
    assert not missing, "add to messages.po:\n" + "\n".join(missing)


def test_every_column_of_a_file_has_its_translation(english: dict[str, Message]) -> None:
    headings = {heading for columns in (COLUMNS, POWER, IMPLEMENTATION) for heading in columns.headings.values()}
    assert not [heading for heading in headings if heading not in english], "add to messages.po"


def test_what_the_shipped_policy_calls_its_roles_and_functions_has_its_translation(english: dict[str, Message]) -> None:
    policy = yaml.safe_load((ROOT / "policies/baseline.yaml").read_text(encoding="utf-8"))
    said = [*policy["functions"].values()]
    for role in policy["roles"].values():
        said += [role["name"], role.get("description", ""), *(rule.get("label", "") for rule in role["rules"])]
    assert not [text for text in said if text and text not in english], "add to messages.po"


def test_translations_keep_the_values_and_are_english(english: dict[str, Message]) -> None:
    for source, message in english.items():
        for text in _texts(message.string):
            assert set(_VALUES.findall(text)) == set(_VALUES.findall(source)), source
            assert not _CHINESE.search(text), source
