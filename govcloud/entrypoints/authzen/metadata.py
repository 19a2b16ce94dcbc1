"""What the decision point says about itself (section 9); only what exists is in it."""

from __future__ import annotations

from typing import Any

from govcloud.entrypoints.authzen import paths
from govcloud.web.gate import services

_ENDPOINTS = {
    "access_evaluation_endpoint": paths.EVALUATION,
    "access_evaluations_endpoint": paths.EVALUATIONS,
    "search_subject_endpoint": paths.SEARCH_SUBJECT,
    "search_resource_endpoint": paths.SEARCH_RESOURCE,
    "search_action_endpoint": paths.SEARCH_ACTION,
    "access_request_endpoint": paths.REQUESTS,
}
#: The Access Request & Approval Profile, by the name that its draft asks for.
_CAPABILITIES = ["urn:openid:authzen:capability:access-request"]


def described() -> dict[str, Any]:
    """Return the metadata, every address below the configured one."""
    base = services().settings.public_url
    return {
        "policy_decision_point": base,
        **{name: base + path for name, path in _ENDPOINTS.items()},
        "capabilities": _CAPABILITIES,
    }
