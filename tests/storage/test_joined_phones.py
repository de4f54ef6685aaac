"""One citizen on LINE and with a telephone: what moves, what stays, and what is refused."""

from datetime import timedelta

import pytest
from sqlmodel import Session, select

from storage import people
from storage.database import Database
from storage.farming import FarmCrop
from storage.joined_phones import NotJoined, join_phone
from storage.lifecycles import ContactState
from storage.people import Contact, Person
from storage.subscriptions import Subscription, open_subscriptions
from tests.builders import MAE_CHAN, MAE_SAI, NOW, account, citizen


def two(session: Session) -> tuple[Contact, Contact]:
    contact, _ = citizen(session, "U1", account_id=account(session, "line"))
    phone, _ = citizen(
        session, "+66812345678", account_id=account(session, "sms"), places=(MAE_SAI, MAE_CHAN)
    )
    return contact, phone


def test_a_telephone_becomes_a_second_way_to_reach_her(database: Database) -> None:
    with database.write() as session:
        contact, phone = two(session)
        was = phone.person_id
        join_phone(session, contact.person_id, was, NOW, by="tester")
        assert phone.person_id == contact.person_id
        assert session.get(Person, was) is None
        found = {each.place: each.contact_id for each in open_subscriptions(session, contact.person_id)}
        assert found == {MAE_SAI: contact.id, MAE_CHAN: phone.id}
        assert {each.person_id for each in session.exec(select(Subscription))} == {contact.person_id}
        with pytest.raises(NotJoined, match="already"):
            join_phone(session, contact.person_id, contact.person_id, NOW, by="tester")


def test_what_may_be_somebody_elses_is_not_joined(database: Database) -> None:
    with database.write() as session:
        contact, phone = two(session)
        with pytest.raises(NotJoined, match="one telephone alone"):
            join_phone(session, phone.person_id, contact.person_id, NOW, by="tester")
        session.add(FarmCrop(person_id=phone.person_id, crop="rice", noted_at=NOW))
        session.flush()
        with pytest.raises(NotJoined, match="farm_crop"):
            join_phone(session, contact.person_id, phone.person_id, NOW, by="tester")
        later = NOW + timedelta(minutes=1)
        people.set_contact_state(session, phone.id or 0, ContactState.BLOCKED, later)
        session.refresh(phone)
        with pytest.raises(NotJoined, match="blocked"):
            join_phone(session, contact.person_id, phone.person_id, later, by="tester")


def test_who_stopped_or_was_erased_is_not_reached_by_way_of_another(database: Database) -> None:
    with database.write() as session:
        contact, phone = two(session)
        for column, why in (("stopped_at", "has stopped"), ("erased_at", "has been erased")):
            for person_id in (contact.person_id, phone.person_id):
                person = session.get_one(Person, person_id)
                setattr(person, column, NOW)
                session.flush()
                with pytest.raises(NotJoined, match=f"person {person_id} {why}"):
                    join_phone(session, contact.person_id, phone.person_id, NOW, by="tester")
                setattr(person, column, None)
        join_phone(session, contact.person_id, phone.person_id, NOW, by="tester")
