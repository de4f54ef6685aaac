"""Somebody subscribes at the moment of a release: she gets it, from the release or in her answer, whoever was first."""

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import text
from sqlmodel import Session, col, select

from broadcasts.delivery.planning import plan_page
from storage import people
from storage.batches import Batch, unpack
from storage.broadcasts import Broadcast
from storage.database import Database
from storage.people import Account
from storage.replies import Incoming, IncomingKind
from storage.subscriptions import Subscription
from tests import builders
from tests.builders import MAE_SAI
from tests.failures.servers import wait_until
from tests.handlers.playing import conversation
from tests.handlers.warnings import live_warning
from tests.postgres import PostgresServer

BY_THE_RELEASE, IN_HER_ANSWER = "by the release", "in her answer"
_WAITING = text(
    "SELECT count(*) FROM pg_locks WHERE NOT granted "
    "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)


@dataclass
class District:
    """Citizens who subscribe to one district, and an officer who releases a warning to it."""

    database: Database

    def __post_init__(self) -> None:
        with self.database.write() as session:
            builders.account(session)

    def join(self, session: Session, address: str, at: datetime | None = None) -> Sequence[str]:
        """What she hears on subscribing; `at` is when her event was taken in hand, now unless said."""
        at = at or self.database.now(session)
        account = session.exec(select(Account)).one()
        contact, person = people.contact_at(session, account.id or 0, address, at)
        tap = Incoming(kind=IncomingKind.TAP, action=f"topics:warnings:{MAE_SAI}")
        answer = conversation().answer(session, contact, person, tap, at)
        session.flush()
        return [bubble.text for bubble in answer]

    def joins(self, address: str, at: datetime | None = None) -> Sequence[str]:
        """As `join`, committed."""
        with self.database.write() as session:
            return self.join(session, address, at)

    def release_and_plan(self, at: datetime | None = None) -> None:
        """`at` is when the officer's request came in, now unless said."""
        with self.database.write() as session:
            live_warning(session, places=(MAE_SAI,), at=at or self.database.now(session))
        self.plan()

    def plan(self) -> None:
        """Write the audience of what was released into batches, as a worker does at once."""
        with self.database.read() as session:
            broadcast_id = session.exec(select(Broadcast.id)).one() or 0
        wait: float | None = 0.0
        while wait is not None:
            with self.database.write() as session:
                wait = plan_page(session, broadcast_id, self.database.now(session), {})

    def ways(self, address: str, heard: Sequence[str]) -> list[str]:
        """How the warning comes to her."""
        with self.database.read() as session:
            contact, _ = people.contact_at(session, 1, address, self.database.now(session))
            planned = [each for packed in session.exec(select(Batch.recipients)) for each in unpack(packed)]
        said = any("น้ำป่า" in bubble for bubble in heard)
        return [BY_THE_RELEASE] * planned.count(contact.id or 0) + [IN_HER_ANSWER] * said

    def wait_for_the_other(self, other: Future[Any]) -> None:
        """Return when the other is through or waits for this one."""

        def is_held() -> bool:
            with self.database.read() as session:
                return other.done() or bool(session.connection().execute(_WAITING).scalar_one())

        wait_until(is_held, look=0.01)


@pytest.fixture
def district(database: Database) -> District:
    return District(database)


@pytest.fixture
def on_postgresql(postgres: PostgresServer) -> Iterator[District]:
    """Where two may write at the same moment."""
    database = Database(postgres.fresh_database())
    yield District(database)
    database.close()


@pytest.mark.postgres
def test_a_release_waits_for_whoever_is_subscribing(on_postgresql: District) -> None:
    district = on_postgresql
    with ThreadPoolExecutor(1) as officer:
        with district.database.write() as session:
            heard = district.join(session, "sim-1")
            released = officer.submit(district.release_and_plan)
            district.wait_for_the_other(released)
        released.result()
    assert district.ways("sim-1", heard) == [BY_THE_RELEASE]


@pytest.mark.postgres
@pytest.mark.parametrize("began", ["before the release", "after it"])
def test_whoever_subscribes_amid_a_release_waits_and_sees_it(on_postgresql: District, began: str) -> None:
    district, may_go_on = on_postgresql, threading.Event()

    def joins(at: datetime | None) -> Sequence[str]:
        may_go_on.wait()
        return district.joins("sim-1", at)

    with ThreadPoolExecutor(1) as citizen:
        with district.database.write() as session:
            at = district.database.now(session) if began == "before the release" else None
            joined = citizen.submit(joins, at)
            live_warning(session, places=(MAE_SAI,), at=district.database.now(session))
            may_go_on.set()
            district.wait_for_the_other(joined)
        heard = joined.result()
    district.plan()
    assert district.ways("sim-1", heard) == [IN_HER_ANSWER], "from one of the two, not from both"


def test_who_subscribed_while_an_officer_typed_is_in_the_audience(district: District) -> None:
    with district.database.read() as session:
        at = district.database.now(session)
    heard = district.joins("sim-1")
    district.release_and_plan(at)
    assert district.ways("sim-1", heard) == [BY_THE_RELEASE]


def test_who_subscribes_after_a_release_sees_it(district: District) -> None:
    with district.database.read() as session:
        at = district.database.now(session)
    district.release_and_plan()
    heard = district.joins("sim-1", at)
    assert district.ways("sim-1", heard) == [IN_HER_ANSWER]
    with district.database.read() as session:
        since = session.exec(select(Subscription.since)).one()
        assert since > session.exec(select(Broadcast.released_at)).one()


@pytest.mark.postgres
def test_those_who_subscribe_do_not_wait_for_each_other(on_postgresql: District) -> None:
    district = on_postgresql
    with ThreadPoolExecutor(1) as another, district.database.write() as session:
        district.join(session, "sim-1")
        another.submit(district.joins, "sim-2").result()
    with district.database.read() as session:
        assert len(session.exec(select(Subscription).where(col(Subscription.until).is_(None))).all()) == 2
