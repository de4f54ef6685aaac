"""Relays: volunteers and village heads who announce warnings where they live, and which of them have.

A relay is one contact for one village or subdistrict. Each warning over it makes a notice: told, then announced, or
overtaken by the warning that replaces it.
"""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Index, and_, func, insert, literal, or_, text, update
from sqlalchemy import select as sql_select
from sqlmodel import Field, Session, SQLModel, col, select

from storage import places as register
from storage.alerts import Alert
from storage.audit import record
from storage.columns import BigId, PlaceCode, UtcDateTime, listed
from storage.lifecycles import (
    RELAY,
    RELAY_NOTICE,
    ContactState,
    RelayNoticeState,
    RelayState,
    sources,
)
from storage.people import Contact, Person

LEVELS = ("village", "subdistrict")
"""What one person can announce to."""

ANSWER_HOURS = 12
"""So long after it was told an alert is answered by a digit alone."""


class RelayRole(StrEnum):
    HEALTH_VOLUNTEER = "health_volunteer"
    VILLAGE_HEAD = "village_head"
    OTHER = "other"


class Relay(SQLModel, table=True):
    """Somebody who announces warnings in `place`."""

    __tablename__ = "relay"
    __table_args__ = (
        Index(
            "relay_of_contact",
            "contact_id",
            "place",
            unique=True,
            sqlite_where=text("state = 'active'"),
            postgresql_where=text("state = 'active'"),
        ),
        Index("relay_contact", "contact_id"),
        Index("relay_ended", "ended_at"),
        Index(
            "relay_place",
            "place",
            sqlite_where=text("state = 'active'"),
            postgresql_where=text("state = 'active'"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    contact_id: int = Field(foreign_key="contact.id", sa_type=BigId)
    place: str = Field(sa_type=PlaceCode)
    role: str = RelayRole.OTHER
    state: str = RelayState.ACTIVE
    added_by: str
    joined_at: datetime = Field(sa_type=UtcDateTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class RelayNotice(SQLModel, table=True):
    """One relay and one alert; `broadcast_id` is what carried the words to her."""

    __tablename__ = "relay_notice"
    __table_args__ = (Index("relay_notice_relay", "relay_id"), Index("relay_notice_told", "told_at"))

    alert_id: int = Field(primary_key=True, foreign_key="alert.id")
    relay_id: int = Field(primary_key=True, foreign_key="relay.id")
    broadcast_id: int = Field(foreign_key="broadcast.id")
    state: str = RelayNoticeState.TOLD
    told_at: datetime = Field(sa_type=UtcDateTime)
    heard_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


@dataclass(frozen=True, kw_only=True)
class Heard:
    """A place of an alert's relays: how many there are, and after how many minutes the first had announced it."""

    place: str
    relays: int
    minutes: int | None


def join(
    session: Session, contact_id: int, places: Sequence[str], role: RelayRole, at: datetime, *, by: str
) -> list[Relay]:
    """Take her as a relay for these places; those that she has already stay as they are."""
    known = {each.place for each in of_contact(session, contact_id)}
    made = [
        Relay(contact_id=contact_id, place=place, role=role, added_by=by, joined_at=at)
        for place in places
        if place not in known
    ]
    session.add_all(made)
    session.flush()
    for each in made:
        detail = {"place": each.place, "role": each.role}
        record(session, at, actor=by, action="relay.join", subject=f"relay/{each.id}", detail=detail)
    return made


def leave(session: Session, relays: Sequence[Relay], at: datetime, *, by: str) -> int:
    """They are told of no further alert; how many ended by this."""
    ended = 0
    for each in relays:
        left = session.connection().execute(
            update(Relay)
            .where(col(Relay.id) == each.id, col(Relay.state).in_(sources(RELAY, RelayState.LEFT)))
            .values(state=RelayState.LEFT.value, ended_at=at)
        )
        if left.rowcount:
            ended += 1
            record(session, at, actor=by, action="relay.leave", subject=f"relay/{each.id}")
        session.refresh(each)
    return ended


def of_contact(session: Session, contact_id: int) -> list[Relay]:
    """For which places a contact is a relay."""
    query = select(Relay).where(Relay.contact_id == contact_id, Relay.state == RelayState.ACTIVE.value)
    return list(session.exec(query.order_by(col(Relay.place))))


def within(session: Session, places: Sequence[str]) -> list[tuple[Relay, bool]]:
    """The relays of these places, and whether each can be reached."""
    query = (
        select(Relay, Contact.state, Person.stopped_at)
        .join(Contact, col(Contact.id) == col(Relay.contact_id))
        .join(Person, col(Person.id) == col(Contact.person_id))
        .where(Relay.state == RelayState.ACTIVE.value, _inside(session, places))
        .order_by(col(Relay.place), col(Relay.id))
    )
    return [
        (relay, state == ContactState.ACTIVE and stopped_at is None)
        for relay, state, stopped_at in session.exec(query)
    ]


@dataclass(frozen=True, kw_only=True)
class Concerned:
    """The relays whom an alert over `places` is for, on `accounts` only where some are named, and whoever was told of
    an alert that it replaces, wherever she reads that."""

    places: Sequence[str]
    replaced: Sequence[int] = ()
    accounts: Sequence[int] = ()


def count(session: Session, concerned: Concerned) -> Counter[int]:
    """How many are to be told, by account id."""
    query = (
        select(Contact.account_id, func.count(col(Relay.id)))
        .join(Relay, col(Relay.contact_id) == col(Contact.id))
        .where(_are(session, concerned))
        .group_by(col(Contact.account_id))
    )
    return Counter(dict(session.exec(query).all()))


def tell(session: Session, alert_id: int, concerned: Concerned, broadcast_id: int, at: datetime) -> None:
    """Write down whom the alert's words go to; the notices of what it replaces are overtaken."""
    session.flush()
    session.connection().execute(
        update(RelayNotice)
        .where(
            col(RelayNotice.alert_id).in_(concerned.replaced),
            col(RelayNotice.state).in_(sources(RELAY_NOTICE, RelayNoticeState.OVERTAKEN)),
        )
        .values(state=RelayNoticeState.OVERTAKEN.value)
    )
    columns = ["alert_id", "relay_id", "broadcast_id", "state", "told_at"]
    rows = sql_select(
        literal(alert_id),
        col(Relay.id),
        literal(broadcast_id),
        literal(RelayNoticeState.TOLD.value),
        literal(at, UtcDateTime()),
    ).where(_are(session, concerned))
    session.connection().execute(insert(RelayNotice).from_select(columns, rows))


def announced(session: Session, contact_id: int, alert_id: int, at: datetime) -> list[Relay]:
    """She has announced the alert: her places that count by this; none when it was overtaken, or counted before."""
    query = (
        select(Relay)
        .join(RelayNotice, col(RelayNotice.relay_id) == col(Relay.id))
        .where(
            Relay.contact_id == contact_id,
            RelayNotice.alert_id == alert_id,
            col(RelayNotice.state).in_(sources(RELAY_NOTICE, RelayNoticeState.HEARD)),
        )
    )
    found = list(session.exec(query.order_by(col(Relay.place))))
    session.connection().execute(
        update(RelayNotice)
        .where(
            col(RelayNotice.alert_id) == alert_id,
            col(RelayNotice.relay_id).in_([each.id for each in found]),
            col(RelayNotice.state).in_(sources(RELAY_NOTICE, RelayNoticeState.HEARD)),
        )
        .values(state=RelayNoticeState.HEARD.value, heard_at=at)
    )
    for each in found:
        detail = {"alert": alert_id, "place": each.place}
        record(
            session, at, actor="relay", action="relay.announced", subject=f"relay/{each.id}", detail=detail
        )
    return found


def latest_notice(
    session: Session, contact_id: int, alert_id: int | None, at: datetime
) -> RelayNotice | None:
    """Her notice of an alert; of the newest that a digit may answer still where none is named."""
    query = (
        select(RelayNotice)
        .join(Relay, col(Relay.id) == col(RelayNotice.relay_id))
        .where(Relay.contact_id == contact_id)
        .order_by(col(RelayNotice.told_at).desc(), col(RelayNotice.alert_id).desc())
    )
    if alert_id is None:
        query = query.where(RelayNotice.told_at > at - timedelta(hours=ANSWER_HOURS))
    else:
        query = query.where(RelayNotice.alert_id == alert_id)
    return session.exec(query.limit(1)).first()


def heard_by_place(session: Session, alert_id: int) -> list[Heard]:
    """Which villages have heard an alert: first those that wait still, then the others as they announced it."""
    query = (
        sql_select(col(Relay.place), col(RelayNotice.told_at), col(RelayNotice.heard_at))
        .join(Relay, col(Relay.id) == col(RelayNotice.relay_id))
        .where(col(RelayNotice.alert_id) == alert_id)
    )
    waited: dict[str, list[int | None]] = {}
    for place, told_at, heard_at in session.connection().execute(query):
        minutes = None if heard_at is None else max(0, int((heard_at - told_at).total_seconds() // 60))
        waited.setdefault(place, []).append(minutes)
    found = [
        Heard(place=place, relays=len(each), minutes=min((m for m in each if m is not None), default=None))
        for place, each in waited.items()
    ]
    return sorted(found, key=lambda each: (each.minutes is not None, each.minutes or 0, each.place))


def broadcasts_of(session: Session, broadcast_id: int) -> list[int]:
    """The broadcasts that carry to relays what this one says to citizens."""
    query = (
        select(RelayNotice.broadcast_id)
        .join(Alert, col(Alert.id) == col(RelayNotice.alert_id))
        .where(Alert.broadcast_id == broadcast_id)
        .distinct()
    )
    return sorted(session.exec(query))


def _are(session: Session, concerned: Concerned) -> ColumnElement[bool]:
    """Active relays in the places or around one of them, and all who were told of what is replaced."""
    around = {outer for place in concerned.places for outer in register.ancestors(place)}
    told = select(RelayNotice.relay_id).where(col(RelayNotice.alert_id).in_(concerned.replaced))
    here = or_(_is_listed(session, col(Relay.place), around, "around"), _inside(session, concerned.places))
    if concerned.accounts:
        on = select(Contact.id).where(col(Contact.account_id).in_(concerned.accounts))
        here = and_(here, col(Relay.contact_id).in_(on))
    return and_(col(Relay.state) == RelayState.ACTIVE.value, or_(here, col(Relay.id).in_(told)))


def _inside(session: Session, places: Sequence[str]) -> ColumnElement[bool]:
    """Codes say where a place lies: all of a place begin with its own."""
    starts = (func.substr(col(Relay.place), 1, n) for n in (2, 4, 6, 8))
    return or_(*(_is_listed(session, start, places, "inside") for start in starts))


def _is_listed(session: Session, place: Any, places: Iterable[str], name: str) -> ColumnElement[bool]:
    """One term however many places: SQLite refuses expressions that are a thousand deep, and an alert may be wide.

    `name` is the list's in the statement; the same name is the same list.
    """
    codes = listed(session.get_bind().dialect.name, name).params({name: json.dumps(sorted(places))})
    found: ColumnElement[bool] = place.in_(codes)
    return found
