"""The audit log keeps what was said of an act, in order, with the act itself."""

import pytest
from sqlmodel import Session, col, select

from storage.audit import AuditEntry, record
from storage.database import Database
from tests.builders import NOW


def entries(session: Session) -> list[AuditEntry]:
    return list(session.exec(select(AuditEntry).order_by(col(AuditEntry.id))))


def test_an_entry_keeps_who_did_what_to_what_and_when(database: Database) -> None:
    detail = {"area": ["5709"], "count": 3, "reason": "น้ำลดแล้ว"}
    with database.write() as session:
        record(session, NOW, actor="ploy", action="alert.cancelled", subject="alert/12", detail=detail)
        record(session, NOW, actor="clock", action="alert.expired", subject="alert/13")
    with database.read() as session:
        first, second = entries(session)
    assert (first.actor, first.action, first.subject, first.at) == (
        "ploy",
        "alert.cancelled",
        "alert/12",
        NOW,
    )
    assert (first.detail, second.detail) == (detail, None)


def record_and_fail(database: Database) -> None:
    with database.write() as session:
        record(session, NOW, actor="ploy", action="alert.cancelled", subject="alert/12")
        raise ZeroDivisionError


def test_an_act_that_did_not_happen_is_not_in_the_log(database: Database) -> None:
    with pytest.raises(ZeroDivisionError):
        record_and_fail(database)
    with database.read() as session:
        assert entries(session) == []
