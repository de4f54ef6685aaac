"""The web application: one factory, every route, the headers that every answer carries."""

from collections.abc import Awaitable, Callable
from pathlib import Path

from fastapi import FastAPI, Request, Response
from fastapi.staticfiles import StaticFiles
from starlette.middleware.base import BaseHTTPMiddleware

from bot.web import health, home, simulator
from bot.web.ingest import Ingest
from bot.web.webhooks import line, sms, telegram
from bot.wiring import Krajai

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

_WEBHOOKS = {"line": line.router, "telegram": telegram.router, "sms": sms.router}
"""Which vendors call us where; open only for those that an account is connected to."""


def create_app(krajai: Krajai) -> FastAPI:
    """The application of one process; `krajai` is what it serves."""
    app = FastAPI(title="Krajai", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.krajai = krajai
    app.state.ingest = Ingest(krajai.database)
    app.add_middleware(BaseHTTPMiddleware, dispatch=_with_security_headers)
    app.include_router(home.router)
    app.include_router(health.router)
    for channel_name, router in _WEBHOOKS.items():
        if any(account.channel_name == channel_name for account in krajai.accounts):
            app.include_router(router)
    if krajai.simulator_is_open:
        app.include_router(simulator.router)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    return app


async def _with_security_headers(
    request: Request, call_next: Callable[[Request], Awaitable[Response]]
) -> Response:
    response = await call_next(request)
    for name, value in SECURITY_HEADERS.items():
        response.headers.setdefault(name, value)
    return response
