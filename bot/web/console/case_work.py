"""What officers do with a case; each step is told to the citizen, but for notes, and audited."""

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter
from fastapi.responses import Response

from bot.web.console.cases import CASES, case_of, jurisdiction, page_of
from bot.web.console.transport import RequestRefused
from bot.web.console.visits import OfficerVisit, access
from storage import cases, cases_work
from storage.cases import Case, UnknownCase
from storage.cases_work import Desk, WordsRefused
from storage.lifecycles import ForbiddenTransition
from storage.officer_rights import Right
from storage.sealing import SealBroken
from storage.wording import say

router = APIRouter()

MOST_LETTERS = 600


class _NotHers(Exception):
    """The case went to somebody else since the page was looked at; `place` is where it is."""

    def __init__(self, place: str | None) -> None:
        super().__init__(place)
        self.place = place


Step = Callable[[OfficerVisit, Desk, str], Case]


@router.post(CASES + "/{number}/{step}")
def work(visit: Annotated[OfficerVisit, access(Right.WORK_CASES)], number: str, step: str) -> Response:
    """One step, then back to the case."""
    if step not in STEPS:
        raise RequestRefused(404, "console.error_not_found")
    with visit.reading() as session:
        case = case_of(visit, session, number)
    if not cases.works_on(jurisdiction(visit), case):
        _refuse(visit, case.place)
    krajai = visit.krajai
    try:
        with visit.writing() as session:
            # Once more, of the row as it is locked now: a colleague may have forwarded it meanwhile.
            now = cases.case_by_ticket(session, number)
            if not cases.works_on(jurisdiction(visit), now):
                raise _NotHers(now.place)
            desk = Desk(session=session, at=visit.at, zone=krajai.settings.zone, agencies=krajai.agencies)
            STEPS[step](visit, desk, number)
    except _NotHers as gone:
        _refuse(visit, gone.place)
    except WordsRefused:
        return page_of(visit, number, fault=say(visit.language, "casework.error_words"), status=422)
    except (ForbiddenTransition, UnknownCase):
        return page_of(visit, number, fault=say(visit.language, "casework.error_moved"), status=409)
    except SealBroken as broken:
        raise RequestRefused(409, "casework.error_sealed") from broken
    onward = f"{CASES}/{number}"
    if step == "forward":
        with visit.reading() as session:
            moved = session.get_one(Case, case.number)
        onward = onward if cases.sees(jurisdiction(visit), moved) else CASES
    return visit.redirect(onward, done=f"casework.done_{step}")


def _refuse(visit: OfficerVisit, place: str | None) -> None:
    visit.refuse(Right.WORK_CASES, [place] if place else [])


def _words(visit: OfficerVisit) -> str:
    return visit.text("words", MOST_LETTERS)


def _forward(visit: OfficerVisit, desk: Desk, number: str) -> Case:
    to = visit.text("agency", 80)
    if not to:
        raise WordsRefused("choose the agency to which the case goes")
    return cases_work.forward(desk, number, visit.officer.name, "" if to == "own" else to, _words(visit))


STEPS: dict[str, Step] = {
    "take": lambda visit, desk, number: cases_work.take(desk, number, visit.officer.name),
    "update": lambda visit, desk, number: cases_work.update(desk, number, visit.officer.name, _words(visit)),
    "note": lambda visit, desk, number: cases_work.note(desk, number, visit.officer.name, _words(visit)),
    "forward": _forward,
    "close": lambda visit, desk, number: cases_work.close(desk, number, visit.officer.name, _words(visit)),
    "reopen": lambda visit, desk, number: cases_work.reopen(desk, number, visit.officer.name, _words(visit)),
    "cancel": lambda visit, desk, number: cases_work.cancel(desk, number, visit.officer.name, _words(visit)),
}
"""By the last word of the address: what it does."""
