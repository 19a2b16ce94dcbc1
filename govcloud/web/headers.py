"""The security headers of every answer: a strict Content-Security-Policy with a nonce, no framing, no sniffing, no caching."""

from __future__ import annotations

import secrets

from flask import Flask, Response, g, request

from govcloud.settings import Settings


def csp_nonce() -> str:
    """Return the nonce of the current answer for its own ``<script>`` and ``<style>`` elements."""
    nonce = g.get("csp_nonce")
    if nonce is None:
        nonce = secrets.token_urlsafe(16)
        g.csp_nonce = nonce
    return str(nonce)


def allow_form_target(origin: str) -> None:
    """Let a form of this page end up at ``origin``.

    Chromium applies ``form-action`` to the redirect after the form too, so a sign-in page that continues to a registered
    address of a subsystem names its origin; everything else stays ``'self'``.
    """
    g.form_targets = {*g.get("form_targets", ()), origin}


def allow_frame(origin: str) -> None:
    """Let this page load a registered address of ``origin`` in a frame; every other page frames nothing."""
    g.frame_sources = {*g.get("frame_sources", ()), origin}


def init_headers(app: Flask, settings: Settings) -> None:
    """Put the headers on every answer."""
    app.jinja_env.globals["csp_nonce"] = csp_nonce

    @app.after_request
    def harden(response: Response) -> Response:
        targets = " ".join(["'self'", *sorted(g.get("form_targets", ()))])
        framed = sorted(g.get("frame_sources", ()))
        nonce = f"'nonce-{csp_nonce()}'"
        response.headers["Content-Security-Policy"] = (
            "default-src 'none'; base-uri 'none'; frame-ancestors 'none'; object-src 'none'; "
            f"script-src 'self' {nonce}; style-src 'self' {nonce}; img-src 'self' data:; font-src 'self'; connect-src 'self'; "
            f"manifest-src 'self'; form-action {targets}" + (f"; frame-src {' '.join(framed)}" if framed else "")
        )
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["X-Frame-Options"] = "DENY"
        response.headers["Referrer-Policy"] = "same-origin"
        response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
        response.headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=()"
        if settings.secure:
            response.headers["Strict-Transport-Security"] = "max-age=31536000"
        if request.endpoint != "web.static" and "Cache-Control" not in response.headers:
            response.headers["Cache-Control"] = "no-store"
        return response
