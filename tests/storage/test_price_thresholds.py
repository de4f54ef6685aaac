"""Thresholds: told when they are passed, once or each time, and never to who stopped."""

import pytest
from sqlmodel import Session, select

from storage.database import Database
from storage.erasure import erase
from storage.price_thresholds import (
    ANY_NEW,
    MOST_RULES,
    PriceThreshold,
    bounds_passed,
    close,
    fire,
    rules_of,
    wait_for,
)
from storage.price_units import Unit
from tests.builders import NOW, citizen


def rule(
    session: Session, who: str, op: str, amount: int, *, once: bool = True, unit: Unit = Unit.BAHT_PER_KG
) -> int:
    contact, person = citizen(session, who)
    assert contact.id is not None
    assert person.id is not None
    assert wait_for(
        session,
        person_id=person.id,
        contact_id=contact.id,
        product="rubber_latex",
        op=op,
        amount=amount,
        unit=unit,
        once=once,
        at=NOW,
    )
    return person.id


def price(session: Session, number: int, satang: int) -> int:
    return fire(
        session, price_id=number, product="rubber_latex", unit=Unit.BAHT_PER_KG, satang=satang, at=NOW
    )


@pytest.mark.parametrize(
    ("op", "amount", "passes", "does_not"),
    [
        (">", 6500, 6501, 6500),
        (">=", 6500, 6500, 6499),
        ("<", 6500, 6499, 6500),
        ("<=", 6500, 6500, 6501),
        (ANY_NEW, 0, 1, None),
    ],
)
def test_bounds(database: Database, op: str, amount: int, passes: int, does_not: int | None) -> None:
    with database.write() as session:
        rule(session, "sim-1", op, amount)
        assert does_not is None or price(session, 1, does_not) == 0
        assert price(session, 2, passes) == 1
        assert price(session, 3, passes) == 0
        assert bounds_passed(session, 2) == [(op, amount, Unit.BAHT_PER_KG.value)]


def test_each_time_is_told_again_only_after_the_price_came_back(database: Database) -> None:
    with database.write() as session:
        person_id = rule(session, "sim-1", ">", 6500, once=False)
        told = [price(session, n, satang) for n, satang in enumerate((6600, 6700, 6400, 6600), 1)]
        assert told == [1, 0, 0, 1]
        assert len(rules_of(session, person_id)) == 1


def test_bounds_in_another_unit_of_weight_and_other_measures(database: Database) -> None:
    with database.write() as session:
        rule(session, "sim-1", ">", 6_500_000, unit=Unit.BAHT_PER_TONNE)
        rule(session, "sim-2", ">", 1, unit=Unit.BAHT_PER_EGG)
        assert price(session, 1, 6501) == 1


def test_the_same_rule_twice_is_one_and_there_are_not_endlessly_many(sqlite_database: Database) -> None:
    with sqlite_database.write() as session:
        person_id = rule(session, "sim-1", ">", 6500)
        rule(session, "sim-1", ">", 6500, once=False)
        (only,) = rules_of(session, person_id)
        assert not only.once
        for n in range(1, MOST_RULES):
            rule(session, "sim-1", ">", 6500 + n)
        refused = wait_for(
            session,
            person_id=person_id,
            contact_id=only.contact_id,
            product="durian",
            op=">",
            amount=1,
            unit=Unit.BAHT_PER_KG,
            once=True,
            at=NOW,
        )
        assert not refused


def test_a_closed_rule_is_silent_and_an_erased_person_has_none(database: Database) -> None:
    with database.write() as session:
        person_id = rule(session, "sim-1", ">", 6500)
        other = rule(session, "sim-2", ">", 6500)
        assert close(session, person_id, NOW) == 1
        assert price(session, 1, 6600) == 1
        erase(session, other, NOW, actor="tester")
        kept = session.exec(select(PriceThreshold.person_id)).all()
        assert kept == [person_id]
