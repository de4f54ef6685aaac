"""Cases in the console: the list by state, place and deadline, its table, one case whole, and its files.

The list says nothing that a citizen wrote; whoever opens a case or a file is in the audit log.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter
from fastapi.responses import Response
from sqlmodel import Session

from bot.media import media_folder
from bot.web.console.areas import AreaUnclear, read_area
from bot.web.console.drafts import sentence
from bot.web.console.tables import as_csv
from bot.web.console.transport import RequestRefused
from bot.web.console.visits import OfficerVisit, access
from storage import cases, cases_work, media
from storage import places as register
from storage.cases import OPEN_STATES, UNFINISHED_STATES, Case, Jurisdiction, ticket
from storage.cases_categories import about
from storage.cases_following import followers
from storage.cases_timeline import event_words, timeline
from storage.lifecycles import CASE, CaseState, MediaState, allowed
from storage.officer_rights import Right
from storage.sealing import SealBroken
from storage.wording import say

router = APIRouter()

CASES = "/console/cases"
MOST_SHOWN, MOST_IN_TABLE = 100, 5_000
DUE = ("overdue", "today", "week")
_SHOWN_TYPES = ("image/jpeg", "image/png", "image/webp", "audio/mpeg", "audio/mp4", "audio/ogg")


@dataclass(frozen=True, kw_only=True)
class Row:
    """A case as the list shows it."""

    case: Case
    ticket: str
    about: str
    place: str
    agency: str
    overdue: bool
    hers: bool


@router.get(CASES)
def show_all(visit: Annotated[OfficerVisit, access(Right.WORK_CASES)]) -> Response:
    if number := visit.text("ticket", 30):
        return visit.redirect(f"{CASES}/{number}" if cases.case_id_of(number) else f"{CASES}?state=open")
    fault = ""
    try:
        with visit.reading() as session:
            rows = _rows(visit, _found(visit, session, MOST_SHOWN))
    except AreaUnclear as unclear:
        rows, fault = [], sentence(visit, "drafting.error_place_unclear", {"text": unclear.text[:40]})
    with visit.reading() as session:
        late, _ = cases.late(session, visit.at, jurisdiction(visit))
    return visit.page(
        "cases.html",
        status=422 if fault else 200,
        fault=fault,
        rows=rows,
        late=late,
        asked={name: visit.text(name, 120) for name in ("state", "due", "place", "mine")},
        states=[each.value for each in CaseState],
        dues=DUE,
        most=MOST_SHOWN,
    )


@router.get(f"{CASES}.csv")
def table(visit: Annotated[OfficerVisit, access(Right.WORK_CASES)]) -> Response:
    """The same list as a table; nothing in it was written by a citizen."""
    try:
        with visit.reading() as session:
            rows = _rows(visit, _found(visit, session, MOST_IN_TABLE))
    except AreaUnclear as unclear:
        raise RequestRefused(422, "console.error_form") from unclear
    visit.audit("case.exported", "case", {"rows": len(rows)})
    names = ("ticket", "state", "about", "place", "agency", "opened", "due", "overdue", "officer")
    lines = [
        (
            row.ticket,
            say(visit.language, f"casework.state_{row.case.state}"),
            row.about,
            row.place,
            row.agency,
            row.case.opened_at,
            row.case.due_at,
            int(row.overdue),
            row.case.officer,
        )
        for row in rows
    ]
    heads = [say(visit.language, f"casework.column_{name}") for name in names]
    return as_csv("cases", heads, lines, visit.krajai.settings.zone)


@router.get(CASES + "/{number}")
def show(visit: Annotated[OfficerVisit, access(Right.WORK_CASES)], number: str) -> Response:
    return page_of(visit, number)


@router.get(CASES + "/{number}/files/{file}")
def show_file(visit: Annotated[OfficerVisit, access(Right.WORK_CASES)], number: str, file: int) -> Response:
    """A photo or a voice note as it is, anything else to be saved."""
    with visit.reading() as session:
        case = case_of(visit, session, number)
        kept = [each for each in media.of_case(session, case.number) if each.number == file]
    if not kept or kept[0].state != MediaState.KEPT:
        raise RequestRefused(404, "console.error_not_found")
    try:
        data = media_folder(visit.krajai).read(kept[0].file)
    except (OSError, SealBroken) as fault:
        raise RequestRefused(410, "casework.error_file") from fault
    visit.audit("case.file_shown", f"case/{case.number}", {"file": file})
    shown = kept[0].media_type in _SHOWN_TYPES
    headers = {
        "Content-Disposition": "inline" if shown else f"attachment; filename=file-{file}",
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'; sandbox",
    }
    media_type = kept[0].media_type if shown else "application/octet-stream"
    return Response(data, media_type=media_type, headers=headers)


def page_of(visit: OfficerVisit, number: str, *, fault: str = "", status: int = 200) -> Response:
    """A case whole. Looking is audited."""
    try:
        with visit.reading() as session:
            case = case_of(visit, session, number)
            row = _rows(visit, [case])[0]
            words, place_words = cases.words_of(session, case), cases.place_words_of(session, case)
            events = [
                (event, event_words(session, event))
                for event in timeline(session, case.number, public_only=False)
            ]
            files = [each for each in media.of_case(session, case.number) if each.state == MediaState.KEPT]
            follow = len(followers(session, case.number))
            reason = cases_work.reason_of(session, case)
    except SealBroken as broken:
        raise RequestRefused(409, "casework.error_sealed") from broken
    visit.audit("case.shown", f"case/{case.number}")
    return visit.page(
        "case.html",
        status=status,
        fault=fault,
        row=row,
        words=words,
        place_words=place_words,
        events=events,
        files=files,
        followers=follow,
        reason=reason,
        typed=visit.text("words", 600),
        works=row.hers,
        may={each: row.hers and _may(case, each) for each in ("take", "update", "close", "reopen", "cancel")},
        forwards=[
            (each.id or "own", each.name(visit.language))
            for each in (visit.krajai.agencies.own, *visit.krajai.agencies.others)
            if each.id != case.agency
        ]
        if row.hers and case.state in OPEN_STATES
        else [],
    )


def case_of(visit: OfficerVisit, session: Session, number: str) -> Case:
    """The case of a ticket number that she may see; refuses the visit otherwise."""
    case_id = cases.case_id_of(number)
    found = session.get(Case, case_id) if case_id is not None else None
    if found is None:
        raise RequestRefused(404, "casework.error_unknown")
    if not cases.sees(jurisdiction(visit), found):
        visit.refuse(Right.WORK_CASES, [found.place] if found.place else [])
    return found


def jurisdiction(visit: OfficerVisit) -> Jurisdiction:
    narrowed = bool(visit.officer.places)
    return Jurisdiction(agency_id=visit.officer.agency_id, places=tuple(visit.places), narrowed=narrowed)


_TARGETS = {
    "take": CaseState.TAKEN,
    "update": CaseState.IN_PROGRESS,
    "close": CaseState.DONE,
    "reopen": CaseState.REOPENED,
    "cancel": CaseState.CANCELLED,
}


def _may(case: Case, step: str) -> bool:
    still = step == "update" and case.state == CaseState.IN_PROGRESS
    return still or allowed(CASE, case.state, _TARGETS[step])


def _found(visit: OfficerVisit, session: Session, most: int) -> list[Case]:
    """What is asked for; open cases unless something else is."""
    state, due = visit.text("state", 20), visit.text("due", 20)
    codes = read_area(visit.text("place", 120), visit.places)
    if state in list(CaseState):
        states: Sequence[str] = (state,)
    elif state == "all":
        states = [each.value for each in CaseState]
    else:
        states = UNFINISHED_STATES if state == "unfinished" else OPEN_STATES
    zone = visit.krajai.settings.zone
    midnight = visit.at.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    until: dict[str, datetime] = {
        "overdue": visit.at,
        "today": midnight + timedelta(days=1),
        "week": midnight + timedelta(days=7),
    }
    return cases.listed(
        session,
        states=states,
        place=codes or None,
        officer=visit.officer.name if visit.text("mine") else None,
        due_before=until.get(due),
        within=jurisdiction(visit),
        most=most,
    )


def _rows(visit: OfficerVisit, found: Sequence[Case]) -> list[Row]:
    by = jurisdiction(visit)
    return [
        Row(
            case=each,
            ticket=ticket(each.number),
            about=about(each.kind, each.category).name(visit.language),
            place=register.full_name(each.place, visit.language)
            if each.place
            else say(visit.language, "casework.no_place"),
            agency=visit.krajai.agencies.named(each.agency).name(visit.language),
            overdue=each.state in OPEN_STATES and each.due_at is not None and each.due_at < visit.at,
            hers=cases.works_on(by, each),
        )
        for each in found
    ]
