"""What both examples set up alike: Flask with a cookie of its own, and the platform's client. Everything comes from the environment."""

from __future__ import annotations

import os
import secrets
from datetime import datetime, timedelta, timezone
from pathlib import Path

from flask import Flask, Response

from govcloud.client import Govcloud

CHINA_STANDARD_TIME = timezone(timedelta(hours=8))


def local(moment: str) -> str:
    """Return an instant of the wire (ISO 8601 with its offset) as people here read it, in China Standard Time."""
    return datetime.fromisoformat(moment).astimezone(CHINA_STANDARD_TIME).strftime("%Y-%m-%d %H:%M")


def create_subsystem(code: str) -> tuple[Flask, Govcloud]:
    """Return the application of subsystem ``code`` and its tie to the platform.

    Environment: ``GOVCLOUD_ISSUER`` (the platform's address), ``GOVCLOUD_CLIENT_ID``, ``GOVCLOUD_CLIENT_SECRET``.
    """
    app = Flask(code, template_folder=Path(__file__).parent / "templates", static_folder=None)
    app.config.update(
        # Restarting an example signs its visitors in again silently, so a key for this process is enough.
        SECRET_KEY=secrets.token_bytes(32),
        SESSION_COOKIE_NAME=f"{code}_session",
        SESSION_COOKIE_SAMESITE="Lax",
        GOVCLOUD_ISSUER=os.environ["GOVCLOUD_ISSUER"],
        GOVCLOUD_CLIENT_ID=os.environ["GOVCLOUD_CLIENT_ID"],
        GOVCLOUD_CLIENT_SECRET=os.environ["GOVCLOUD_CLIENT_SECRET"],
    )
    app.jinja_env.globals["platform"] = app.config["GOVCLOUD_ISSUER"]
    app.jinja_env.filters["local"] = local

    @app.after_request
    def harden(response: Response) -> Response:
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "same-origin"
        response.headers["Cache-Control"] = "no-store"
        # Sign-out is a form that ends at the platform, which Chromium counts as its target.
        issuer = app.config["GOVCLOUD_ISSUER"]
        response.headers["Content-Security-Policy"] = (
            "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'; "
            f"form-action 'self' {issuer}"
        )
        return response

    return app, Govcloud(app)
