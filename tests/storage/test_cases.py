"""Ticket numbers that are read out over the telephone: a slip of the tongue is noticed."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import col, select

from storage.cases import (
    Case,
    Jurisdiction,
    case_id_of,
    check_digit,
    late,
    listed,
    open_case,
    sees,
    ticket,
    works_on,
)
from storage.database import Database
from tests.builders import NOW

CASE_IDS = st.integers(1, 2**63 - 1)


@given(CASE_IDS)
def test_a_ticket_names_its_case(case_id: int) -> None:
    assert case_id_of(ticket(case_id)) == case_id
    assert case_id_of(f" {ticket(case_id).replace('-', '')} ") == case_id


@given(CASE_IDS, st.data())
def test_one_wrong_digit_is_noticed(case_id: int, data: st.DataObject) -> None:
    digits = ticket(case_id).replace("-", "")
    at = data.draw(st.integers(0, len(digits) - 1))
    wrong = data.draw(st.sampled_from([digit for digit in "0123456789" if digit != digits[at]]))
    assert case_id_of(digits[:at] + wrong + digits[at + 1 :]) is None


@given(CASE_IDS, st.data())
def test_swapped_neighbours_are_noticed(case_id: int, data: st.DataObject) -> None:
    digits = ticket(case_id).replace("-", "")
    at = data.draw(st.integers(0, len(digits) - 2))
    swapped = digits[:at] + digits[at + 1] + digits[at] + digits[at + 2 :]
    assert case_id_of(swapped) == (case_id if swapped == digits else None)


def test_no_swap_and_no_wrong_digit_among_the_first_tickets_goes_unnoticed() -> None:
    tickets = {ticket(case_id).replace("-", "") for case_id in range(1, 3000)}
    for digits in tickets:
        for at in range(len(digits) - 1):
            swapped = digits[:at] + digits[at + 1] + digits[at] + digits[at + 2 :]
            assert swapped == digits or check_digit(swapped[:-1]) != swapped[-1]


@pytest.mark.parametrize(
    "typed", ["", "-", "4", "4217", "4217-9", "เรื่อง", "4217-x", "4.2e3", "²³", "+42", "9" * 40, "0-0"]
)
def test_what_is_no_ticket_names_no_case(typed: str) -> None:
    assert case_id_of(typed) is None


@given(st.text())
def test_whatever_is_typed_gives_a_case_that_the_database_can_look_for(typed: str) -> None:
    found = case_id_of(typed)
    assert found is None or 1 <= found < 2**63


def test_a_case_is_stored_and_its_ticket_found_again(database: Database) -> None:
    with database.write() as session:
        given_out = open_case(session, Case(kind="complaint", words="ไฟถนนดับ", opened_at=NOW))
    with database.read() as session:
        found = session.exec(select(Case)).one()
    assert (case_id_of(given_out), found.words, found.state, found.opened_at) == (
        found.id,
        "ไฟถนนดับ",
        "new",
        NOW,
    )


def test_who_acts_in_some_places_only_sees_no_confidential_case_of_elsewhere(
    sqlite_database: Database,
) -> None:
    whole = Jurisdiction(agency_id="", places=("57",))
    narrow = Jurisdiction(agency_id="", places=("5709",), narrowed=True)
    with sqlite_database.write() as session:
        for place, confidential in ((None, True), ("570906", True), ("5707", True), ("5707", False)):
            made = Case(
                kind="complaint",
                words="x",
                place=place,
                confidential=confidential,
                opened_at=NOW,
                due_at=NOW + timedelta(hours=len(place or "")),
            )
            open_case(session, made)
        every = session.exec(select(Case).order_by(col(Case.id))).all()
        for by, seen in ((whole, [1, 2, 3, 4]), (narrow, [1, 2, 4])):
            assert [each.id for each in every if sees(by, each)] == seen
            assert [each.id for each in every if works_on(by, each)] == seen
            assert sorted(each.number for each in listed(session, within=by)) == seen
        assert late(session, NOW + timedelta(days=1), whole) == (4, NOW)
        assert late(session, NOW + timedelta(days=1), narrow, agency="") == (3, NOW)
        assert late(session, NOW, whole) == (0, None)
        assert [each.id for each in listed(session, place=["570906", "5707"])] == [3, 4, 2]
