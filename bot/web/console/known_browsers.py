"""Browsers that an officer signed in from before: theirs is a count of attempts of its own."""

import secrets

from fastapi.responses import Response
from itsdangerous import BadSignature, URLSafeTimedSerializer

from bot.web.console.transport import KNOWN_BROWSER
from bot.web.console.visits import Visit
from storage.officer_attempts import Key, by_address, by_browser, by_name
from storage.officers import Officer

_SALT = "krajai/browser"


def attempt_keys(visit: Visit, name: str, officer: Officer | None) -> list[Key]:
    """What an attempt to sign in is counted by: her own browser, or the name and where it comes from."""
    nonce = "" if officer is None else nonce_of(visit, officer)
    if nonce:
        return [by_browser(nonce)]
    client = visit.request.client
    return [by_name(name), by_address(client.host if client else "")]


def nonce_of(visit: Visit, officer: Officer) -> str:
    """What this browser was given when she signed in; '' for a strange one."""
    try:
        told = _signer(visit).loads(KNOWN_BROWSER.read(visit.request), max_age=KNOWN_BROWSER.max_age_seconds)
    except BadSignature:
        return ""
    known = isinstance(told, list) and len(told) == 2 and told[0] == officer.id
    return str(told[1]) if known else ""


def remember(visit: Visit, response: Response, officer: Officer) -> None:
    """She is signed in: the browser is known from now on."""
    nonce = nonce_of(visit, officer) or secrets.token_urlsafe(12)
    KNOWN_BROWSER.set(visit.request, response, _signer(visit).dumps([officer.id, nonce]))


def _signer(visit: Visit) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(visit.secret_key, salt=_SALT)
