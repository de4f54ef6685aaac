"""What a person grows, as far as she told: crops, rai, when planted; and the advice she is subscribed to by it.

The topic `advice` in a place is her wish. For each crop she grows there is a subscription `advice:<crop>` in the same
places beside it, and one for the wider product (`advice:rice` for jasmine rice), so that advice finds its audience.
"""

import tomllib
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from importlib.resources import files
from typing import Any

from sqlalchemy import Date
from sqlmodel import Field, Session, SQLModel, col, select

from storage.columns import BigId, UtcDateTime
from storage.subscriptions import open_subscriptions, subscribe, unsubscribe

ADVICE = "advice"
MOST_CROPS = 6


class FarmCrop(SQLModel, table=True):
    """One crop of a person. `rai` is an area of 1,600 m²; of `planted_on` the month counts."""

    __tablename__ = "farm_crop"

    person_id: int = Field(primary_key=True, foreign_key="person.id", sa_type=BigId)
    crop: str = Field(primary_key=True)
    rai: int | None = None
    planted_on: date | None = Field(default=None, sa_type=Date)
    noted_at: datetime = Field(sa_type=UtcDateTime)


@dataclass(frozen=True, kw_only=True)
class Crop:
    """A product that is grown. `wider` is the product it is a kind of, '' for none; `perennial` stands for years."""

    id: str
    name_th: str
    name_en: str
    wider: str
    perennial: bool

    def name(self, language: str) -> str:
        return self.name_th if language == "th" else self.name_en


@cache
def crops() -> dict[str, Crop]:
    """Every product that is grown, by id."""
    ways = _loaded("farming.toml")
    return {
        name: Crop(
            id=name,
            name_th=entry["th"],
            name_en=entry["en"],
            wider=entry.get("kind_of", ""),
            perennial=name in ways["perennial"],
        )
        for name, entry in _loaded("products.toml").items()
        if name not in ways["animals"]
    }


@cache
def offered_crops() -> tuple[Crop, ...]:
    """The crops that are offered before others."""
    return tuple(crops()[name] for name in _loaded("farming.toml")["offered"])


def with_wider(crop: str) -> tuple[str, ...]:
    """A crop and the product it is a kind of.

    >>> with_wider("rice_jasmine"), with_wider("maize")
    (('rice_jasmine', 'rice'), ('maize',))
    """
    known = crops().get(crop)
    return (crop, known.wider) if known and known.wider else (crop,)


def crops_of(session: Session, person_id: int) -> list[FarmCrop]:
    """What a person grows, in the order in which she told it."""
    query = select(FarmCrop).where(FarmCrop.person_id == person_id)
    return list(session.exec(query.order_by(col(FarmCrop.noted_at), col(FarmCrop.crop))))


def note_crop(session: Session, person_id: int, crop: str, at: datetime) -> FarmCrop | None:
    """She grows this; None when it is no crop, or one too many."""
    known = session.get(FarmCrop, (person_id, crop))
    if known is not None:
        return known
    if crop not in crops() or len(crops_of(session, person_id)) >= MOST_CROPS:
        return None
    found = FarmCrop(person_id=person_id, crop=crop, noted_at=at)
    session.add(found)
    session.flush()
    return found


def forget_crop(session: Session, person_id: int, crop: str) -> bool:
    """She grows this no more; False when it was not known."""
    known = session.get(FarmCrop, (person_id, crop))
    if known is None:
        return False
    session.delete(known)
    session.flush()
    return True


def follow_advice(session: Session, person_id: int, contact_id: int, at: datetime) -> None:
    """Make the subscriptions `advice:<crop>` those of her crops in the places she wants advice of."""
    grown = {topic for each in crops_of(session, person_id) for topic in with_wider(each.crop)}
    known = open_subscriptions(session, person_id)
    wanted = {
        (f"{ADVICE}:{crop}", each.place): each.contact_id
        for each in known
        if each.topic == ADVICE
        for crop in grown
    }
    for each in known:
        if each.topic.startswith(f"{ADVICE}:") and (each.topic, each.place) not in wanted:
            unsubscribe(session, person_id, at, topic=each.topic, place=each.place)
    have = {(each.topic, each.place) for each in known}
    for (topic, place), through in wanted.items():
        if (topic, place) not in have:
            subscribe(session, person_id, through or contact_id, topic, place, at)


@cache
def _loaded(name: str) -> dict[str, Any]:
    return tomllib.loads((files("knowledge") / name).read_text(encoding="utf-8"))
