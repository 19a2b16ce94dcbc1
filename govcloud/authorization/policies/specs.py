"""What a policy consists of: roles and rules, as they stand in a document."""

from __future__ import annotations

from dataclasses import dataclass

from govcloud.authorization.scopes.fields import ALL_FIELDS, FieldRule

ALLOW = "allow"
DENY = "deny"


@dataclass(frozen=True, slots=True)
class RoleSpec:
    """A role: its code, its name for people, and the roles that it includes."""

    code: str
    name: str
    description: str = ""
    includes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RuleSpec:
    """One rule: ``role`` may use (or must not use) ``function`` (exact, or ``subsystem:*``).

    ``condition`` says when, ``scope_expr`` on which rows, ``fields`` what of these is masked or hidden; ``label`` is its name for people.
    """

    role: str
    function: str
    condition: str = ""
    effect: str = ALLOW
    scope_expr: str = ""
    label: str = ""
    fields: FieldRule = ALL_FIELDS
