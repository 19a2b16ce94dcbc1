"""The pages of a browser in which something ended: subsystems that only this browser can tell are told by it, then it goes on."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from flask import Response, make_response, redirect, render_template

from govcloud.kernel.actor import Actor
from govcloud.kernel.messages import Message
from govcloud.signon.logout.views import Frame
from govcloud.web.cookies import clear_session_token, session_token
from govcloud.web.gate import services
from govcloud.web.headers import allow_frame
from govcloud.web.trace import trace_id

SECONDS = 3
"""How long the page stays before it goes on by itself: what the frames ask for is under way long before."""


@dataclass(frozen=True)
class Passing:
    """What a page says that is shown on the way to somewhere else: what ended, and what that means."""

    title: Message
    lead: Message


REPLACED = Passing(Message("此前的登录已结束"), Message("此浏览器中此前的登录已结束，它进入过的业务子系统都将要求重新登录。"))
ANOTHER_APPOINTMENT = Passing(
    Message("任职已更换"), Message("登录时带入身份信息的业务子系统还记着原来的任职，已请它们退出；再次打开时自动以现在的任职进入。")
)


def frames_of(session_id: UUID) -> tuple[Frame, ...]:
    """Return what this browser has to load for those that it alone can tell, and let the page frame that and nothing else.

    ``session_id`` is a session that this very browser is or was in: the frames name the ``sid`` of clients (OIDC Front-Channel Logout
    1.0 section 3). Each is given out once.
    """
    frames = services().logout.frames(Actor.system("signon", trace_id=trace_id()), session_id)
    for frame in frames:
        allow_frame(frame.origin)
    return frames


def ended_here() -> UUID | None:
    """Return the session whose cookie this browser still sends although it has ended: at an application's origin, say."""
    token = session_token()
    return services().logout.ended(token) if token is not None else None


def told_by_browser(session_id: UUID, onward: str | None = None) -> Response | None:
    """Return the page for a browser that ended its session just now; ``None`` when it has nobody to tell.

    Args:
        session_id: the session that this very browser was in.
        onward: where to go afterwards; checked by the caller.
    """
    frames = frames_of(session_id)
    if not frames:
        return None
    return make_response(render_template("web/signed_out.html", frames=frames, onward=onward, seconds=SECONDS))


def told_in_passing(session_id: UUID, onward: str, passing: Passing) -> Response | None:
    """Return a page on the way to ``onward``, an address of the platform, that tells whom only this browser can; ``None``: nobody."""
    frames = frames_of(session_id)
    if not frames:
        return None
    return make_response(render_template("web/passing.html", frames=frames, onward=onward, seconds=SECONDS, passing=passing))


def signed_out(ended: UUID | None, onward: str | None = None) -> Response:
    """Answer a browser at the end of a sign-out: it tells whom it has to, and goes on or reads that it is over.

    Args:
        ended: the browser's own session, if that ended: only then its cookie goes, and only then it is shown whom it has to tell.
            Another site's request comes without the cookie, and must not be able to take it away.
        onward: a registered address of a subsystem; checked by the caller.
    """
    response = told_by_browser(ended, onward) if ended is not None else None
    if response is None and onward is not None:
        response = make_response(redirect(onward, 303))
    if response is None:
        response = make_response(render_template("web/signed_out.html", frames=(), onward=None))
    if ended is not None:
        clear_session_token(response)
    return response
