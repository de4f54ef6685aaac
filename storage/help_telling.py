"""What those who wait for help are told, each in her language: that a team has it, when she hears again, that it ended.

Everything leaves through the outbox, in the transaction of the step itself, with the two buttons of her emergency.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, func, select

from storage import duty_calls, outbox
from storage.audit import AuditEntry, record
from storage.columns import is_one_of
from storage.dialogs import dialog_of, remember_offer
from storage.duty_calls import CallKind
from storage.help_requests import HelpRequest, told_of
from storage.lifecycles import ContactState, HelpState
from storage.officer_rights import Right
from storage.officer_telling import tell_called
from storage.people import Contact, Person
from storage.replies import Bubble, Button
from storage.wording import dates, say

NEXT_WORD = timedelta(minutes=30)
"""Until the next word, where nobody said anything by the time that was promised."""

MOST_ROUNDS = 4
"""So often she reads that there is no news since a team took it; after that only the officers are asked."""

MOST_AT_ONCE = 500

_PASSED = "help.promise_passed"

Words = Callable[[str], str]
"""What is said, by language."""


def tell_taken(session: Session, request: HelpRequest, zone: ZoneInfo, at: datetime) -> int:
    """A team has it, and until when she hears again where that was promised; how many were told."""

    def words(language: str) -> str:
        taken = say(language, "rescue.team", team=request.team)
        if request.promised_at is None:
            return taken
        return f"{taken}\n{say(language, 'rescue.promised', time=dates.clock(request.promised_at, language, zone))}"

    return _tell(session, request, words, at)


def keep_promises(session: Session, at: datetime) -> int:
    """Tell those whose promised word is due that there is none yet, and when the next one comes; how many requests.

    Somebody on duty is asked again: the team may need another, or its officer to be woken. Who has read it
    `MOST_ROUNDS` times is told no more, and the last time no further word is promised.
    """
    query = select(HelpRequest).where(
        is_one_of(col(HelpRequest.state), HelpState.ASSIGNED), col(HelpRequest.promised_at) <= at
    )
    waiting = query.order_by(col(HelpRequest.promised_at)).limit(MOST_AT_ONCE)
    overdue = session.exec(waiting.with_for_update(skip_locked=True)).all()
    for request in overdue:
        request.promised_at = at + NEXT_WORD
        session.add(request)
        rounds = _rounds(session, request) + 1
        if rounds <= MOST_ROUNDS:
            until = request.promised_at if rounds < MOST_ROUNDS else None
            _tell(session, request, partial(_no_news, request, until), at)
        record(session, at, actor="clock", action=_PASSED, subject=f"help_request/{request.number}")
        call = duty_calls.call(
            session,
            CallKind.CRY,
            f"help_request/{request.number}",
            right=Right.WORK_CRIES,
            places=[request.place] if request.place else [],
            at=at,
            zone=dates.BANGKOK,
            by="clock",
        )
        if call.opened_at == at:
            tell_called(session, call, at)
    return len(overdue)


def _rounds(session: Session, request: HelpRequest) -> int:
    """How many promises have passed since a team took the request last."""
    subject = f"help_request/{request.number}"
    taken = select(func.max(AuditEntry.id)).where(
        AuditEntry.subject == subject, AuditEntry.action == f"help.{HelpState.ASSIGNED.value}"
    )
    passed = select(func.count()).where(
        AuditEntry.subject == subject,
        AuditEntry.action == _PASSED,
        col(AuditEntry.id) > func.coalesce(taken.scalar_subquery(), 0),
    )
    return session.exec(passed).one()


def _no_news(request: HelpRequest, until: datetime | None, language: str) -> str:
    if until is None:
        return say(language, "rescue.team", team=request.team)
    time = dates.clock(until, language, dates.BANGKOK)
    return say(language, "rescue.no_news", team=request.team, time=time)


def tell_still_there(session: Session, request: HelpRequest, at: datetime) -> int:
    """Somebody asks whether she is still there; how many were asked."""
    return _tell(session, request, lambda language: say(language, "rescue.still_there"), at)


def tell_team_gone(session: Session, request: HelpRequest, at: datetime) -> int:
    """The team cannot come; the officers look for another."""
    return _tell(session, request, lambda language: say(language, "rescue.team_gone"), at)


def tell_closed(session: Session, request: HelpRequest, at: datetime) -> int:
    """The officers have closed it; how she says that it is not over."""
    return _tell(session, request, lambda language: say(language, "rescue.closed"), at)


def tell_words(session: Session, request: HelpRequest, said: str, at: datetime) -> int:
    """An officer's own words."""
    return _tell(session, request, lambda language: say(language, "rescue.officer", words=said), at)


def _tell(session: Session, request: HelpRequest, words: Words, at: datetime) -> int:
    told = 0
    for contact_id in told_of(session, request.number):
        contact = session.get(Contact, contact_id)
        if contact is None or contact.state != ContactState.ACTIVE:
            continue
        language = session.get_one(Person, contact.person_id).language
        bubbles = (Bubble(text=words(language), buttons=_buttons(language), lasting=True),)
        outbox.say_to(session, contact_id, bubbles, at, important=True)
        dialog = dialog_of(session, contact_id, at)
        remember_offer(dialog, bubbles, at)
        session.add(dialog)
        told += 1
    return told


def _buttons(language: str) -> tuple[Button, ...]:
    return tuple(
        Button(label=say(language, f"buttons.{key}"), action=action)
        for key, action in (("safe_now", "rescue.safe_now"), ("worse", "rescue.worse"))
    )
