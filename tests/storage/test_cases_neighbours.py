"""Neighbours who report the same find one another; nobody finds a confidential case."""

from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import Session

from storage.cases import Case, open_case
from storage.cases_following import MOST_MISSES_AN_HOUR, follow, followers, forget_old_misses, note_miss
from storage.cases_neighbours import neighbour
from storage.database import Database
from storage.lifecycles import CaseState
from tests.builders import NOW, citizen

HERE = (18.8011, 98.9512)
FIFTY_METRES = (18.80155, 98.9512)
A_KILOMETRE = (18.8101, 98.9512)


def reported(session: Session, **fields: Any) -> Case:
    known: dict[str, Any] = {
        "kind": "complaint",
        "category": "street-light",
        "words": "ดับ",
        "place": "500108",
        "opened_at": NOW,
    }
    case = Case(**(known | fields))
    open_case(session, case)
    return case


def at(position: tuple[float, float]) -> dict[str, float]:
    return {"latitude": position[0], "longitude": position[1]}


def test_positions_decide_where_both_are_known(database: Database) -> None:
    with database.write() as session:
        case = reported(session, **at(HERE))
        near = neighbour(session, "street-light", "500108", *FIFTY_METRES)
        assert near is not None
        assert (near.case.number, near.people, near.same_spot) == (case.number, 1, True)
        assert neighbour(session, "street-light", "500108", *A_KILOMETRE) is None
        by_place = neighbour(session, "street-light", "50010803", None, None)
        assert by_place is not None
        assert not by_place.same_spot


@pytest.mark.parametrize(
    ("fields", "asked"),
    [
        ({"category": "road"}, "street-light"),
        ({"state": CaseState.CLOSED}, "street-light"),
        ({"state": CaseState.CANCELLED}, "street-light"),
        ({"place": "500107"}, "street-light"),
        ({"place": "5001"}, "street-light"),
        ({"kind": "damage"}, "street-light"),
        ({"category": "corruption", "confidential": True}, "corruption"),
    ],
)
def test_what_is_no_neighbour(sqlite_database: Database, fields: dict[str, Any], asked: str) -> None:
    with sqlite_database.write() as session:
        reported(session, **fields)
        assert neighbour(session, asked, "500108", None, None) is None
        assert neighbour(session, asked, "5001", None, None) is None
        assert neighbour(session, asked, None, None, None) is None


def test_following_counts_each_person_once(database: Database) -> None:
    with database.write() as session:
        case = reported(session)
        contact, person = citizen(session)
        assert person.id is not None
        assert contact.id is not None
        assert follow(session, case.number, person.id, contact.id, NOW)
        assert not follow(session, case.number, person.id, contact.id, NOW)
        assert len(followers(session, case.number)) == 1
        found = neighbour(session, "street-light", "500108", None, None)
        assert found is not None
        assert found.people == 2


def test_misses_are_counted_for_an_hour(database: Database) -> None:
    with database.write() as session:
        _, person = citizen(session)
        assert person.id is not None
        for _ in range(MOST_MISSES_AN_HOUR):
            assert note_miss(session, person.id, NOW)
        assert not note_miss(session, person.id, NOW)
        assert note_miss(session, person.id, NOW + timedelta(hours=1))
        assert forget_old_misses(session, NOW + timedelta(hours=1)) == MOST_MISSES_AN_HOUR
