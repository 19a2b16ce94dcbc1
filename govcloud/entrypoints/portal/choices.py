"""The choices of the request form and the decision: divisions by their full names, durations, and the parts in a case."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flask_babel import gettext

from govcloud.access.asking.views import ScopeChoice
from govcloud.authorization.scopes.scope import division_covers
from govcloud.web.locale import say
from govcloud.web.words import DUTIES

_DURATIONS = (1, 3, 5, 10, 30, 90, 180)
_USUAL = 5


@dataclass(frozen=True)
class DivisionChoices:
    """Divisions to pick from: those around one's own duty as cards, the others in a list."""

    near: tuple[ScopeChoice, ...]
    others: tuple[tuple[str, str], ...]

    @property
    def codes(self) -> frozenset[str]:
        """Return every code that may be picked."""
        return frozenset([choice.code for choice in self.near] + [code for code, _name in self.others])


def durations(most: int) -> tuple[int, ...]:
    """Return the days to offer within ``most``, which is one of them."""
    return (*(days for days in _DURATIONS if days < most), most)


def usual_duration(most: int) -> int:
    """Return what is picked beforehand: five days, or less where less is the cap."""
    return min(_USUAL, most)


def full_names(choices: Sequence[ScopeChoice]) -> dict[str, str]:
    """Return names that tell divisions apart: a county with its city, a township with its county."""
    names = {choice.code: choice.name for choice in choices if choice.code}
    full: dict[str, str] = {}
    for choice in choices:
        if choice.code:
            around = [code for code in names if code != choice.code and division_covers(code, choice.code)]
            parent = max(around, key=lambda code: len(code.rstrip("0")), default=None)
            top = parent is None or choice.level not in {"county", "township"}
            full[choice.code] = choice.name if top or parent is None else names[parent] + choice.name
    return full


def division_choices(choices: Sequence[ScopeChoice]) -> DivisionChoices:
    """Return ``choices`` for the request form; the whole of the province is listed as the province itself."""
    named = full_names(choices)
    listed = [choice for choice in choices if choice.code]
    suggested = next((choice for choice in listed if choice.suggested), None)
    near = [choice for choice in listed if suggested is not None and division_covers(choice.code, suggested.code)]
    near.sort(key=lambda choice: len(choice.code.rstrip("0")), reverse=True)
    shown = tuple(ScopeChoice(choice.code, named[choice.code], choice.level, choice.scope, choice.suggested) for choice in near)
    others = tuple((choice.code, named[choice.code]) for choice in listed if choice not in near)
    return DivisionChoices(shown, others)


def duty_options() -> list[tuple[str, str]]:
    """Return the parts in a case to pick from, none of them beforehand."""
    return [("", gettext("请选择环节")), *((key, say(word)) for key, word in DUTIES.items() if key)]
