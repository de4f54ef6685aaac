"""The board of those who need help: who waits longest first, each with her last words, place and needs."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Path
from fastapi.responses import Response
from sqlmodel import Session

from bot.web.console.areas import MOST_PROVINCES_LISTED, Map, draw
from bot.web.console.tables import as_csv
from bot.web.console.transport import RequestRefused
from bot.web.console.visits import OfficerVisit, access
from storage import help_requests, safety
from storage import places as register
from storage.help_requests import OPEN, HelpRequest, UnknownHelpRequest
from storage.lifecycles import HelpState
from storage.officer_rights import Right
from storage.wording import say
from storage.wording.lengths import shorten

router = APIRouter()

BOARD = "/console/board"
MOST_WORDS_UNITS = 160
MOST_ID = 2**63 - 1
MOST_ON_MAP = 200
SAFE_SINCE = timedelta(hours=24)
"""Who said so within the last day counts as safe now."""

STATES = (*OPEN, HelpState.CLOSED.value)


@dataclass(frozen=True, kw_only=True)
class Row:
    """A request as the board shows it."""

    request: HelpRequest
    place: str
    words: str
    needs: tuple[str, ...]
    waits_minutes: int


@router.get(BOARD)
def show(visit: Annotated[OfficerVisit, access(Right.SEE_CRIES)]) -> Response:
    asked = visit.text("state")
    states = (asked,) if asked in STATES else OPEN
    within = visit.text("place")
    places = [within] if within and visit.can(Right.SEE_CRIES, [within]) else list(visit.places)
    with visit.reading() as session:
        rows = _rows(visit, session, help_requests.requests_in(session, places, states))
        safe = _hers(visit.places, safety.safe_by_district(session, visit.at - SAFE_SINCE))
        counted = _counts(rows, safe, visit.language)
        map_ = _map(visit, session, [code for code, *_ in counted if code])
    return visit.page(
        "board.html",
        rows=rows,
        state=asked if asked in STATES else "",
        states=STATES,
        place=within if places == [within] else "",
        places=counted,
        map=map_,
        heat={code: min(unfinished, 4) for code, _, _, unfinished, _ in counted},
        reads_csv=visit.can(Right.WORK_CRIES),
    )


@router.get(f"{BOARD}.csv")
def table(visit: Annotated[OfficerVisit, access(Right.WORK_CRIES)]) -> Response:
    """Everything of her places that is open, for a team's own list."""
    with visit.reading() as session:
        rows = _rows(visit, session, help_requests.requests_in(session, visit.places, OPEN, most=5000))
    visit.audit("help.exported", "help_request", {"rows": len(rows)})
    names = ("number", "state", "since", "minutes", "place", "latitude", "longitude")
    lines = [
        (
            row.request.number,
            say(visit.language, f"board.state_{row.request.state}"),
            row.request.first_at,
            row.waits_minutes,
            row.place,
            row.request.latitude,
            row.request.longitude,
            row.request.people,
            ", ".join(row.needs),
            row.request.team,
            row.words,
        )
        for row in rows
    ]
    heads = [
        say(visit.language, f"board.column_{name}") for name in (*names, "people", "needs", "team", "words")
    ]
    return as_csv("board", heads, lines, visit.krajai.settings.zone)


@router.get(f"{BOARD}/{{number}}")
def one(
    visit: Annotated[OfficerVisit, access(Right.SEE_CRIES)], number: Annotated[int, Path(ge=1, le=MOST_ID)]
) -> Response:
    try:
        with visit.reading() as session:
            found = seen(visit, session, number)
    except UnknownHelpRequest as fault:
        raise RequestRefused(404, "board.error_unknown") from fault
    with visit.reading() as session:
        told = [
            (report.at, safety.words_of(session, report), report)
            for report in safety.cries_since(session, found.contact_id, found.first_at)
        ]
        phone = safety.phone_of(session, found.contact_id)
        others = [
            row
            for row in _rows(visit, session, help_requests.requests_in(session, visit.places))
            if row.request.number != number
        ]
        row = _rows(visit, session, [found])[0]
    visit.audit("help.viewed", f"help_request/{number}")
    return visit.page(
        "help_request.html",
        row=row,
        told=told,
        phone=phone,
        others=others,
        works=visit.can(Right.WORK_CRIES),
        open=found.state in OPEN,
    )


def seen(visit: OfficerVisit, session: Session, number: int) -> HelpRequest:
    """The request, when it is of her places or nobody knows where. Refuses the visit otherwise."""
    found = help_requests.request(session, number)
    if found.place is not None and not any(
        register.contains(own, found.place) or register.contains(found.place, own) for own in visit.places
    ):
        visit.refuse(Right.SEE_CRIES, [found.place])
    return found


def _rows(visit: OfficerVisit, session: Session, found: Sequence[HelpRequest]) -> list[Row]:
    last = safety.last_words(session, [each.contact_id for each in found])
    return [
        Row(
            request=each,
            place=register.full_name(each.place, visit.language)
            if each.place
            else say(visit.language, "board.place_unknown"),
            words=shorten(last.get(each.contact_id, ""), MOST_WORDS_UNITS),
            needs=tuple(say(visit.language, f"board.need_{need}") for need in each.needs),
            waits_minutes=max(0, int(((each.closed_at or visit.at) - each.first_at).total_seconds() // 60)),
        )
        for each in found
    ]


def _counts(
    rows: Sequence[Row], safe: Mapping[str, int], language: str
) -> list[tuple[str, str, int, int, int]]:
    """Per district: code, name, how many wait for somebody, how many are open, how many said that they are safe."""
    waiting: Counter[str] = Counter()
    unfinished: Counter[str] = Counter()
    for row in rows:
        code = (row.request.place or "")[:4]
        waiting[code] += row.request.state == HelpState.NEW
        unfinished[code] += row.request.state != HelpState.CLOSED
    unknown = say(language, "board.place_unknown")
    return [
        (
            code,
            register.full_name(code, language) if code else unknown,
            waiting[code],
            unfinished[code],
            safe.get(code, 0),
        )
        for code in sorted({*waiting, *safe}, key=lambda each: (-waiting[each], -unfinished[each], each))
    ]


def _hers(places: Sequence[str], by_district: Mapping[str, int]) -> dict[str, int]:
    return {
        code: count
        for code, count in by_district.items()
        if not code or any(register.contains(own, code) or register.contains(code, own) for own in places)
    }


def _map(visit: OfficerVisit, session: Session, concerned: Sequence[str]) -> Map | None:
    """Whole provinces, those of whoever acts for few of them, else those in which something is to be seen."""
    provinces = dict.fromkeys(code[:2] for code in visit.places)
    if len(provinces) > MOST_PROVINCES_LISTED:
        provinces = dict.fromkeys(code[:2] for code in concerned)
    codes = [each.code for province in provinces for each in register.children(province)]
    return draw(session, codes[:MOST_ON_MAP], visit.language)
