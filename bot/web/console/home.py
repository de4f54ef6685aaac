"""The console's first page: what waits for her, and what she may do."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter
from fastapi.responses import Response

from bot.web.console.cases import jurisdiction
from bot.web.console.visits import OfficerVisit, access
from broadcasts.alerts import drills
from storage import alert_approvals, alert_drafts, cases, officer_access, template_edits
from storage.duty_calls import waiting_for
from storage.lifecycles import DraftState, EditState
from storage.officer_rights import Right, covers
from storage.officer_telling import path_of
from storage.officers import Officer
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


def _calls(visit: OfficerVisit) -> list[Waiting]:
    with visit.reading() as session:
        found = waiting_for(session, visit.officer_id)
    return [
        Waiting(
            words=say(visit.language, f"console.call_{each.kind}", subject=each.subject.partition("/")[2]),
            path=path_of(each),
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


def _opened_anew(visit: OfficerVisit) -> list[Waiting]:
    """Accounts that got a new way in of late: her own, and those of colleagues who decide with her."""
    with visit.reading() as session:
        found = [
            (each, session.get(Officer, each.access_from_id) if each.access_from_id is not None else None)
            for each in officer_access.unsettled(session, visit.at)
            if each.agency_id == visit.officer.agency_id or visit.can(Right.READ_AUDIT)
        ]
    sees = visit.can(Right.MANAGE_OFFICERS) or visit.can(Right.APPROVE_ALERTS) or visit.can(Right.READ_AUDIT)
    return [
        Waiting(
            words=say(
                visit.language,
                "console.opened_own" if each.id == visit.officer_id else "console.opened_other",
                name=each.shown_name,
                by=giver.shown_name if giver else say(visit.language, "console.operator"),
            ),
            path=_where_to(visit, each),
            since=officer_access.opened_at(each) or visit.at,
            grave=each.id == visit.officer_id,
        )
        for each, giver in found
        if each.id == visit.officer_id or sees
    ]


def _where_to(visit: OfficerVisit, officer: Officer) -> str:
    if officer.id == visit.officer_id:
        return "/console/account"
    return f"/console/officers/{officer.id}" if visit.can(Right.MANAGE_OFFICERS) else "/console/duty"


def _late_cases(visit: OfficerVisit) -> list[Waiting]:
    """Cases that should have been answered by now."""
    if not visit.can(Right.WORK_CASES):
        return []
    by = jurisdiction(visit)
    with visit.reading() as session:
        count, since = cases.late(session, visit.at, by, agency=by.agency_id)
    if not count:
        return []
    words = say(visit.language, "casework.late", count=count)
    return [Waiting(words=words, path="/console/cases?due=overdue", since=since or visit.at)]


def _words_to_review(visit: OfficerVisit) -> list[Waiting]:
    """Words for the templates that a colleague has proposed."""
    if not visit.can(Right.EDIT_WORDS):
        return []
    with visit.reading() as session:
        found = template_edits.edits(session, visit.officer.agency_id, state=EditState.PROPOSED)
    waiting = [each for each in found if each.author_id != visit.officer_id]
    if not waiting:
        return []
    words = say(visit.language, "drafting.waiting_words", count=len(waiting))
    return [Waiting(words=words, path="/console/templates#edits", since=waiting[-1].proposed_at)]


def _drill_due(visit: OfficerVisit) -> list[Waiting]:
    """A drill, for those who would hold it."""
    if not visit.can(Right.DRAFT_ALERTS):
        return []
    with visit.reading() as session:
        last = drills.drills(session, agency_id=visit.officer.agency_id, most=1)
    since = last[0].released_at if last else visit.officer.created_at
    if since > visit.at - drills.EVERY:
        return []
    return [Waiting(words=say(visit.language, "drafting.drill_due"), path="/console/drills", since=since)]


FINDERS: tuple[Finder, ...] = (
    _calls,
    _let_out_alone,
    _opened_anew,
    _came_back,
    _late_cases,
    _words_to_review,
    _drill_due,
)
"""A subject that keeps officers waiting adds its own function here."""


@router.get("/console")
def show(visit: Annotated[OfficerVisit, access(Right.OWN_ACCOUNT)]) -> Response:
    found = [each for finder in FINDERS for each in finder(visit)]
    found.sort(key=lambda each: (not each.grave, each.since))
    return visit.page("home.html", waiting=found)
