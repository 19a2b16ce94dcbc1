"""What programs send: a form in the body, and nothing in the address (RFC 6749 section 2.3.1: secrets would end up in logs)."""

from __future__ import annotations

from flask import request

from govcloud.entrypoints.oidc.errors import invalid_request
from govcloud.entrypoints.oidc.parameters import BadParameterError, read_parameters

_FORM = "application/x-www-form-urlencoded"
#: A signed assertion is longer than other parameters; a pushed request carries another one's parameters.
_LONGER = {"client_assertion": 8192, "token": 8192, "subject_token": 8192, "actor_token": 8192}


def read_form() -> dict[str, str]:
    """Return the parameters of the body.

    Raises:
        WireError: the body is of another kind, the address carries parameters, or one of them cannot be taken.
    """
    if request.mimetype != _FORM:
        raise invalid_request(f"the body must be {_FORM}")
    if request.args:
        raise invalid_request("parameters belong in the body")
    try:
        return read_parameters(request.form, _LONGER)
    except BadParameterError as error:
        raise invalid_request(str(error)) from error
