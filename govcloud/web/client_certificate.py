"""The certificate that a client showed in the TLS handshake, as the proxy in front hands it on (RFC 8705).

A header can be written by anybody who reaches the platform, so it counts only beside the secret that the proxy and the platform share:
without it the certificate is overlooked, and a client that has to show one is refused. The proxy writes three headers anew on each
request: the certificate (PEM, percent-encoded), ``…-Verify`` (``SUCCESS`` when its chain ends at an authority that the proxy was told
of) and ``…-Secret``. See ``deploy/nginx/client-certificates.conf``.
"""

from __future__ import annotations

from urllib.parse import unquote

from flask import current_app, request

from govcloud.kernel import crypto
from govcloud.services import Services
from govcloud.signon.oauth.certificates import CertificateError, ClientCertificate, read_certificate
from govcloud.web.trace import trace_id

_SUCCESS = "SUCCESS"


def shown_certificate() -> ClientCertificate | None:
    """Return the certificate that came with this request through the proxy, if one did."""
    services: Services = current_app.extensions["govcloud"]
    settings = services.settings
    header, secret = settings.client_certificate_header, settings.client_certificate_secret
    pem = request.headers.get(header, "") if header else ""
    if not pem or secret is None:
        return None
    given = request.headers.get(f"{header}-Secret", "")
    if not crypto.same(given.encode("utf-8", "surrogatepass"), secret.get_secret_value().encode()):
        current_app.logger.warning("a certificate came without the proxy's secret and is overlooked, trace %s", trace_id())
        return None
    try:
        return read_certificate(unquote(pem), trusted=request.headers.get(f"{header}-Verify") == _SUCCESS)
    except CertificateError as error:
        current_app.logger.warning("%s, trace %s", error, trace_id())
        return None
