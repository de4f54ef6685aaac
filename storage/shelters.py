"""The register of shelters: where people are sent, by place."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Field, Session, SQLModel, col, select

from storage import places as register
from storage.audit import record
from storage.columns import PlaceCode, UtcDateTime

MOST_NAME_LETTERS = 60


class ShelterRefused(Exception):
    """It cannot be entered; the message says why."""


class Shelter(SQLModel, table=True):
    """One shelter. `place` is the smallest place it lies in; `removed_at` when it is none any more."""

    __tablename__ = "shelter"

    id: int | None = Field(default=None, primary_key=True)
    name_th: str
    name_en: str = ""
    place: str = Field(sa_type=PlaceCode)
    room_for: int = 0
    phone: str = ""
    created_by: str
    created_at: datetime = Field(sa_type=UtcDateTime)
    removed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)

    def name(self, language: str) -> str:
        return self.name_th if language == "th" else self.name_en or self.name_th


def add_shelter(session: Session, shelter: Shelter, *, by: str, at: datetime) -> Shelter:
    """Enter one. Raises ShelterRefused."""
    shelter.name_th, shelter.name_en = shelter.name_th.strip(), shelter.name_en.strip()
    if not shelter.name_th or max(len(shelter.name_th), len(shelter.name_en)) > MOST_NAME_LETTERS:
        raise ShelterRefused(f"a shelter needs a name of at most {MOST_NAME_LETTERS} letters")
    if register.place(shelter.place) is None:
        raise ShelterRefused(f"{shelter.place!r} is no place: give its code, such as 570906")
    session.add(shelter)
    session.flush()
    record(session, at, actor=by, action="shelter.add", subject=f"shelter/{shelter.id}")
    return shelter


def remove_shelter(session: Session, shelter_id: int, *, by: str, at: datetime) -> bool:
    """Take one out of the register; False when there is none."""
    found = session.get(Shelter, shelter_id)
    if found is None or found.removed_at is not None:
        return False
    found.removed_at = at
    session.add(found)
    record(session, at, actor=by, action="shelter.remove", subject=f"shelter/{shelter_id}")
    return True


def shelters(session: Session, places: Sequence[str] = ()) -> list[Shelter]:
    """Those in or around any of these places (in the same district at least), the nearest by code first; else all."""
    found = session.exec(
        select(Shelter).where(col(Shelter.removed_at).is_(None)).order_by(col(Shelter.place), col(Shelter.id))
    ).all()
    if not places:
        return list(found)
    districts = {each[:4] for each in places}
    near = [each for each in found if any(_meet(each.place, one) for one in districts)]
    return sorted(near, key=lambda each: not any(register.contains(one, each.place) for one in places))


def _meet(one: str, other: str) -> bool:
    return one.startswith(other) or other.startswith(one)
