"""What a subsystem installs: sign-in with the province's one identity, permission checks, row filters, masks.

It speaks OpenID Connect and AuthZEN over HTTP and imports nothing of the platform::

    from govcloud.client import Govcloud

    govcloud = Govcloud(app)                      # settings: GOVCLOUD_ISSUER, GOVCLOUD_CLIENT_ID, GOVCLOUD_CLIENT_SECRET


    @app.get("/register")
    @govcloud.require("housing:register:read")
    def register():
        found = session.execute(govcloud.filter(select(Household), Household)).scalars()
        return render(govcloud.masked(found, Household))

Without Flask: ``GovcloudWSGI``, ``GovcloudASGI``. Without a web: ``Checks``, ``AsyncChecks``. Each needs only what it uses: checks need
httpx, sign-in PyJWT with cryptography, filters SQLAlchemy, the extension Flask.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from govcloud.client.access import Access, AsyncAccess, SignedInOfficial
from govcloud.client.aio import AsyncChecks
from govcloud.client.checks import Checks
from govcloud.client.columns import Columns
from govcloud.client.decisions import AccessRequest, CheckDecision, StepUp
from govcloud.client.errors import (
    CheckRefusedError,
    CheckUnavailableError,
    CircuitOpenError,
    ClientError,
    ConfigurationError,
    DeniedError,
    SignInFailedError,
    SignInRequiredError,
)
from govcloud.client.explaining import Explanation
from govcloud.client.limits import Limits
from govcloud.client.notices import Notice
from govcloud.client.requesting import AccessTask, Denial
from govcloud.client.rows import RowCondition, Rows
from govcloud.client.searching import ConditionalResult, Search, SearchPage, SearchResult
from govcloud.client.settings import Settings
from govcloud.client.views import FieldRule, FieldState, Masked, View, Views
from govcloud.client.wire import Question

if TYPE_CHECKING:
    from govcloud.client.asgi import GovcloudASGI
    from govcloud.client.flask import Govcloud
    from govcloud.client.oidc import Claims, RelyingParty
    from govcloud.client.wsgi import GovcloudWSGI

#: What needs more than httpx is read when it is asked for, so that nobody has to install what he does not use.
_LATER = {
    "Claims": "oidc",
    "Govcloud": "flask",
    "GovcloudASGI": "asgi",
    "GovcloudWSGI": "wsgi",
    "RelyingParty": "oidc",
}

__all__ = [
    "Access",
    "AccessRequest",
    "AccessTask",
    "AsyncAccess",
    "AsyncChecks",
    "CheckDecision",
    "CheckRefusedError",
    "CheckUnavailableError",
    "Checks",
    "CircuitOpenError",
    "Claims",
    "ClientError",
    "Columns",
    "ConditionalResult",
    "ConfigurationError",
    "Denial",
    "DeniedError",
    "Explanation",
    "FieldRule",
    "FieldState",
    "Govcloud",
    "GovcloudASGI",
    "GovcloudWSGI",
    "Limits",
    "Masked",
    "Notice",
    "Question",
    "RelyingParty",
    "RowCondition",
    "Rows",
    "Search",
    "SearchPage",
    "SearchResult",
    "Settings",
    "SignInFailedError",
    "SignInRequiredError",
    "SignedInOfficial",
    "StepUp",
    "View",
    "Views",
]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - one of the classes of _LATER
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_LATER[name]}"), name)
