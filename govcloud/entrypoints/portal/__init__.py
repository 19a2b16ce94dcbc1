"""The portal: pages for everybody in office — sign-in, workbench, requests, inbox, held access, account; rendered by the server."""

from __future__ import annotations

from govcloud.entrypoints.portal import (
    account,
    activation,
    appointment,
    approval_rules,
    correction,
    decision_link,
    delegations,
    device,
    grants,
    held,
    inbox,
    language,
    new_request,
    requests,
    second_factor,
    sign_in,
    step_up,
    steps,
    together,
    workbench,
)
from govcloud.entrypoints.portal.blueprint import portal

__all__ = [
    "account",
    "activation",
    "appointment",
    "approval_rules",
    "correction",
    "decision_link",
    "delegations",
    "device",
    "grants",
    "held",
    "inbox",
    "language",
    "new_request",
    "portal",
    "requests",
    "second_factor",
    "sign_in",
    "step_up",
    "steps",
    "together",
    "workbench",
]
