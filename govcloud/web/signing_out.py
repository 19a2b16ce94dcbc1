"""The page after a sign-out: subsystems that only the person's own browser can tell are told by it, then it goes on."""

from __future__ import annotations

from uuid import UUID

from flask import Response, make_response, render_template

from govcloud.kernel.actor import Actor
from govcloud.web.gate import services
from govcloud.web.headers import allow_frame
from govcloud.web.trace import trace_id

SECONDS = 3
"""How long the page stays before it goes on to a subsystem's address: what the frames ask for is under way long before."""


def told_by_browser(session_id: UUID, onward: str | None = None) -> Response | None:
    """Return the page for a browser that ended its session just now; ``None`` when it has nobody to tell.

    The page may frame the registered addresses and nothing else (OIDC Front-Channel Logout 1.0 section 3).

    Args:
        session_id: the session that this very browser was in.
        onward: where to go afterwards; checked by the caller.
    """
    signon = Actor.system("signon", trace_id=trace_id())
    frames = services().logout.frames(signon, session_id)
    if not frames:
        return None
    for frame in frames:
        allow_frame(frame.origin)
    return make_response(render_template("web/signed_out.html", frames=frames, onward=onward, seconds=SECONDS))
