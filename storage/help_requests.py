"""People who need help, one row a person's emergency, as the officers' board shows and works on them.

Every cry joins the open request of its contact or opens one; "I am safe" closes it. What she said stays in her
`SafetyReport` rows; here is where she is, what to know of her, and who has taken it on.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import CursorResult, Index, func, or_, text
from sqlmodel import Field, Session, SQLModel, col, select, update

from storage.audit import record
from storage.columns import BigId, Json, PlaceCode, UtcDateTime
from storage.lifecycles import HELP, ForbiddenTransition, HelpState, sources

OPEN = (HelpState.NEW.value, HelpState.ASSIGNED.value, HelpState.REACHED.value)

BY_HERSELF = "citizen"
"""Who closed it, when she said that she is safe or that it was a mistake."""


class HelpRequest(SQLModel, table=True):
    """Somebody who needs help. `needs` are keys such as `bedridden` (handlers/understanding/needs.py).

    `promised_at` is until when she was told to hear again. One that was merged is closed and names the other.
    """

    __tablename__ = "help_request"
    __table_args__ = (
        Index(
            "help_request_of_contact",
            "contact_id",
            unique=True,
            sqlite_where=text("state != 'closed'"),
            postgresql_where=text("state != 'closed'"),
        ),
        Index("help_request_contact", "contact_id"),
        Index("help_request_person", "person_id"),
        Index(
            "help_request_closed",
            "last_at",
            sqlite_where=text("state = 'closed'"),
            postgresql_where=text("state = 'closed'"),
        ),
        Index(
            "help_request_open",
            "first_at",
            sqlite_where=text("state != 'closed'"),
            postgresql_where=text("state != 'closed'"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    contact_id: int = Field(foreign_key="contact.id", sa_type=BigId)
    person_id: int = Field(foreign_key="person.id", sa_type=BigId)
    state: str = HelpState.NEW
    place: str | None = Field(default=None, sa_type=PlaceCode)
    latitude: float | None = None
    longitude: float | None = None
    needs: list[str] = Field(default_factory=list, sa_type=Json)
    people: int | None = None
    cries: int = 1
    first_at: datetime = Field(sa_type=UtcDateTime)
    last_at: datetime = Field(sa_type=UtcDateTime)
    team: str = ""
    promised_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    merged_into_id: int | None = Field(default=None, foreign_key="help_request.id", sa_type=BigId)
    closed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    closed_by: str = ""
    reason: str = ""

    @property
    def number(self) -> int:
        assert self.id is not None
        return self.id


@dataclass(frozen=True, kw_only=True)
class Cry:
    """What a cry for help tells of who cries, as far as known."""

    contact_id: int
    person_id: int
    at: datetime
    place: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    needs: Sequence[str] = ()
    people: int | None = None


class UnknownHelpRequest(Exception):
    """There is no request of that number."""


def note_cry(session: Session, cry: Cry) -> HelpRequest:
    """The open request of the contact with what the cry adds, or a new one. Who had been reached is new again."""
    found = open_request(session, cry.contact_id)
    if found is None:
        found = HelpRequest(
            contact_id=cry.contact_id, person_id=cry.person_id, first_at=cry.at, last_at=cry.at, cries=0
        )
    elif found.state == HelpState.REACHED:
        found.state, found.team, found.promised_at = HelpState.NEW, "", None
    found.cries += 1
    found.last_at = max(found.last_at, cry.at)
    found.place = cry.place or found.place
    if cry.latitude is not None:
        found.latitude, found.longitude = cry.latitude, cry.longitude
    found.needs = list(dict.fromkeys([*found.needs, *cry.needs]))
    found.people = cry.people or found.people
    session.add(found)
    session.flush()
    return found


def note_end(session: Session, contact_id: int, at: datetime, reason: str) -> HelpRequest | None:
    """She is safe, or it was a mistake (`reason`): her open request is closed."""
    found = open_request(session, contact_id)
    if found is not None:
        found.state, found.closed_at = HelpState.CLOSED, at
        found.closed_by, found.reason = BY_HERSELF, reason
        session.add(found)
        session.flush()
    return found


def open_request(session: Session, contact_id: int) -> HelpRequest | None:
    """The contact's request that is not closed."""
    query = (
        select(HelpRequest)
        .where(HelpRequest.contact_id == contact_id, HelpRequest.state != HelpState.CLOSED.value)
        .order_by(col(HelpRequest.id).desc())
    )
    return session.exec(query.limit(1)).first()


def request(session: Session, number: int) -> HelpRequest:
    """The request of that number. Raises UnknownHelpRequest."""
    found = session.get(HelpRequest, number, populate_existing=True)
    if found is None:
        raise UnknownHelpRequest(f"there is no request for help {number}")
    return found


def requests_in(
    session: Session, places: Sequence[str] | None, states: Sequence[str] = OPEN, *, most: int = 200
) -> list[HelpRequest]:
    """Requests in those states within the places (None: everywhere), who waits longest first, new ones before others.

    One whose place nobody knows is shown to everybody who looks after places: somebody must ask.
    """
    query = select(HelpRequest).where(col(HelpRequest.state).in_(states))
    if places is not None:
        place = col(HelpRequest.place)
        known = [place.startswith(code) for code in places]
        # A whole district's request concerns who looks after one of its subdistricts.
        known += [place == code[:length] for code in places for length in range(2, len(code), 2)]
        condition = or_(place.is_(None), *known)
        query = query.where(condition)
    is_new = (col(HelpRequest.state) == HelpState.NEW.value).desc()
    return list(session.exec(query.order_by(is_new, col(HelpRequest.first_at)).limit(most)))


def counts(session: Session, states: Sequence[str] = OPEN) -> dict[tuple[str, str], int]:
    """How many requests by (district, state); the district is '' where the place is not known."""
    district = func.coalesce(func.substr(col(HelpRequest.place), 1, 4), "")
    query = (
        select(district, HelpRequest.state, func.count())
        .where(col(HelpRequest.state).in_(states))
        .group_by(district, col(HelpRequest.state))
    )
    return {(place, state): number for place, state, number in session.exec(query)}


def move(
    session: Session, number: int, state: HelpState, at: datetime, *, by: str, **changed: Any
) -> HelpRequest:
    """Move a request along its lifecycle, with what changes beside. Raises UnknownHelpRequest, ForbiddenTransition."""
    closing = {"closed_at": at, "closed_by": by} if state is HelpState.CLOSED else {}
    result = session.connection().execute(
        update(HelpRequest)
        .where(col(HelpRequest.id) == number, col(HelpRequest.state).in_(sources(HELP, state)))
        .values(state=state.value, **closing, **changed)
    )
    assert isinstance(result, CursorResult)
    found = request(session, number)
    if result.rowcount != 1:
        raise ForbiddenTransition(f"request {number} is {found.state}; it cannot become {state.value}")
    # Nothing of hers stands in the log: which team has it, and nothing of what she said.
    detail = {key: value for key, value in changed.items() if key in ("team", "merged_into_id")}
    subject = f"help_request/{number}"
    record(session, at, actor=by, action=f"help.{state.value}", subject=subject, detail=detail or None)
    return found


def merge(session: Session, number: int, into: int, at: datetime, *, by: str) -> HelpRequest:
    """Two people told of the same emergency: the request is closed, what it knew goes to the other; the other one.

    Raises UnknownHelpRequest, and ForbiddenTransition for a closed one and for itself.
    """
    if number == into:
        raise ForbiddenTransition("a request cannot be merged into itself")
    doubled, kept = request(session, number), request(session, into)
    if kept.state == HelpState.CLOSED:
        raise ForbiddenTransition(f"request {into} is closed: nothing can be merged into it")
    kept.needs = list(dict.fromkeys([*kept.needs, *doubled.needs]))
    kept.people = kept.people or doubled.people
    kept.place = kept.place or doubled.place
    if kept.latitude is None:
        kept.latitude, kept.longitude = doubled.latitude, doubled.longitude
    kept.first_at = min(kept.first_at, doubled.first_at)
    kept.cries += doubled.cries
    session.add(kept)
    move(session, number, HelpState.CLOSED, at, by=by, merged_into_id=into, reason="merged")
    return kept


def told_of(session: Session, number: int) -> Iterable[int]:
    """The contacts who are told what becomes of a request: its own, and those of requests merged into it."""
    query = select(HelpRequest.contact_id).where(
        (col(HelpRequest.id) == number) | (col(HelpRequest.merged_into_id) == number)
    )
    return dict.fromkeys(session.exec(query))
