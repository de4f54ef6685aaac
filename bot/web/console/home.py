"""The console's first page: what waits for her, and what she may do."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter
from fastapi.responses import Response

from bot.web.console.visits import OfficerVisit, access
from storage import alert_approvals, alert_drafts
from storage.duty_calls import CallKind, waiting_for
from storage.lifecycles import DraftState
from storage.officer_rights import Right, covers
from storage.wording import say

router = APIRouter()


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """One thing that waits: a sentence, where to go, since when; `grave` is shown first and in red."""

    words: str
    path: str
    since: datetime
    grave: bool = False


Finder = Callable[[OfficerVisit], list[Waiting]]

PATHS = {CallKind.APPROVAL.value: "/console/alerts/{number}", CallKind.CRY.value: "/console/board/{number}"}
"""Where a call's subject, such as alert/12, is answered."""


def _calls(visit: OfficerVisit) -> list[Waiting]:
    with visit.reading() as session:
        found = waiting_for(session, visit.officer_id)
    return [
        Waiting(
            words=say(visit.language, f"console.call_{each.kind}", subject=each.subject.partition("/")[2]),
            path=PATHS[each.kind].format(number=each.subject.partition("/")[2]),
            since=each.opened_at,
            grave=True,
        )
        for each in found
    ]


def _let_out_alone(visit: OfficerVisit) -> list[Waiting]:
    """What somebody released without a colleague in the last day, where she acts."""
    if not visit.can(Right.SEE_ALERTS):
        return []
    with visit.reading() as session:
        found = alert_approvals.bypasses(session, visit.at - timedelta(days=1))
    return [
        Waiting(
            words=say(visit.language, "drafting.waiting_bypass", number=draft.number, reason=decision.reason),
            path=f"/console/alerts/{draft.number}",
            since=decision.at,
            grave=True,
        )
        for decision, draft in found
        if draft.agency_id == visit.officer.agency_id or covers(visit.places, draft.places)
    ]


def _came_back(visit: OfficerVisit) -> list[Waiting]:
    """Her own drafts that were rejected."""
    if not visit.can(Right.DRAFT_ALERTS):
        return []
    with visit.reading() as session:
        found = alert_drafts.drafts(session, states=[DraftState.REJECTED])
    return [
        Waiting(
            words=say(visit.language, "drafting.waiting_rejected", number=each.number, reason=each.reason),
            path=f"/console/alerts/{each.number}",
            since=each.changed_at,
        )
        for each in found
        if each.author_id == visit.officer_id
    ]


FINDERS: tuple[Finder, ...] = (_calls, _let_out_alone, _came_back)
"""A subject that keeps officers waiting adds its own function here."""


@router.get("/console")
def show(visit: Annotated[OfficerVisit, access(Right.OWN_ACCOUNT)]) -> Response:
    found = [each for finder in FINDERS for each in finder(visit)]
    found.sort(key=lambda each: (not each.grave, each.since))
    return visit.page("home.html", waiting=found)
