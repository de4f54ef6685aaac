"""A console in use: one of everything that its pages show, in given words; and the addresses of all pages.

Browser tests open every page of it, attacks put markup into every word of it, and the guide's pictures are of it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from xml.sax.saxutils import escape

from fastapi import FastAPI
from fastapi.routing import APIRoute
from sqlmodel import Session

from broadcasts.alerts import approving, drafting
from broadcasts.alerts.drafting import Acting
from broadcasts.alerts.importing import import_alerts
from storage import relays
from storage.agencies import OWN, Agency
from storage.alert_drafts import Mode
from storage.cases import Case, open_case, ticket
from storage.drill_members import join
from storage.duty import DutyShift
from storage.help_requests import Cry, note_cry
from storage.officer_managing import enter
from storage.officers import Role
from storage.relays import RelayRole
from storage.safety import SafetyAnswer, SafetyReport, keep_report
from storage.shelters import Shelter, add_shelter
from storage.template_edits import TemplateEdit, propose
from tests.bot.web.console.test_access import all_routes
from tests.broadcasts.alerts.cap_texts import alert_xml, area_xml, info_xml
from tests.broadcasts.alerts.house_of_officers import House
from tests.builders import citizen

NO_PAGES = frozenset({"/console/sign-in/oidc", "/console/sign-in/oidc/back", "/metrics"})
"""Redirects to another house, and a table for programs."""

NOT_HTML = (
    ".csv",
    ".png",
    ".atom",
    ".xml",
    "/events",
    "/messages",
    "/api/phones",
    "/healthz",
    "/readyz",
    "{file}",
)


@dataclass(frozen=True, kw_only=True)
class Words:
    """What people wrote: of the length that a page expects, and in their own way."""

    name: str = "สุดา ใจดี"
    agency: str = "อบต.เวียงพางคำ"
    shelter: str = "ร.ร.บ้านป่าแดง"
    group: str = "อาสาแม่สาย"
    headline: str = "ไฟไหม้บ่อขยะ ควันพิษ"
    instruction: str = "ปิดหน้าต่าง ใส่หน้ากาก"
    level: str = "ระดับเอว"
    reason: str = "ยังไม่บอกว่าน้ำมาถึงกี่โมง"
    cry: str = "น้ำเข้าบ้านแล้ว มีคนแก่ติดเตียง"
    team: str = "กู้ภัยแม่สาย"
    complaint: str = "ไฟถนนดับหน้าวัดป่า"
    phone: str = "053-123-456"
    event: str = "น้ำท่วม"


@dataclass(frozen=True, kw_only=True)
class Furnished:
    """The number of one thing of each kind, by the name that it has in the addresses of pages."""

    numbers: Mapping[str, Mapping[str, str]]
    admin: int


def furnish(session: Session, at: datetime, words: Words) -> Furnished:
    """Fill an empty, migrated database. The officer `admin` may do everything there is."""
    house = House(session=session, at=at)
    house.agency.places = ["57"]
    session.add(house.agency)
    session.add(
        Agency(
            id="vpk",
            name_th=words.agency,
            name_en=words.agency,
            places=["570906"],
            phone=words.phone[:30],
            created_at=at,
        )
    )
    admin = enter(session, "admin", at, by="tester", roles=list(Role), full_name=words.name, may_bypass=True)
    suda = house.officer("suda", Role.AUTHOR, full_name=words.name)
    malee = house.officer("malee", Role.APPROVER, full_name="มาลี ศรีสุข")
    enter(session, "anan", at, by="tester", invited=True, full_name=words.name)
    session.add(DutyShift(officer_id=malee.officer_id, place="57", created_at=at))
    contact, person = citizen(session, at=at - timedelta(days=1))
    contact_id, person_id = contact.id or 0, person.id or 0
    shelter = Shelter(
        name_th=words.shelter, name_en=words.shelter, place="570906", phone=words.phone[:40],
        created_by="suda", created_at=at,
    )  # fmt: skip
    add_shelter(session, shelter, by="suda", at=at)
    join(session, words.group, contact_id, by="suda", at=at)
    relays.join(session, contact_id, ["57090601"], RelayRole.VILLAGE_HEAD, at, by="suda")
    drafts = _alerts(session, house, suda, malee, words)
    cry = _cry(session, contact_id, person_id, words, at)
    case = Case(
        kind="complaint", category="street-light", words=words.complaint, person_id=person_id, contact_id=contact_id,
        place="570906", opened_at=at, due_at=at + timedelta(days=3),
    )  # fmt: skip
    open_case(session, case)
    body = f"{words.level[:30]} {{where}} {{when}}"
    propose(
        session,
        TemplateEdit(agency_id=OWN, template="flood", level="watch", language="th", form="chat", body=body,
                     author_id=suda.officer_id, proposed_at=at),
        by="suda",
    )  # fmt: skip
    return Furnished(
        admin=admin.id or 0,
        numbers={
            "/console/alerts": {"draft_id": drafts["submitted"], "alert_id": drafts["imported"]},
            "/console/broadcasts": {"broadcast_id": drafts["broadcast"]},
            "/console/officers": {"officer_id": str(suda.officer_id)},
            "/console/agencies": {"name": "vpk"},
            "/console/board": {"number": str(cry)},
            "/console/cases": {"number": ticket(case.number)},
            "/alerts": {"number": drafts["alert"]},
        },
    )


def _alerts(session: Session, house: House, suda: Acting, malee: Acting, words: Words) -> dict[str, str]:
    own = {"headline": words.headline, "instruction": words.instruction}
    blank = drafting.begin(session, suda, template="")
    drafting.edit(
        session, suda, blank.number, 1,
        {"level": "warning", "places": ["5709"], "words": {"th": own, "en": own}, "phone": words.phone[:60],
         "evacuation_by": words.name[:60]},
    )  # fmt: skip
    told: dict[str, Any] = {"words": {"th": {"level": words.level[:40]}}}
    rejected = house.submitted(suda, places=["5707"], **told)
    approving.reject(session, malee, rejected.number, reason=words.reason)
    released = house.submitted(suda, **told)
    went_out = house.approve(malee, released)
    training = house.submitted(suda, mode=Mode.TRAINING, group_name=words.group, **told)
    house.approve(malee, training)
    waits = house.submitted(suda, places=["5708"], **told)
    said = escape(words.agency)
    info = info_xml(
        area_xml(said, ("DOPA", "5705")), language="th-TH", event=escape(words.event), headline=escape(words.headline),
        expires=(house.at + timedelta(hours=6)).isoformat(timespec="seconds"),
    )  # fmt: skip
    xml = alert_xml(info, identifier="theirs", sender=said.replace(" ", "-"))
    imported = import_alerts(session, xml.encode(), origin="post", by="CAP by POST", at=house.at)[0].alert
    session.flush()
    return {
        "submitted": str(waits.number),
        "imported": str(imported.id),
        "broadcast": str(went_out.id),
        "alert": str(released.alert_id),
    }


def _cry(session: Session, contact_id: int, person_id: int, words: Words, at: datetime) -> int:
    report = SafetyReport(
        contact_id=contact_id, person_id=person_id, answer=SafetyAnswer.NEED_HELP, words=words.cry, place="570906",
        at=at,
    )  # fmt: skip
    keep_report(session, report)
    cry = Cry(
        contact_id=contact_id, person_id=person_id, at=at, place="570906", needs=("bedridden",), people=4
    )
    made = note_cry(session, cry)
    made.team = words.team
    session.add(made)
    return made.number


def pages_of(app: FastAPI, furnished: Furnished) -> list[str]:
    """Every page that a browser shows, with the numbers of what there is. A page of an unknown number is an error."""
    found = {
        path
        for route in all_routes(app.routes)
        if isinstance(route, APIRoute) and "GET" in (route.methods or ())
        for path in [route.path]
        if path not in NO_PAGES
        and not path.startswith(("/charts", "/console/join"))
        and not path.endswith(NOT_HTML)
    }
    return sorted(_filled(path, furnished.numbers) for path in found)


def _filled(path: str, numbers: Mapping[str, Mapping[str, str]]) -> str:
    if "{" not in path:
        return path
    known: Iterable[str] = sorted((each for each in numbers if path.startswith(each)), key=len, reverse=True)
    for start in known:
        try:
            return path.format_map(numbers[start])
        except KeyError:
            continue
    raise AssertionError(f"{path}: put a number of what it shows into furnish()")
