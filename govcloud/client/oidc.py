"""The relying party: authorization code with PKCE (RFC 7636), ID token validation (OpenID Connect Core section 3.1.3.7)."""

from __future__ import annotations

import base64
import hmac
import json
import secrets
import threading
import time
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode

import httpx
import jwt

from govcloud.client.decisions import StepUp
from govcloud.client.errors import ClientError, SignInFailedError

#: How many seconds two machines' clocks may differ.
LEEWAY = 30
#: Discovery and keys are read again after this many seconds; an unknown ``kid`` reads them at once.
METADATA_SECONDS = 600
#: An unknown ``kid`` must not let a stranger make us hammer the platform.
REFRESH_PAUSE = 10
_ALGORITHMS = ["ES256"]


@dataclass(frozen=True)
class Claims:
    """Who signed in, from the validated ID token.

    ``sub`` is the official, ``sid`` the session at the platform, ``appointment_id`` the duty acted in; ``id_token`` is kept
    for the sign-out hint.
    """

    sub: str
    sid: str
    name: str
    appointment_id: str | None
    department: str | None
    division: str | None
    employee_code: str | None
    id_token: str


@dataclass(frozen=True)
class Started:
    """A sign-in that was begun: where to send the browser, and what to remember until it comes back."""

    url: str
    state: str
    nonce: str
    verifier: str


class RelyingParty:
    """One OpenID Connect client at one issuer; safe for threads."""

    def __init__(self, issuer: str, client_id: str, client_secret: str, *, http: httpx.Client) -> None:
        """Take the issuer's address and the credentials that the platform gave the subsystem."""
        self.issuer = issuer.rstrip("/")
        self.client_id = client_id
        self._secret = client_secret
        self._http = http
        self._lock = threading.Lock()
        self._metadata: dict[str, Any] = {}
        self._keys: dict[str, Any] = {}
        self._read_at = 0.0

    def start(self, redirect_uri: str, *, prompt: str | None = None, step_up: StepUp | None = None) -> Started:
        """Begin a sign-in: return the authorization address with fresh state, nonce and PKCE challenge (S256).

        With ``step_up`` whoever comes back has proven what it asks (RFC 9470 section 4); it is essential, so nobody comes back without.
        """
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        challenge = base64.urlsafe_b64encode(sha256(verifier.encode("ascii")).digest()).rstrip(b"=").decode("ascii")
        query = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": redirect_uri,
            "scope": "openid profile",
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        if prompt:
            query["prompt"] = prompt
        if step_up is not None:
            query["max_age"] = str(step_up.max_age)
            query["claims"] = json.dumps({"id_token": {"acr": {"essential": True, "values": [step_up.acr]}}})
        return Started(f"{self._endpoint('authorization_endpoint')}?{urlencode(query)}", state, nonce, verifier)

    def finish(self, answer: dict[str, str], started: Started, redirect_uri: str) -> Claims:
        """Take the browser's answer in: check state and issuer, redeem the code, validate the ID token.

        Raises:
            SignInFailedError: the platform refused, or something does not belong to the sign-in that was started.
        """
        if not hmac.compare_digest(answer.get("state", "").encode(), started.state.encode()):
            raise SignInFailedError("state_mismatch", "the answer does not belong to a sign-in that was started here")
        # RFC 9207: an answer from another issuer must not have its code sent to this one.
        if answer.get("iss", self.issuer) != self.issuer:
            raise SignInFailedError("issuer_mismatch", f"the answer came from {answer['iss']!r}")
        if "error" in answer:
            raise SignInFailedError(answer["error"], answer.get("error_description", ""))
        tokens = self._redeem(answer.get("code", ""), started.verifier, redirect_uri)
        return self._validate(str(tokens.get("id_token", "")), started.nonce)

    def sign_out_url(self, id_token: str, back_to: str) -> str:
        """Return the address that ends the one session (OpenID Connect RP-Initiated Logout section 2)."""
        query = {"id_token_hint": id_token, "client_id": self.client_id, "post_logout_redirect_uri": back_to}
        return f"{self._endpoint('end_session_endpoint')}?{urlencode(query)}"

    def _redeem(self, code: str, verifier: str, redirect_uri: str) -> dict[str, Any]:
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri, "code_verifier": verifier}
        try:
            response = self._http.post(self._endpoint("token_endpoint"), data=form, auth=(self.client_id, self._secret))
            answer = response.json()
        except (httpx.HTTPError, ValueError) as error:
            raise SignInFailedError("temporarily_unavailable", f"the token endpoint did not answer: {error}") from error
        if response.status_code != httpx.codes.OK or not isinstance(answer, dict):
            problem = answer if isinstance(answer, dict) else {}
            raise SignInFailedError(str(problem.get("error", "server_error")), str(problem.get("error_description", "")))
        return answer

    def _validate(self, id_token: str, nonce: str) -> Claims:
        """Check signature, issuer, audience, times and nonce."""
        try:
            kid = jwt.get_unverified_header(id_token).get("kid", "")
            claims = jwt.decode(
                id_token,
                key=self._key(str(kid)),
                algorithms=_ALGORITHMS,
                audience=self.client_id,
                issuer=self.issuer,
                leeway=LEEWAY,
                options={"require": ["exp", "iat", "sub", "nonce", "sid"]},
            )
        except jwt.PyJWTError as error:
            raise SignInFailedError("bad_token", f"the ID token does not hold: {error}") from error
        if not hmac.compare_digest(str(claims["nonce"]).encode(), nonce.encode()):
            raise SignInFailedError("bad_token", "the ID token belongs to another sign-in (nonce)")
        known = {name: claims.get(name) for name in ("appointment_id", "department", "division", "employee_code")}
        return Claims(sub=str(claims["sub"]), sid=str(claims["sid"]), name=str(claims.get("name", "")), id_token=id_token, **known)

    def _key(self, kid: str) -> Any:  # noqa: ANN401 - PyJWT's key object
        if kid not in self._keys:
            self._read(older_than=REFRESH_PAUSE)
        try:
            return self._keys[kid]
        except KeyError:
            raise SignInFailedError("bad_token", f"no published key has the id {kid!r}") from None

    def _endpoint(self, name: str) -> str:
        self._read(older_than=METADATA_SECONDS)
        try:
            return str(self._metadata[name])
        except KeyError:
            raise ClientError(f"{self.issuer} publishes no {name}") from None

    def _read(self, *, older_than: float) -> None:
        """Read discovery and keys again when they are older than ``older_than`` seconds."""
        with self._lock:
            if self._metadata and time.monotonic() - self._read_at < older_than:
                return
            try:
                metadata = self._http.get(f"{self.issuer}/.well-known/openid-configuration").raise_for_status().json()
                if metadata.get("issuer") != self.issuer:
                    raise ClientError(f"{self.issuer} calls itself {metadata.get('issuer')!r}")
                keys = self._http.get(metadata["jwks_uri"]).raise_for_status().json()["keys"]
            except (httpx.HTTPError, ValueError, KeyError, AttributeError) as error:
                if self._metadata:
                    return  # what was read before still holds; the platform may be restarting
                raise SignInFailedError("temporarily_unavailable", f"{self.issuer} cannot be reached: {error}") from error
            self._metadata = metadata
            self._keys = {key["kid"]: jwt.PyJWK(key).key for key in keys if key.get("use", "sig") == "sig"}
            self._read_at = time.monotonic()
