"""The door of the inbox: few commits for many requests, and no request waits for ever."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from psycopg.errors import ForeignKeyViolation
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, func, select

from bot import ingest as door
from bot.ingest import Ingest
from storage import inbox
from storage.database import Database
from storage.inbox import InboxEvent, ReceivedEvent
from tests import builders
from tests.postgres import PostgresServer


def account(database: Database) -> int:
    with database.write() as session:
        return builders.account(session)


def event(account_id: int, number: int) -> ReceivedEvent:
    return ReceivedEvent(
        account_id=account_id, event_id=str(number), sender=f"sim-{number}", body=str(number).encode()
    )


def stored(database: Database) -> int:
    with database.read() as session:
        return session.exec(select(func.count()).select_from(InboxEvent)).one()


class Counted:
    """Counts commits, and fails for the events it is told to."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, fault: Exception, *failing: str) -> None:
        self.commits = 0
        receive, write = inbox.receive, Ingest._write

        def receive_or_fail(session: Session, events: Sequence[ReceivedEvent], at: Any) -> None:
            if any(each.event_id in failing for each in events):
                raise fault
            receive(session, events, at)

        async def counted(ingest: Ingest, events: list[ReceivedEvent]) -> None:
            self.commits += 1
            await write(ingest, events)

        monkeypatch.setattr(inbox, "receive", receive_or_fail)
        monkeypatch.setattr(Ingest, "_write", counted)


def test_many_requests_are_committed_together(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    account_id = account(database)
    counted = Counted(monkeypatch, ValueError())

    async def scene() -> None:
        ingest = Ingest(database)
        await asyncio.gather(*(ingest.store([event(account_id, n)]) for n in range(300)))

    asyncio.run(scene())
    assert stored(database) == 300
    assert counted.commits <= 4


def test_what_is_delivered_again_is_kept_once(database: Database) -> None:
    account_id = account(database)

    async def scene() -> None:
        ingest = Ingest(database)
        await ingest.store([event(account_id, 1), event(account_id, 2)])
        await asyncio.gather(
            ingest.store([event(account_id, 2), event(account_id, 3)]), ingest.store([event(account_id, 3)])
        )
        await ingest.store([])

    asyncio.run(scene())
    assert stored(database) == 3


def test_events_are_dated_by_the_database_and_wait_for_nothing(postgres: PostgresServer) -> None:
    database = Database(postgres.fresh_database())
    account_id = account(database)
    with database.read() as session:
        before = database.now(session)
    asyncio.run(Ingest(database).store([event(account_id, 1)]))
    with database.read() as session:
        after = database.now(session)
        found = inbox.next_event(session, account_id, "sim-1", after)
    database.close()
    assert found is not None
    assert before < min(found.received_at, found.not_before)
    assert max(found.received_at, found.not_before) < after


@pytest.mark.parametrize(
    "fault",
    [IntegrityError("INSERT", None, Exception()), UnicodeEncodeError("utf-8", "", 0, 1, "x"), KeyError()],
)
def test_a_failing_request_fails_alone(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch, fault: Exception
) -> None:
    account_id = account(sqlite_database)
    Counted(monkeypatch, fault, "7", "13")

    async def scene() -> list[BaseException | None]:
        ingest = Ingest(sqlite_database)
        stores = [ingest.store([event(account_id, n)]) for n in range(20)]
        async with asyncio.timeout(300):
            found = await asyncio.gather(*stores, return_exceptions=True)
            await ingest.store([event(account_id, 99)])
        return found

    found = asyncio.run(scene())
    assert [n for n, each in enumerate(found) if each is fault] == [7, 13]
    assert stored(sqlite_database) == 19


def test_a_request_that_gives_up_disturbs_nobody(sqlite_database: Database) -> None:
    account_id = account(sqlite_database)

    async def scene() -> None:
        ingest = Ingest(sqlite_database)
        gives_up, stays = (asyncio.create_task(ingest.store([event(account_id, n)])) for n in range(2))
        await asyncio.sleep(0)
        gives_up.cancel()
        await stays

    asyncio.run(scene())
    assert stored(sqlite_database) == 2


def test_more_than_fit_into_one_commit_are_stored_too(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door, "MOST_TOGETHER", 3)
    account_id = account(sqlite_database)

    async def scene() -> None:
        ingest = Ingest(sqlite_database)
        await asyncio.gather(*(ingest.store([event(account_id, n)]) for n in range(10)))

    asyncio.run(scene())
    assert stored(sqlite_database) == 10


def test_what_postgresql_refuses_fails_alone(postgres: PostgresServer) -> None:
    database = Database(postgres.fresh_database())
    account_id = account(database)

    async def scene() -> list[BaseException | None]:
        ingest = Ingest(database)
        nobody = ingest.store([event(account_id + 1, 1)])
        stores = [ingest.store([event(account_id, n)]) for n in range(5)]
        return await asyncio.gather(*stores, nobody, return_exceptions=True)

    *stored_ones, refused = asyncio.run(scene())
    assert stored_ones == [None] * 5
    assert isinstance(refused, ForeignKeyViolation)
    assert stored(database) == 5
    database.close()


def test_a_lost_connection_is_taken_up_again_unseen(postgres: PostgresServer) -> None:
    """The connection that is kept dies between two webhooks; the second is stored, and answered as the first."""
    database = Database(postgres.fresh_database())
    account_id = account(database)

    async def scene() -> None:
        ingest = Ingest(database)
        await ingest.store([event(account_id, 1)])
        with database.read() as session:
            others = (
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
            )
            session.connection().exec_driver_sql(f"{others} AND pid <> pg_backend_pid()")
        await asyncio.gather(*(ingest.store([event(account_id, n)]) for n in (1, 2, 3)))

    asyncio.run(scene())
    assert stored(database) == 3
    database.close()
