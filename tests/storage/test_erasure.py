"""The table of what is erased where: every table is in it, and a person's rows go from each."""

from sqlmodel import select

from storage import erasure, people
from storage.database import Database
from storage.erasure import ERASED_ELSEWHERE, HOLDINGS, NOTHING_PERSONAL, erase, let_go
from storage.inbox import InboxEvent, ReceivedEvent, receive, retry_parked
from storage.lifecycles import ContactState, InboxState
from storage.local_phones import FROM_CITIZEN, LocalRequest, deliver
from storage.local_uploads import LocalUpload
from storage.outbox import say_to
from storage.own_places import Called, call
from storage.people import Contact
from storage.tables import metadata
from tests.builders import NOW, account, bubble, citizen
from tests.storage.traces import contents, traces


def test_every_table_says_what_becomes_of_a_person_in_it() -> None:
    """A new table: add it to one of the three, with its reason."""
    named = {str(holding.table.__tablename__) for holding in HOLDINGS}
    tables = {table.name for table in metadata.tables.values()}
    assert tables - named - ERASED_ELSEWHERE.keys() - NOTHING_PERSONAL.keys() == set()
    assert (named | ERASED_ELSEWHERE.keys() | NOTHING_PERSONAL.keys()) - tables == set()
    assert not named & NOTHING_PERSONAL.keys()
    assert not ERASED_ELSEWHERE.keys() & NOTHING_PERSONAL.keys()


def test_tables_that_name_a_person_or_a_contact_are_not_taken_for_harmless() -> None:
    # By number only; a CAP message's sender is an agency; a simulated phone is her own; officers are no citizens.
    known = {"addressed", "alert", "alert_draft", "local_phone", "officer", "officer_session", "text_instead"}
    suspicious = {
        table.name
        for table in metadata.tables.values()
        if {"person_id", "contact_id", "address", "sender", "words"} & set(table.columns.keys())
    }
    assert suspicious & NOTHING_PERSONAL.keys() - known == {"broadcast"}


def test_ids_stay_so_that_nobody_else_is_given_them(database: Database) -> None:
    with database.write() as session:
        contact, person = citizen(session, "sim-1")
        assert person.id is not None
        assert contact.id is not None
        call(session, person.id, "5709", Called.HOME)
        erase(session, person.id, NOW, actor="tester")
        newcomer, _ = people.contact_at(session, account(session), "sim-1", NOW)
        assert newcomer.id != contact.id
        assert contact.address == f"erased:{contact.id}"
        assert contact.state == ContactState.ERASED
        assert erasure.subject_of(session, person.id).contact_ids == (contact.id,)


def test_words_on_a_simulated_phone_go_and_what_all_were_told_stays(database: Database) -> None:
    with database.write() as session:
        _, person = citizen(session, "sim-1")
        citizen(session, "sim-2")
        assert person.id is not None
        deliver(session, "mine", ["sim-1"], [{"text": "ความลับ", "media": "up-1"}], NOW, origin=FROM_CITIZEN)
        deliver(session, "all", ["sim-1", "sim-2"], [{"text": "คำเตือน"}], NOW)
        session.add(LocalUpload(id="up-1", media_type="image/jpeg", data=b"photo of her", at=NOW))
        session.add(LocalUpload(id="up-2", media_type="image/jpeg", data=b"photo of him", at=NOW))
        session.flush()
        erase(session, person.id, NOW, actor="tester")
    with database.read() as session:
        assert session.exec(select(LocalRequest.key)).all() == ["all"]
        assert session.exec(select(LocalUpload.id)).all() == ["up-2"]
    assert traces(contents(database), ["ความลับ", b"photo of her", b"photo of him"]) == [b"photo of him"]


def test_parked_events_go_and_can_not_be_tried_again(database: Database) -> None:
    with database.write() as session:
        _, person = citizen(session, "sim-1")
        assert person.id is not None
        for name in ("parked", "handled"):
            event = ReceivedEvent(
                account_id=account(session), event_id=name, sender="sim-1", body=b"a secret of hers"
            )
            receive(session, [event], NOW)
            row = session.exec(select(InboxEvent).where(InboxEvent.event_id == name)).one()
            row.state = InboxState(name)
        session.flush()
        erase(session, person.id, NOW, actor="tester")
        (left,) = session.exec(select(InboxEvent)).all()
        assert (left.event_id, left.body, left.sender) == ("handled", b"", "")
        assert retry_parked(session, NOW) == 0
    assert traces(contents(database), ["a secret of hers"]) == []


def test_who_has_nothing_left_to_hear_is_forgotten(database: Database) -> None:
    with database.write() as session:
        contact, _ = people.contact_at(session, account(session), "sim-only-blocked", NOW)
        waits, _ = people.contact_at(session, account(session), "sim-waits", NOW)
        assert contact.id is not None
        assert waits.id is not None
        say_to(session, waits.id, [bubble()], NOW)
        for each in (contact.id, waits.id):
            let_go(session, each, NOW)
        session.flush()
        assert erasure.forget_those_who_left(session, NOW) == 1
    with database.read() as session:
        assert {each.address for each in session.exec(select(Contact))} == {
            f"erased:{contact.id}",
            "sim-waits",
        }
    assert traces(contents(database), ["sim-only-blocked", "sim-waits"]) == ["sim-waits"]


def test_a_reader_in_the_way_only_delays_the_emptying_of_the_journal(sqlite_database: Database) -> None:
    with sqlite_database.write() as session:
        _, person = citizen(session, "sim-1")
        assert person.id is not None
    with sqlite_database.engine.connect() as reader:
        reader.exec_driver_sql("SELECT count(*) FROM contact").scalar_one()
        with sqlite_database.write() as session:
            erase(session, person.id, NOW, actor="tester")
        assert not sqlite_database.wipe_journal()
        assert traces(contents(sqlite_database), ["sim-1"]) == ["sim-1"]
    with sqlite_database.write() as session:
        erasure.forget_those_who_left(session, NOW)
    assert traces(contents(sqlite_database), ["sim-1"]) == []
