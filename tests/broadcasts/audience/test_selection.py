"""The audience: who, once each, in key order, whatever the size of a page."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import cycle, pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlmodel import Session

from broadcasts.audience import selection
from broadcasts.audience.counting import count, count_groups
from broadcasts.audience.queries import Way
from broadcasts.audience.selection import AudienceRule, Slice, Span, next_slice, slice_by, spans
from storage import people
from storage.broadcasts import Addressed
from storage.database import Database
from storage.lifecycles import ContactState
from storage.people import Contact
from storage.subscriptions import subscribe
from tests import builders
from tests.broadcasts.audience.people import (
    CHANNELS,
    ON_A_DATABASE,
    PLACES,
    Someone,
    areas,
    crowds,
    settle_down,
)
from tests.builders import NOW

CODES = st.one_of(
    st.sampled_from(PLACES),
    st.integers(1, 4)
    .flatmap(lambda n: st.lists(st.integers(1, 99), min_size=n, max_size=n))
    .map(lambda parts: "".join(f"{part:02d}" for part in [min(parts[0], 96), *parts[1:]])),
)


def rule(*places: str) -> AudienceRule:
    return AudienceRule(topic="warning", places=places, at=NOW)


@given(st.lists(CODES, max_size=6), CODES)
def test_spans_hold_exactly_what_contains_or_lies_in_the_area(places: list[str], code: str) -> None:
    concerned = any(code.startswith(place) or place.startswith(code) for place in places)
    assert sum(span.low <= code < span.high for span in spans(places)) == concerned


@given(st.lists(CODES, max_size=6))
def test_spans_are_in_order_and_apart(places: list[str]) -> None:
    found = spans(places)
    assert all(span.low < span.high for span in found)
    assert all(one.high <= other.low for one, other in pairwise(found))


def test_spans_of_a_district_are_its_codes_and_its_province_alone() -> None:
    assert spans(["5709"]) == (Span(low="57", high="5700"), Span(low="5709", high="5710"))


def whole(session: Session, rule: AudienceRule, most: int, *, ways: Sequence[Way]) -> list[Slice]:
    """All slices of an audience, found in these ways in turns."""
    slices: list[Slice] = []
    after: int | None = 0
    turns = cycle(ways)
    while after is not None:
        slices.append(slice_by(session, next(turns), rule, after, most))
        assert slices[-1].after is None or slices[-1].after > after
        after = slices[-1].after
    return slices


def chosen(session: Session, rule: AudienceRule, *, way: Way) -> list[int]:
    """The contacts of an audience."""
    slices = whole(session, rule, 10, ways=[way])
    return [contact_id for each in slices for alike in each.alike for contact_id in alike.contact_ids]


@given(
    people=crowds(8),
    places=areas(),
    most=st.integers(1, 5),
    ways=st.lists(st.sampled_from(Way), min_size=1, max_size=3),
    on=st.one_of(st.none(), st.lists(st.sampled_from(CHANNELS), min_size=1, unique=True)),
)
@settings(ON_A_DATABASE, max_examples=40)
def test_slices_give_everybody_once(
    database: Database,
    people: list[Someone],
    places: list[str],
    most: int,
    ways: list[Way],
    on: list[str] | None,
) -> None:
    world = settle_down(database, people)
    accounts = tuple(world.accounts[CHANNELS.index(channel)] for channel in on or ())
    asked = replace(rule(*places), accounts=accounts)
    with database.read() as session:
        slices = whole(session, asked, most, ways=ways)
        counted = count(session, asked)
    expected = world.audience(places, accounts)
    copies = [
        (contact_id, alike.account_id, alike.language, alike.province)
        for each in slices
        for alike in each.alike
        for contact_id in alike.contact_ids
    ]
    assert sorted(copies) == sorted(
        (contact_id, account_id, language, place[:2])
        for contact_id, account_id, language, place in expected.values()
    )
    names = dict(zip(world.accounts, CHANNELS, strict=True))
    assert counted == Counter(names[account_id] for _, account_id, _, _ in expected.values())


@pytest.mark.parametrize("place", ["5709", "57"])
def test_the_first_slice_of_several_is_short(
    database: Database, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    monkeypatch.setattr(selection, "FIRST_SLICE", 1)
    with database.write() as session:
        ids = [builders.citizen(session, f"sim-{number}")[0].id for number in range(4)]
        found: list[list[int | None]] = []
        after: int | None = None
        while not found or after is not None:
            one = next_slice(session, rule(place), after, 3)
            found.append([contact_id for alike in one.alike for contact_id in alike.contact_ids])
            after = one.after
    assert found == [ids[:1], ids[1:], []]


def test_an_area_of_few_is_one_slice(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selection, "FIRST_SLICE", 1)
    with database.write() as session:
        ids = [builders.citizen(session, f"sim-{number}")[0].id for number in range(3)]
        (alike,) = next_slice(session, rule("5709"), None, 4).alike
        assert alike.contact_ids == ids


def test_of_many_in_an_area_no_more_are_looked_at_than_a_slice_needs(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(selection, "_FEW_IN_PLACES", 2)
    asked: list[Way] = []

    def noted(session: Session, way: Way, *more: Any) -> Slice:
        asked.append(way)
        return slice_by(session, way, *more)

    monkeypatch.setattr(selection, "slice_by", noted)
    with database.write() as session:
        for number in range(3):
            builders.citizen(session, f"sim-{number}", places=["5709" if number else "5707"])
        for places in (["5709"], ["5709", "5707"], ["57"]):
            next_slice(session, rule(*places), None, 10)
    assert asked == [Way.PLACES, Way.PROVINCES, Way.PROVINCES]


def test_those_who_were_addressed_already_are_left_out(database: Database) -> None:
    with database.write() as session:
        _, reached = builders.citizen(session, "sim-1")
        contact, _ = builders.citizen(session, "sim-2")
        broadcast = builders.released(session)
        session.add(Addressed(broadcast_id=broadcast.id or 0, person_id=reached.id or 0))
        session.flush()
        addressed = AudienceRule(topic="warning", places=("5709",), at=NOW, addressed_by=broadcast.id)
        for way in Way:
            assert chosen(session, addressed, way=way) == [contact.id]
        assert count(session, addressed) == {"local": 1}


def test_another_topic_is_another_audience(database: Database) -> None:
    with database.write() as session:
        builders.citizen(session)
        assert count(session, AudienceRule(topic="news", places=("5709",), at=NOW)) == {}


def test_an_empty_area_concerns_nobody(database: Database) -> None:
    with database.write() as session:
        builders.citizen(session)
        assert spans([]) == ()
        assert count(session, rule()) == {}


def test_a_group_chat_is_told_apart(database: Database) -> None:
    with database.write() as session:
        contact, _ = builders.citizen(session)
        contact.kind = "group"
        session.flush()
        slices = whole(session, rule("5709"), 10, ways=[Way.PLACES])
        assert [alike.in_group for each in slices for alike in each.alike] == [True]


@pytest.mark.parametrize("blocked_first", [True, False])
def test_a_blocked_contact_gives_way_to_the_next_of_the_same_person(
    database: Database, *, blocked_first: bool
) -> None:
    with database.write() as session:
        first, person = builders.citizen(session, "sim-1", places=["57"])
        second = Contact(
            person_id=person.id or 0,
            account_id=first.account_id,
            address="sim-2",
            state_at=NOW,
            created_at=NOW,
        )
        session.add(second)
        session.flush()
        subscribe(session, person.id or 0, second.id or 0, "warning", "5709", NOW)
        (first if blocked_first else second).state = ContactState.BLOCKED
        session.flush()
        for way in Way:
            found = chosen(session, rule("5709"), way=way)
            assert found == [second.id if blocked_first else first.id]


def test_an_area_of_thousands_of_villages_is_no_problem(database: Database) -> None:
    villages = [
        f"57{d:02d}{t:02d}{v:02d}" for d in range(1, 10) for t in range(1, 15) for v in range(1, 25, 2)
    ]
    with database.write() as session:
        for number, place in enumerate([villages[0], villages[-1], "5709", "57", "570902", "57090202"]):
            builders.citizen(session, f"sim-{number}", places=[place, "57091499"])
        assert len(spans(villages)) > 1000
        assert count(session, rule(*villages)) == {"local": 5}
        assert len(chosen(session, rule(*villages), way=Way.PROVINCES)) == 5


def test_on_some_accounts_each_is_reached_there_or_not_at_all(database: Database) -> None:
    with database.write() as session:
        sms = builders.account(session, "sms")
        both, person = builders.citizen(session, "sim-1")
        text, _ = people.contact_at(session, sms, "+66812345678", NOW)
        assert text.id is not None
        text.person_id = person.id or 0
        subscribe(session, person.id or 0, text.id, "warning", "57", NOW)
        chat_only, _ = builders.citizen(session, "sim-2")
        session.flush()
        everywhere = rule("5709")
        on_sms = replace(everywhere, accounts=(sms,))
        on_chat = replace(everywhere, accounts=(builders.account(session),))
        for way in Way:
            assert chosen(session, on_sms, way=way) == [text.id]
            assert sorted(chosen(session, on_chat, way=way)) == sorted([both.id or 0, chat_only.id or 0])
            assert len(chosen(session, everywhere, way=way)) == 2
        assert (count(session, on_sms), count(session, on_chat)) == ({"sms": 1}, {"local": 2})
        counted = {each.account_id: each.copies for each in count_groups(session, on_sms)}
        assert counted == {sms: 1}
