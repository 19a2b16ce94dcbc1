"""Puts the shared parts of the web on an application: shell templates and assets, language, trace, headers, CSRF, gate, errors."""

from __future__ import annotations

from functools import partial

from flask import Blueprint, Flask
from flask_wtf.csrf import CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix

from govcloud.settings import LOOPBACK, Settings
from govcloud.web.bodies import KnownLength
from govcloud.web.errors import init_errors
from govcloud.web.gate import Gate, declare_blueprint, init_gate
from govcloud.web.headers import init_headers
from govcloud.web.health import health
from govcloud.web.limits import init_limits
from govcloud.web.locale import init_locale
from govcloud.web.looks import init_looks
from govcloud.web.trace import init_trace
from govcloud.web.uploads import init_uploads, takes_upload

csrf = CSRFProtect()


def configure_web(app: Flask, settings: Settings, secret: bytes) -> None:
    """Set everything that must hold before the first blueprint is registered.

    Args:
        app: the application.
        settings: the platform's settings.
        secret: 32 bytes that sign the small form cookie (CSRF, flash messages); never the identity.
    """
    app.config.update(
        SECRET_KEY=secret,
        SESSION_COOKIE_NAME="__Host-govcloud_form" if settings.secure else "govcloud_form",
        SESSION_COOKIE_SECURE=settings.secure,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        MAX_CONTENT_LENGTH=settings.request_max_bytes,
        MAX_FORM_MEMORY_SIZE=settings.request_max_bytes,
        TRUSTED_HOSTS=sorted({settings.host.rpartition(":")[0] if ":" in settings.host else settings.host, *LOOPBACK}),
        WTF_CSRF_TIME_LIMIT=None,  # the token lives as long as the form cookie; the session ends much earlier
        # Behind TLS Flask-WTF also compares the Referer; the token is what protects.
        WTF_CSRF_SSL_STRICT=settings.secure,
        # The gate runs first and names the client; the check itself is called below, for browsers only.
        WTF_CSRF_CHECK_DEFAULT=True,
    )
    streamed = partial(takes_upload, app)
    app.wsgi_app = KnownLength(app.wsgi_app, settings.request_max_bytes, streamed)  # type: ignore[method-assign]
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=0, x_prefix=0)  # type: ignore[method-assign]
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    blueprint = Blueprint("web", __name__, template_folder="templates", static_folder="static", static_url_path="/static")
    app.register_blueprint(blueprint)
    declare_blueprint(app, blueprint, Gate("public", "stylesheet, script and icons, the same for everybody"))
    app.register_blueprint(health)
    init_trace(app)
    init_locale(app)
    init_headers(app, settings)
    init_looks(app)
    # Before the gate and the form token, which read the request: how much of it may be read is settled first.
    init_uploads(app)
    init_limits(app)
    init_gate(app)
    csrf.init_app(app)
    init_errors(app)
