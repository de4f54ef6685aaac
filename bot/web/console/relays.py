"""Relays: volunteers and village heads are invited by a code, and taken off; which villages have heard an alert."""

from typing import Annotated, Any

from fastapi import APIRouter
from fastapi.responses import Response
from sqlmodel import Session

from bot.web.console.chat import in_fours, links_of
from bot.web.console.place_input import PlaceUnclear, read_places
from bot.web.console.transport import RequestRefused
from bot.web.console.visits import OfficerVisit, access
from handlers.dialogs.field_codes import typed_by_link
from storage import chat_codes, relays
from storage import places as register
from storage.audit import record
from storage.chat_codes import RELAY_LIVES
from storage.officer_rights import Right
from storage.relays import LEVELS, Relay, RelayRole
from storage.wording import say

router = APIRouter()

RELAYS = "/console/relays"
MOST_PLACES = 20
MOST_ID = 2**31 - 1

Manager = Annotated[OfficerVisit, access(Right.MANAGE_RELAYS)]


@router.get(RELAYS)
def show(visit: Manager) -> Response:
    return _page(visit)


@router.post(RELAYS)
def invite(visit: Manager) -> Response:
    """A code for one person, shown once; she is asked in her own chat, and nothing is kept of her before she agrees."""
    wanted = visit.text("role")
    try:
        codes = read_places(visit.text("places", 4_000))
    except PlaceUnclear as unclear:
        return _page(visit, say(visit.language, "console.place_unknown_one", text=unclear.text[:60]))
    levels = {found.level for code in codes if (found := register.place(code)) is not None}
    if not codes or len(codes) > MOST_PLACES or not levels <= set(LEVELS) or wanted not in list(RelayRole):
        return _page(visit, say(visit.language, "field.error_relay_places", most=MOST_PLACES))
    visit.require(Right.MANAGE_RELAYS, codes)
    with visit.writing() as session:
        code = chat_codes.relay_code(session, codes, wanted, visit.at, by=visit.officer.name)
        detail = {"places": codes, "role": wanted}
        record(
            session,
            visit.at,
            actor=visit.officer.name,
            action="relay.invite",
            subject="relay",
            detail=detail,
        )
    return visit.page(
        "relay_code.html",
        words=typed_by_link(in_fours(code), visit.language),
        links=links_of(visit.krajai.settings, code, visit.language),
        place=", ".join(register.full_name(each, visit.language) for each in codes),
        days=RELAY_LIVES.days,
    )


@router.post(RELAYS + "/{relay_id}/remove")
def remove(visit: Manager, relay_id: int) -> Response:
    with visit.writing() as session:
        found = session.get(Relay, relay_id) if 0 < relay_id <= MOST_ID else None
        if found is None:
            raise RequestRefused(404, "console.error_not_found")
        visit.require(Right.MANAGE_RELAYS, [found.place])
        relays.leave(session, [found], visit.at, by=visit.officer.name)
    return visit.redirect(RELAYS, done="field.done_relay_removed")


def heard(session: Session, alert_id: int, language: str) -> dict[str, Any]:
    """What `console/relays_heard.html` shows of an alert: a line for each place with relays, those that wait first."""
    found = relays.heard_by_place(session, alert_id)
    lines = [
        {"place": register.full_name(each.place, language), "minutes": each.minutes, "relays": each.relays}
        for each in found
    ]
    return {"lines": lines, "heard": sum(each.minutes is not None for each in found), "all": len(found)}


def _page(visit: OfficerVisit, fault: str = "") -> Response:
    with visit.reading() as session:
        found = relays.within(session, visit.places)
    return visit.page(
        "relays.html",
        status=422 if fault else 200,
        fault=fault,
        relays=[(each, register.full_name(each.place, visit.language), reached) for each, reached in found],
        roles=[(each.value, say(visit.language, f"field.role_{each}")) for each in RelayRole],
        typed={"places": visit.text("places", 4_000) if fault else "", "role": visit.text("role")},
    )
