"""The portal: pages for everybody in office — sign-in, workbench, requests, inbox, held access, account; rendered by the server."""

from __future__ import annotations

from govcloud.entrypoints.portal import account, appointment, language, notices, workbench
from govcloud.entrypoints.portal.asking import asking, colleagues, files, new_request, requests
from govcloud.entrypoints.portal.blueprint import portal
from govcloud.entrypoints.portal.deciding import approval_rules, correction, decision_link, delegations, inbox, receipts, together, waiting
from govcloud.entrypoints.portal.entering import activation, device, second_factor, sign_in, step_up, steps
from govcloud.entrypoints.portal.holding import extending, grants, held, reports, resting, revoking

__all__ = [
    "account",
    "activation",
    "appointment",
    "approval_rules",
    "asking",
    "colleagues",
    "correction",
    "decision_link",
    "delegations",
    "device",
    "extending",
    "files",
    "grants",
    "held",
    "inbox",
    "language",
    "new_request",
    "notices",
    "portal",
    "receipts",
    "reports",
    "requests",
    "resting",
    "revoking",
    "second_factor",
    "sign_in",
    "step_up",
    "steps",
    "together",
    "waiting",
    "workbench",
]
