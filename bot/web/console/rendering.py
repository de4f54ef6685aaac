"""Rendering the console's pages: what every one of them has at hand, and the headers they carry."""

from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from fastapi import Request
from fastapi.responses import Response

from bot.web.console.navigation import ENTRIES
from bot.web.console.transport import HOME, LANGUAGE
from bot.web.pages import TEMPLATES
from storage.wording import LANGUAGES, dates, say
from storage.wording.catalogue import has

if TYPE_CHECKING:
    from bot.web.console.visits import Visit

HEADERS = {"Cache-Control": "no-store"}
"""On a shared computer, "back" after signing out shows nothing."""


def language_of(request: Request) -> str:
    """The language ?lang= asks for, or the one that was chosen before; Thai is the first."""
    for asked in (request.query_params.get("lang", ""), LANGUAGE.read(request)):
        if asked in LANGUAGES:
            return asked
    return LANGUAGES[0]


def page(visit: "Visit", template: str, *, status: int, **values: Any) -> Response:
    """A page for a visit; `officer` is None before she is signed in."""
    officer = getattr(visit, "officer", None)
    signed_in = officer is not None and visit.session.stage == "signed_in"  # type: ignore[attr-defined]
    return _answer(
        visit.request,
        template,
        status,
        {
            "visit": visit,
            "csrf": visit.csrf,
            "officer": officer if signed_in else None,
            "agency": visit.krajai.agencies.own,
            "entries": [each for each in ENTRIES if visit.can(each.right)] if signed_in else [],  # type: ignore[attr-defined]
            "stamp": partial(
                dates.stamp, language=language_of(visit.request), zone=visit.krajai.settings.zone
            ),
            **values,
        },
    )


def error_page(request: Request, status: int, key: str) -> Response:
    """A page that says what is wrong and what to do; it needs no visit."""
    values: dict[str, Any] = {"key": key, "visit": None, "officer": None, "entries": [], "csrf": ""}
    return _answer(request, "error.html", status, values)


def _answer(request: Request, template: str, status: int, values: dict[str, Any]) -> Response:
    language = language_of(request)
    response = TEMPLATES.TemplateResponse(
        request,
        f"console/{template}",
        {
            "language": language,
            "say": partial(say, language),
            "home": HOME,
            "path": request.url.path,
            "other_language": _same_page(request, next(each for each in LANGUAGES if each != language)),
            "done": _done(request, language),
            **values,
        },
        status_code=status,
        headers=HEADERS,
    )
    if request.query_params.get("lang") in LANGUAGES:
        LANGUAGE.set(request, response, language)
    return response


def _same_page(request: Request, language: str) -> str:
    kept = [each for each in request.query_params.multi_items() if each[0] not in ("lang", "done")]
    # A form that was refused is shown at its address; the same address can be opened.
    return f"?{urlencode([*kept, ('lang', language)])}"


def _done(request: Request, language: str) -> str:
    key = request.query_params.get("done", "")
    return say(language, key) if ".done_" in key and has(language, key) else ""
