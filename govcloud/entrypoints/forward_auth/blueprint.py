"""The blueprint of forward-auth: what browsers open (errors are pages), and within it what proxies ask (errors are bare statuses)."""

from __future__ import annotations

from flask import Blueprint

from govcloud.entrypoints.forward_auth.errors import init_wire_errors

forward_auth = Blueprint("forward_auth", __name__, template_folder="templates")
wire = Blueprint("forward_auth_wire", __name__)
init_wire_errors(wire)
