"""The audit log: who did what to what, and when. Rows are only ever added. It holds no citizen's data.

Rows are a chain of hashes (`storage.audit_chain`), numbered without gaps. The database itself refuses to change or
delete one (triggers of migration 0016), and `verify` names the first row that was tampered with all the same. What a
transaction records is numbered when it commits, under the lock of the chain's head: two transactions never hold that
lock across their other work, so that they cannot wait for each other in a circle.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Index, event, insert, update
from sqlalchemy.orm import ORMExecuteState, SessionTransaction
from sqlalchemy.orm import Session as OrmSession
from sqlmodel import Field, Session, SQLModel, col, select

from storage.audit_chain import BEGINNING, hash_of, plain
from storage.columns import BigId, Json, UtcDateTime

ROWS_AT_ONCE = 1000

_PENDING = "krajai.audit"
_HEAD_ROW = 1


class AuditEntry(SQLModel, table=True):
    """`subject` names the thing as kind/id, such as alert/12. Entries are made with `record` only."""

    __tablename__ = "audit_entry"
    __table_args__ = (
        Index("audit_entry_subject", "subject", "id"),
        Index("audit_entry_actor", "actor", "id"),
        Index("audit_entry_action", "action", "id"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    at: datetime = Field(sa_type=UtcDateTime)
    actor: str
    action: str
    subject: str
    detail: dict[str, Any] | None = Field(default=None, sa_type=Json)
    previous: str
    hash: str


class AuditHead(SQLModel, table=True):
    """The end of the chain: how many entries there are, and the last one's hash. One row."""

    __tablename__ = "audit_head"

    id: int = Field(default=_HEAD_ROW, primary_key=True)
    entries: int = Field(default=0, sa_type=BigId)
    hash: str = BEGINNING


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What `verify` found: `entries` that hold, and the first row that does not, with the reason."""

    entries: int
    hash: str
    broken_at: int | None = None
    fault: str = ""

    @property
    def holds(self) -> bool:
        return self.broken_at is None


def record(
    session: Session,
    at: datetime,
    *,
    actor: str,
    action: str,
    subject: str,
    detail: dict[str, Any] | None = None,
) -> None:
    """Add an entry in the same transaction as the act itself."""
    if at.tzinfo is None:
        raise ValueError(f"naive time {at.isoformat()}: give it a zone before storing it")
    said = {
        "at": at,
        "actor": _storable(actor),
        "action": action,
        "subject": _storable(subject),
        "detail": None if detail is None else _storable(plain(detail)),
    }
    session.info.setdefault(_PENDING, []).append((session.get_nested_transaction(), said))


def head(session: Session) -> AuditHead:
    """The chain's end as it stands."""
    return session.exec(select(AuditHead)).one()


def entries(
    session: Session,
    *,
    actor: str = "",
    action: str = "",
    subject: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
    below: int | None = None,
    limit: int = 100,
) -> list[AuditEntry]:
    """The newest first; `action` and `subject` match what begins with them, `below` goes on after a page."""
    query = select(AuditEntry).order_by(col(AuditEntry.id).desc()).limit(limit)
    if actor:
        query = query.where(AuditEntry.actor == actor)
    for column, text in ((AuditEntry.action, action), (AuditEntry.subject, subject)):
        if text:
            query = query.where(col(column).startswith(text, autoescape=True))
    if since is not None:
        query = query.where(AuditEntry.at >= since)
    if until is not None:
        query = query.where(AuditEntry.at < until)
    if below is not None:
        query = query.where(col(AuditEntry.id) < below)
    return list(session.exec(query))


def verify(session: Session) -> Verdict:
    """Walk the whole chain. Broken are a changed, missing or inserted row, and a head that is not its end."""
    number, last = 0, BEGINNING
    for entry in in_order(session):
        number += 1
        fault = _fault_of(entry, number, last)
        if fault:
            return Verdict(entries=number - 1, hash=last, broken_at=number, fault=fault)
        last = entry.hash
    end = head(session)
    if (end.entries, end.hash) != (number, last):
        fault = f"the chain's head counts {end.entries} entries, the log holds {number}"
        return Verdict(entries=number, hash=last, broken_at=number + 1, fault=fault)
    return Verdict(entries=number, hash=last)


def hash_at(session: Session, number: int) -> str | None:
    """The hash of one entry, to compare with one that was kept elsewhere; None where there is no such entry."""
    return (
        BEGINNING
        if number == 0
        else session.exec(select(AuditEntry.hash).where(AuditEntry.id == number)).first()
    )


def _fault_of(entry: AuditEntry, number: int, last: str) -> str:
    if entry.id != number:
        return (
            f"row {number} is missing, row {entry.id} follows"
            if (entry.id or 0) > number
            else (f"row {entry.id} stands where row {number} should")
        )
    if entry.previous != last:
        return "it does not follow the row before it"
    expected = hash_of(
        last,
        number=number,
        at=entry.at,
        actor=entry.actor,
        action=entry.action,
        subject=entry.subject,
        detail=entry.detail,
    )
    return "" if entry.hash == expected else "what it says is not what was written"


def in_order(session: Session, *, since: int | None = None) -> Iterator[AuditEntry]:
    """The entries from the number `since` on, or all of them, page by page."""
    seen = None if since is None else since - 1
    while True:
        query = select(AuditEntry).order_by(col(AuditEntry.id)).limit(ROWS_AT_ONCE)
        page = list(session.exec(query if seen is None else query.where(col(AuditEntry.id) > seen)))
        yield from page
        if len(page) < ROWS_AT_ONCE:
            return
        seen = page[-1].id
        for entry in page:
            session.expunge(entry)


def _storable(value: Any) -> Any:
    """PostgreSQL keeps no NUL in a text."""
    if isinstance(value, str):
        return value.replace("\0", "\ufffd")
    if isinstance(value, dict):
        return {_storable(key): _storable(each) for key, each in value.items()}
    return [_storable(each) for each in value] if isinstance(value, list) else value


def _append(session: OrmSession) -> None:
    """Number, chain and insert what was recorded; the head stays locked until the transaction ends."""
    recorded = session.info.pop(_PENDING, [])
    if not recorded:
        return
    session.flush()
    connection = session.connection()
    table = AuditHead.__table__  # type: ignore[attr-defined]
    number, last = connection.execute(
        table.select().with_only_columns(table.c.entries, table.c.hash).with_for_update()
    ).one()
    rows = []
    for _, said in recorded:
        number += 1
        own = hash_of(last, number=number, **said)
        rows.append({"id": number, **said, "previous": last, "hash": own})
        last = own
    connection.execute(insert(AuditEntry), rows)
    connection.execute(update(AuditHead).values(entries=number, hash=last))


@event.listens_for(OrmSession, "before_commit")
def _append_at_commit(session: OrmSession) -> None:
    if not session.in_nested_transaction():
        _append(session)


@event.listens_for(OrmSession, "do_orm_execute")
def _append_before_reading(state: ORMExecuteState) -> None:
    """A transaction that reads the log sees what it recorded itself."""
    if not state.is_select or not state.session.info.get(_PENDING):
        return
    if {AuditEntry, AuditHead} & {mapper.class_ for mapper in state.all_mappers}:
        _append(state.session)


@event.listens_for(OrmSession, "after_soft_rollback")
def _forget(session: OrmSession, previous: SessionTransaction) -> None:
    """What was recorded in a transaction, or in a savepoint of it, goes with it."""
    kept = [each for each in session.info.pop(_PENDING, []) if previous.nested and each[0] is not previous]
    if kept:
        session.info[_PENDING] = kept
