"""What a person calls her places: home, her parents', the farm. Chosen from a list, never typed."""

from enum import StrEnum

from sqlmodel import Field, Session, SQLModel, select

from storage.columns import BigId, PlaceCode


class Called(StrEnum):
    HOME = "home"
    PARENTS = "parents"
    FARM = "farm"


class OwnPlace(SQLModel, table=True):
    """One place and what it is to a person."""

    __tablename__ = "own_place"

    person_id: int = Field(primary_key=True, foreign_key="person.id", sa_type=BigId)
    place: str = Field(primary_key=True, sa_type=PlaceCode)
    called: str


def own_places(session: Session, person_id: int) -> dict[str, Called]:
    """What a person calls which place, by code."""
    rows = session.exec(select(OwnPlace).where(OwnPlace.person_id == person_id))
    return {row.place: Called(row.called) for row in rows}


def call(session: Session, person_id: int, place: str, called: Called | None) -> None:
    """From now on she calls the place so; None for no name of its own."""
    known = session.get(OwnPlace, (person_id, place))
    if called is None:
        if known is not None:
            session.delete(known)
    else:
        known = known or OwnPlace(person_id=person_id, place=place, called=called)
        known.called = called
        session.add(known)
    session.flush()
