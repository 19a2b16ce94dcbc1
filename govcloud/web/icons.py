"""The outline icons, read once from the SVG files beside this module and put into the page itself."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from markupsafe import Markup

_FOLDER = Path(__file__).parent / "icons"


@cache
def icon(name: str, css: str = "icon") -> Markup:
    """Return the ``<svg>`` of the icon ``name`` with the class ``css``; it is decoration, so the words beside it must say all.

    Raises:
        FileNotFoundError: there is no such icon in ``govcloud/web/icons``.
    """
    drawing = (_FOLDER / f"{name}.svg").read_text(encoding="utf-8").strip()
    # Files of the package, not input: nothing of a request reaches this string.
    return Markup(drawing.replace("<svg ", f'<svg class="{css}" aria-hidden="true" focusable="false" ', 1))  # noqa: S704
