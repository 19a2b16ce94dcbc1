"""What is wrong with a page as a reader meets it: too wide, ids for names, what axe minds, what the browser's console says."""

from __future__ import annotations

import re

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.browser.conftest import ARTEFACTS

_OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
_BARE_ID = re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b")
#: What is there to be copied may hold ids.
_READ = """() => {
  const main = document.querySelector("main").cloneNode(true);
  main.querySelectorAll("pre").forEach((box) => box.remove());
  return main.textContent;
}"""
_SERIOUS = {"serious", "critical"}


def complaints(page: Page) -> list[str]:
    """Return the list that what the browser minds (a script that fails, something that the policy blocks) is added to."""
    found: list[str] = []
    page.on("pageerror", lambda error: found.append(str(error)))
    # That a form was refused is an answer of ours, and told on the page.
    page.on("console", lambda message: found.append(message.text) if message.type == "error" and "422" not in message.text else None)
    return found


def faults(page: Page, name: str) -> list[tuple[str, str]]:
    """Return what is wrong with a page as it stands, and keep its picture under ``name``."""
    page.wait_for_load_state("networkidle")
    ARTEFACTS.mkdir(exist_ok=True)
    page.screenshot(path=ARTEFACTS / f"{name}.png", full_page=True)
    found = [(name, "wider than the window")] if page.evaluate(_OVERFLOW) > 0 else []
    found += [(name, f"bare id {text}") for text in _BARE_ID.findall(page.evaluate(_READ))]
    violations = Axe().run(page).response["violations"]
    return [*found, *((name, rule["id"]) for rule in violations if rule["impact"] in _SERIOUS)]
