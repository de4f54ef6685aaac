"""What comes after an erased message has a number after it, or the phone that asks for news never sees it."""

from sqlmodel import delete, select

from storage.database import Database
from storage.local_phones import LocalMessage, LocalPhone, deliver, messages_after
from tests.builders import NOW


def test_an_erased_number_is_not_given_again(database: Database) -> None:
    with database.write() as session:
        session.add(LocalPhone(address="sim-1", name="ยายคำ", created_at=NOW))
        deliver(session, "first", ["sim-1"], [{"text": "ก"}], NOW)
        seen = session.exec(select(LocalMessage.id)).one()
        assert seen is not None
        session.connection().execute(delete(LocalMessage))
        deliver(session, "farewell", ["sim-1"], [{"text": "ลบแล้ว"}], NOW)
        assert [body for _, body in messages_after(session, ["sim-1"], seen)] == [[{"text": "ลบแล้ว"}]]
