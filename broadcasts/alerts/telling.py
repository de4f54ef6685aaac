"""Telling officers on their own chats what waits for them, and what somebody did alone."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session

from broadcasts.alerts.drafted import View
from broadcasts.alerts.drafting import Acting
from storage import duty, duty_calls, outbox
from storage.alert_drafts import AlertDraft
from storage.duty_calls import CallKind, DutyCall
from storage.officer_rights import Right
from storage.officers import Officer
from storage.replies import Bubble
from storage.wording import say
from storage.wording.areas import area_in_words


def tell_approver(session: Session, draft: AlertDraft, view: View, acting: Acting) -> bool:
    """Tell whoever was asked to approve; False when nobody is left to ask, or she has linked no chat."""
    call = duty_calls.open_call(session, CallKind.APPROVAL, draft.subject)
    asked = (
        session.get(Officer, call.officer_id) if call is not None and call.officer_id is not None else None
    )
    return asked is not None and _tell(session, asked, "drafting.tell_approver", view, acting)


def tell_of_bypass(session: Session, view: View, acting: Acting, reason: str) -> int:
    """Tell everyone who may approve there and is on duty now; how many have a chat."""
    line = duty.line(session, view.alert.places, acting.at, right=Right.APPROVE_ALERTS, zone=acting.zone)
    others = [each for each in line if each.id != acting.officer.id]
    return sum(_tell(session, each, "drafting.tell_bypass", view, acting, reason=reason) for each in others)


def tell_passed_on(session: Session, calls: Sequence[DutyCall], at: datetime) -> int:
    """Tell those to whom an approval was passed on, since whoever was asked before did not answer; how many."""
    told = 0
    for call in calls:
        asked = session.get(Officer, call.officer_id) if call.officer_id is not None else None
        if call.kind == CallKind.APPROVAL and asked is not None and asked.contact_id is not None:
            number = call.subject.partition("/")[2]
            text = say(asked.language or "th", "drafting.tell_passed_on", number=number)
            told += (
                outbox.say_to(session, asked.contact_id, (Bubble(text=text),), at, important=True) is not None
            )
    return told


def _tell(session: Session, officer: Officer, key: str, view: View, acting: Acting, **fills: str) -> bool:
    if officer.contact_id is None:
        return False
    language = officer.language or "th"
    text = say(
        language,
        key,
        number=view.draft.number,
        by=acting.officer.shown_name,
        what=view.alert.headline[:60],
        where=area_in_words(view.alert.places, language, most=1),
        **fills,
    )
    at: datetime = acting.at
    return outbox.say_to(session, officer.contact_id, (Bubble(text=text),), at, important=True) is not None
