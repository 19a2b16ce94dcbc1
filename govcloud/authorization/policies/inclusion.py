"""Which roles a role includes, however deep, and whether some include each other in a circle."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence


def role_closure(includes: Mapping[str, Sequence[str]]) -> dict[str, frozenset[str]]:
    """Return for each role itself and everything that it includes, however deep (stock Casbin stops at ten)."""
    closure: dict[str, frozenset[str]] = {}
    for role in includes:
        reached = {role}
        waiting = [role]
        while waiting:
            for included in includes.get(waiting.pop(), ()):
                if included not in reached:
                    reached.add(included)
                    waiting.append(included)
        closure[role] = frozenset(reached)
    return closure


def cycle_in(includes: Mapping[str, Iterable[str]]) -> tuple[str, ...] | None:
    """Return a circle of roles that include each other, or ``None``; walks without recursion, so depth has no limit."""
    done: set[str] = set()
    for start in includes:
        path: list[str] = []
        stack = [(start, iter(includes.get(start, ())))]
        while stack:
            role, children = stack[-1]
            if role not in path:
                path.append(role)
            child = next((item for item in children if item not in done), None)
            if child is None:
                done.add(role)
                path.pop()
                stack.pop()
            elif child in path:
                return (*path[path.index(child) :], child)
            else:
                stack.append((child, iter(includes.get(child, ()))))
    return None
