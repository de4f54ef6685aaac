"""The duty roster: who is on duty where and when, and who is now."""

import re
from typing import Annotated

from fastapi import APIRouter
from fastapi.responses import Response
from sqlmodel import Session

from bot.web.console.place_input import WHOLE_COUNTRY, PlaceUnclear, read_place
from bot.web.console.transport import RequestRefused
from bot.web.console.visits import OfficerVisit, access
from storage import duty, officers
from storage import places as register
from storage.agencies import OWN, agency, whole_country
from storage.audit import record
from storage.duty import COUNTRY, DAY_MINUTES, EVERY_DAY, DutyShift
from storage.officer_rights import Right, acting_places, covers
from storage.officers import Officer, OfficerState
from storage.wording import say

router = APIRouter()

DUTY = "/console/duty"
MOST_RANKS = 9

_HOUR = re.compile(r"([01]?\d|2[0-4])[.:]([0-5]\d)")


@router.get(DUTY)
def show(visit: Annotated[OfficerVisit, access(Right.OWN_ACCOUNT)]) -> Response:
    return _page(visit)


@router.post(DUTY)
def add(visit: Annotated[OfficerVisit, access(Right.MANAGE_OFFICERS)]) -> Response:
    with visit.writing() as session:
        fault = _add(visit, session)
    if fault:
        return _page(visit, fault=fault)
    return visit.redirect(DUTY, done="console.done_shift_added")


@router.post(f"{DUTY}/{{shift_id}}/remove")
def remove(visit: Annotated[OfficerVisit, access(Right.MANAGE_OFFICERS)], shift_id: int) -> Response:
    with visit.writing() as session:
        shift = session.get(DutyShift, shift_id)
        if shift is None or shift.removed_at is not None:
            raise RequestRefused(404, "console.error_not_found")
        of_shift = session.get(Officer, shift.officer_id)
        if of_shift is not None and visit.officer.agency_id not in (OWN, of_shift.agency_id):
            visit.refuse(Right.MANAGE_OFFICERS)
        shift.removed_at = visit.at
        session.add(shift)
        subject = f"duty/{shift_id}"
        record(session, visit.at, actor=visit.officer.name, action="duty.remove", subject=subject)
    return visit.redirect(DUTY, done="console.done_shift_removed")


def _add(visit: OfficerVisit, session: Session) -> str:
    """Put the form's shift into the roster; '' when it is there, else what is wrong."""
    asked = visit.text("officer")
    chosen = session.get(Officer, int(asked)) if asked.isdecimal() and len(asked) < 10 else None
    if chosen is None or chosen.state != OfficerState.ACTIVE:
        return say(visit.language, "console.shift_officer_wrong")
    if visit.officer.agency_id not in (OWN, chosen.agency_id):
        visit.refuse(Right.MANAGE_OFFICERS)
    text = visit.text("place", 200)
    try:
        place = COUNTRY if text.casefold() in WHOLE_COUNTRY else read_place(text)
    except PlaceUnclear as unclear:
        choices = ", ".join(register.full_name(each.code, visit.language) for each in unclear.found[:4])
        key = "console.place_which" if choices else "console.place_unknown_one"
        return say(visit.language, key, text=text[:80], choices=choices)
    acting = acting_places(chosen, agency(session, chosen.agency_id))
    if not covers(acting, [place] if place else whole_country()):
        return say(visit.language, "console.shift_place_wrong", name=chosen.shown_name)
    begins, ends = _minute(visit.text("from")), _minute(visit.text("until"))
    days = sorted({int(each) for each in visit.texts("day") if each in {str(day) for day in EVERY_DAY}})
    if begins is None or ends is None or not days:
        return say(visit.language, "console.shift_hours_wrong")
    rank = visit.text("rank")
    shift = DutyShift(
        officer_id=chosen.id or 0,
        place=place,
        weekdays=days,
        from_minute=begins % DAY_MINUTES,
        until_minute=ends % DAY_MINUTES,
        rank=int(rank) if rank in {str(each) for each in range(1, MOST_RANKS + 1)} else 1,
        created_at=visit.at,
    )
    session.add(shift)
    session.flush()
    record(
        session,
        visit.at,
        actor=visit.officer.name,
        action="duty.add",
        subject=f"duty/{shift.id}",
        detail={"officer": chosen.id, "place": place, "days": days, "from": begins, "until": ends},
    )
    return ""


def _minute(text: str) -> int | None:
    """ "08:30" or "8.30" as minutes of the day; "24.00" is its end."""
    found = _HOUR.fullmatch(text)
    if found is None:
        return None
    minute = int(found[1]) * 60 + int(found[2])
    return minute if minute <= DAY_MINUTES else None


def _page(visit: OfficerVisit, *, fault: str = "") -> Response:
    zone = visit.krajai.settings.zone
    with visit.reading() as session:
        roster = duty.shifts(session)
        everybody = {each.id: each for each in officers.officers(session)}
        now = {shift.id for shift in roster if shift.holds(visit.at, zone)}
    choosable = [
        (str(each.id), each.shown_name)
        for each in everybody.values()
        if each.state == OfficerState.ACTIVE and visit.officer.agency_id in (OWN, each.agency_id)
    ]
    rows = [
        {
            "id": shift.id,
            "who": everybody[shift.officer_id].shown_name,
            "active": everybody[shift.officer_id].state == OfficerState.ACTIVE,
            "phone": everybody[shift.officer_id].phone,
            "where": register.full_name(shift.place, visit.language)
            if shift.place
            else say(visit.language, "console.whole_country"),
            "days": _days(visit, shift.weekdays),
            "hours": f"{_clock(shift.from_minute)}-{_clock(shift.until_minute or DAY_MINUTES)}",
            "rank": shift.rank,
            "now": shift.id in now,
            "removable": any(str(shift.officer_id) == number for number, _ in choosable),
        }
        for shift in roster
    ]
    return visit.page(
        "duty.html",
        status=422 if fault else 200,
        fault_words=fault,
        rows=rows,
        officers=choosable,
        days=[(str(day), say(visit.language, f"console.day_{day}")) for day in EVERY_DAY],
        typed={name: visit.text(name) for name in ("officer", "place", "from", "until", "rank")},
        typed_days=visit.texts("day") if fault else [str(day) for day in EVERY_DAY],
        may_change=visit.can(Right.MANAGE_OFFICERS),
        here=[register.full_name(code, visit.language) for code in visit.places[:1]],
    )


def _days(visit: OfficerVisit, weekdays: list[int]) -> str:
    if len(weekdays) == len(EVERY_DAY):
        return say(visit.language, "console.every_day")
    return " ".join(say(visit.language, f"console.day_{day}") for day in weekdays)


def _clock(minute: int) -> str:
    return f"{minute // 60}.{minute % 60:02}"
