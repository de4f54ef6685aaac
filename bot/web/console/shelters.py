"""The register of shelters."""

from typing import Annotated

from fastapi import APIRouter
from fastapi.responses import Response

from bot.web.console.areas import AreaUnclear, read_area
from bot.web.console.drafts import sentence
from bot.web.console.visits import OfficerVisit, access
from storage import places as register
from storage import shelters as shelter_register
from storage.officer_rights import Right
from storage.shelters import Shelter, ShelterRefused

router = APIRouter()

SHELTERS = "/console/shelters"


@router.get(SHELTERS)
def show(visit: Annotated[OfficerVisit, access(Right.SEE_ALERTS)]) -> Response:
    return _page(visit)


@router.post(SHELTERS)
def add(visit: Annotated[OfficerVisit, access(Right.DRAFT_ALERTS)]) -> Response:
    try:
        codes = read_area(visit.text("where", 120), visit.places)
    except AreaUnclear as unclear:
        return _page(visit, sentence(visit, "drafting.error_place_unclear", {"text": unclear.text[:40]}))
    if len(codes) != 1:
        return _page(visit, sentence(visit, "drafting.error_one_place", {}))
    visit.require(Right.DRAFT_ALERTS, codes)
    shelter = Shelter(
        name_th=visit.text("name_th", 100),
        name_en=visit.text("name_en", 100),
        place=codes[0],
        room_for=int(visit.text("room_for")) if visit.text("room_for", 6).isdigit() else 0,
        phone=visit.text("phone", 40),
        created_by=visit.officer.name,
        created_at=visit.at,
    )
    try:
        with visit.writing() as session:
            shelter_register.add_shelter(session, shelter, by=visit.officer.name, at=visit.at)
    except ShelterRefused:
        return _page(visit, sentence(visit, "drafting.error_shelter_name", {}))
    return visit.redirect(SHELTERS, done="drafting.done_saved")


@router.post(SHELTERS + "/{shelter_id}/remove")
def remove(visit: Annotated[OfficerVisit, access(Right.DRAFT_ALERTS)], shelter_id: int) -> Response:
    with visit.reading() as session:
        found = session.get(Shelter, shelter_id) if 0 < shelter_id < 2**31 else None
    visit.require(Right.DRAFT_ALERTS, [found.place] if found is not None else [])
    with visit.writing() as session:
        shelter_register.remove_shelter(session, shelter_id, by=visit.officer.name, at=visit.at)
    return visit.redirect(SHELTERS, done="drafting.done_saved")


def _page(visit: OfficerVisit, fault: str = "") -> Response:
    with visit.reading() as session:
        found = shelter_register.shelters(session)
    hers = [
        (each, register.full_name(each.place, visit.language))
        for each in found
        if any(register.contains(own, each.place) for own in visit.places)
    ]
    typed = {
        name: visit.text(name, 120) if fault else "" for name in ("name_th", "name_en", "where", "phone")
    }
    return visit.page(
        "shelters.html",
        status=422 if fault else 200,
        shelters=hers,
        fault=fault,
        typed=typed,
        writes=visit.can(Right.DRAFT_ALERTS),
    )
