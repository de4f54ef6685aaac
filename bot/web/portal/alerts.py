"""Alerts for everyone: what holds now, what has ended, and each in the words that citizens got."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Path, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse

from bot.web.pages import page, page_language
from bot.wiring import Krajai
from broadcasts.alerts import publishing
from broadcasts.alerts.publishing import Published
from storage.wording import dates, say
from storage.wording.areas import area_in_words

router = APIRouter()

MOST_ENDED = 30
MOST_PLACES = 200
_MOST_ID = 2**31 - 1


@dataclass(frozen=True, kw_only=True)
class Shown:
    """An alert as its page says it, in the reader's language."""

    number: int
    title: str
    level: str
    state: str
    state_in_words: str
    where: str
    went_out: str
    until: str
    is_exercise: bool
    texts: tuple[str, ...]
    document: str


@router.get("/alerts", response_class=HTMLResponse)
async def alerts(request: Request) -> HTMLResponse:
    live, ended = await run_in_threadpool(_alerts, request)
    return page(request, "portal/alerts.html", agency=_agency(request), live=live, ended=ended)


@router.get("/alerts/{number}", response_class=HTMLResponse)
async def alert(request: Request, number: Annotated[int, Path(ge=1, le=_MOST_ID)]) -> HTMLResponse:
    shown = await run_in_threadpool(_alert, request, number)
    if shown is None:
        answer = page(request, "portal/no_alert.html", agency=_agency(request))
        answer.status_code = 404
        return answer
    return page(request, "portal/alert.html", agency=_agency(request), alert=shown)


def _agency(request: Request) -> str:
    krajai: Krajai = request.app.state.krajai
    return krajai.agency.name(page_language(request))


def _alerts(request: Request) -> tuple[list[Shown], list[Shown]]:
    krajai: Krajai = request.app.state.krajai
    with krajai.database.read() as session:
        at = krajai.database.now(session)
        found = publishing.published(session, at)
    live = [_shown(request, each, is_live=True) for each in found if each.is_live(at)]
    ended = [_shown(request, each, is_live=False) for each in found if not each.is_live(at)]
    return live, ended[:MOST_ENDED]


def _alert(request: Request, number: int) -> Shown | None:
    krajai: Krajai = request.app.state.krajai
    with krajai.database.read() as session:
        at = krajai.database.now(session)
        found = publishing.published_number(session, number)
    if found is None:
        return None
    return _shown(request, found, is_live=found.is_live(at), most_places=MOST_PLACES)


def _shown(request: Request, each: Published, *, is_live: bool, most_places: int = 6) -> Shown:
    krajai: Krajai = request.app.state.krajai
    language, zone = page_language(request), krajai.settings.zone
    alert, released_at = each.alert, each.broadcast.released_at
    assert alert.id is not None
    state = "live" if is_live else ("expired" if alert.state == "released" else alert.state)
    return Shown(
        number=alert.id,
        title=each.title(language),
        level=alert.level or "watch",
        state=state,
        state_in_words=say(language, f"portal.alert.{state}"),
        where=area_in_words(alert.places, language, most=most_places),
        went_out=dates.stamp(released_at, language, zone),
        until=dates.stamp(alert.expires_at, language, zone),
        is_exercise=alert.status == "Exercise",
        texts=each.texts(language),
        document=publishing.document_address("", alert),
    )
