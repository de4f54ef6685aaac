"""Agencies and the places each is responsible for; admins of the installation's own agency change them."""

import re
from typing import Annotated

from fastapi import APIRouter
from fastapi.responses import Response

from bot.web.console.place_input import PlaceUnclear, in_lines, read_places
from bot.web.console.second_factor import require_fresh
from bot.web.console.transport import RequestRefused
from bot.web.console.visits import OfficerVisit, access
from storage import agencies
from storage import places as register
from storage.agencies import OWN, Agency, AgencyLevel, AgencyOrigin
from storage.audit import record
from storage.officer_rights import Right
from storage.wording import say

router = APIRouter()

AGENCIES = "/console/agencies"
OWN_IN_PATH = "own"
"""How the installation's own agency, whose id is empty, is called in addresses."""

_ID = re.compile(r"[a-z0-9][a-z0-9-]{1,58}[a-z0-9]")

Admin = Annotated[OfficerVisit, access(Right.MANAGE_OFFICERS)]


@router.get(AGENCIES)
def show_all(visit: Admin) -> Response:
    with visit.reading() as session:
        found = agencies.agencies(session)
    shown = [(each, each.id or OWN_IN_PATH, in_lines(each.places[:3], visit.language)) for each in found]
    return visit.page("agencies.html", agencies=shown, may_change=visit.officer.agency_id == OWN)


@router.get(f"{AGENCIES}/{{name}}")
def show(visit: Admin, name: str) -> Response:
    return _form(visit, _agency(visit, name))


@router.post(f"{AGENCIES}/{{name}}")
def save(visit: Admin, name: str) -> Response:
    """What the file says of an agency stays as the file says it."""
    if visit.officer.agency_id != OWN:
        visit.refuse(Right.MANAGE_OFFICERS)
    require_fresh(visit, f"{AGENCIES}/{name}")
    known = _agency(visit, name)
    agency_id = visit.text("id", 80) if name == "new" else known.id
    if name == "new" and not _ID.fullmatch(agency_id):
        return _form(visit, known, fault=say(visit.language, "console.agency_id_wrong"))
    try:
        codes = read_places(visit.text("places", 50_000))
    except PlaceUnclear as unclear:
        return _form(visit, known, fault=_unclear(visit, unclear))
    with visit.writing() as session:
        kept = session.get(Agency, agency_id)
        if name == "new" and (kept is not None or agency_id in ("new", OWN_IN_PATH)):
            return _form(visit, known, fault=say(visit.language, "console.agency_id_taken"))
        kept = kept or Agency(id=agency_id, name_th="", name_en="", created_at=visit.at)
        was = {"level": kept.level, "places": list(kept.places)}
        if kept.origin != AgencyOrigin.FILE:
            kept.name_th, kept.name_en = visit.text("name_th", 120), visit.text("name_en", 120)
        if not kept.name_th:
            return _form(visit, known, fault=say(visit.language, "console.agency_name_missing"))
        if kept.origin != AgencyOrigin.FILE or kept.id == OWN:
            kept.places = codes
        kept.level = visit.text("level") if visit.text("level") in list(AgencyLevel) else kept.level
        kept.phone = visit.text("phone", 40)
        session.add(kept)
        record(
            session,
            visit.at,
            actor=visit.officer.name,
            action="agency.change",
            subject=f"agency/{agency_id or OWN_IN_PATH}",
            detail={"was": was, "is": {"level": kept.level, "places": list(kept.places)}},
        )
    return visit.redirect(AGENCIES, done="console.done_saved")


def _agency(visit: OfficerVisit, name: str) -> Agency:
    if name == "new":
        return Agency(id="", name_th="", name_en="", created_at=visit.at)
    with visit.reading() as session:
        found = agencies.agency(session, OWN if name == OWN_IN_PATH else name)
    if found is None:
        raise RequestRefused(404, "console.error_not_found")
    return found


def _unclear(visit: OfficerVisit, unclear: PlaceUnclear) -> str:
    choices = ", ".join(register.full_name(each.code, visit.language) for each in unclear.found[:4])
    key = "console.place_which" if choices else "console.place_unknown_one"
    return say(visit.language, key, text=unclear.text[:80], choices=choices)


def _form(visit: OfficerVisit, known: Agency, *, fault: str = "") -> Response:
    is_new = visit.request.path_params["name"] == "new"
    typed = visit.request.method == "POST"
    values = {
        name: visit.text(name) if typed else getattr(known, name) for name in ("id", "name_th", "name_en")
    }
    values |= {name: visit.text(name) if typed else getattr(known, name) for name in ("level", "phone")}
    values["places"] = visit.text("places", 50_000) if typed else in_lines(known.places, visit.language)
    return visit.page(
        "agency.html",
        status=422 if fault else 200,
        fault_words=fault,
        known=known,
        is_new=is_new,
        of_file=not is_new and known.origin == AgencyOrigin.FILE,
        is_own=not is_new and known.id == OWN,
        may_change=visit.officer.agency_id == OWN,
        values=values,
        levels=[(each.value, say(visit.language, f"console.level_{each}")) for each in AgencyLevel],
    )
