"""Telling officers on their own chats what waits for them, what somebody did alone, and what became of a draft."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session

from broadcasts.alerts.drafted import View
from broadcasts.alerts.drafting import Acting
from storage import duty, duty_calls
from storage.alert_drafts import AlertDraft
from storage.duty_calls import CallKind, DutyCall
from storage.officer_rights import Right
from storage.officer_telling import path_of, tell, tell_called
from storage.officers import Officer
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
    """Tell those to whom a call was passed on, since whoever was asked before did not answer; how many."""
    told = 0
    for call in calls:
        asked = session.get(Officer, call.officer_id) if call.officer_id is not None else None
        if call.kind == CallKind.CRY:
            told += tell_called(session, call, at, passed_on=True)
        elif asked is not None:
            number = call.subject.partition("/")[2]
            told += tell(session, asked, "drafting.tell_passed_on", at, path=path_of(call), number=number)
    return told


def tell_author(session: Session, draft: AlertDraft, key: str, acting: Acting, **fills: str) -> bool:
    """Tell whoever submitted a draft what a colleague decided; she may stand in the field."""
    author = session.get(Officer, draft.submitted_by or draft.author_id)
    if author is None or author.id == acting.officer.id:
        return False
    fills |= {"number": str(draft.number), "by": acting.officer.shown_name}
    return tell(session, author, key, acting.at, path=f"/console/alerts/{draft.number}", **fills)


def _tell(session: Session, officer: Officer, key: str, view: View, acting: Acting, **fills: str) -> bool:
    return tell(
        session,
        officer,
        key,
        acting.at,
        path=f"/console/alerts/{view.draft.number}",
        number=view.draft.number,
        by=acting.officer.shown_name,
        what=view.alert.headline[:60],
        where=area_in_words(view.alert.places, officer.language or "th", most=1),
        **fills,
    )
