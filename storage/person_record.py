"""What is kept of a person: counted for her, copied for her in words, and exported whole for an officer she asked."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session, SQLModel, col, func, select

from storage import people
from storage.cases import OPEN_STATES, Case, place_words_of, ticket, words_of
from storage.cases_privacy import privacy
from storage.cases_timeline import CaseEvent, event_words
from storage.cases_work import REASONS, reason_of
from storage.dialogs import Dialog
from storage.erasure import HOLDINGS, Subject, sent_by_her, subject_of
from storage.inbox import InboxEvent
from storage.media import Media
from storage.outbox import Message
from storage.safety import SafetyReport
from storage.safety import words_of as report_words_of

_CONCEALED_IN_DIALOGS = ("words", "place_words", "question")


@dataclass(frozen=True, kw_only=True)
class Counts:
    """How many of each are kept. `received` are events of hers in the inbox, `said` are messages to her."""

    cases: int
    open_cases: int
    safety_reports: int
    files: int
    received: int
    said: int


@dataclass(frozen=True, kw_only=True)
class OwnWords:
    """Something she said: a case with its ticket number, or a report of her safety with ''."""

    at: datetime
    ticket: str
    words: str


def counts(session: Session, person_id: int) -> Counts:
    """What is kept of a person, in numbers."""
    subject = subject_of(session, person_id)
    return Counts(
        cases=_count(session, Case, Case.person_id == person_id),
        open_cases=count_open_cases(session, person_id),
        safety_reports=_count(session, SafetyReport, SafetyReport.person_id == person_id),
        files=_count(session, Media, Media.person_id == person_id, Media.file != ""),
        received=_count(session, InboxEvent, _hers(InboxEvent, subject)),
        said=_count(session, Message, col(Message.contact_id).in_(subject.contact_ids)),
    )


def count_open_cases(session: Session, person_id: int) -> int:
    """How many of her cases somebody still works on."""
    return _count(session, Case, Case.person_id == person_id, col(Case.state).in_(OPEN_STATES))


def own_words(session: Session, person_id: int) -> list[OwnWords]:
    """Her cases, what she added to them and found wanting in them, and her safety reports, the oldest first."""
    cases = session.exec(select(Case).where(Case.person_id == person_id)).all()
    found = [
        OwnWords(
            at=case.opened_at,
            ticket=ticket(case.number),
            words=" ".join(filter(None, (words_of(session, case), place_words_of(session, case)))),
        )
        for case in cases
    ]
    found += [
        OwnWords(
            at=case.closed_at or case.opened_at, ticket=ticket(case.number), words=reason_of(session, case)
        )
        for case in cases
        if case.rating_reason and case.rating_reason not in REASONS
    ]
    tickets = {case.number: ticket(case.number) for case in cases}
    events = session.exec(
        select(CaseEvent).where(CaseEvent.person_id == person_id, CaseEvent.words != "")
    ).all()
    found += [
        OwnWords(at=event.at, ticket=tickets.get(event.case_id, ""), words=event_words(session, event))
        for event in events
    ]
    reports = session.exec(select(SafetyReport).where(SafetyReport.person_id == person_id)).all()
    found += [
        OwnWords(at=report.at, ticket="", words=report_words_of(session, report))
        for report in reports
        if report.words
    ]
    return sorted(found, key=lambda each: each.at)


def export(session: Session, person_id: int) -> dict[str, list[dict[str, Any]]]:
    """All rows about a person by table, her words in clear; bytes as text where they are text."""
    subject = subject_of(session, person_id)
    found: dict[str, list[dict[str, Any]]] = {}
    for table in dict.fromkeys(holding.table for holding in HOLDINGS):
        rows = session.exec(select(table).where(_hers(table, subject))).all()
        found[str(table.__tablename__)] = [_plain(row) for row in rows]
    cases = session.exec(select(Case).where(Case.person_id == person_id)).all()
    found["case"] = [
        _plain(case)
        | {
            "words": words_of(session, case),
            "place_words": place_words_of(session, case),
            "rating_reason": reason_of(session, case),
        }
        for case in cases
    ]
    events = session.exec(select(CaseEvent).where(CaseEvent.person_id == person_id)).all()
    found["case_event"] = [_plain(event) | {"words": event_words(session, event)} for event in events]
    reports = session.exec(select(SafetyReport).where(_hers(SafetyReport, subject))).all()
    found["safety_report"] = [
        _plain(report) | {"words": report_words_of(session, report)} for report in reports
    ]
    dialogs = session.exec(select(Dialog).where(_hers(Dialog, subject))).all()
    found["dialog"] = [_plain(dialog) | {"known": _known_in_clear(session, dialog)} for dialog in dialogs]
    files = session.exec(select(Media).where(Media.person_id == person_id)).all()
    found["media"] = [_plain(file) for file in files]
    return {name: rows for name, rows in found.items() if rows}


def person_at(session: Session, channel: str, address: str) -> int | None:
    """The person who writes from an address on a channel, on whichever account; None for nobody."""
    accounts = [account.id for account in people.accounts(session) if account.channel == channel]
    query = select(people.Contact.person_id).where(
        col(people.Contact.account_id).in_(accounts), people.Contact.address == address
    )
    return session.exec(query).first()


def _hers(table: type[SQLModel], subject: Subject) -> Any:
    """Rows of hers, whatever their state: of a table with several rules the widest is without its state."""
    if table is InboxEvent:
        return sent_by_her(subject)
    return [holding for holding in HOLDINGS if holding.table is table][-1].hers(subject)


def _count(session: Session, table: type[SQLModel], *conditions: Any) -> int:
    return session.exec(select(func.count()).select_from(table).where(*conditions)).one()


def _known_in_clear(session: Session, dialog: Dialog) -> dict[str, Any]:
    """What a dialog knows so far; what dialogs conceal in it is in clear."""
    said = {name: dialog.known[name] for name in _CONCEALED_IN_DIALOGS if name in dialog.known}
    return dialog.known | {name: privacy(session).reveal(str(words)) for name, words in said.items()}


def _plain(row: SQLModel) -> dict[str, Any]:
    return {
        name: value.decode("utf-8", "replace") if isinstance(value, bytes) else value
        for name, value in row.model_dump().items()
    }
