"""Officers, as an admin sees them: invited, changed, disabled. An admin of the own agency manages all of them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter
from fastapi.responses import Response
from sqlmodel import Session

from bot.web.console.place_input import PlaceUnclear, in_lines, read_places
from bot.web.console.second_factor import require_fresh
from bot.web.console.transport import RequestRefused, own_origin
from bot.web.console.visits import OfficerVisit, access
from storage import agencies, officer_access, officer_chats, officer_invitations, officers, sessions
from storage import places as register
from storage.agencies import OWN
from storage.audit import record
from storage.officer_managing import Known, OfficerRefused, change, disable, enable, enter
from storage.officer_rights import Right, covers
from storage.officers import Officer, OfficerState, Role
from storage.wording import say

router = APIRouter()

OFFICERS = "/console/officers"

Admin = Annotated[OfficerVisit, access(Right.MANAGE_OFFICERS)]


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What is wrong with a form: a sentence with its fills."""

    key: str
    fills: dict[str, str]


@router.get(OFFICERS)
def show_all(visit: Admin) -> Response:
    with visit.reading() as session:
        found = [each for each in officers.officers(session) if _manages(visit, each.agency_id)]
        waiting = officer_invitations.waiting(session, visit.at)
        names = {each.id: each.name(visit.language) for each in agencies.agencies(session)}
    return visit.page("officers.html", officers=found, waiting=waiting, agency_names=names)


@router.get(f"{OFFICERS}/new")
def ask_new(visit: Admin) -> Response:
    require_fresh(visit, f"{OFFICERS}/new")
    return _form(visit, None)


@router.post(f"{OFFICERS}/new")
def invite(visit: Admin) -> Response:
    require_fresh(visit, f"{OFFICERS}/new")
    try:
        with visit.writing() as session:
            wanted = _wanted(visit, session)
            made = enter(
                session, visit.text("name", 200), visit.at, by=visit.officer.name, invited=True, **wanted
            )
            link = _link(visit, session, made)
    except (OfficerRefused, PlaceUnclear) as refused:
        return _form(visit, None, fault=_fault(refused))
    return visit.page("officer_link.html", officer_of_link=made, link=link, lives=officer_invitations.LIVES)


@router.get(f"{OFFICERS}/{{officer_id}}")
def show(visit: Admin, officer_id: int) -> Response:
    with visit.reading() as session:
        found = _officer(visit, session, officer_id)
        live = sessions.live(session, officer_id, visit.at)
    return _form(visit, found, live=live)


@router.post(f"{OFFICERS}/{{officer_id}}")
def save(visit: Admin, officer_id: int) -> Response:
    require_fresh(visit, f"{OFFICERS}/{officer_id}")
    with visit.reading() as session:
        found = _officer(visit, session, officer_id)
    try:
        with visit.writing() as session:
            found = _officer(visit, session, officer_id)
            change(session, found, visit.at, by=visit.officer.name, **_wanted(visit, session))
    except (OfficerRefused, PlaceUnclear) as refused:
        return _form(visit, found, fault=_fault(refused))
    return visit.redirect(f"{OFFICERS}/{officer_id}", done="console.done_saved")


@router.post(f"{OFFICERS}/{{officer_id}}/link")
def new_link(visit: Admin, officer_id: int) -> Response:
    require_fresh(visit, f"{OFFICERS}/{officer_id}")
    with visit.writing() as session:
        found = _officer(visit, session, officer_id)
        if found.state == OfficerState.DISABLED:
            raise RequestRefused(409, "console.officer_is_disabled")
        link = _link(visit, session, found)
    return visit.page("officer_link.html", officer_of_link=found, link=link, lives=officer_invitations.LIVES)


@router.post(f"{OFFICERS}/{{officer_id}}/disable")
def take_rights(visit: Admin, officer_id: int) -> Response:
    """Without asking for the second factor again: taking rights away must be quick."""
    try:
        with visit.writing() as session:
            found = _officer(visit, session, officer_id)
            disable(session, found, visit.at, by=visit.officer.name, last_too=False)
    except OfficerRefused as refused:
        raise RequestRefused(409, refused.key) from refused
    return visit.redirect(OFFICERS, done="console.done_disabled")


@router.post(f"{OFFICERS}/{{officer_id}}/enable")
def give_rights(visit: Admin, officer_id: int) -> Response:
    require_fresh(visit, f"{OFFICERS}/{officer_id}")
    with visit.writing() as session:
        enable(session, _officer(visit, session, officer_id), visit.at, by=visit.officer.name)
    return visit.redirect(f"{OFFICERS}/{officer_id}", done="console.done_enabled")


@router.post(f"{OFFICERS}/{{officer_id}}/sessions")
def end_sessions(visit: Admin, officer_id: int) -> Response:
    with visit.writing() as session:
        found = _officer(visit, session, officer_id)
        number = sessions.end_all(session, officer_id, visit.at, f"revoked by {visit.officer.name}")
        subject, detail = f"officer/{found.id}", {"sessions": number}
        record(
            session,
            visit.at,
            actor=visit.officer.name,
            action="session.revoke",
            subject=subject,
            detail=detail,
        )
    return visit.redirect(f"{OFFICERS}/{officer_id}", done="console.done_sessions_ended")


@router.post(f"{OFFICERS}/{{officer_id}}/chat")
def let_chat_go(visit: Admin, officer_id: int) -> Response:
    """A chat that is lost or in wrong hands is hers no more, at once."""
    with visit.writing() as session:
        officer_chats.let_go(session, _officer(visit, session, officer_id), visit.at, by=visit.officer.name)
    return visit.redirect(f"{OFFICERS}/{officer_id}", done="field.done_unlinked")


def _manages(visit: OfficerVisit, agency_id: str) -> bool:
    return visit.officer.agency_id in (OWN, agency_id)


def _officer(visit: OfficerVisit, session: Session, officer_id: int) -> Officer:
    found = officers.officer(session, officer_id)
    if found is None:
        raise RequestRefused(404, "console.error_not_found")
    if not _manages(visit, found.agency_id):
        visit.refuse(Right.MANAGE_OFFICERS)
    return found


def _wanted(visit: OfficerVisit, session: Session) -> Known:
    """What the form asks for; nobody gives what is not hers to give."""
    agency_id, known = visit.text("agency", 80), {each.value for each in Role}
    if not _manages(visit, agency_id):
        visit.refuse(Right.MANAGE_OFFICERS)
    codes = read_places(visit.text("places", 20_000))
    hers = agencies.agency(session, agency_id)
    if codes and hers is not None and not covers(hers.places, codes):
        raise OfficerRefused("console.place_not_of_agency")
    return {
        "roles": [Role(each) for each in visit.texts("role") if each in known],
        "email": visit.text("email", 254),
        "full_name": visit.text("full_name", 120),
        "phone": visit.text("phone", 40),
        "agency_id": agency_id,
        "places": codes,
        "may_bypass": bool(visit.text("may_bypass")),
    }


def _link(visit: OfficerVisit, session: Session, invited: Officer) -> str:
    token = officer_access.give_link(session, invited, visit.at, by=visit.officer.name)
    base = visit.krajai.settings.public_url.rstrip("/") or own_origin(visit.request)
    return f"{base}/console/join/{token}"


def _opened(visit: OfficerVisit, found: Officer | None) -> tuple[str, datetime] | None:
    """Who gave this account its new way in, and until when that is heeded."""
    if found is None or found.access_settles_at is None or found.access_settles_at <= visit.at:
        return None
    with visit.reading() as session:
        giver = session.get(Officer, found.access_from_id) if found.access_from_id is not None else None
    return giver.shown_name if giver else say(visit.language, "console.operator"), found.access_settles_at


def _fault(refused: OfficerRefused | PlaceUnclear) -> Fault:
    if isinstance(refused, OfficerRefused):
        return Fault(key=refused.key, fills={})
    choices = ", ".join(register.full_name(each.code, "th") for each in refused.found[:4])
    key = "console.place_which" if choices else "console.place_unknown_one"
    return Fault(key=key, fills={"text": refused.text[:80], "choices": choices})


def _form(
    visit: OfficerVisit,
    found: Officer | None,
    *,
    fault: Fault | None = None,
    live: Iterable[sessions.OfficerSession] = (),
) -> Response:
    with visit.reading() as session:
        listed = [each for each in agencies.agencies(session) if _manages(visit, each.id)]
    typed = visit.request.method == "POST"
    values: dict[str, Any] = {
        name: visit.text(name) if typed else getattr(found, name, "")
        for name in ("name", "full_name", "email", "phone")
    }
    values["agency"] = (
        visit.text("agency") if typed else (found.agency_id if found else visit.officer.agency_id)
    )
    values["roles"] = visit.texts("role") if typed else (found.roles if found else [])
    values["places"] = (
        visit.text("places", 20_000) if typed else in_lines(found.places if found else (), visit.language)
    )
    values["may_bypass"] = bool(visit.text("may_bypass")) if typed else bool(found and found.may_bypass)
    return visit.page(
        "officer.html",
        status=422 if fault else 200,
        fault_words=say(visit.language, fault.key, **fault.fills) if fault else "",
        found=found,
        values=values,
        roles=[(role.value, say(visit.language, f"console.role_{role}")) for role in Role],
        agencies=[(each.id, each.name(visit.language)) for each in listed],
        live=list(live),
        opened=_opened(visit, found),
    )
