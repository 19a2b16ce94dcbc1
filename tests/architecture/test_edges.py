"""Every decision that a request asks for is asked from where the request comes: else a rule on network zones stays closed there."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2] / "govcloud"
#: Ways to ask the engine which take the address as ``client_address``.
ASKING = {"Question", "open_functions", "open_among", "list_people", "list_functions", "list_subsystems", "count_people"}
#: Where there is no person's address to tell, and why.
NOWHERE = {
    # Denials that were made before the engine was asked; they go into the log.
    ("entrypoints/authzen/asking.py", "question", "Question"),
    ("entrypoints/authzen/asking.py", "unanswered", "Question"),
    ("entrypoints/authzen/asking.py", "unread", "Question"),
}
#: The one place in which a page or the API asks whether its reader may do something.
THE_PLACE = "web/gate.py"


def calls(package: str) -> Iterator[tuple[str, str, str, ast.Call]]:
    """Give the calls of ``ASKING`` in a package: file, function, name, call."""
    for path in sorted((ROOT / package).rglob("*.py")):
        for function in ast.walk(ast.parse(path.read_text())):
            if isinstance(function, ast.FunctionDef):
                for node in ast.walk(function):
                    if isinstance(node, ast.Call):
                        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                        if name in ASKING:
                            yield str(path.relative_to(ROOT)), function.name, name, node


def test_whoever_asks_tells_the_address() -> None:
    silent = set()
    for package in ("entrypoints", "web", "signon"):
        for file, function, name, call in calls(package):
            if not any(keyword.arg in {"client_address", None} for keyword in call.keywords):
                silent.add((file, function, name))
    assert silent == NOWHERE


def test_readers_are_asked_about_in_one_place() -> None:
    """A question about the reader is made by the gate alone; AuthZEN asks about others, on behalf of its clients."""
    askers = {file for package in ("entrypoints", "web") for file, _, name, _ in calls(package) if name == "Question"}
    assert {file for file in askers if not file.startswith("entrypoints/authzen/")} == {THE_PLACE}
