"""The portal: pages for everybody in office — sign-in, workbench, requests, inbox, held access, account; rendered by the server."""

from __future__ import annotations

from govcloud.entrypoints.portal import (
    account,
    activation,
    appointment,
    device,
    extending,
    grants,
    held,
    inbox,
    language,
    new_request,
    reports,
    requests,
    resting,
    revoking,
    second_factor,
    sign_in,
    step_up,
    steps,
    workbench,
)
from govcloud.entrypoints.portal.blueprint import portal

__all__ = [
    "account",
    "activation",
    "appointment",
    "device",
    "extending",
    "grants",
    "held",
    "inbox",
    "language",
    "new_request",
    "portal",
    "reports",
    "requests",
    "resting",
    "revoking",
    "second_factor",
    "sign_in",
    "step_up",
    "steps",
    "workbench",
]
