"""Rendering pages: templates, escaped, in the reader's language."""

from functools import partial
from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from fastapi.templating import Jinja2Templates
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from storage.wording import LANGUAGES, say

TEMPLATES = Jinja2Templates(
    env=Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
    )
)


def page_language(request: Request) -> str:
    """The language that ?lang= asks for; Thai is the first."""
    asked = request.query_params.get("lang", "")
    return asked if asked in LANGUAGES else LANGUAGES[0]


def page(request: Request, template: str, **values: Any) -> HTMLResponse:
    """A page with `language` and `say` at hand."""
    language = page_language(request)
    return TEMPLATES.TemplateResponse(
        request, template, {"language": language, "say": partial(say, language), **values}
    )
