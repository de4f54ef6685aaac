"""The audience of a broadcast, some persons at a time, one copy each.

A subscription concerns an area when either contains the other: somebody who subscribed to the province hears of its
districts, and of the province when she subscribed to a village. The audience is what was subscribed when the
broadcast was released; of a person's matching subscriptions the first by (place, contact) is the one that counts.

It is read in the order of persons, in which all that is looked up of them lies: by the index of the provinces, or,
where those are many, by the index of persons. An area of few subscriptions is found by its places. All ways agree on
who comes before whom, so that each slice may be found in another way than the one before.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlmodel import Session

from broadcasts.audience.queries import (
    Asks,
    Way,
    bounds_query,
    end_query,
    how_many,
    slice_query,
)
from storage.people import GROUP_CONTACT
from storage.quiet_hours import NONE, Wishes, wishes_of

_WIDE_PROVINCES = 20
"""From so many provinces on it is quicker to read all subscriptions by person than those of each province."""

_FEW_IN_PLACES = 100_000
"""So many are looked at again for each page: a district's, of a province that has ten times as many."""

FIRST_SLICE = 2_000
_FEW_SPANS = 4
_LAST_ID = 2**63 - 1


@dataclass(frozen=True, kw_only=True)
class AudienceRule:
    """`topic` in `places` (codes), as subscribed at `at`, without those whom `addressed_by` has addressed.

    `accounts` are the ids of those it goes out on, () for all: who is on several gets it on one of these.
    `by_province`: the words are not the same in every province, so that copies of several are told apart.
    """

    topic: str
    places: tuple[str, ...]
    at: datetime
    addressed_by: int | None = None
    accounts: tuple[int, ...] = ()
    by_province: bool = True


@dataclass(frozen=True, kw_only=True)
class Alike:
    """Copies that differ only in whom they go to: where she is, on which account, how and when she is spoken to.

    `province` is '' where the rule tells none apart.
    """

    account_id: int
    language: str
    province: str
    in_group: bool
    wishes: Wishes
    contact_ids: Sequence[int]


@dataclass(frozen=True, kw_only=True)
class Slice:
    """Some of an audience; `after` is the id of the last person of it, None at the end."""

    alike: Sequence[Alike]
    after: int | None


@dataclass(frozen=True, kw_only=True)
class Span:
    """Codes from `low` up to but without `high`."""

    low: str
    high: str


def spans(places: Sequence[str]) -> tuple[Span, ...]:
    """The ranges of codes that concern an area: all below each code, and each of its ancestors alone.

    >>> spans(["5709"])
    (Span(low='57', high='5700'), Span(low='5709', high='5710'))
    >>> spans(["50", "5001"])
    (Span(low='50', high='51'),)
    """
    found = {Span(low=place, high=str(int(place) + 1).zfill(len(place))) for place in places}
    for place in places:
        # No code ends in 00, so nothing but the ancestor itself lies between it and its '00'.
        found |= {Span(low=place[:n], high=place[:n] + "00") for n in (2, 4, 6) if n < len(place)}
    merged: list[Span] = []
    for span in sorted(found, key=lambda each: (each.low, -int(each.high.ljust(8, "0")))):
        if merged and span.low == merged[-1].high:
            merged[-1] = Span(low=merged[-1].low, high=span.high)
        elif not merged or span.low > merged[-1].high:
            merged.append(span)
    return tuple(merged)


def next_slice(session: Session, rule: AudienceRule, after: int | None, most: int) -> Slice:
    """Copies for the next persons after an id whom the area concerns, who have about `most` subscriptions.

    None for the first ones. Of an area of more than that they are few, so that sending begins at once.
    """
    way, found = Way.PERSONS if len(_provinces(rule)) >= _WIDE_PROVINCES else Way.PROVINCES, most + 1
    if _asks(rule).lengths != (2,):
        counted = {**_values(rule), "most": _FEW_IN_PLACES + 1}
        found = session.connection().execute(how_many(_dialect(session)), counted).scalar_one()
        way = Way.PLACES if found <= _FEW_IN_PLACES else way
    if after is None and found > most:
        most = min(most, FIRST_SLICE)
    return slice_by(session, way, rule, after or 0, most)


def slice_by(session: Session, way: Way, rule: AudienceRule, after: int, most: int) -> Slice:
    """The same, found in one of the ways, which all give the same audience."""
    values = {**_values(rule), "after": after}
    most_each = most // max(len(_provinces(rule)), 1) if way is Way.PROVINCES else most
    end = end_query(_dialect(session), way, _asks(rule))
    skipped = {"skipped": max(most_each - 1, 0)}
    until = session.connection().execute(end, {**values, **skipped}).scalar_one_or_none()
    alike = _alike(session, rule, way, {**values, "until": _LAST_ID if until is None else until})
    return Slice(alike=alike, after=until)


def _alike(session: Session, rule: AudienceRule, way: Way, values: Mapping[str, Any]) -> tuple[Alike, ...]:
    connection, asks = session.connection(), _asks(rule)
    if _dialect(session) == "postgresql":
        values = {**values, **connection.execute(bounds_query(way, asks), values).mappings().one()}
    rows = connection.execute(slice_query(_dialect(session), way, asks), values)
    return tuple(
        Alike(
            account_id=account_id,
            language=language,
            province=province,
            in_group=kind == GROUP_CONTACT,
            wishes=_wishes(hours),
            contact_ids=[int(contact_id) for contact_id in ids.split(",")],
        )
        for ids, account_id, language, province, kind, hours in rows
    )


@lru_cache(maxsize=16)
def _asks(rule: AudienceRule) -> Asks:
    ranges = len(spans(rule.places))
    return Asks(
        ranges=ranges if ranges <= _FEW_SPANS else 0,
        lengths=tuple(sorted({len(place) for place in rule.places})),
        one_province=len(_provinces(rule)) == 1,
        addressed=rule.addressed_by is not None,
        on_some=bool(rule.accounts),
        by_province=rule.by_province,
    )


@lru_cache(maxsize=1024)
def _wishes(hours: str | None) -> Wishes:
    return NONE if hours is None else wishes_of(*(int(hour) if hour else None for hour in hours.split(",")))


@lru_cache(maxsize=16)
def _values(rule: AudienceRule) -> Mapping[str, Any]:
    """What the bound names of the queries stand for. Lists of codes are JSON, so that they stay one value each."""
    above = {place[:n] for place in rule.places for n in (2, 4, 6) if n < len(place)}
    provinces, ranges = _provinces(rule), spans(rule.places)
    values = {
        "topic": rule.topic,
        "at": rule.at,
        "spans": json.dumps([(rule.topic, span.low, span.high) for span in ranges]),
        **{f"low_{n}": span.low for n, span in enumerate(ranges[:_FEW_SPANS])},
        **{f"high_{n}": span.high for n, span in enumerate(ranges[:_FEW_SPANS])},
        "province": provinces[0] if provinces else "",
        "provinces": json.dumps(provinces),
        "in_provinces": provinces,
        "inside": json.dumps(rule.places),
        "above": json.dumps(sorted(above)),
        **({"accounts": json.dumps(rule.accounts)} if rule.accounts else {}),
    }
    return values if rule.addressed_by is None else {**values, "addressed_by": rule.addressed_by}


@lru_cache(maxsize=16)
def _provinces(rule: AudienceRule) -> tuple[str, ...]:
    """The provinces in which subscriptions to the area are."""
    return tuple(sorted({place[:2] for place in rule.places}))


def _dialect(session: Session) -> str:
    return session.get_bind().dialect.name
