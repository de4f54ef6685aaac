"""What the officers' board learns of a cry for help and of its end, and who on duty is asked to see to it."""

from handlers.turn import Turn
from handlers.understanding.needs import needs_of, people_in
from storage import duty_calls, help_requests
from storage.duty_calls import CallKind
from storage.help_requests import BY_HERSELF, Cry, HelpRequest
from storage.lifecycles import HelpState
from storage.officer_rights import ROLES_WITH, Right
from storage.officer_telling import tell_called
from storage.officers import with_roles
from storage.safety import SafetyAnswer, SafetyReport


def note(turn: Turn, report: SafetyReport) -> None:
    """A cry joins her open request or opens one; "I am safe" closes it."""
    if report.answer != SafetyAnswer.NEED_HELP:
        note_end(turn, "safe")
        return
    said = turn.incoming.text
    request = help_requests.note_cry(
        turn.session,
        Cry(
            contact_id=turn.contact_id,
            person_id=turn.person_id,
            at=turn.at,
            place=report.place,
            latitude=report.latitude,
            longitude=report.longitude,
            needs=needs_of(said),
            people=people_in(said),
        ),
    )
    if request.state == HelpState.NEW:
        _call_duty(turn, request)


def note_end(turn: Turn, reason: str) -> None:
    """She is safe, or it was a mistake: nobody on duty is asked any more."""
    ended = help_requests.note_end(turn.session, turn.contact_id, turn.at, reason)
    if ended is not None:
        duty_calls.close(turn.session, CallKind.CRY, _subject(ended), turn.at, by=BY_HERSELF)


def _call_duty(turn: Turn, request: HelpRequest) -> None:
    """Ask who is on duty where she is. Where nobody uses the console nobody is asked."""
    if not with_roles(turn.session, ROLES_WITH[Right.WORK_CRIES]):
        return
    known = duty_calls.open_call(turn.session, CallKind.CRY, _subject(request))
    if known is not None:
        return
    call = duty_calls.call(
        turn.session,
        CallKind.CRY,
        _subject(request),
        right=Right.WORK_CRIES,
        places=[request.place] if request.place else [],
        at=turn.at,
        zone=turn.zone,
        by=BY_HERSELF,
    )
    tell_called(turn.session, call, turn.at)


def _subject(request: HelpRequest) -> str:
    return f"help_request/{request.number}"
