"""The record of drills: exercises and trainings with their minutes, and whether the next one is due."""

from typing import Annotated

from fastapi import APIRouter
from fastapi.responses import Response

from bot.web.console.tables import as_csv
from bot.web.console.visits import OfficerVisit, access
from broadcasts.alerts import drills
from broadcasts.alerts.drills import Drill
from broadcasts.alerts.templates import templates
from storage import drill_members
from storage.officer_rights import Right
from storage.wording import say

router = APIRouter()

DRILLS = "/console/drills"
MOST_SHOWN, MOST_IN_TABLE = 50, 5_000


@router.get(DRILLS)
def show(visit: Annotated[OfficerVisit, access(Right.SEE_ALERTS)]) -> Response:
    with visit.reading() as session:
        found = drills.drills(session, agency_id=visit.officer.agency_id, most=MOST_SHOWN)
        due = drills.is_due(session, visit.at, agency_id=visit.officer.agency_id)
        groups = drill_members.groups(session)
    return visit.page(
        "drills.html",
        drills=[(each, what(each, visit.language)) for each in found],
        due=due,
        groups=groups,
        drafts_here=visit.can(Right.DRAFT_ALERTS),
    )


@router.get(f"{DRILLS}.csv")
def table(visit: Annotated[OfficerVisit, access(Right.SEE_ALERTS)]) -> Response:
    """The record of her agency, one drill a row."""
    with visit.reading() as session:
        found = drills.drills(session, agency_id=visit.officer.agency_id, most=MOST_IN_TABLE)
    names = ("begun_at", "released_at", "first_message", "minutes", "mode", "headline")
    lines = [
        (
            *(each.begun_at, each.released_at, each.first_message_at, each.minutes),
            say(visit.language, f"drafting.mode_{each.mode}"),
            what(each, visit.language),
        )
        for each in found
    ]
    heads = [say(visit.language, f"drafting.{name}") for name in names]
    return as_csv("drills", heads, lines, visit.krajai.settings.zone)


def what(drill: Drill, language: str) -> str:
    """What was practised."""
    template = templates().get(drill.headline)
    return template.name(language) if template else drill.headline or say(language, "drafting.blank")
