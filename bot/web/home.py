"""The front page."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from bot.web.pages import page, page_language
from bot.wiring import Krajai

router = APIRouter()


@router.get("/", response_class=HTMLResponse)
def home(request: Request) -> HTMLResponse:
    krajai: Krajai = request.app.state.krajai
    return page(
        request,
        "home.html",
        agency=krajai.agency.name(page_language(request)),
        simulator_is_open=krajai.simulator_is_open,
    )
