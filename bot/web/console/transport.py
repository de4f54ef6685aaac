"""What a console request comes over: https or this machine itself, its cookies, its form, and where it may go next."""

import re
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

from fastapi import Request
from fastapi.responses import Response
from starlette.datastructures import FormData

from storage.sessions import Client

MOST_FORM_BYTES = 1_000_000
MOST_FIELDS = 2_000
"""A form of places may name every subdistrict of a few provinces."""

HOME = "/console"

_OWN_PAGE = re.compile(r"/console(/(?!\.+(?:[/?]|$))[A-Za-z0-9_.~-]+)*/?(\?[A-Za-z0-9_.~&=%+-]*)?")
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


class RequestRefused(Exception):
    """A request that is answered with a page of its own: `status`, and the catalogue's sentence `key`."""

    def __init__(self, status: int, key: str, *, name: str = "") -> None:
        super().__init__(key)
        self.status, self.key, self.name = status, key, name


@dataclass(frozen=True, kw_only=True)
class Cookie:
    """A cookie of the console; behind https its name carries the prefix that binds it to this host alone."""

    name: str
    max_age_seconds: int | None = None
    most_letters: int = 400

    def read(self, request: Request) -> str:
        found = request.cookies.get(self._full_name(request), "")
        return found if len(found) <= self.most_letters else ""

    def set(self, request: Request, response: Response, value: str) -> None:
        response.set_cookie(
            self._full_name(request),
            value,
            max_age=self.max_age_seconds,
            path="/",
            secure=is_https(request),
            httponly=True,
            samesite="lax",
        )

    def clear(self, request: Request, response: Response) -> None:
        response.delete_cookie(
            self._full_name(request), path="/", secure=is_https(request), httponly=True, samesite="lax"
        )

    def _full_name(self, request: Request) -> str:
        return f"__Host-{self.name}" if is_https(request) else self.name


SESSION = Cookie(name="krajai_session")
VISITOR = Cookie(name="krajai_visitor")
"""Binds forms to the browser before anybody is signed in; it never becomes a session."""

KNOWN_BROWSER = Cookie(name="krajai_browser", max_age_seconds=180 * 24 * 3600)
LANGUAGE = Cookie(name="krajai_language", max_age_seconds=365 * 24 * 3600)


def is_https(request: Request) -> bool:
    """Whether the citizen's side of the connection is encrypted, as the server in front tells."""
    return bool(request.url.scheme == "https")


def require_safe_transport(request: Request) -> None:
    """Passwords pass over https, or within this machine. Raises RequestRefused."""
    if is_https(request):
        return
    client = request.client.host if request.client else ""
    if not (_is_loopback(client) and _is_loopback(request.url.hostname or "")):
        raise RequestRefused(403, "console.error_https")


def own_origin(request: Request) -> str:
    """Scheme, host and port as the browser sees them, for links and passkeys."""
    return f"{request.url.scheme}://{request.url.netloc}"


def own_host(request: Request) -> str:
    """The name of this host; '' where it is a mere number, for which no passkey can be made."""
    host = request.url.hostname or ""
    try:
        ip_address(host)
    except ValueError:
        return host
    return ""


def client_of(request: Request) -> Client:
    """Where the request comes from."""
    address = request.client.host if request.client else ""
    return Client(address=address, browser=request.headers.get("user-agent", ""))


def own_page(wanted: str) -> str:
    """`wanted` when it is a page of the console, else the first page: nobody is led elsewhere.

    >>> own_page("/console/audit?page=2"), own_page("//evil.example/console"), own_page("/console//evil.example")
    ('/console/audit?page=2', '/console', '/console')
    """
    split = urlsplit(wanted)
    if split.scheme or split.netloc or not _OWN_PAGE.fullmatch(wanted):
        return HOME
    return wanted


def is_from_here(request: Request) -> bool:
    """Whether the browser says that a page of this host sent it, or says nothing (W3C Fetch Metadata)."""
    return request.headers.get("sec-fetch-site", "same-origin") in ("same-origin", "none")


async def read_form(request: Request) -> FormData:
    """The fields of a form; none for a page that is only looked at. Raises RequestRefused."""
    if request.method in ("GET", "HEAD"):
        return FormData()
    require_safe_transport(request)
    length = request.headers.get("content-length", "")
    if not length.isdigit():
        raise RequestRefused(411, "console.error_form")
    if int(length) == 0:
        return FormData()
    if int(length) > MOST_FORM_BYTES:
        raise RequestRefused(413, "console.error_form")
    if request.headers.get("content-type", "").split(";")[0].strip().lower() not in _FORMS:
        raise RequestRefused(415, "console.error_form")
    form = await request.form(max_files=2, max_fields=MOST_FIELDS, max_part_size=MOST_FORM_BYTES)
    if any(isinstance(value, str) and "\0" in value for _, value in form.multi_items()):
        raise RequestRefused(400, "console.error_form")
    return form


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host in _LOOPBACK
