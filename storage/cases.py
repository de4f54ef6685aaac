"""Cases: complaints and requests with a ticket number, from the citizen's words to the agency's answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, Index, and_, false, or_, text
from sqlmodel import Field, Session, SQLModel, col, func, select
from stdnum import damm

from storage.cases_following import CaseFollower
from storage.cases_numbers import next_id
from storage.cases_privacy import privacy
from storage.cases_timeline import By, EventKind, add_event
from storage.columns import BigId, UtcDateTime, is_one_of
from storage.lifecycles import CaseState
from storage.places import contains

_CASE_IDS = range(1, 2**63)
_MOST_DIGITS = 20

OPEN_STATES = (
    CaseState.NEW.value,
    CaseState.TAKEN.value,
    CaseState.IN_PROGRESS.value,
    CaseState.REOPENED.value,
)
"""Somebody still has work with it."""

UNFINISHED_STATES = (*OPEN_STATES, CaseState.DONE.value)
"""In this order in the condition of the index `case_open`."""


class CaseKind(StrEnum):
    COMPLAINT = "complaint"
    DAMAGE = "damage"
    PRAISE = "praise"
    SUGGESTION = "suggestion"
    QUESTION = "question"
    HUMAN = "human"
    """She wants to talk to a person."""

    RUMOUR = "rumour"
    VOICE = "voice"
    """A voice note outside of any matter: somebody has to listen."""


class Case(SQLModel, table=True):
    """One thing a citizen asked us to do, and who has it.

    `words`, `place_words` and a `rating_reason` of her own are private: read them with `words_of` and its like.
    `agency` is an id of the list of agencies, '' for the installation's own. `anonymous` hides who she is from the
    officers; `confidential` cases are never shown to anybody else.
    """

    __tablename__ = "case"
    __table_args__ = (
        Index("case_person", "person_id", "id"),
        Index(
            "case_open",
            "category",
            "id",
            sqlite_where=text("state IN ('new', 'taken', 'in_progress', 'reopened', 'done')"),
            postgresql_where=text("state IN ('new', 'taken', 'in_progress', 'reopened', 'done')"),
        ),
        Index(
            "case_done",
            "done_at",
            sqlite_where=text("state = 'done'"),
            postgresql_where=text("state = 'done'"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    kind: str
    category: str = ""
    words: str
    place_words: str = ""
    person_id: int | None = Field(default=None, foreign_key="person.id", sa_type=BigId)
    contact_id: int | None = Field(default=None, foreign_key="contact.id", sa_type=BigId)
    place: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    agency: str = ""
    officer: str = ""
    state: str = CaseState.NEW
    anonymous: bool = False
    confidential: bool = False
    rating: int | None = None
    rating_reason: str = ""
    opened_at: datetime = Field(sa_type=UtcDateTime)
    due_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    done_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    closed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)

    @property
    def number(self) -> int:
        assert self.id is not None
        return self.id


@dataclass(frozen=True, kw_only=True)
class Jurisdiction:
    """For which agency somebody works on cases ('' the installation's own), and in which places.

    `narrowed`: these places are her own and not all of her agency's.
    """

    agency_id: str
    places: tuple[str, ...]
    narrowed: bool = False


class UnknownCase(LookupError):
    """There is no case of this ticket number."""


def open_case(session: Session, case: Case) -> str:
    """Store a new case, its words concealed, and the first line of its timeline; its ticket number."""
    keeps = privacy(session)
    case.words, case.place_words = keeps.conceal(case.words), keeps.conceal(case.place_words)
    case.id = next_id(session) if case.id is None else case.id
    session.add(case)
    session.flush()
    add_event(session, case.number, EventKind.OPENED, case.opened_at, by=By.CITIZEN, person_id=case.person_id)
    return ticket(case.number)


def words_of(session: Session, case: Case) -> str:
    """What she wrote."""
    return privacy(session).reveal(case.words)


def place_words_of(session: Session, case: Case) -> str:
    """Where it is, in her words."""
    return privacy(session).reveal(case.place_words)


def add_words(session: Session, case: Case, words: str) -> None:
    """Put more words under a case's first ones."""
    known = words_of(session, case)
    case.words = privacy(session).conceal(f"{known}\n{words}" if known else words)
    session.add(case)
    session.flush()


def case_of(session: Session, case_id: int, person_id: int) -> Case | None:
    """The case, when it is hers or she follows it; None for others' cases exactly as for none.

    One query answers both, so that not even the time tells them apart.
    """
    query = select(Case).where(Case.id == case_id, _is_hers(person_id))
    return session.exec(query).first()


def locked(session: Session, case: Case) -> Case:
    """The case as it is now, locked for the transaction. Whoever moves it or writes to it next looks at its state
    only after this: an officer may have moved it since it was read."""
    session.refresh(case, with_for_update=True)
    return case


def cases_of(session: Session, person_id: int, most: int = 50) -> list[Case]:
    """Her cases and those she follows, the newest first; what was cancelled is over."""
    query = (
        select(Case)
        .where(_is_hers(person_id), Case.state != CaseState.CANCELLED.value)
        .order_by(col(Case.id).desc())
    )
    return list(session.exec(query.limit(most)))


def open_case_of_kind(session: Session, person_id: int, kind: CaseKind) -> Case | None:
    """Her newest open case of a kind, locked for the transaction: whoever asks goes on to write to it."""
    query = (
        select(Case)
        .where(Case.person_id == person_id, Case.kind == kind.value, col(Case.state).in_(OPEN_STATES))
        .order_by(col(Case.id).desc())
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return session.exec(query.limit(1)).first()


def opened_since(session: Session, person_id: int, since: datetime) -> int:
    """How many cases a person opened since then."""
    query = select(func.count()).where(Case.person_id == person_id, col(Case.opened_at) > since)
    return session.exec(query).one()


def waiting_before(session: Session, case: Case) -> int:
    """How many cases of its kind nobody has taken yet came before this one."""
    query = select(func.count()).where(
        is_one_of(col(Case.state), *UNFINISHED_STATES),
        Case.category == case.category,
        Case.kind == case.kind,
        Case.state == CaseState.NEW.value,
        col(Case.id) < case.number,
    )
    return session.exec(query).one()


def listed(
    session: Session,
    *,
    states: Sequence[str] = OPEN_STATES,
    kind: str | None = None,
    category: str | None = None,
    agency: str | None = None,
    place: str | Sequence[str] | None = None,
    officer: str | None = None,
    due_before: datetime | None = None,
    within: Jurisdiction | None = None,
    most: int = 100,
) -> list[Case]:
    """Cases for officers: the one that is due first comes first, those without a deadline last.

    `place` is a code or several, `within` narrows them to what somebody may see.
    """
    query = select(Case).where(col(Case.state).in_(states))
    filters = (
        (Case.kind, kind),
        (Case.category, category),
        (Case.agency, agency),
        (Case.officer, officer),
    )
    for column, wanted in filters:
        if wanted is not None:
            query = query.where(col(column) == wanted)
    if place is not None:
        query = query.where(_in_places([place] if isinstance(place, str) else place))
    if due_before is not None:
        query = query.where(col(Case.due_at) < due_before)
    if within is not None:
        query = query.where(_is_seen_by(within))
    return list(session.exec(query.order_by(col(Case.due_at).nulls_last(), col(Case.id)).limit(most)))


def late(
    session: Session, at: datetime, within: Jurisdiction, *, agency: str | None = None
) -> tuple[int, datetime | None]:
    """How many open cases that somebody may see should have been answered by now, and when the first was due."""
    query = select(func.count(), func.min(Case.due_at)).where(
        col(Case.state).in_(OPEN_STATES), col(Case.due_at) < at, _is_seen_by(within)
    )
    if agency is not None:
        query = query.where(Case.agency == agency)
    count, first = session.exec(query).one()
    return count, first


def sees(by: Jurisdiction, case: Case) -> bool:
    """Whether somebody may see a case: one of her agency, or of her places that is not confidential.

    Who acts in some of her agency's places only sees of its confidential cases those that lie there, or nowhere known.
    """
    near = case.place is not None and any(contains(own, case.place) for own in by.places)
    if case.agency != by.agency_id:
        return near and not case.confidential
    return near or not (case.confidential and by.narrowed) or case.place is None


def works_on(by: Jurisdiction, case: Case) -> bool:
    """Whether the case is hers to work on: what she sees of her agency's, or of all where hers runs the house."""
    return (case.agency == by.agency_id or by.agency_id == "") and sees(by, case)


def case_by_ticket(session: Session, typed: str) -> Case:
    """The case an officer names. Raises UnknownCase; the row is locked for the transaction."""
    case_id = case_id_of(typed)
    if case_id is None:
        raise UnknownCase(f"{typed!r} is no ticket number: its last digit does not fit, look again")
    found = session.get(Case, case_id, with_for_update=True, populate_existing=True)
    if found is None:
        raise UnknownCase(f"there is no case {ticket(case_id)}")
    return found


def ticket(case_id: int) -> str:
    """The number a citizen reads out over the telephone: digits only, the last one a check digit.

    >>> ticket(4217)
    '4217-7'
    """
    return f"{case_id}-{check_digit(str(case_id))}"


def case_id_of(typed: str) -> int | None:
    """The case a typed ticket number names; None when its last digit does not fit.

    >>> case_id_of("4217-7"), case_id_of("4271-7"), case_id_of("?")
    (4217, None, None)
    """
    digits = typed.replace("-", "").strip()
    if not digits.isascii() or not digits.isdigit() or len(digits) > _MOST_DIGITS:
        return None
    case_id = int(digits[:-1] or "0")
    return case_id if case_id in _CASE_IDS and check_digit(digits[:-1]) == digits[-1] else None


def check_digit(digits: str) -> str:
    """Damm's check digit: finds every single wrong digit and all swapped neighbours.

    H. M. Damm, Total anti-symmetrische Quasigruppen, Marburg 2004, page 111.

    >>> check_digit("572")
    '4'
    """
    return str(damm.calc_check_digit(digits))


def _is_seen_by(by: Jurisdiction) -> ColumnElement[bool]:
    """The same as `sees`."""
    near, is_open = _in_places(by.places), col(Case.confidential).is_(False)
    own = col(Case.agency) == by.agency_id
    if by.narrowed:
        own = and_(own, or_(is_open, near, col(Case.place).is_(None)))
    return or_(own, and_(near, is_open))


def _in_places(places: Sequence[str]) -> ColumnElement[bool]:
    return or_(false(), *(col(Case.place).startswith(code, autoescape=True) for code in places))


def _is_hers(person_id: int) -> ColumnElement[bool]:
    followed = select(CaseFollower.case_id).where(CaseFollower.person_id == person_id)
    return or_(col(Case.person_id) == person_id, col(Case.id).in_(followed))
