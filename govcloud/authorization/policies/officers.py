"""What the three officers' roles keep apart, whatever a policy says: held when a policy is installed.

GB/T 22239-2019 8.1.5.1 to 8.1.5.3: who keeps accounts does not grant, who grants does not keep accounts, who audits does neither. The
security administrators write policies, so a policy alone must not be able to bring two of the offices together.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

#: The first parts of functions → the roles that alone may open them, beside the platform's own parts.
_ALONE: Mapping[str, frozenset[str]] = {
    "govcloud:audit:": frozenset({"audit_admin"}),
    # An administrator of subsystems reads what was decided about these alone.
    "govcloud:decision_log:": frozenset({"audit_admin", "subsystem_admin"}),
    "govcloud:policy:install": frozenset({"security_admin"}),
    "govcloud:policy:draft": frozenset({"security_admin"}),
    "govcloud:policy:approve": frozenset({"security_admin"}),
    "govcloud:policy:apply": frozenset({"security_admin"}),
    "govcloud:policy:shadow": frozenset({"security_admin"}),
    # Of the server alone: what is recorded there is done by no person of the platform.
    "govcloud:policy:roll_back": frozenset(),
    "govcloud:policy:note_shadow": frozenset(),
    "govcloud:client:entrust": frozenset({"security_admin"}),
    "govcloud:role:assign": frozenset({"security_admin", "department_admin"}),
}
_ACCOUNTS = (
    "govcloud:division:",
    "govcloud:department:",
    "govcloud:office:",
    "govcloud:official:register",
    "govcloud:official:change",
    "govcloud:official:restore",
    "govcloud:appointment:",
    "govcloud:password:",
    "govcloud:client:register",
    "govcloud:client:rotate",
)
_GRANTING = ("govcloud:role:", "govcloud:grant:", "govcloud:line:", "govcloud:task:", "govcloud:approval_rule:")
#: Officer → the first parts of functions that this role may never open; what every official may do is not meant.
_NEVER: Mapping[str, tuple[str, ...]] = {
    "system_admin": ("govcloud:policy:", *_GRANTING),
    "security_admin": (*_ACCOUNTS, "govcloud:line:", "govcloud:grant:open"),
    "audit_admin": (
        *_ACCOUNTS,
        *_GRANTING,
        "govcloud:policy:measure",
        "govcloud:official:",
        "govcloud:session:",
        "govcloud:client:",
        "govcloud:subsystem:",
    ),
}
_PARTS_OF_THE_PLATFORM = "system:"


def kept_apart(role: str, functions: Iterable[str]) -> Iterator[str]:
    """Return those of ``functions`` (opened by ``role``, itself or by inclusion) that this role may not have."""
    if role.startswith(_PARTS_OF_THE_PLATFORM):
        return
    never = _NEVER.get(role, ())
    for function in functions:
        elsewhere = any(function.startswith(first) and role not in roles for first, roles in _ALONE.items())
        if elsewhere or function.startswith(never):
            yield function
