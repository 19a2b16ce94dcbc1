"""One question while it is being decided: the subject's snapshot, the moment, and what is asked about.

This is ``r.sub`` of the model. It is made for one decision, used by one thread and thrown away.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from govcloud.authorization.conditions import Facts
from govcloud.authorization.document import ALLOW, DENY
from govcloud.authorization.scope import NOTHING, Scope
from govcloud.authorization.scope_rules import ScopeRule
from govcloud.authorization.snapshot import Snapshot, Window, grant_role

#: The role of the fixed rule that lets a temporary grant open its own function.
ANY_GRANT = "grant:*"


class Asking:
    """A subject asking for one function at one moment; ``matched`` collects the numbers of the rules that matched."""

    __slots__ = ("bounded", "department_path", "division", "facts", "grant", "matched", "now", "snapshot")

    def __init__(
        self,
        snapshot: Snapshot,
        function: str,
        now: int,
        *,
        resource: Mapping[str, Any],
        context: Mapping[str, Any],
        bounded: bool,
    ) -> None:
        """Take the question apart.

        Args:
            snapshot: the subject.
            function: the function asked for.
            now: the moment, as an ``instant``.
            resource: attributes of what is acted on; ``division`` and ``department_path`` bound the windows.
            context: attributes of the request.
            bounded: whether the question is about a particular thing. If so, an allow of a delegated role (one bounded by a
                department) reaches only things that say under which department they stand; if not, it asks "anywhere at all?".
        """
        self.snapshot = snapshot
        self.grant = grant_role(function)
        self.now = now
        self.division: str | None = resource.get("division")
        self.department_path: str | None = resource.get("department_path")
        self.bounded = bounded
        self.facts: Facts = {"subject": snapshot.attributes, "resource": resource, "context": context}
        self.matched: list[int] = []

    def windows(self, role: str, effect: str = ALLOW) -> list[Window]:
        """Return the windows in which the subject holds ``role`` now, for this resource, as a rule of ``effect`` counts them."""
        return [window for window in self.snapshot.roles.get(role, ()) if window.live(self.now) and self._reaches(window, effect)]

    def holds_role(self, role: str) -> bool:
        """Return whether any window of ``role`` is live, for whatever resource."""
        return any(window.live(self.now) for window in self.snapshot.roles.get(role, ()))

    def rows(self, role: str, rule_scope: ScopeRule, effect: str = ALLOW) -> Scope:
        """Return the rows that a rule of ``role`` is about: its own scope within each live window's, united."""
        own = rule_scope.of(self.snapshot.attributes)
        opened = NOTHING
        for window in self.windows(role, effect):
            opened = opened.union(own.intersect(window.scope))
        return opened

    def reaches_rows(self, role: str, rule_scope: ScopeRule, effect: str = ALLOW) -> bool:
        """Return whether those rows hold the resource's division; without one, whether there are any rows."""
        opened = self.rows(role, rule_scope, effect)
        return opened != NOTHING if self.division is None else opened.covers(self.division)

    def role_of(self, rule_role: str) -> str:
        """Return the role that a rule's role stands for: itself, or for the fixed rule the grant asked for."""
        return self.grant if rule_role == ANY_GRANT else rule_role

    def _reaches(self, window: Window, effect: str) -> bool:
        """Return whether a window is about this resource; what does not say where it stands is out of an allow's reach, not of a deny's."""
        if window.department_path is not None and self.bounded:
            path = self.department_path
            if path is None:
                return effect == DENY
            if not path.startswith(window.department_path):
                return False
        return self.division is None or window.scope.covers(self.division)
