"""What officers do for somebody who needs help; each step is told to who waits, and audited."""

from collections.abc import Callable
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Path
from fastapi.responses import Response
from sqlmodel import Session

from bot.web.console.board import BOARD, MOST_ID, seen
from bot.web.console.transport import RequestRefused
from bot.web.console.visits import OfficerVisit, access
from storage import duty_calls, help_requests, help_telling
from storage.audit import record
from storage.duty_calls import CallKind
from storage.help_requests import HelpRequest, UnknownHelpRequest
from storage.lifecycles import ForbiddenTransition, HelpState
from storage.officer_rights import Right

router = APIRouter()

MOST_PROMISED_MINUTES = 24 * 60
MOST_LETTERS = 120


@router.post(f"{BOARD}/{{number}}/{{step}}")
def work(
    visit: Annotated[OfficerVisit, access(Right.WORK_CRIES)],
    number: Annotated[int, Path(ge=1, le=MOST_ID)],
    step: str,
) -> Response:
    """One step, then back to the request."""
    if step not in STEPS:
        raise RequestRefused(404, "board.error_step")
    try:
        # What is refused is audited, in a transaction of its own: it must not wait for this one.
        with visit.reading() as session:
            seen(visit, session, number)
            if step == "merge":
                seen(visit, session, _into(visit))
        with visit.writing() as session:
            STEPS[step](visit, session, help_requests.request(session, number))
    except ForbiddenTransition as fault:
        raise RequestRefused(409, "board.error_moved") from fault
    except UnknownHelpRequest as fault:
        raise RequestRefused(404, "board.error_unknown") from fault
    return visit.redirect(f"{BOARD}/{number}", done=f"board.done_{step}")


def _assign(visit: OfficerVisit, session: Session, found: HelpRequest) -> None:
    """To a team or a volunteer, and when she hears again."""
    team = visit.text("team", MOST_LETTERS)
    if not team:
        raise RequestRefused(422, "board.error_team")
    minutes = visit.text("minutes", 6)
    promised_at = None
    if minutes:
        if not minutes.isdecimal() or not 0 < int(minutes) <= MOST_PROMISED_MINUTES:
            raise RequestRefused(422, "board.error_minutes")
        promised_at = visit.at + timedelta(minutes=int(minutes))
    taken = _move(visit, session, found, HelpState.ASSIGNED, team=team, promised_at=promised_at)
    help_telling.tell_taken(session, taken, visit.krajai.settings.zone, visit.at)


def _give_back(visit: OfficerVisit, session: Session, found: HelpRequest) -> None:
    given = _move(visit, session, found, HelpState.NEW, team="", promised_at=None)
    help_telling.tell_team_gone(session, given, visit.at)


def _reach(visit: OfficerVisit, session: Session, found: HelpRequest) -> None:
    """She knows that they are there."""
    _move(visit, session, found, HelpState.REACHED, promised_at=None)


def _close(visit: OfficerVisit, session: Session, found: HelpRequest) -> None:
    reason = visit.text("reason", MOST_LETTERS)
    if not reason:
        raise RequestRefused(422, "board.error_reason")
    closed = _move(visit, session, found, HelpState.CLOSED, reason=reason)
    help_telling.tell_closed(session, closed, visit.at)


def _merge(visit: OfficerVisit, session: Session, found: HelpRequest) -> None:
    help_requests.merge(session, found.number, _into(visit), visit.at, by=visit.officer.name)
    _answer_call(visit, session, found)


def _into(visit: OfficerVisit) -> int:
    into = visit.text("into", 20)
    if not into.isdecimal() or int(into) > MOST_ID:
        raise RequestRefused(422, "board.error_into")
    return int(into)


def _ask(visit: OfficerVisit, session: Session, found: HelpRequest) -> None:
    """Is she still there?"""
    help_telling.tell_still_there(session, found, visit.at)
    _note(visit, session, found, "help.asked")


def _say(visit: OfficerVisit, session: Session, found: HelpRequest) -> None:
    said = visit.text("words", MOST_LETTERS)
    if not said:
        raise RequestRefused(422, "board.error_words")
    help_telling.tell_words(session, found, said, visit.at)
    _note(visit, session, found, "help.told")


STEPS: dict[str, Callable[[OfficerVisit, Session, HelpRequest], None]] = {
    "assign": _assign,
    "give_back": _give_back,
    "reach": _reach,
    "close": _close,
    "merge": _merge,
    "ask": _ask,
    "say": _say,
}


def _move(
    visit: OfficerVisit, session: Session, found: HelpRequest, state: HelpState, **changed: object
) -> HelpRequest:
    moved = help_requests.move(session, found.number, state, visit.at, by=visit.officer.name, **changed)
    _answer_call(visit, session, found)
    return moved


def _answer_call(visit: OfficerVisit, session: Session, found: HelpRequest) -> None:
    """Somebody has seen to it: nobody else on duty is asked."""
    subject = f"help_request/{found.number}"
    duty_calls.close(session, CallKind.CRY, subject, visit.at, by=visit.officer.name)


def _note(visit: OfficerVisit, session: Session, found: HelpRequest, action: str) -> None:
    record(session, visit.at, actor=visit.officer.name, action=action, subject=f"help_request/{found.number}")
