"""The one door to the database: what is written together, when others hear of it, and who waits for whom."""

import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, func, text
from sqlalchemy.exc import IntegrityError, StatementError
from sqlmodel import Session, select

import storage.database
from storage.audit import AuditEntry, record
from storage.database import BUSY_TIMEOUT_MILLISECONDS, ChangeWatch, Database
from storage.jobs import Job, Work, announce
from storage.schedule import ScheduledRun
from tests.builders import NOW

JOB = Job(work=Work.PLAN, key="1")
OTHER_JOB = Job(work=Work.CONVERSE, key="7", delay_seconds=2.0)
BANGKOK = timezone(timedelta(hours=7))


class Heard:
    """What a database told of its commits, in order."""

    def __init__(self, database: Database) -> None:
        self.said: list[tuple[str, tuple[Job, ...], int]] = []
        self._database = database
        database.before_commit = lambda session, jobs: self._hear("before", jobs)
        database.after_commit = lambda jobs: self._hear("after", jobs)

    def _hear(self, when: str, jobs: tuple[Job, ...]) -> None:
        with self._database.read() as session:
            self.said.append((when, jobs, entries(session)))


def entries(session: Session) -> int:
    return session.exec(select(func.count()).select_from(AuditEntry)).one()


def note(session: Session, actor: str = "tester") -> None:
    record(session, NOW, actor=actor, action="test", subject="test/1")


def write_and_fail(database: Database) -> None:
    """Write something, announce a job, and leave with an exception."""
    with database.write() as session:
        note(session)
        announce(session, JOB)
        session.flush()
        raise ZeroDivisionError


def write_and_announce(database: Database) -> None:
    with database.write() as session:
        note(session)
        announce(session, JOB)


def write_the_same_row_twice(database: Database) -> None:
    with database.write() as session:
        session.add_all([ScheduledRun(schedule="twice", slot=NOW, started_at=NOW) for _ in range(2)])
        announce(session, JOB)


def begun(database: Database) -> list[str]:
    """The statements that begin transactions from now on."""
    statements: list[str] = []

    @event.listens_for(database.engine, "before_cursor_execute")
    def _seen(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith("BEGIN"):
            statements.append(statement)

    return statements


def test_jobs_are_announced_once_each_and_after_the_commit(database: Database) -> None:
    heard = Heard(database)
    with database.write() as session:
        note(session)
        announce(session, JOB, OTHER_JOB)
        announce(session, JOB)
    assert heard.said == [("before", (JOB, OTHER_JOB), 0), ("after", (JOB, OTHER_JOB), 1)]


def test_a_commit_without_jobs_announces_nothing(database: Database) -> None:
    heard = Heard(database)
    with database.write() as session:
        note(session)
    assert heard.said == []


def test_an_exception_leaves_nothing_and_announces_nothing(database: Database) -> None:
    heard = Heard(database)
    with pytest.raises(ZeroDivisionError):
        write_and_fail(database)
    with database.read() as session:
        assert entries(session) == 0
    assert heard.said == []


def test_when_the_jobs_cannot_be_enqueued_nothing_is_committed(database: Database) -> None:
    after: list[tuple[Job, ...]] = []

    def fails(_session: Session, _jobs: tuple[Job, ...]) -> None:
        raise ConnectionError("the queue is away")

    database.before_commit, database.after_commit = fails, after.append
    with pytest.raises(ConnectionError):
        write_and_announce(database)
    with database.read() as session:
        assert (entries(session), after) == (0, [])


def test_a_commit_that_the_database_refuses_announces_nothing(database: Database) -> None:
    after: list[tuple[Job, ...]] = []
    database.after_commit = after.append
    with pytest.raises(IntegrityError):
        write_the_same_row_twice(database)
    assert after == []
    with database.write() as session:
        note(session)


def test_the_jobs_of_one_commit_are_not_those_of_the_next(database: Database) -> None:
    heard = Heard(database)
    for _ in range(2):
        with database.write() as session:
            note(session)
            announce(session, JOB)
    assert [when for when, _, _ in heard.said] == ["before", "after"] * 2


def test_what_was_loaded_stays_usable_after_its_session(database: Database) -> None:
    with database.write() as session:
        written = ScheduledRun(schedule="tester", slot=NOW, started_at=NOW)
        session.add(written)
    with database.read() as session:
        read = session.exec(select(ScheduledRun)).one()
    assert (written.schedule, read.schedule, read.slot) == ("tester", "tester", written.slot)


def test_times_come_back_aware_in_utc_and_equal(database: Database) -> None:
    said = datetime(2026, 11, 21, 19, 40, 0, 123456, tzinfo=BANGKOK)
    with database.write() as session:
        session.add(ScheduledRun(schedule="tester", slot=NOW, started_at=said))
    with database.read() as session:
        found = session.exec(select(ScheduledRun).where(ScheduledRun.started_at == said)).one().started_at
    assert (found, found.tzinfo) == (said, UTC)


def test_a_naive_time_is_refused(database: Database) -> None:
    naive = NOW.replace(tzinfo=None)
    with pytest.raises(StatementError, match="naive time"), database.write() as session:
        session.add(ScheduledRun(schedule="tester", slot=NOW, started_at=naive))


def test_the_clock_is_aware_and_can_be_replaced(database: Database) -> None:
    with database.read() as session:
        assert abs(database.now(session) - datetime.now(UTC)) < timedelta(minutes=5)
        assert database.now(session).tzinfo is UTC
    replaced = Database(database.url.render_as_string(hide_password=False), clock=lambda: NOW)
    with replaced.read() as session:
        assert replaced.now(session) == NOW
    replaced.close()


def test_time_passes_within_a_transaction(database: Database) -> None:
    # PostgreSQL's now() stands still in one; leases and pace must not.
    with database.write() as session:
        first = database.now(session)
        session.connection().execute(text("SELECT 1"))
        assert database.now(session) > first


def test_threads_that_write_at_once_all_succeed(database: Database) -> None:
    def write(thread: int) -> None:
        for _ in range(20):
            with database.write() as session:
                entries(session)
                note(session, f"thread {thread}")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(8)))
    with database.read() as session:
        assert entries(session) == 160


def test_a_read_does_not_wait_for_a_write_and_sees_nothing_half_done(database: Database) -> None:
    with database.write() as writing:
        note(writing)
        writing.flush()
        with database.read() as session:
            assert entries(session) == 0
    with database.read() as session:
        assert entries(session) == 1


def test_a_write_does_not_wait_for_a_read(database: Database) -> None:
    with database.read() as session:
        assert entries(session) == 0
        with database.write() as writing:
            note(writing)
        if database.is_sqlite:
            assert entries(session) == 0


def test_sqlite_begins_immediate_for_writes_only(sqlite_database: Database) -> None:
    statements = begun(sqlite_database)
    with sqlite_database.read() as session:
        entries(session)
    with sqlite_database.write() as session:
        entries(session)
        note(session)
    sqlite_database.ping()
    assert statements == ["BEGIN", "BEGIN IMMEDIATE", "BEGIN"]


def test_sqlite_is_used_durably_with_foreign_keys(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As citizens are served, and not as long as tests wait for each other.
    monkeypatch.setattr(storage.database, "BUSY_TIMEOUT_MILLISECONDS", BUSY_TIMEOUT_MILLISECONDS)
    database = Database(str(sqlite_database.url))
    with database.read() as session:
        found = [
            session.connection().execute(text(f"PRAGMA {name}")).scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        ]
    database.close()
    assert found == ["wal", 2, 1, 10_000]


def test_writers_of_two_processes_wait_for_each_other(sqlite_database: Database) -> None:
    # Two databases on one file are like two processes: only SQLite's own lock is between them.
    other = Database(str(sqlite_database.url))
    both = (sqlite_database, other)

    def write(turn: int) -> None:
        with both[turn % 2].write() as session:
            entries(session)
            note(session)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(40)))
    with other.read() as session:
        assert entries(session) == 40
    other.close()


def test_a_failed_write_gives_its_turn_to_the_next_thread(sqlite_database: Database) -> None:
    with pytest.raises(ZeroDivisionError):
        write_and_fail(sqlite_database)
    done = threading.Event()

    def write() -> None:
        with sqlite_database.write() as session:
            note(session)
        done.set()

    thread = threading.Thread(target=write)
    thread.start()
    thread.join(60)
    assert done.is_set()


WRITE_ELSEWHERE = """
import sys
from storage.database import Database
from sqlalchemy import text
database = Database(sys.argv[1])
with database.write() as session:
    session.connection().execute(text(sys.argv[2]))
"""


def in_another_process(database: Database, statement: str) -> None:
    subprocess.run(
        [sys.executable, "-c", WRITE_ELSEWHERE, str(database.url), statement],
        cwd=Path(__file__).resolve().parents[2],
        check=True,
        timeout=300,
    )


def test_a_commit_of_another_process_is_seen_and_its_absence_too(sqlite_database: Database) -> None:
    watch = ChangeWatch(sqlite_database)
    assert watch.changed()
    assert not watch.changed()
    in_another_process(sqlite_database, "SELECT count(*) FROM account")
    assert not watch.changed()
    in_another_process(
        sqlite_database, "INSERT INTO account (channel, name, state, settings) VALUES ('a', 'b', 'c', '{}')"
    )
    assert watch.changed()
    assert not watch.changed()
    watch.close()


def test_the_watch_sees_commits_of_this_process_and_no_rollback(sqlite_database: Database) -> None:
    watch = ChangeWatch(sqlite_database)
    watch.changed()
    with pytest.raises(ZeroDivisionError):
        write_and_fail(sqlite_database)
    assert not watch.changed()
    with sqlite_database.write() as session:
        note(session)
    assert watch.changed()
    watch.close()


def test_a_sqlite_file_and_its_folder_are_made_for_their_owner_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    database = Database(f"sqlite:///{tmp_path}/data/krajai.db")
    with database.writer.begin() as connection:
        connection.execute(text("CREATE TABLE words (word)"))
        found = {path.name: path.stat().st_mode & 0o077 for path in (tmp_path / "data").iterdir()}
    os.umask(before)
    assert database.path == tmp_path / "data" / "krajai.db"
    assert found == dict.fromkeys(("krajai.db", "krajai.db-wal", "krajai.db-shm"), 0)
    assert (tmp_path / "data").stat().st_mode & 0o077 == 0
    database.close()


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:"])
def test_a_database_in_memory_is_refused_with_a_word(url: str) -> None:
    with pytest.raises(ValueError, match="needs a file"):
        Database(url)
