"""One question while it is being decided: the subject's snapshot, the moment, and what is asked about.

This is ``r.sub`` of the model. It is made for one decision, used by one thread and thrown away.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from govcloud.authorization.policies.conditions import Facts
from govcloud.authorization.policies.document import ALLOW, DENY
from govcloud.authorization.policies.scope_rules import ScopeRule
from govcloud.authorization.policies.terms import Attributes
from govcloud.authorization.scopes.fields import FieldRule
from govcloud.authorization.scopes.scope import ROW_KEYS, Scope, department_scope
from govcloud.authorization.subjects.snapshot import Snapshot, Window, grant_role, is_door
from govcloud.subsystems.levels import FILTER, keeps_fields, keeps_rows

#: The role of the fixed rule that lets a temporary grant open its own function.
ANY_GRANT = "grant:*"
#: The id of a question about no thing in particular (AuthZEN has no other way to say it).
ANYTHING = "*"
#: A label that nobody is cleared for: what says something else than a label of its own is kept from everybody.
BEYOND = 5
#: Every field is shown.
SHOWN = FieldRule()


def label_of(attributes: Mapping[str, Any], *, otherwise: int) -> int:
    """Return the security label among ``attributes`` (0 to 4), 0 when there is none; ``otherwise`` for what is no label."""
    label = attributes.get("label")
    if label is None:
        return 0
    return label if type(label) is int and 0 <= label < BEYOND else otherwise


def told_of(resource: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what conditions read of what is acted on: ``*`` names no thing, so that none is told apart from others by it.

    Taken for an id, it would not be the one that a deny names, and a list would show what a check of the thing itself denies.
    """
    if resource.get("id") != ANYTHING:
        return resource
    return {key: value for key, value in resource.items() if key != "id"}


class Opened:
    """What one matching rule opens: its number, the rows, and the windows that they come from."""

    __slots__ = ("number", "rows", "windows")

    def __init__(self, rows: Scope, windows: list[Window]) -> None:
        """Take rows and windows; the number follows when the whole matcher has said yes."""
        self.number = -1
        self.rows = rows
        self.windows = windows


def rows_in(window: Window, own: Scope) -> Scope:
    """Return the rows that a rule is about in one window: its ``own``, within the window's, below the window's department."""
    rows = own if window.scope.whole else own.intersect(window.scope)
    path = window.department_path
    return rows if path is None else rows.intersect(department_scope(path))


class Asking:
    """A subject asking for one function at one moment; ``matched`` collects what the rules that matched open, in their order."""

    __slots__ = (
        "_context",
        "_last",
        "_resource",
        "_role",
        "_windows",
        "bounded",
        "clearance",
        "grant",
        "label",
        "level",
        "matched",
        "now",
        "row",
        "snapshot",
    )

    def __init__(
        self,
        snapshot: Snapshot,
        function: str,
        now: int,
        *,
        label: int,
        resource: Mapping[str, Any],
        context: Attributes,
        bounded: bool,
        level: int = FILTER,
    ) -> None:
        """Take the question apart.

        Args:
            snapshot: the subject.
            function: the function asked for.
            now: the moment, as an ``instant``.
            label: the security label of the function (0 to 4), as the catalogue has it.
            resource: attributes of what is acted on; those of ``ROW_KEYS`` bound the rows, ``label`` is the security label of the data.
            context: attributes of the request.
            bounded: whether the question is about a particular thing. If so, an allow of a delegated role (one bounded by a
                department) reaches only things that say under which department they stand; if not, it asks "anywhere at all?".
            level: the integration level of the function: what its subsystem does not keep is not opened (``keeps``).
        """
        self.snapshot = snapshot
        self.grant = grant_role(function)
        self.now = now
        #: What the subject has to be cleared for: the stricter of the two. The matcher reads it as r.label.
        self.label = max(label, label_of(resource, otherwise=BEYOND))
        self.clearance = label_of(snapshot.attributes, otherwise=0)
        # A door has no rows and no fields, and the platform itself keeps it.
        self.level = FILTER if level < FILTER and is_door(function) else level
        # A resource that says nothing of where it stands is no row: then it is asked whether there are any rows at all.
        self.row = resource if not resource.keys().isdisjoint(ROW_KEYS) else None
        self.bounded = bounded
        self._resource = told_of(resource)
        self._context = context
        self.matched: list[Opened] = []
        self._last: Opened | None = None
        self._role: str | None = None
        self._windows: list[Window] = []

    @property
    def facts(self) -> Facts:
        """Return what conditions read."""
        return {"subject": self.snapshot.attributes, "resource": self._resource, "context": self._context}

    def windows(self, role: str) -> list[Window]:
        """Return the windows of ``role`` that are live, for whatever resource; the matcher asks of one role twice in a row."""
        if role != self._role:
            now = self.now
            self._windows = [
                window
                for window in self.snapshot.roles.get(role, ())
                if window.starts_at <= now and (window.ends_at is None or now < window.ends_at)
            ]
            self._role = role
        return self._windows

    def holds_role(self, role: str) -> bool:
        """Return whether any window of ``role`` is live, for whatever resource."""
        return bool(self.windows(role))

    def opens(self, role: str, rule_scope: ScopeRule, effect: str = ALLOW) -> Opened | None:
        """Return what a rule of ``role`` opens of what is asked about: a live window of the role reaches it; ``None``: none does.

        The rows are the rule's own within each such window's, united. A deny reaches whatever does not say that it stands elsewhere.
        A window whose rows the function's integration level cannot keep opens none of them: it would open them all.
        """
        windows: list[Window] = []
        rows: list[Scope] = []
        own = self.own_rows(rule_scope)
        for window in self.windows(role):
            within = rows_in(window, own)
            if self._reaches(window, within, effect) and (effect == DENY or self.keeps(within)):
                windows.append(window)
                rows.append(within)
        if not windows:
            return None
        return Opened(rows[0] if len(rows) == 1 else Scope.union_of(rows), windows)

    def keeps(self, rows: Scope, fields: FieldRule = SHOWN) -> bool:
        """Return whether the function's integration level enforces an answer with these rows and fields."""
        return (keeps_rows(self.level) or rows.whole) and (keeps_fields(self.level) or fields == SHOWN)

    def kept(self, role: str, rule_scope: ScopeRule, fields: FieldRule) -> bool | None:
        """Return whether the level enforces what an allow of ``role`` opens of what is asked about; ``None``: it opens nothing of it."""
        own = self.own_rows(rule_scope)
        found = [rows for window in self.windows(role) if self._reaches(window, rows := rows_in(window, own), ALLOW)]
        return any(self.keeps(rows, fields) for rows in found) if found else None

    def rows_of(self, window: Window, rule_scope: ScopeRule) -> Scope:
        """Return the rows that a rule is about in one window: its own, within the window's, below the window's department."""
        return rows_in(window, self.own_rows(rule_scope))

    def own_rows(self, rule_scope: ScopeRule) -> Scope:
        """Return the rows that a rule is about for this subject, in whatever window."""
        return rule_scope.rows(self.snapshot.attributes, self.cases() if rule_scope.reads_cases else ())

    def cases(self) -> Collection[str]:
        """Return the cases that the subject's live grants name."""
        held = self.snapshot.roles.values()
        return {window.case_number for windows in held for window in windows if window.case_number is not None and window.live(self.now)}

    def remember(self, opened: Opened | None) -> bool:
        """Keep what the rule that is being matched opens, until the matcher has said yes to all of it; return whether it opens anything."""
        self._last = opened
        return opened is not None

    def note(self, number: int) -> bool:
        """Take down that rule ``number`` matched, with what was remembered of it last."""
        if self._last is not None:
            self._last.number = number
            self.matched.append(self._last)
        return True

    def role_of(self, rule_role: str) -> str:
        """Return the role that a rule's role stands for: itself, or for the fixed rule the grant asked for."""
        return self.grant if rule_role == ANY_GRANT else rule_role

    def _reaches(self, window: Window, rows: Scope, effect: str) -> bool:
        """Return whether rows of a window hold what is asked about; for a deny, whether they might."""
        if self.row is not None:
            return rows.covers(self.row) if effect == ALLOW else rows.lacks(self.row) is not None
        if self.bounded and window.department_path is not None and effect != DENY:
            return False
        return bool(rows.alternatives)
