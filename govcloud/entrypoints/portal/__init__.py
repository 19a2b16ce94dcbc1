"""The portal: pages for everybody in office — sign-in, workbench, requests, inbox, held access, account; rendered by the server."""

from __future__ import annotations

from govcloud.entrypoints.portal import (
    account,
    activation,
    appointment,
    device,
    grants,
    held,
    inbox,
    language,
    new_request,
    notices,
    requests,
    second_factor,
    sign_in,
    step_up,
    steps,
    waiting,
    workbench,
)
from govcloud.entrypoints.portal.blueprint import portal

__all__ = [
    "account",
    "activation",
    "appointment",
    "device",
    "grants",
    "held",
    "inbox",
    "language",
    "new_request",
    "notices",
    "portal",
    "requests",
    "second_factor",
    "sign_in",
    "step_up",
    "steps",
    "waiting",
    "workbench",
]
