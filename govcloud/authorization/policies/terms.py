"""What conditions are made of: terms that compute a value from the facts, and say what they lacked when they could not.

Three values (Kleene): true, false, and ``None`` for undetermined, which comes of an attribute that is not there or of values whose
types do not fit.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from govcloud.authorization.policies.vocabulary import Domain, Kind
from govcloud.authorization.scopes.scope import division_covers


class Attributes(Protocol):
    """The attributes of one of the three; what is not there is ``None``."""

    def get(self, name: str, /) -> Any:  # noqa: ANN401 - attributes have many types
        """Return the value of an attribute."""


#: What a condition reads: the attributes of ``subject``, ``resource`` and ``context``.
Facts = Mapping[str, Attributes]
Compiled = Callable[[Facts], Any]
#: Which attributes, were they told, could bring an undetermined term to the wanted value; none: nothing that is told could.
Lacks = Callable[[Facts, bool], frozenset[str]]

_NOTHING = frozenset[str]()
_ORDERINGS: Mapping[str, Callable[[Any, Any], bool]] = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
_EQUALITIES: Mapping[str, Callable[[Any, Any], bool]] = {"==": operator.eq, "!=": operator.ne}
_MEMBERSHIPS: Mapping[str, Callable[[Any, Any], bool]] = {
    "in": lambda item, items: item in items,
    "not in": lambda item, items: item not in items,
}
ORDERINGS, MEMBERSHIPS = frozenset(_ORDERINGS), frozenset(_MEMBERSHIPS)


def _never(_facts: Facts, _wanted: bool) -> frozenset[str]:  # noqa: FBT001 - the signature of ``Lacks``
    return _NOTHING


@dataclass(frozen=True, slots=True)
class Term:
    """A part of a condition. ``name`` is that of an attribute that a question can tell; ``literals`` are the values written out."""

    kind: Kind
    evaluate: Compiled
    lacks: Lacks = _never
    name: str | None = None
    domain: Domain | None = None
    literals: tuple[object, ...] = ()


def constant(kind: Kind, value: object, literals: tuple[object, ...]) -> Term:
    """Return a value that is written out."""
    return Term(kind, lambda _facts: value, literals=literals)


def reading(owner: str, name: str, kind: Kind, *, domain: Domain | None, told: bool) -> Term:
    """Return the reading of an attribute; ``told``: by the question."""
    return Term(kind, lambda facts: facts[owner].get(name), name=f"{owner}.{name}" if told else None, domain=domain)


def truth(term: Term) -> Term:
    """Return an attribute as something that is true or false; whatever else it is leaves it undetermined."""

    def evaluate(facts: Facts) -> bool | None:
        value = term.evaluate(facts)
        return value if isinstance(value, bool) else None

    return Term(Kind.BOOLEAN, evaluate, _absent((term,)))


def negation(term: Term) -> Term:
    """Return Kleene's *not*."""
    inner = term.evaluate

    def evaluate(facts: Facts) -> bool | None:
        value = inner(facts)
        return None if value is None else not value

    return Term(Kind.BOOLEAN, evaluate, lambda facts, wanted: term.lacks(facts, not wanted))


def junction(terms: Sequence[Term], *, is_and: bool) -> Term:
    """Return Kleene's *and* (or *or*) of the terms."""
    decisive = not is_and
    parts = [term.evaluate for term in terms]

    def evaluate(facts: Facts) -> bool | None:
        undetermined = False
        for part in parts:
            value: bool | None = part(facts)
            if value is decisive:
                return decisive
            undetermined = undetermined or value is None
        return None if undetermined else is_and

    def lacks(facts: Facts, wanted: bool) -> frozenset[str]:  # noqa: FBT001 - the signature of ``Lacks``
        found = [term.lacks(facts, wanted) for term in terms if term.evaluate(facts) is None]
        # One part alone can decide; otherwise all of them have to come right.
        return _NOTHING if wanted is not decisive and not all(found) else _NOTHING.union(*found)

    return Term(Kind.BOOLEAN, evaluate, lacks)


def comparison(sign: str, left: Term, right: Term) -> Term:
    """Return a comparison; operands that are missing, or whose types do not fit, leave it undetermined."""
    first, second, lacks = left.evaluate, right.evaluate, _absent((left, right))
    if sign in _MEMBERSHIPS:
        contained = _MEMBERSHIPS[sign]

        def member(facts: Facts) -> bool | None:
            item, items = first(facts), second(facts)
            return None if item is None or not isinstance(items, list | tuple) else contained(item, items)

        return Term(Kind.BOOLEAN, member, lacks)
    domain = left.domain or right.domain
    order = domain.order if domain is not None and sign in _ORDERINGS else None
    compare = _ORDERINGS[sign] if sign in _ORDERINGS else _EQUALITIES[sign]

    def compared(facts: Facts) -> bool | None:
        one, two = first(facts), second(facts)
        return compare(one, two) if one is not None and type(one) is type(two) else None

    def ranked(facts: Facts) -> bool | None:
        one, two = _place(order, first(facts)), _place(order, second(facts))
        return None if one is None or two is None else compare(one, two)

    return Term(Kind.BOOLEAN, compared if order is None else ranked, lacks)


def under(path: str, ancestor: str) -> bool:
    """Return whether department ``path`` is ``ancestor`` or lies below it (materialised paths, ``/…/`` at both ends)."""
    return bool(ancestor) and path.startswith(ancestor)


def within(division: str, outer: str) -> bool:
    """Return whether ``division`` is ``outer`` or lies in it."""
    return division_covers(outer, division)


FUNCTIONS: Mapping[str, Callable[[str, str], bool]] = {"under": under, "within": within}


def call(name: str, first: Term, second: Term) -> Term:
    """Return one of ``FUNCTIONS`` applied to two texts."""
    function = FUNCTIONS[name]

    def evaluate(facts: Facts) -> bool | None:
        one, two = first.evaluate(facts), second.evaluate(facts)
        if not isinstance(one, str) or not isinstance(two, str):
            return None
        try:
            return function(one, two)
        except ValueError:  # not a division code: nothing can be said about it
            return None

    return Term(Kind.BOOLEAN, evaluate, _absent((first, second)))


def _place(order: Mapping[str, int] | None, value: object) -> int | None:
    return order.get(value) if order is not None and isinstance(value, str) else None


def _absent(terms: Iterable[Term]) -> Lacks:
    """Return the attributes among ``terms`` that are not there; nothing if one of these is none that a question tells."""
    operands = tuple(terms)

    def lacks(facts: Facts, _wanted: bool) -> frozenset[str]:  # noqa: FBT001 - the signature of ``Lacks``
        names = [term.name for term in operands if term.evaluate(facts) is None]
        return frozenset(name for name in names if name is not None) if None not in names else _NOTHING

    return lacks
