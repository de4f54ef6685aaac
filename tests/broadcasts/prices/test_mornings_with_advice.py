"""The day's advice in the message of the prices: one message a person, at her hour, with or without new prices."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlmodel import Session, col, select

from broadcasts.advice import daily
from broadcasts.delivery.planning import plan_page
from broadcasts.prices import mornings
from broadcasts.prices.mornings import send_mornings
from storage.batches import Batch, unpack
from storage.broadcasts import Broadcast, Form, bubbles_for, unplanned
from storage.database import Database
from storage.lifecycles import ContactState
from storage.people import Contact, Person
from storage.prices import store_prices
from storage.quota import note_quota
from storage.subscriptions import subscribe, unsubscribe
from tests.broadcasts.advice.scene import confirmed, farmer, weather
from tests.builders import account, citizen
from tests.handlers.market import MADE, made_price, open_market

EARLY = datetime(2026, 11, 20, 23, 30, tzinfo=UTC)
"""6.30 o'clock of Saturday 21 November 2569 in Bangkok."""

MORNING = EARLY + timedelta(minutes=35)
EVENING = MORNING + timedelta(hours=11)

PRICES = "ราคาล่าสุด ของวันเสาร์ที่ 21 พ.ย. 2569\nทุเรียน 125.00 บาท/กก. ขึ้น 5.00 บาท\nเทียบวันก่อน ที่มา กระทรวงพาณิชย์"
BESIDE = "ยางพารา: หน้ายางเปียกอย่าเพิ่งกรีด รอให้แห้งก่อน (มีฝน 21-23 พ.ย. 2569)\nพยากรณ์ ภาคเหนือ จากกรมอุตุนิยมวิทยา"
ALONE = (
    "ยางพารา: หน้ายางเปียกอย่าเพิ่งกรีด รอให้แห้งก่อน\nภาคเหนือ 21-23 พ.ย. 2569 คาดว่ามีฝน ฝนราว 70 % ของพื้นที่\n"
    "พยากรณ์จากกรมอุตุนิยมวิทยา 21 พ.ย. 2569"
)


@pytest.fixture
def market(database: Database) -> Database:
    """Prices of yesterday, a new one for durian only, and rain enough for an advice about rubber."""
    with database.write() as session:
        open_market(session, MORNING - timedelta(days=2), [row for row in MADE if row[0] != "cassava"])
        store_prices(session, "moc", [made_price("durian", date(2026, 11, 21), 12500)], EARLY)
        confirmed(session)
        weather(session, "rain", percent=70)
    return database


def gets_prices(session: Session, person_id: int, *products: str, hour: int | None = None) -> int:
    """She gets these prices every day; her contact."""
    contact = session.exec(select(Contact).where(Contact.person_id == person_id)).first()
    assert contact is not None
    assert contact.id is not None
    session.get_one(Person, person_id).routine_hour = hour
    for product in products:
        subscribe(session, person_id, contact.id, f"price:{product}", "5709", EARLY - timedelta(days=1))
    return contact.id


def both(
    session: Session, address: str, *products: str, hour: int | None = None, channel: str = "local"
) -> int:
    """Somebody who grows rubber, wants advice, and gets these prices."""
    person_id = farmer(session, address, "rubber", account_id=account(session, channel))
    return gets_prices(session, person_id, *products, hour=hour)


def the_morning(database: Database) -> dict[int, list[str]]:
    """All jobs of a morning as the schedule has them; the messages of each contact, one text a message."""
    daily.tell_severe(database, EARLY - timedelta(minutes=30), merged=mornings.come_soon)
    daily.tell(database, EARLY, merged=mornings.come_today)
    daily.tell_severe(database, MORNING, merged=mornings.come_soon)
    send_mornings(database, MORNING)
    return messages(database, MORNING)


def messages(database: Database, at: datetime) -> dict[int, list[str]]:
    with database.read() as session:
        released = unplanned(session)
    for broadcast_id in released:
        wait: float | None = 0.0
        while wait is not None:
            with database.write() as session:
                forms = {account(session, "sms"): Form.SMS}
                wait = plan_page(session, broadcast_id, at, {account(session): 500}, forms)
    said: dict[int, list[str]] = {}
    with database.read() as session:
        for batch in session.exec(select(Batch).order_by(col(Batch.id))):
            words = bubbles_for(session.get_one(Broadcast, batch.broadcast_id), batch.language, batch.variant)
            for contact_id in unpack(batch.recipients):
                said.setdefault(contact_id, []).append("\n--\n".join(bubble.text for bubble in words))
    return said


def test_prices_and_advice_are_one_message_at_her_hour(market: Database) -> None:
    with market.write() as session:
        three = [both(session, f"both-{number}", "durian") for number in range(3)]
        advice_only = both(session, "advice-only")
        _, person = citizen(session, "prices-only", at=EARLY - timedelta(days=1))
        assert person.id is not None
        prices_only = gets_prices(session, person.id, "durian")
        nothing_new = both(session, "nothing-new", "rubber_latex")
        evening = both(session, "evening", "durian", hour=18)
    said = the_morning(market)
    assert said == {
        **{each: [f"{PRICES}\n--\n{BESIDE}"] for each in three},
        advice_only: [ALONE],
        nothing_new: [ALONE],
        prices_only: [PRICES],
    }
    with market.read() as session:
        assert 3 in set(session.exec(select(Batch.size))), "the same words go in one batch"
    send_mornings(market, MORNING + timedelta(minutes=10))
    send_mornings(market, EVENING)
    assert messages(market, EVENING) == {**said, evening: [f"{PRICES}\n--\n{BESIDE}"]}


def test_the_buttons_of_both_stand_under_the_last_words(market: Database) -> None:
    with market.write() as session:
        both(session, "both", "durian")
    send_mornings(market, MORNING)
    with market.read() as session:
        first, last = bubbles_for(session.exec(select(Broadcast)).one(), "th", "")
    assert first.buttons == ()
    assert [button.action for button in last.buttons] == ["prices", "price.daily_end:", "farm"]


def test_a_text_message_has_both_in_three_segments(market: Database) -> None:
    with market.write() as session:
        hers = both(session, "+66812345678", "durian", "rubber", channel="sms")
    (text,) = the_morning(market)[hers]
    assert text.startswith("ราคา 21 พ.ย. 2569 ทุเรียน 125.00 ขึ้น 5.00")
    assert text.endswith("ยางพารา: หน้ายางเปียกอย่าเพิ่งกรีด รอให้แห้งก่อน (มีฝน 21-23 พ.ย. 2569)")
    assert len(text) <= 201


def test_what_may_not_wait_waits_for_prices_of_this_hour_or_the_next_only(market: Database) -> None:
    with market.write() as session:
        weather(session, "wind")
        at_seven, at_eighteen = both(session, "seven", "durian"), both(session, "eighteen", "durian", hour=18)
    said = the_morning(market)
    assert len(said[at_seven]) == len(said[at_eighteen]) == 1
    assert said[at_seven][0].startswith(PRICES)
    assert said[at_eighteen][0].startswith("ยางพารา: ")
    send_mornings(market, EVENING)
    assert messages(market, EVENING)[at_eighteen] == [*said[at_eighteen], PRICES]


def test_of_her_contacts_the_first_that_can_be_reached_gets_it(market: Database) -> None:
    with market.write() as session:
        blocked, active = both(session, "one", "durian"), both(session, "other")
        one, other = session.get_one(Contact, blocked), session.get_one(Contact, active)
        nobody_now, other.person_id, one.state = other.person_id, one.person_id, ContactState.BLOCKED
        unsubscribe(session, nobody_now, EARLY)
        for topic in ("price:durian", "advice:rubber"):
            subscribe(session, one.person_id, active, topic, "5001", EARLY - timedelta(days=1))
    assert the_morning(market) == {active: [f"{PRICES}\n--\n{BESIDE}"]}


def test_an_account_without_room_gets_neither(market: Database) -> None:
    with market.write() as session:
        both(session, "U1", "durian", channel="line")
        here = both(session, "sim-1", "durian")
        note_quota(session, account(session, "line"), limit=10, used=8, at=MORNING)
    assert the_morning(market).keys() == {here}
