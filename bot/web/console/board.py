"""The board of those who need help: who waits longest first, each with her last words, place and needs."""

import csv
import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Path
from fastapi.responses import Response
from sqlmodel import Session

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
STATES = (*OPEN, HelpState.CLOSED.value)
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


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
    return visit.page(
        "board.html",
        rows=rows,
        state=asked if asked in STATES else "",
        states=STATES,
        place=within if places == [within] else "",
        places=_counts(rows, visit.language),
        reads_csv=visit.can(Right.WORK_CRIES),
    )


@router.get(f"{BOARD}.csv")
def table(visit: Annotated[OfficerVisit, access(Right.WORK_CRIES)]) -> Response:
    """Everything of her places that is open, for a team's own list. Fields that a spreadsheet would run are defused."""
    with visit.reading() as session:
        rows = _rows(visit, session, help_requests.requests_in(session, visit.places, OPEN, most=5000))
    visit.audit("help.exported", "help_request", {"rows": len(rows)})
    written = io.StringIO()
    writer = csv.writer(written)
    names = (
        "number",
        "state",
        "since",
        "minutes",
        "place",
        "latitude",
        "longitude",
        "people",
        "needs",
        "team",
        "words",
    )
    writer.writerow(say(visit.language, f"board.column_{name}") for name in names)
    for row in rows:
        found = row.request
        writer.writerow(
            _harmless(each)
            for each in (
                found.number,
                say(visit.language, f"board.state_{found.state}"),
                found.first_at.astimezone(visit.krajai.settings.zone).isoformat(timespec="minutes"),
                row.waits_minutes,
                row.place,
                found.latitude,
                found.longitude,
                found.people,
                ", ".join(row.needs),
                found.team,
                row.words,
            )
        )
    headers = {"Content-Disposition": 'attachment; filename="board.csv"', "Cache-Control": "no-store"}
    return Response("\ufeff" + written.getvalue(), media_type="text/csv; charset=utf-8", headers=headers)


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


def _counts(rows: Sequence[Row], language: str) -> list[tuple[str, str, int, int]]:
    """Per district: code, name, how many wait for somebody, how many are open."""
    waiting: Counter[str] = Counter()
    unfinished: Counter[str] = Counter()
    for row in rows:
        code = (row.request.place or "")[:4]
        waiting[code] += row.request.state == HelpState.NEW
        unfinished[code] += row.request.state != HelpState.CLOSED
    unknown = say(language, "board.place_unknown")
    return [
        (code, register.full_name(code, language) if code else unknown, waiting[code], unfinished[code])
        for code in sorted(waiting, key=lambda each: (-waiting[each], each))
    ]


def _harmless(value: object) -> str:
    text = "" if value is None else str(value)
    is_number = isinstance(value, int | float)
    return f"'{text}" if text.startswith(_FORMULA_STARTS) and not is_number else text
