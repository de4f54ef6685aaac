"""The network of the simulator: what was accepted is on the phones, once a key."""

import pytest

from storage.database import Database
from storage.local_phones import FROM_CITIZEN, LocalPhone, deliver, messages_after, phones
from tests.builders import NOW
from tests.storage.racing import at_once

BODY = [{"text": "น้ำป่ามาแล้ว"}]


def test_a_request_arrives_on_each_phone_once_a_key(database: Database) -> None:
    with database.write() as session:
        assert deliver(session, "key", ["sim-1", "sim-2"], BODY, NOW)
        assert not deliver(session, "key", ["sim-1", "sim-2"], BODY, NOW)
        assert deliver(session, "other key", ["sim-2"], BODY, NOW, origin=FROM_CITIZEN)
        found = messages_after(session, ["sim-2"], 0)
    assert [(message.address, message.origin, body) for message, body in found] == [
        ("sim-2", "krajai", BODY),
        ("sim-2", "citizen", BODY),
    ]


@pytest.mark.postgres
def test_a_late_and_a_new_worker_with_one_key_are_accepted_once(postgres_database: Database) -> None:
    assert at_once(
        postgres_database,
        lambda session: deliver(session, "key", ["sim-1"], BODY, NOW),
        lambda session: deliver(session, "key", ["sim-1"], BODY, NOW),
    ) == (True, False)
    with postgres_database.read() as session:
        assert len(messages_after(session, ["sim-1"], 0)) == 1


def test_a_request_to_nobody_is_accepted_and_remembered(database: Database) -> None:
    with database.write() as session:
        assert deliver(session, "key", [], BODY, NOW)
        assert not deliver(session, "key", ["sim-1"], BODY, NOW)
        assert messages_after(session, ["sim-1"], 0) == []


def test_messages_are_read_on_from_the_last_one(database: Database) -> None:
    with database.write() as session:
        for number in range(5):
            deliver(session, str(number), ["sim-1"], [{"text": str(number)}], NOW)
        first = messages_after(session, ["sim-1"], 0, most=2)
        rest = messages_after(session, ["sim-1"], first[-1][0].id or 0)
        assert messages_after(session, [], 0) == []
    assert [body[0]["text"] for _, body in [*first, *rest]] == list("01234")


def test_phones_are_listed_by_address(database: Database) -> None:
    with database.write() as session:
        session.add_all(
            LocalPhone(address=address, name="คำ", created_at=NOW) for address in ("sim-2", "sim-1")
        )
    with database.read() as session:
        assert [phone.address for phone in phones(session)] == ["sim-1", "sim-2"]
