"""The blueprint of OpenID Connect: what browsers open (errors are pages), and within it what programs call (errors are OAuth JSON)."""

from __future__ import annotations

from flask import Blueprint

from govcloud.entrypoints.oidc.errors import init_wire_errors
from govcloud.entrypoints.oidc.origins import init_origins
from govcloud.web.setup import csrf

oidc = Blueprint("oidc", __name__, template_folder="templates")
wire = Blueprint("wire", __name__)
oidc.register_blueprint(wire)
# Programs authenticate each request by themselves and send no cookie that could be misused.
csrf.exempt(wire)
init_wire_errors(wire)
init_origins(wire)
