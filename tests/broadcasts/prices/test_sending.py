"""Thresholds and mornings: who is told what, once, in full batches, and nobody who has stopped."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlmodel import Session, col, select

from broadcasts.delivery.claiming import claim_batches
from broadcasts.delivery.planning import plan_page
from broadcasts.prices.mornings import send_mornings
from broadcasts.prices.thresholds import watch
from storage.batches import Batch, unpack
from storage.broadcasts import Broadcast, Form, Priority, bubbles_for, unplanned
from storage.database import Database
from storage.people import Person
from storage.price_thresholds import ANY_NEW, wait_for
from storage.price_units import Unit
from storage.prices import store_prices
from storage.quota import note_quota
from storage.subscriptions import subscribe, unsubscribe
from tests.builders import account, citizen
from tests.handlers.market import MADE, made_price, open_market

MORNING = datetime(2026, 11, 25, 0, 5, tzinfo=UTC)
"""7.05 o'clock of Wednesday 25 November 2569 in Bangkok."""

NEW_DAY = date(2026, 11, 25)


@pytest.fixture
def market(database: Database) -> Database:
    """The made prices, watched already."""
    with database.write() as session:
        open_market(session, MORNING - timedelta(days=4), [row for row in MADE if row[0] != "cassava"])
    watch(database, MORNING - timedelta(days=4))
    return database


def waits(session: Session, who: str, op: str, satang: int, *, language: str = "th") -> int:
    contact, person = citizen(session, who, language=language)
    assert contact.id is not None
    assert person.id is not None
    wait_for(
        session,
        person_id=person.id,
        contact_id=contact.id,
        product="rubber_latex",
        op=op,
        amount=satang,
        unit=Unit.BAHT_PER_KG,
        once=True,
        at=MORNING,
    )
    return contact.id


def gets(session: Session, who: str, *products: str, hour: int | None = None, channel: str = "local") -> int:
    contact, person = citizen(session, who, account_id=account(session, channel))
    assert contact.id is not None
    assert person.id is not None
    person.routine_hour = hour
    for product in products:
        subscribe(session, person.id, contact.id, f"price:{product}", "5709", MORNING - timedelta(days=1))
    return contact.id


def comes(database: Database, satang: int, at: datetime = MORNING) -> None:
    with database.write() as session:
        store_prices(session, "moc", [made_price("rubber_latex", NEW_DAY, satang)], at)


def told(database: Database, at: datetime = MORNING, forms: dict[int, Form] | None = None) -> dict[int, str]:
    """What each contact would be sent now."""
    with database.read() as session:
        released = unplanned(session)
    for broadcast_id in released:
        wait: float | None = 0.0
        while wait is not None:
            with database.write() as session:
                wait = plan_page(session, broadcast_id, at, {account(session): 500}, forms)
    said: dict[int, str] = {}
    with database.read() as session:
        for batch in session.exec(select(Batch).where(col(Batch.state) == "waiting")):
            words = bubbles_for(session.get_one(Broadcast, batch.broadcast_id), batch.language, batch.variant)
            for contact_id in unpack(batch.recipients):
                assert contact_id not in said
                said[contact_id] = "\n".join(bubble.text for bubble in words)
    return said


def test_those_whose_threshold_is_passed_are_told_once(market: Database) -> None:
    with market.write() as session:
        over, english = waits(session, "sim-1", ">", 6500), waits(session, "sim-2", ">", 6500, language="en")
        waits(session, "sim-3", ">", 6600)
        anything = waits(session, "sim-4", ANY_NEW, 0)
    comes(market, 6510)
    assert watch(market, MORNING) == "1 products with new prices, 3 thresholds passed"
    assert watch(market, MORNING) == "0 products with new prices, 0 thresholds passed"
    assert told(market) == {
        over: "น้ำยางสด 65.10 บาท/กก. เกิน 65 ที่ตั้งไว้แล้ว\nวันพุธที่ 25 พ.ย. 2569 ที่มา กระทรวงพาณิชย์",
        english: "Rubber latex 65.10 baht/kg: above 65, as you asked\nWednesday 25 Nov 2026, by Ministry of Commerce",
        anything: "น้ำยางสด 65.10 บาท/กก.\nวันพุธที่ 25 พ.ย. 2569 ที่มา กระทรวงพาณิชย์",
    }


def test_a_held_or_old_price_passes_no_threshold(market: Database) -> None:
    with market.write() as session:
        waits(session, "sim-1", ">", 6500)
    comes(market, 9900)
    assert watch(market, MORNING) == "0 products with new prices, 0 thresholds passed"
    with market.write() as session:
        store_prices(session, "moc", [made_price("rubber_latex", date(2026, 11, 24), 6510)], MORNING)
    assert watch(market, MORNING + timedelta(days=9)) == "1 products with new prices, 0 thresholds passed"


def test_who_stops_between_planning_and_sending_is_left_out(market: Database) -> None:
    with market.write() as session:
        stays, goes = waits(session, "sim-1", ">", 6500), waits(session, "sim-2", ">", 6500)
    comes(market, 6510)
    watch(market, MORNING)
    assert told(market).keys() == {stays, goes}
    with market.write() as session:
        person = session.exec(select(Person).where(Person.id == goes)).one()
        person.stopped_at = MORNING
        session.add(person)
    with market.write() as session:
        (claimed,) = claim_batches(
            session, account(session), Priority.ROUTINE, MORNING, 10, honours_retry_key=True
        )
    assert [claimed.contact_ids[i] for i in range(len(claimed.contact_ids))] == [stays]


def test_mornings_are_grouped_by_what_is_read_and_go_out_once(market: Database) -> None:
    with market.write() as session:
        both = [gets(session, f"sim-{n}", "rubber_latex", "durian") for n in range(3)]
        latex = gets(session, "sim-10", "rubber_latex")
        gets(session, "sim-11", "mangosteen")
        gets(session, "sim-12", "rubber_latex", hour=18)
    comes(market, 6510)
    assert send_mornings(market, MORNING) == "5 people in 1 broadcasts"
    assert send_mornings(market, MORNING + timedelta(minutes=5)) == "released before"
    said = told(market)
    assert said.keys() == {*both, latex}
    assert said[latex] == (
        "ราคาล่าสุด ของวันพุธที่ 25 พ.ย. 2569\nน้ำยางสด 65.10 บาท/กก. ขึ้น 3.90 บาท\nเทียบวันก่อน ที่มา กระทรวงพาณิชย์"
    )
    assert "ทุเรียน 120.00 บาท/กก. ขึ้น 10.00 บาท (20 พ.ย.)" in said[both[0]]
    with market.read() as session:
        sizes = sorted(session.exec(select(Batch.size)))
    assert sizes == [1, 3]
    evening = MORNING + timedelta(hours=11)
    assert send_mornings(market, evening) == "1 people in 1 broadcasts"


def test_without_a_new_price_nothing_goes_out(market: Database) -> None:
    with market.write() as session:
        gets(session, "sim-1", "rubber_latex")
    send_mornings(market, MORNING)
    assert told(market) == {}


def test_a_text_message_has_words_of_its_own(market: Database) -> None:
    with market.write() as session:
        hers = gets(session, "sim-1", "rubber", "durian")
        forms = {account(session): Form.SMS}
    comes(market, 6510)
    send_mornings(market, MORNING)
    text = told(market, forms=forms)[hers]
    assert text.startswith("ราคา 25 พ.ย. 2569 ทุเรียน 120.00 ขึ้น 10.00 น้ำยางสด 65.10")
    assert len(text) <= 134


def test_the_emergency_reserve_is_never_touched(market: Database) -> None:
    with market.write() as session:
        gets(session, "U1", "rubber_latex", channel="line")
        here = gets(session, "sim-1", "rubber_latex")
        note_quota(session, account(session, "line"), limit=10, used=8, at=MORNING)
    comes(market, 6510)
    assert "kept for emergencies" in send_mornings(market, MORNING)
    assert told(market).keys() == {here}


def test_who_ended_it_before_the_batch_goes_out_is_left_out(market: Database) -> None:
    with market.write() as session:
        gone = gets(session, "sim-1", "rubber_latex")
    comes(market, 6510)
    send_mornings(market, MORNING)
    assert told(market).keys() == {gone}
    with market.write() as session:
        unsubscribe(session, gone, MORNING, topic="price:rubber_latex")
        claimed = claim_batches(
            session, account(session), Priority.ROUTINE, MORNING, 10, honours_retry_key=True
        )
    assert claimed == []
