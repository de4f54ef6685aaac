"""The web application: one factory, every route, the headers that every answer carries."""

from collections.abc import Mapping
from pathlib import Path

import structlog
from fastapi import FastAPI, Request
from fastapi.exception_handlers import http_exception_handler
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.web import charts, health, home, simulator
from bot.web.console import errors as console_errors
from bot.web.console import routes as console
from bot.web.portal import alerts, cap
from bot.web.webhooks import line, sms, telegram
from bot.web.webhooks.entrance import Door, Entrance
from bot.wiring import Krajai

log = structlog.get_logger()

STATIC = Path(__file__).parent / "static"

SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
        "font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "geolocation=(), camera=(), microphone=()",
    "Cross-Origin-Opener-Policy": "same-origin",
}
_RAW_HEADERS = [(name.lower().encode(), value.encode()) for name, value in SECURITY_HEADERS.items()]

_WEBHOOKS = {"line": line.router, "telegram": telegram.router, "sms": sms.router}
"""Which vendors call us where; open only for those that an account is connected to."""

_DOORS: Mapping[str, Mapping[str, Door]] = {
    "line": {"/webhooks/line": line.receive},
    "telegram": {"/webhooks/telegram": telegram.main_account},
    "sms": {"/webhooks/sms": sms.receive, "/webhooks/sms/receipts": sms.receive_receipt},
}
"""What of them is called by the thousand; the routes remain for all other ways of calling."""


def create_app(krajai: Krajai) -> FastAPI:
    """The application of one process; `krajai` is what it serves."""
    app = FastAPI(title="Krajai", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.krajai = krajai
    app.state.ingest = krajai.ingest
    channels = {account.channel_name for account in krajai.accounts}
    doors = {path: door for name in channels for path, door in _DOORS.get(name, {}).items()}
    # The last one added is the outermost.
    app.add_middleware(Entrance, doors=doors)
    app.add_middleware(SecurityHeaders)
    app.add_exception_handler(RequestValidationError, _wrong_request)
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(Exception, _own_fault)
    console_errors.install(app)
    app.include_router(home.router)
    app.include_router(health.router)
    app.include_router(charts.router)
    app.include_router(alerts.router)
    app.include_router(cap.router)
    for router in console.ROUTERS:
        app.include_router(router)
    for channel_name, router in _WEBHOOKS.items():
        if channel_name in channels:
            app.include_router(router)
    if krajai.simulator_is_open:
        app.include_router(simulator.router)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    return app


class SecurityHeaders:
    """Puts the headers on every answer of the application, streams and refusals too."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = message.get("headers", [])
                named = {name for name, _ in own}
                message["headers"] = [*own, *(each for each in _RAW_HEADERS if each[0] not in named)]
            await send(message)

        await self._app(scope, receive, send_with_headers if scope["type"] == "http" else send)


async def _wrong_request(request: Request, fault: Exception) -> Response:
    """What is wrong and where, without what was sent: that may be a citizen's words, or no text at all."""
    assert isinstance(fault, RequestValidationError)
    if console_errors.is_of_console(request):
        return console_errors.page_for(request, fault)
    faults = [{name: each[name] for name in ("type", "loc", "msg")} for each in fault.errors()]
    return JSONResponse({"detail": faults}, status_code=422)


async def _refused(request: Request, fault: Exception) -> Response:
    assert isinstance(fault, HTTPException)
    if console_errors.is_of_console(request):
        return console_errors.page_for(request, fault)
    return await http_exception_handler(request, fault)


async def _own_fault(request: Request, fault: Exception) -> Response:
    """A fault of ours. Starlette answers it outside of all middleware, so the headers are put on here."""
    log.error("request failed", kind=type(fault).__name__)
    if console_errors.is_of_console(request):
        page = console_errors.page_for(request, fault)
        page.headers.update(SECURITY_HEADERS)
        return page
    return PlainTextResponse("something failed here\n", status_code=500, headers=SECURITY_HEADERS)
