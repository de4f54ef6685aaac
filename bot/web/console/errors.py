"""What the console answers when it refuses: a page in plain words, whatever went wrong."""

from urllib.parse import quote

import structlog
from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse, Response
from starlette.exceptions import HTTPException

from bot.web.console import sign_in
from bot.web.console.rendering import error_page
from bot.web.console.second_factor import Confirm
from bot.web.console.transport import RequestRefused, own_page
from bot.web.console.visits import NotSignedIn, Refused

log = structlog.get_logger()


def install(app: FastAPI) -> None:
    """The console's refusals as pages."""
    app.add_exception_handler(RequestRefused, _refused)
    app.add_exception_handler(NotSignedIn, _not_signed_in)
    app.add_exception_handler(Confirm, _confirm)


def is_of_console(request: Request) -> bool:
    """Whether a person at the console reads the answer."""
    return request.url.path == "/console" or request.url.path.startswith("/console/")


def page_for(request: Request, fault: Exception) -> Response:
    """The page for what the framework itself refuses: no such page, a form field that is no number."""
    if isinstance(fault, HTTPException):
        key = "console.error_not_found" if fault.status_code in (404, 405) else "console.error_form"
        return error_page(request, fault.status_code, key)
    status = 422 if isinstance(fault, RequestValidationError) else 500
    return error_page(request, status, "console.error_form" if status == 422 else "console.error_ours")


async def _refused(request: Request, fault: Exception) -> Response:
    assert isinstance(fault, RequestRefused)
    if isinstance(fault, Refused):
        await run_in_threadpool(fault.audit)
    return error_page(request, fault.status, fault.key)


async def _confirm(_: Request, fault: Exception) -> Response:
    assert isinstance(fault, Confirm)
    return RedirectResponse(f"/console/account/confirm?next={quote(own_page(fault.back))}", status_code=303)


async def _not_signed_in(_: Request, fault: Exception) -> Response:
    assert isinstance(fault, NotSignedIn)
    return sign_in.not_signed_in(fault)
