"""What a subsystem installs: sign-in with the province's one identity, permission checks, row filters.

It speaks OpenID Connect and AuthZEN over HTTP and imports nothing of the platform::

    from govcloud.client import Govcloud

    govcloud = Govcloud(app)                      # settings: GOVCLOUD_ISSUER, GOVCLOUD_CLIENT_ID, GOVCLOUD_CLIENT_SECRET


    @app.get("/register")
    @govcloud.require("housing:register:read")
    def register():
        return render(select(Household).where(govcloud.rows(Household.division)))
"""

from govcloud.client.checks import AccessRequest, CheckDecision, Checks, Rows
from govcloud.client.errors import CheckUnavailableError, ClientError, ConfigurationError, SignInFailedError
from govcloud.client.flask import Govcloud, SignedInOfficial
from govcloud.client.oidc import Claims, RelyingParty

__all__ = [
    "AccessRequest",
    "CheckDecision",
    "CheckUnavailableError",
    "Checks",
    "Claims",
    "ClientError",
    "ConfigurationError",
    "Govcloud",
    "RelyingParty",
    "Rows",
    "SignInFailedError",
    "SignedInOfficial",
]
