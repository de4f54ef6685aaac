"""The steps of a case: officers take, update and close it, citizens say whether it is solved, the clock ends the wait.

Every step moves the state along its lifecycle, adds a line to the timeline, tells those whom it concerns and is
audited, all in the caller's transaction.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, select

from storage import audit, cases_telling
from storage.cases import Case, case_by_ticket, ticket
from storage.cases_agencies import Agencies
from storage.cases_categories import about
from storage.cases_deadlines import due
from storage.cases_privacy import privacy
from storage.cases_telling import ANSWER_DAYS, MOST_WORDS_UNITS, Listener, Words, is_asked, tell
from storage.cases_timeline import By, EventKind, add_event
from storage.columns import is_one_of
from storage.lifecycles import CASE, CaseState, ForbiddenTransition, require
from storage.replies import Bubble
from storage.wording.lengths import tidy, units

MOST_CLOSED_AT_ONCE = 500
_CLOCK = "clock"

REASONS = frozenset({"slow", "wrong_fix", "rude"})
"""What can be chosen as the reason of a low rating: ids that say nothing of a person. All else are her own words."""


_IN_WORK = "it can be updated, forwarded, closed or cancelled"
_MENDS: Mapping[str, str] = {
    CaseState.NEW: "take it first",
    CaseState.TAKEN: _IN_WORK,
    CaseState.IN_PROGRESS: _IN_WORK,
    CaseState.REOPENED: "it can be taken, updated, forwarded, closed or cancelled",
    CaseState.DONE: "reopen it first",
    CaseState.CLOSED: "reopen it first",
    CaseState.CANCELLED: "it is over, only notes can be written to it",
}
"""What can be done with a case of each state, where something else was asked for."""


class WordsRefused(Exception):
    """What an officer wants to say cannot be said; the message says why."""


@dataclass(frozen=True, kw_only=True)
class Desk:
    """Where cases are worked on: the transaction, its time, and who answers for what."""

    session: Session
    at: datetime
    zone: ZoneInfo
    agencies: Agencies

    def agency(self, case: Case, language: str) -> str:
        return self.agencies.named(case.agency).name(language)


def deadline(desk: Desk, kind: str, category: str, agency_id: str) -> datetime:
    """When an answer to a case that is opened now is due."""
    hours = desk.agencies.named(agency_id).hours
    return due(desk.at, about(kind, category).days, desk.zone, days=hours.days, closes=hours.closes)


def take(desk: Desk, typed: str, by: str) -> Case:
    """An officer has it now. Raises UnknownCase, ForbiddenTransition, as all steps do."""
    case = _moved(desk, typed, CaseState.TAKEN)
    case.officer = by
    _write(desk, case, EventKind.TAKEN, by)
    _tell(
        desk,
        case,
        lambda to: cases_telling.taken(case, desk.agency(case, to.language), desk.zone, to.language),
    )
    return case


def update(desk: Desk, typed: str, by: str, words: str) -> Case:
    """Words of the agency to the citizen; from the first ones on it is being worked on."""
    said = _sayable(words)
    case = case_by_ticket(desk.session, typed)
    if case.state != CaseState.IN_PROGRESS:
        _move(case, CaseState.IN_PROGRESS)
    _write(desk, case, EventKind.UPDATE, by, said)
    _tell(
        desk,
        case,
        lambda to: cases_telling.updated(case, desk.agency(case, to.language), said, to.language),
    )
    return case


def note(desk: Desk, typed: str, by: str, words: str) -> Case:
    """Words among officers, in whatever state; the citizen is not told."""
    case = case_by_ticket(desk.session, typed)
    _write(desk, case, EventKind.NOTE, by, _sayable(words), public=False)
    return case


def forward(desk: Desk, typed: str, by: str, agency_id: str, words: str) -> Case:
    """Another agency answers for it from now on, by the day that was promised. Raises WordsRefused, also for nobody."""
    said = _sayable(words)
    case = case_by_ticket(desk.session, typed)
    known = {each.id for each in (desk.agencies.own, *desk.agencies.others)}
    if agency_id not in known or agency_id == case.agency:
        raise WordsRefused("name another agency of the list, to which the case goes")
    if case.state != CaseState.NEW:
        _move(case, CaseState.NEW)
    case.agency, case.officer = agency_id, ""
    _write(desk, case, EventKind.FORWARDED, by, said)
    _tell(
        desk,
        case,
        lambda to: cases_telling.forwarded(
            case, desk.agency(case, to.language), said, desk.zone, to.language
        ),
    )
    return case


def close(desk: Desk, typed: str, by: str, words: str) -> Case:
    """The agency is done and says what was done; the citizen is asked, where there is one to ask."""
    said = _sayable(words)
    case = _moved(desk, typed, CaseState.DONE)
    case.done_at = desk.at
    _write(desk, case, EventKind.DONE, by, said)
    _tell(
        desk, case, lambda to: cases_telling.done(case, desk.agency(case, to.language), said, desk.zone, to)
    )
    if not is_asked(case) or not any(
        each.is_reporter for each in cases_telling.listeners(desk.session, case)
    ):
        _close(desk, case, By.SYSTEM)
    return case


def reopen(desk: Desk, typed: str, by: str, words: str) -> Case:
    """An officer opens it again, with a new deadline."""
    said = _sayable(words)
    case = case_by_ticket(desk.session, typed)
    _reopen(desk, case)
    _write(desk, case, EventKind.REOPENED, by, said)
    _tell(
        desk,
        case,
        lambda to: cases_telling.reopened(case, desk.agency(case, to.language), said, to.language),
    )
    return case


def cancel(desk: Desk, typed: str, by: str, words: str) -> Case:
    """It will not be worked on; the citizen reads why."""
    said = _sayable(words)
    case = _moved(desk, typed, CaseState.CANCELLED)
    case.closed_at = desk.at
    _write(desk, case, EventKind.CANCELLED, by, said)
    _tell(
        desk,
        case,
        lambda to: cases_telling.cancelled(case, desk.agency(case, to.language), said, to.language),
    )
    return case


def withdraw(desk: Desk, case: Case) -> None:
    """She does not want it any more; who has it sees that."""
    _move(case, CaseState.CANCELLED)
    case.closed_at = desk.at
    _write(desk, case, EventKind.CANCELLED, "", by_whom=By.CITIZEN)


def solved(desk: Desk, case: Case) -> None:
    """She says that it is done."""
    require(CASE, case.state, CaseState.CLOSED)
    _close(desk, case, By.CITIZEN)


def unsolved(desk: Desk, case: Case) -> None:
    """She says that it is not done: it is open again with a new deadline, and the followers are told."""
    _reopen(desk, case)
    _write(desk, case, EventKind.REOPENED, "", by_whom=By.CITIZEN)
    _tell(
        desk,
        case,
        lambda to: (
            ()
            if to.is_reporter
            else cases_telling.reopened(case, desk.agency(case, to.language), "", to.language)
        ),
    )


def rate(desk: Desk, case: Case, stars: int) -> None:
    """One to five stars for a closed case; the last ones count."""
    if stars not in range(1, 6):
        raise ValueError(f"{stars} stars: 1 to 5 can be given")
    case.rating = stars
    _write(desk, case, EventKind.RATED, "", by_whom=By.CITIZEN, public=False)


def give_reason(desk: Desk, case: Case, reason: str) -> None:
    """What should have been better: one of the choices by its id, or her own words."""
    case.rating_reason = reason if reason in REASONS else privacy(desk.session).conceal(reason)
    desk.session.add(case)
    desk.session.flush()


def reason_of(session: Session, case: Case) -> str:
    """What should have been better."""
    return privacy(session).reveal(case.rating_reason)


def close_unanswered(session: Session, at: datetime) -> int:
    """Close what was done a week ago when nobody said that it is not; how many. For the clock."""
    query = (
        select(Case)
        .where(
            is_one_of(col(Case.state), CaseState.DONE.value),
            col(Case.done_at) <= at - timedelta(days=ANSWER_DAYS),
        )
        .order_by(col(Case.done_at), col(Case.id))
        .limit(MOST_CLOSED_AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    overdue = session.exec(query).all()
    for case in overdue:
        _move(case, CaseState.CLOSED)
        case.closed_at = at
        _record(session, case, EventKind.CLOSED, at, by_whom=By.SYSTEM, by=_CLOCK)
        tell(session, case, partial(_closed_for, case), at)
    return len(overdue)


def _closed_for(case: Case, to: Listener) -> Sequence[Bubble]:
    return cases_telling.closed_unanswered(case, to.language) if to.is_reporter else ()


def _moved(desk: Desk, typed: str, target: CaseState) -> Case:
    case = case_by_ticket(desk.session, typed)
    _move(case, target)
    return case


def _move(case: Case, target: CaseState) -> None:
    try:
        require(CASE, case.state, target)
    except ForbiddenTransition:
        raise ForbiddenTransition(
            f"case {ticket(case.number)} is {case.state} and cannot become {target}: {_MENDS[case.state]}"
        ) from None
    case.state = target


def _close(desk: Desk, case: Case, by_whom: By) -> None:
    _move(case, CaseState.CLOSED)
    case.closed_at = desk.at
    _write(desk, case, EventKind.CLOSED, "", by_whom=by_whom)


def _reopen(desk: Desk, case: Case) -> None:
    _move(case, CaseState.REOPENED)
    case.done_at = case.closed_at = None
    case.due_at = deadline(desk, case.kind, case.category, case.agency)


def _write(
    desk: Desk,
    case: Case,
    kind: EventKind,
    by: str,
    words: str = "",
    *,
    by_whom: By = By.OFFICER,
    public: bool = True,
) -> None:
    _record(desk.session, case, kind, desk.at, by_whom=by_whom, by=by, words=words, public=public)


def _record(
    session: Session,
    case: Case,
    kind: EventKind,
    at: datetime,
    *,
    by_whom: By,
    by: str = "",
    words: str = "",
    public: bool = True,
) -> None:
    person_id = case.person_id if by_whom is By.CITIZEN else None
    session.add(case)
    add_event(
        session,
        case.number,
        kind,
        at,
        by=by_whom,
        by_name=by,
        words=words,
        person_id=person_id,
        public=public,
    )
    audit.record(
        session,
        at,
        actor=by or by_whom.value,
        action=f"case.{kind}",
        subject=f"case/{case.number}",
        detail={"state": case.state},
    )


def _tell(desk: Desk, case: Case, words: Words) -> None:
    tell(desk.session, case, words, desk.at)


def _sayable(words: str) -> str:
    said = tidy(words)
    if not said:
        raise WordsRefused("say in words what the citizen shall read")
    if units(said) > MOST_WORDS_UNITS:
        raise WordsRefused(f"{units(said)} letters are too many for a message: {MOST_WORDS_UNITS} at most")
    return said
