"""The blueprint of CAS: what browsers open (errors are pages), and within it what services call (errors are CAS answers)."""

from __future__ import annotations

from flask import Blueprint

from govcloud.entrypoints.cas.errors import init_wire_errors

cas = Blueprint("cas", __name__, template_folder="templates", url_prefix="/cas")
wire = Blueprint("cas_wire", __name__)
init_wire_errors(wire)
