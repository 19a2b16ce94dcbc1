"""The guide is true where that can be compared: settings, commands, links, code that compiles, and a twin for every page."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import click
import pytest
from pydantic.fields import FieldInfo

from govcloud.cli.main import main
from govcloud.settings import Settings

GUIDE = Path(__file__).parents[2] / "docs" / "guide"
CONNECT = GUIDE.with_name("connect")
PAGES = sorted([*GUIDE.glob("*.md"), *CONNECT.glob("*.md")])
CHINESE = [page for page in PAGES if page.name.endswith(".zh-CN.md")]


def named(pages: list[Path]) -> dict[str, Any]:
    """Return the arguments of a test that runs once a page."""
    return {"argvalues": pages, "ids": [f"{page.parent.name}/{page.name}" for page in pages]}


def blocks(page: Path, language: str) -> list[str]:
    """Return the fenced blocks of a language, without the indentation of the list that they may stand in."""
    found = re.findall(rf"^( *)```{language}\n(.*?)^ *```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    return ["\n".join(line.removeprefix(indent) for line in body.splitlines()) for indent, body in found]


@pytest.mark.parametrize("page", **named(CHINESE))
def test_a_page_has_its_twin_with_the_same_shape(page: Path) -> None:
    twin = page.with_name(page.name.replace(".zh-CN", ""))

    def shape(path: Path) -> list[str]:
        return re.findall(r"^(?:#+ |\s*```\w*|\|)", path.read_text(encoding="utf-8"), re.MULTILINE)

    assert shape(page) == shape(twin)


@pytest.mark.parametrize("name", ["operator.zh-CN.md", "operator.md"])
def test_the_operators_page_lists_every_setting_as_it_is(name: str) -> None:
    rows = re.findall(r"^\| `([A-Z_]+)` \| (.*?) \| (.*?) \| .+ \|$", (GUIDE / name).read_text(encoding="utf-8"), re.MULTILINE)
    listed = {variable: (default, values) for variable, default, values in rows}
    expected = {str(field.validation_alias or f"GOVCLOUD_{key.upper()}"): field for key, field in Settings.model_fields.items()}
    assert list(listed) == sorted(expected, key=list(listed).index)
    for variable, field in expected.items():
        default, values = listed[variable]
        if field.default_factory is None and not field.is_required() and field.default is not None:
            assert default == str(field.default), variable
        if bounds := limits(field):
            assert values == bounds, variable


def limits(field: FieldInfo) -> str:
    """Return the range of a number as the page writes it; empty where there is none."""
    found = {name: getattr(item, name) for item in field.metadata for name in ("ge", "le") if hasattr(item, name)}
    return f"{found['ge']}–{found['le']}" if found else ""


@pytest.mark.parametrize("page", **named(PAGES))
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)]+)\)", page.read_text(encoding="utf-8")):
        if target.startswith("https://"):
            continue  # another site, which nobody asks here
        path, _, anchor = target.partition("#")
        other = (page.parent / path).resolve() if path else page
        assert other.is_file(), target
        # A picture has no headings.
        heads = re.findall(r"^#+ (.+)$", other.read_text(encoding="utf-8"), re.MULTILINE) if other.suffix == ".md" else []
        slugs = {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}
        assert not anchor or anchor in slugs, target


@pytest.mark.parametrize("page", **named(PAGES))
def test_python_compiles_and_commands_exist(page: Path) -> None:
    scripts = [body for block in blocks(page, "sh") for body in re.findall(r"<<'END'\n(from .*?)\nEND", block, re.DOTALL)]
    for code in [*blocks(page, "python"), *scripts]:
        compile(code, str(page), "exec")
    for block in blocks(page, "sh"):
        for line in re.findall(r"(?:^|bin/)govcloud ([a-z][^\n;|)#]*)", block.replace("\\\n", " "), re.MULTILINE):
            known(line.split(), page)


def known(words: list[str], page: Path) -> None:
    """Hold the words of a command line against the commands and options that there are."""
    command: click.Command = main
    for word in words:
        if isinstance(command, click.Group):
            found = command.get_command(click.Context(command), word)
            assert found is not None, f"{page.name}: govcloud {' '.join(words)}"
            command = found
        elif word.startswith("-"):
            options = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
            assert word in options, f"{page.name}: {word} in govcloud {' '.join(words)}"
