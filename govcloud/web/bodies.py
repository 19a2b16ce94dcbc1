"""Bodies that come without a length (chunked, RFC 9112 section 7.1): read here up to the limit, so that the rest knows how long they are.

Werkzeug takes the first part of such a body up to the limit and drops what is beyond it without a word; a program would be told that
its JSON is malformed, and a text would be stored cut off. Routes that take files read their bodies piece by piece and count for
themselves; what comes for them is let through as it is.
"""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


class KnownLength:
    """Gives every request a ``Content-Length``; one that is too long gets a length beyond the limit, and Flask answers 413."""

    def __init__(self, application: WSGIApplication, most: int, streamed: Callable[[WSGIEnvironment], bool]) -> None:
        """Wrap ``application``, which takes bodies of at most ``most`` bytes but for those requests that are ``streamed``."""
        self._application = application
        self._most = most
        self._streamed = streamed

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Serve one request."""
        if environ.get("wsgi.input_terminated") and _without_length(environ) and not self._streamed(environ):
            body = environ["wsgi.input"].read(self._most + 1)
            environ.pop("HTTP_TRANSFER_ENCODING", None)
            environ["CONTENT_LENGTH"] = str(len(body))
            environ["wsgi.input"] = BytesIO(body)
        return self._application(environ, start_response)


def _without_length(environ: WSGIEnvironment) -> bool:
    """Say whether a body may follow whose length is not announced."""
    if environ.get("HTTP_TRANSFER_ENCODING"):
        return True
    return not environ.get("CONTENT_LENGTH") and environ["REQUEST_METHOD"] not in {"GET", "HEAD", "OPTIONS"}
