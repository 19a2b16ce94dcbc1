"""The question that a proxy asks for each request of a legacy application: is somebody signed in, and who."""

from __future__ import annotations

from collections.abc import Callable

from bench._peers import Server, basic
from bench._signon_place import FORWARDED, ORIGIN, Place
from bench._wire import Wire


def checking(stand: Place, server: Server, login: str) -> Callable[[], object]:
    """Take a browser into the application and return the operation of asking about its requests."""
    headers = {**basic(FORWARDED, stand.forwarded_secret), "x-govcloud-origin": ORIGIN, "x-original-uri": "/list?page=2"}
    platform, origin = Wire(server.port), Wire(server.port)
    assert server.sign_in is not None
    server.code_flow(platform, login)
    away = origin.get("/forward-auth/check", headers).expect(401).headers["x-govcloud-location"]
    back = platform.get(away.removeprefix(stand.address)).expect(303)
    origin.get(back.location, headers).expect(303)
    return lambda: origin.get("/forward-auth/check", headers).expect(200)
