"""A page of the console that is no table, and whether a function is open to its reader."""

from __future__ import annotations

from typing import ClassVar

from flask import current_app, g
from flask_admin import BaseView

from govcloud.kernel.messages import Message
from govcloud.web.gate import may_among


def opened(function: str) -> bool:
    """Return whether ``function`` is open to the reader; all functions of the console are asked at once, once a request."""
    if "console_opened" not in g:
        g.console_opened = may_among(current_app.extensions["govcloud.console_functions"])
    return function in g.console_opened


class ConsolePage(BaseView):
    """One page of the console that is no table; subclasses say what opens it and what it is called."""

    opens: ClassVar[str]
    """The function that opens the page; the gate asks the engine for it."""
    title: ClassVar[Message]
    icon: ClassVar[str]
    group: ClassVar[Message]
    lead: ClassVar[Message | None] = None
    asks: ClassVar[tuple[str, ...]] = ()
    """Functions that the page asks for beside the one that opens it."""

    def __init__(self, endpoint: str) -> None:
        """Serve below ``/console/<endpoint>/``."""
        super().__init__(name=str(self.title), endpoint=f"console_{endpoint}", url=f"/console/{endpoint}")

    @property
    def functions(self) -> frozenset[str]:
        """Return the functions that the page asks for."""
        return frozenset((self.opens, *self.asks))
