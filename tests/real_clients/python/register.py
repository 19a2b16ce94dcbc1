"""A subsystem in Starlette behind ``GovcloudASGI``: what is required, filtered, streamed, refused on a websocket, and done side by side."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from sqlalchemy import Column, Integer, MetaData, String, Table, create_engine, insert, select
from sqlalchemy.pool import StaticPool
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import JSONResponse, StreamingResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from govcloud.client import CheckDecision, Columns, DeniedError, GovcloudASGI, Settings
from govcloud.client.asgi import access

READ, EXPORT, DOOR = "housing:register:read", "housing:register:export", "housing:door:enter"
XIHU, YUHANG = "330106000000", "330110000000"
engine = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
household = Table("household", MetaData(), Column("id", Integer, primary_key=True), Column("division", String), Column("id_number", String))
household.metadata.create_all(engine)
with engine.begin() as connection:
    connection.execute(insert(household), [{"division": code, "id_number": "330305188112222284"} for code in (XIHU, YUHANG) * 3])
COLUMNS = Columns(division=household.c.division, masked=("id_number",))
done: list[str] = []


async def register(request: Request) -> JSONResponse:
    """Show the rows that are open, masked."""
    here = access(request.scope)
    await here.require(READ)
    with engine.connect() as connection:
        rows = here.masked(connection.execute(here.filter(select(household), COLUMNS)).mappings(), COLUMNS)
    return JSONResponse([dict(row) for row in rows])


async def one(request: Request) -> JSONResponse:
    """Require one division; what Starlette makes of the error is not what the visitor gets."""
    await access(request.scope).require(READ, {"division": request.path_params["division"]})
    return JSONResponse({"open": request.path_params["division"]})


async def export(request: Request) -> StreamingResponse:
    """Stream lines, each of which is asked about; what is taken away meanwhile ends the stream."""
    here = access(request.scope)
    await here.require(READ)

    async def lines() -> AsyncIterator[str]:
        for number in range(40):
            await here.require(READ)
            yield f"{number}\n"
            await asyncio.sleep(0.05)

    return StreamingResponse(lines(), media_type="text/plain")


async def many(request: Request) -> JSONResponse:
    """Ask many things at once within one request, and do something after the answer under the same access."""
    here = access(request.scope)

    async def ask(number: int) -> CheckDecision:
        return await here.check(READ, {"division": (XIHU, YUHANG)[number % 2]}, resource_id=str(number))

    decisions = await asyncio.gather(*map(ask, range(20)))
    told = {"who": here.official.name, "allowed": [decision.allowed for decision in decisions]}
    return JSONResponse(told, background=BackgroundTask(later, request))


async def later(request: Request) -> None:
    """Do in the background what has to be allowed then, not when the page was asked for."""
    await asyncio.sleep(0.3)
    try:
        await access(request.scope).require(READ, {"division": XIHU})
        done.append("done")
    except DeniedError as error:
        done.append(error.decision.code)


async def background(request: Request) -> JSONResponse:
    """Tell what was done in the background."""
    return JSONResponse({"who": access(request.scope).official.name, "done": done})


async def live(websocket: WebSocket) -> None:
    """Echo on a websocket; each message is asked about."""
    await websocket.accept()
    here = access(websocket.scope)
    async for text in websocket.iter_text():
        allowed = (await here.check(READ, {"division": text})).allowed
        await websocket.send_text(f"{here.official.name} {allowed}")


pages = Starlette(
    routes=[
        Route("/register", register),
        Route("/register/{division}", one),
        Route("/export", export),
        Route("/many", many),
        Route("/background", background),
        WebSocketRoute("/live", live),
        WebSocketRoute("/exports/live", live),
    ]
)
app = GovcloudASGI(pages, Settings.from_environment(), door=DOOR, functions={"/exports": EXPORT})
