"""Who wants to hear what about which place. Rows are closed, never moved, so that the past stays answerable."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, func, literal_column, text
from sqlmodel import Field, Session, SQLModel, col, select, update

from storage.columns import BigId, PlaceCode, UtcDateTime
from storage.inserting import insert_new
from storage.joining import joined_at

WARNING = "warning"
TOPICS = ("warning", "price", "advice", "news")


class Subscription(SQLModel, table=True):
    """A person's topic in a place, delivered by a contact, from `since` until `until` (open while None)."""

    __tablename__ = "subscription"
    __table_args__ = (
        # With all that choosing an audience asks of a subscription, so that no row is looked up for it.
        Index("subscription_audience", "topic", "place", "contact_id", "id", "person_id", "since", "until"),
        # For audiences, who are read in the order of persons.
        Index(
            "subscription_province",
            "topic",
            text("substr(place, 1, 2)"),
            "person_id",
            "place",
            "contact_id",
            "id",
            "since",
            "until",
        ),
        Index("subscription_person", "person_id", "topic", "place", "contact_id", "id", "since", "until"),
        Index(
            "subscription_open",
            "person_id",
            "topic",
            "place",
            unique=True,
            sqlite_where=text("until IS NULL"),
            postgresql_where=text("until IS NULL"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    person_id: int = Field(foreign_key="person.id", sa_type=BigId)
    contact_id: int = Field(foreign_key="contact.id", sa_type=BigId)
    topic: str
    place: str = Field(sa_type=PlaceCode)
    since: datetime = Field(sa_type=UtcDateTime)
    until: datetime | None = Field(default=None, sa_type=UtcDateTime)


def province_of(place: Any) -> Any:
    """The province of a subscription's place, written as its index has it."""
    return func.substr(place, literal_column("1"), literal_column("2"))


def open_subscriptions(session: Session, person_id: int) -> list[Subscription]:
    """What a person receives now, by place and topic."""
    query = (
        select(Subscription)
        .where(Subscription.person_id == person_id, col(Subscription.until).is_(None))
        .order_by(Subscription.place, Subscription.topic)
    )
    return list(session.exec(query))


def subscribe(
    session: Session, person_id: int, contact_id: int, topic: str, place: str, at: datetime
) -> bool:
    """Open a subscription; False when it was open already. What is live at the place is to be looked at after it."""
    since = joined_at(session, at)
    new = Subscription(person_id=person_id, contact_id=contact_id, topic=topic, place=place, since=since)
    opened = insert_new(session, [new], unique=("person_id", "topic", "place"), where=text("until IS NULL"))
    return bool(opened)


def unsubscribe(
    session: Session, person_id: int, at: datetime, *, topic: str | None = None, place: str | None = None
) -> int:
    """Close a person's open subscriptions, all or those of a topic or a place; how many were closed."""
    statement = update(Subscription).where(
        col(Subscription.person_id) == person_id, col(Subscription.until).is_(None)
    )
    if topic is not None:
        statement = statement.where(col(Subscription.topic) == topic)
    if place is not None:
        statement = statement.where(col(Subscription.place) == place)
    return session.connection().execute(statement.values(until=at)).rowcount
