"""The audit log keeps what was said of an act, in order, as a chain that shows who tampered with it."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, col, select

from storage import audit
from storage.audit import AuditEntry, record
from storage.audit_chain import BEGINNING
from storage.database import Database
from tests.builders import NOW


def entries(session: Session) -> list[AuditEntry]:
    return list(session.exec(select(AuditEntry).order_by(col(AuditEntry.id))))


def fill(database: Database, number: int = 5) -> None:
    for each in range(1, number + 1):
        with database.write() as session:
            detail: dict[str, Any] = {
                "count": each,
                "share": each / 2,
                "large": 1e20,
                "why": "น้ำลดแล้ว",
                "none": None,
            }
            record(session, NOW, actor="ploy", action="test", subject=f"test/{each}", detail=detail)


def verdict(database: Database) -> tuple[int | None, str]:
    with database.read() as session:
        found = audit.verify(session)
        return found.broken_at, found.fault


def test_an_entry_keeps_who_did_what_to_what_and_when(database: Database) -> None:
    detail = {"area": ["5709"], "count": 3, "reason": "น้ำลดแล้ว"}
    with database.write() as session:
        record(session, NOW, actor="ploy", action="alert.cancelled", subject="alert/12", detail=detail)
        record(session, NOW, actor="clock", action="alert.expired", subject="alert/13")
    with database.read() as session:
        first, second = entries(session)
        end = audit.head(session)
    assert (first.actor, first.action, first.subject, first.at) == (
        "ploy",
        "alert.cancelled",
        "alert/12",
        NOW,
    )
    assert (first.detail, second.detail) == (detail, None)
    assert [first.previous, second.previous, end.hash] == [BEGINNING, first.hash, second.hash]
    assert (first.id, second.id, end.entries) == (1, 2, 2)


def record_and_fail(database: Database) -> None:
    with database.write() as session:
        record(session, NOW, actor="ploy", action="alert.cancelled", subject="alert/12")
        raise ZeroDivisionError


def test_an_act_that_did_not_happen_is_not_in_the_log(database: Database) -> None:
    with pytest.raises(ZeroDivisionError):
        record_and_fail(database)
    fill(database, 1)
    with database.read() as session:
        assert [each.subject for each in entries(session)] == ["test/1"]
    assert verdict(database) == (None, "")


def test_what_a_savepoint_recorded_goes_with_it(database: Database) -> None:
    with database.write() as session:
        record(session, NOW, actor="ploy", action="before", subject="test/1")
        within = session.begin_nested()
        record(session, NOW, actor="ploy", action="within", subject="test/1")
        within.rollback()
        with session.begin_nested():
            record(session, NOW, actor="ploy", action="kept", subject="test/1")
    with database.read() as session:
        assert [each.action for each in entries(session)] == ["before", "kept"]
    assert verdict(database) == (None, "")


def test_a_transaction_sees_what_it_recorded(database: Database) -> None:
    with database.write() as session:
        record(session, NOW, actor="ploy", action="test", subject="test/1")
        assert session.exec(select(AuditEntry.id).where(AuditEntry.subject == "test/1")).first() == 1
        record(session, NOW, actor="ploy", action="test", subject="test/2")
        assert audit.head(session).entries == 2
    assert verdict(database) == (None, "")


def test_what_cannot_be_stored_is_refused_or_made_storable(database: Database) -> None:
    with database.write() as session:
        detail = {"a\0": ["b\0", 2.0], "n": {"x": (1, 2)}}
        record(session, NOW, actor="a\0b", action="test", subject="test/\0", detail=detail)
        with pytest.raises(ValueError, match="naive"):
            record(session, NOW.replace(tzinfo=None), actor="a", action="test", subject="test/1")
    assert verdict(database) == (None, "")


def test_rows_cannot_be_changed_or_deleted(database: Database) -> None:
    fill(database, 2)
    statements = ["UPDATE audit_entry SET actor = 'x' WHERE id = 1", "DELETE FROM audit_entry WHERE id = 2"]
    for statement in [*statements, *(() if database.is_sqlite else ("TRUNCATE audit_entry",))]:
        with pytest.raises(DBAPIError, match="only ever added"), database.write() as session:
            session.connection().execute(text(statement))
    assert verdict(database) == (None, "")


TAMPERING = {
    "UPDATE audit_entry SET actor = 'somebody' WHERE id = 3": 3,
    "UPDATE audit_entry SET detail = NULL WHERE id = 2": 2,
    "UPDATE audit_entry SET at = '2020-01-01' WHERE id = 4": 4,
    "UPDATE audit_entry SET hash = 'x' WHERE id = 5": 5,
    "UPDATE audit_entry SET previous = 'x' WHERE id = 1": 1,
    "DELETE FROM audit_entry WHERE id = 2": 2,
    "DELETE FROM audit_entry WHERE id = 5": 5,
    "UPDATE audit_head SET entries = 4": 6,
}


def test_verify_names_the_first_broken_row(database: Database) -> None:
    fill(database)
    off = (
        ["DROP TRIGGER audit_entry_no_update", "DROP TRIGGER audit_entry_no_delete"]
        if database.is_sqlite
        else ["ALTER TABLE audit_entry DISABLE TRIGGER audit_entry_no_change"]
    )
    for statement, broken_at in TAMPERING.items():
        with database.read() as session:
            for each in (*off, statement):
                session.connection().execute(text(each))
            session.expire_all()
            found = audit.verify(session)
            assert (found.broken_at, found.holds) == (broken_at, False), statement
            assert found.fault
            session.rollback()
    assert verdict(database) == (None, "")


def test_transactions_at_once_make_one_chain(database: Database) -> None:
    def write(thread: int) -> None:
        for each in range(10):
            with database.write() as session:
                record(session, NOW, actor=f"thread {thread}", action="test", subject=f"test/{each}")
                record(session, NOW, actor=f"thread {thread}", action="test", subject=f"test/{each}")

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(write, range(6)))
    with database.read() as session:
        assert [each.id for each in entries(session)] == list(range(1, 121))
    assert verdict(database) == (None, "")


def test_entries_are_found_by_what_they_say(sqlite_database: Database) -> None:
    fill(sqlite_database, 12)
    with sqlite_database.write() as session:
        record(session, NOW, actor="anan", action="sign_in.fail", subject="officer/1")
    with sqlite_database.read() as session:
        assert [each.id for each in audit.entries(session, actor="anan")] == [13]
        assert [each.id for each in audit.entries(session, action="sign_in")] == [13]
        assert audit.entries(session, action="sign%") == []
        assert [each.id for each in audit.entries(session, limit=2, below=12)] == [11, 10]
        assert audit.entries(session, until=NOW) == []
        assert [each.id for each in audit.in_order(session, since=12)] == [12, 13]
        assert audit.hash_at(session, 0) == BEGINNING
