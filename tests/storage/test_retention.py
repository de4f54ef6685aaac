"""What is old is deleted when the table says so, in short transactions, and nothing that may still be needed."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import event as happening
from sqlalchemy import insert
from sqlmodel import Session, SQLModel, col, func, select

from storage import batches, inbox, retention
from storage.alerts import Alert
from storage.audit import AuditEntry
from storage.batches import Batch, RecipientNote, new_batch
from storage.broadcasts import Addressed, Broadcast
from storage.cases import Case, CaseKind
from storage.database import Database
from storage.inbox import InboxEvent
from storage.lifecycles import AlertState, BatchState, BroadcastState, InboxState, MediaState, MessageState
from storage.media import Media, MediaKind
from storage.outbox import Message, say_to
from storage.retention import FORGOTTEN_ELSEWHERE, KEPT, PARKED, RETENTION, forget
from storage.safety import SafetyAnswer, SafetyReport
from storage.tables import metadata
from tests.builders import NOW, account, bubble, citizen, released

OLD = NOW - timedelta(days=402)
OPERATING = Path(__file__).resolve().parents[2] / "docs" / "operating.md"


def test_every_table_says_how_long_its_rows_are_kept() -> None:
    """A new table: add it to one of the three, with its reason."""
    timed = {str(line.table.__tablename__) for line in RETENTION}
    tables = {table.name for table in metadata.tables.values()}
    assert tables - timed - FORGOTTEN_ELSEWHERE.keys() - KEPT.keys() == set()
    assert (timed | FORGOTTEN_ELSEWHERE.keys() | KEPT.keys()) - tables == set()
    assert not timed & FORGOTTEN_ELSEWHERE.keys()
    assert not (timed | FORGOTTEN_ELSEWHERE.keys()) & KEPT.keys()


def test_operators_read_the_same_table() -> None:
    documented = OPERATING.read_text("utf-8")
    for line in RETENTION:
        assert f"| {line.what} | {line.days} days | {line.counted_from} | {line.why} |\n" in documented


def count(database: Database, table: type[SQLModel]) -> int:
    with database.read() as session:
        return session.exec(select(func.count()).select_from(table)).one()


def audited(database: Database, action: str) -> dict[str, Any]:
    with database.read() as session:
        entries = session.exec(select(AuditEntry).where(AuditEntry.action == action))
        return {entry.subject: entry.detail for entry in entries}


def arrived(session: Session, name: str, state: InboxState, at: datetime) -> None:
    one = inbox.ReceivedEvent(account_id=account(session), event_id=name, sender="sim-1", body=b"{}")
    inbox.receive(session, [one], at)
    row = session.exec(select(InboxEvent).where(InboxEvent.event_id == name)).one()
    row.state, row.fault = state, "KeyError at somewhere:1" if state is InboxState.PARKED else ""


def test_events_go_when_they_were_handled_or_long_parked_and_never_while_they_wait(
    database: Database,
) -> None:
    with database.write() as session:
        for days in (6, 8, 29, 31, 500):
            for state in InboxState:
                arrived(session, f"{state} {days}", state, NOW - timedelta(days=days))
    assert forget(database, NOW) == {RETENTION[0].what: 4, PARKED: 2}
    with database.read() as session:
        left = set(session.exec(select(InboxEvent.event_id)))
    assert left == {
        "handled 6",
        *(f"parked {days}" for days in (6, 8, 29)),
        *(f"waiting {days}" for days in (6, 8, 29, 31, 500)),
    }
    gone = audited(database, "inbox.forget_parked")
    assert list(gone.values()) == [{"fault": "KeyError at somewhere:1"}] * 2
    assert all(subject.startswith("inbox_event/") for subject in gone)


def test_settled_messages_go_after_ninety_days(database: Database) -> None:
    with database.write() as session:
        contact, _ = citizen(session)
        for days in (89, 91):
            for state in MessageState:
                said = say_to(session, contact.id or 0, [bubble()], NOW - timedelta(days=days))
                assert said is not None
                said.state = state
    forget(database, NOW)
    with database.read() as session:
        left = session.exec(select(Message.state).where(Message.created_at < NOW - timedelta(days=90)))
        assert set(left) == {"waiting", "sending"}
    assert count(database, Message) == len(MessageState) + 2


def case(session: Session) -> int:
    made = Case(kind=CaseKind.COMPLAINT, words="", opened_at=OLD)
    session.add(made)
    session.flush()
    return made.number


def photo(session: Session, name: str, report_id: int | None, case_id: int | None) -> None:
    session.add(
        Media(
            kind=MediaKind.PHOTO,
            state=MediaState.KEPT,
            account_id=account(session),
            provider_id="",
            file=name,
            case_id=case_id,
            safety_report_id=report_id,
            not_before=OLD,
            created_at=OLD,
        )
    )


def test_reports_of_safety_go_after_four_hundred_days(database: Database) -> None:
    with database.write() as session:
        contact, person = citizen(session)
        for days in (399, 401):
            session.add(
                SafetyReport(
                    contact_id=contact.id or 0,
                    person_id=person.id or 0,
                    answer=SafetyAnswer.NEED_HELP,
                    at=NOW - timedelta(days=days),
                )
            )
            session.flush()
            report = session.exec(select(SafetyReport).order_by(col(SafetyReport.id).desc())).first()
            assert report is not None
            for case_id in (None, case(session)):
                photo(session, f"{days} {case_id is not None}", report.id, case_id)
    forget(database, NOW)
    with database.read() as session:
        (left,) = session.exec(select(SafetyReport))
        photos = {each.file: (each.state, each.safety_report_id) for each in session.exec(select(Media))}
    assert left.at == NOW - timedelta(days=399)
    assert photos == {
        "399 False": ("kept", left.id),
        "399 True": ("kept", left.id),
        "401 False": ("removing", None),
        "401 True": ("kept", None),
    }


def delivered(
    session: Session, *, ended_at: datetime | None, expires_at: datetime = OLD, reached: tuple[int, ...] = ()
) -> int:
    """The number of a broadcast that went to three, with all that is kept of them."""
    sent = released(session, at=OLD - timedelta(hours=6), lives=timedelta(hours=6), reached=reached)
    sent.expires_at, sent.finished_at = expires_at, ended_at
    sent.state = BroadcastState.RELEASED if ended_at is None else BroadcastState.DONE
    assert sent.id is not None
    row = new_batch(sent.id, account(session), "th", "", [1, 2, 3], OLD)
    row |= {"state": BatchState.DONE.value, "outcomes": b"aaf"}
    session.connection().execute(insert(Batch), [row])
    batch = session.exec(select(Batch).where(Batch.broadcast_id == sent.id)).one()
    batches.note(session, batch, [3], "failed", "refused", OLD)
    session.add(Addressed(broadcast_id=sent.id, person_id=1))
    session.flush()
    return sent.id


def kept(database: Database) -> dict[str, set[int]]:
    """The broadcasts of which each table still has a row."""
    with database.read() as session:
        return {
            table.__name__: set(session.exec(select(table.broadcast_id)))
            for table in (Batch, RecipientNote, Addressed)
        }


def test_recipients_go_long_after_the_end_and_their_numbers_stay(database: Database) -> None:
    with database.write() as session:
        over = delivered(session, ended_at=OLD)
        young = delivered(session, ended_at=NOW - timedelta(days=399))
        said_until_lately = delivered(session, ended_at=OLD, expires_at=NOW - timedelta(days=1))
        unfinished = delivered(session, ended_at=None)
    forgotten = forget(database, NOW)
    stays = {young, said_until_lately, unfinished}
    assert kept(database) == dict.fromkeys(("Batch", "RecipientNote", "Addressed"), stays)
    assert sum(forgotten.values()) == 3
    assert audited(database, "broadcast.recipients_forgotten") == {
        f"broadcast/{over}": {"planned": 3, "accepted": 2, "failed": 1}
    }
    with database.read() as session:
        assert session.get_one(Broadcast, over).words
    assert forget(database, NOW) == {}


def alert(
    session: Session, state: AlertState, broadcast_id: int | None, replaces: int | None, expires_at: datetime
) -> int:
    made = Alert(
        identifier=str(uuid4()),
        sender="agency",
        sent=OLD,
        status="Actual",
        msg_type="Update" if replaces else "Alert",
        expires_at=expires_at,
        origin="tester",
        cap=b"",
        state=state,
        broadcast_id=broadcast_id,
        replaces_id=replaces,
        imported_at=OLD,
    )
    session.add(made)
    session.flush()
    assert made.id is not None
    return made.id


@pytest.mark.parametrize(
    ("state", "expires_at", "stays"),
    [
        (AlertState.RELEASED, OLD, True),
        (AlertState.DRAFT, NOW, True),
        (AlertState.DRAFT, OLD - timedelta(days=9), False),
        (AlertState.EXPIRED, OLD, False),
    ],
)
def test_whom_a_correction_may_have_to_reach_is_not_forgotten(
    database: Database, state: AlertState, expires_at: datetime, stays: bool
) -> None:
    """An alert that was updated twice: the newest one decides about all three."""
    with database.write() as session:
        sent = [delivered(session, ended_at=OLD) for _ in range(3)]
        first = alert(session, AlertState.UPDATED, sent[0], None, OLD)
        second = alert(session, AlertState.UPDATED, sent[1], first, OLD)
        alert(session, state, sent[2], second, expires_at)
    forget(database, NOW)
    assert kept(database)["Batch"] == (set(sent) if stays else set())


def test_whom_a_broadcast_on_its_way_addresses_is_not_forgotten(database: Database) -> None:
    with database.write() as session:
        original = delivered(session, ended_at=OLD)
        correction = delivered(session, ended_at=None, reached=(original,))
    forget(database, NOW)
    assert kept(database)["Batch"] == {original, correction}


def test_much_is_deleted_in_many_short_transactions(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with sqlite_database.write() as session:
        contact, _ = citizen(session)
        for _ in range(7):
            said = say_to(session, contact.id or 0, [bubble()], OLD)
            assert said is not None
            said.state = MessageState.ACCEPTED
    (line,) = [each for each in RETENTION if each.table is Message]
    small = retention.Retention(**{**vars(line), "at_once": 2})
    monkeypatch.setattr(retention, "RETENTION", (small,))
    monkeypatch.setattr(retention, "MOST_TRANSACTIONS", 3)
    commits: list[object] = []
    happening.listen(sqlite_database.writer, "commit", commits.append)
    assert forget(sqlite_database, NOW) == {line.what: 6}
    assert len(commits) == 3
    assert forget(sqlite_database, NOW) == {line.what: 1}
    assert count(sqlite_database, Message) == 0


def test_two_clocks_at_once_delete_and_count_each_batch_once(database: Database) -> None:
    with database.write() as session:
        over = delivered(session, ended_at=OLD)
    (line,) = [each for each in RETENTION if each.table is Batch]
    with database.write() as session:
        assert retention.forget_some(session, line, NOW) == 1
        if not database.is_sqlite:
            with database.write() as other:
                assert retention.forget_some(other, line, NOW) == 0
    assert audited(database, "broadcast.recipients_forgotten").keys() == {f"broadcast/{over}"}
    with database.read() as session:
        counted = select(func.count()).where(col(AuditEntry.action) == "broadcast.recipients_forgotten")
        assert session.exec(counted).one() == 1
