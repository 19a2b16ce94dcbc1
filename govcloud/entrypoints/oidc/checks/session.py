"""Somebody must be signed in; when the client names whom it expects, a silent answer is about that person or none."""

from __future__ import annotations

from govcloud.entrypoints.oidc.errors import AuthorizationError
from govcloud.entrypoints.oidc.request import AuthorizationRequest
from govcloud.signon.errors import TokenRefused
from govcloud.web.gate import current_session, services


def check_session(request: AuthorizationRequest) -> None:
    """Fill in the live session.

    Raises:
        Interaction: nobody is signed in; the portal's sign-in page comes back here.
        AuthorizationError: no page may show, and nobody or somebody else is signed in (OIDC Core 3.1.2.1,
            ``id_token_hint``); or the client asks for one person alone (section 5.5.1, ``sub``).
    """
    session = current_session()
    if session is None:
        raise request.interact("login_required", "nobody is signed in", "portal.sign_in")
    request.session = session
    if request.expected_sub not in {None, str(session.official_id)}:
        raise AuthorizationError("login_required", "somebody else is signed in")
    hint = request.get("id_token_hint")
    if hint is None:
        return
    try:
        expected = services().signon.read_hint(hint)
    except TokenRefused as error:
        raise AuthorizationError("invalid_request", "id_token_hint is not a token of this issuer") from error
    if request.silent and expected.official_id != session.official_id:
        raise AuthorizationError("login_required", "somebody else is signed in")
