"""From the inbox to the answer: in order, once, and a fault costs one event and no citizen's words."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, cast

import pytest
from sqlalchemy.exc import OperationalError
from sqlmodel import Session, col, select
from structlog.testing import capture_logs

from bot import receiving
from bot.receiving import ReadEvent, Receiver
from handlers.conversation import Conversation
from storage import inbox, people
from storage.database import Database
from storage.inbox import InboxEvent, ReceivedEvent, sender_key
from storage.lifecycles import ContactState
from storage.outbox import Message
from storage.people import Contact, Person
from storage.replies import Bubble, Incoming, IncomingKind
from storage.wording import say
from tests import builders
from tests.broadcasts.delivery.scene import Clock

SECRET = "my number is 081-234-5678"
Bubbles = tuple[Bubble, ...]


@dataclass
class Talk:
    """A conversation that repeats what it hears, unless it is told to do something else."""

    hears: Callable[[Session, str], None] = lambda session, text: None
    heard: list[str] = field(default_factory=list)

    def answer(
        self, session: Session, contact: Contact, person: Person, incoming: Incoming, at: datetime
    ) -> Bubbles:
        self.hears(session, incoming.text)
        self.heard.append(incoming.text)
        return (builders.bubble(f"you said {incoming.text}"),)


class Citizen:
    """One sender, her events and what is answered."""

    def __init__(self, database: Database, talk: Talk) -> None:
        self.clock = Clock()
        self.database = Database(database.url.render_as_string(hide_password=False), clock=self.clock)
        with self.database.write() as session:
            self.account_id = builders.account(session)
        self.counts = {"handled": 0, "parked": 0}
        self.receiver = Receiver(
            database=self.database,
            conversation=cast("Conversation", talk),
            readers={self.account_id: read},
            handled=lambda: self._count("handled"),
            parked=lambda: self._count("parked"),
        )

    def says(self, *texts: str, urgent: bool = False) -> None:
        with self.database.write() as session:
            for text in texts:
                event = ReceivedEvent(
                    account_id=self.account_id,
                    event_id=f"event {text}",
                    sender="sim-1",
                    body=text.encode(),
                    urgent=urgent,
                )
                inbox.receive(session, [event], self.clock.at)

    def handle(self) -> None:
        asyncio.run(self.receiver.handle(sender_key(self.account_id, "sim-1")))

    def events(self) -> list[InboxEvent]:
        with self.database.read() as session:
            return list(session.exec(select(InboxEvent).order_by(col(InboxEvent.id))))

    def states(self) -> list[str]:
        return [event.state for event in self.events()]

    def answers(self) -> list[str]:
        with self.database.read() as session:
            messages = session.exec(select(Message).order_by(col(Message.id)))
            return [bubble["text"] for message in messages for bubble in message.body]

    def _count(self, what: str) -> None:
        self.counts[what] += 1


def read(body: bytes) -> ReadEvent:
    if body == b"unreadable":
        raise ValueError(SECRET)
    return ReadEvent(incoming=Incoming(kind=IncomingKind.TEXT, text=body.decode()), reply_token="token")


def raises(fault: Exception, *texts: str) -> Callable[[Session, str], None]:
    def hears(session: Session, text: str) -> None:
        if text in texts:
            people.contact_at(session, 1, "made by a failing handler", builders.NOW)
            raise fault

    return hears


def test_events_are_answered_in_order_and_once(database: Database) -> None:
    talk = Talk()
    citizen = Citizen(database, talk)
    citizen.says("one", "two", "three")
    citizen.says("two")
    citizen.handle()
    citizen.handle()
    assert talk.heard == ["one", "two", "three"]
    assert citizen.answers() == ["you said one", "you said two", "you said three"]
    assert citizen.states() == ["handled"] * 3
    assert citizen.counts == {"handled": 3, "parked": 0}
    citizen.database.close()


def test_three_failures_park_an_event_with_one_apology_and_later_ones_go_on(
    database: Database, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    citizen = Citizen(database, Talk(raises(KeyError(SECRET), "bad")))
    citizen.says("bad", "good")
    with capture_logs() as logged:
        for _ in range(8):
            citizen.handle()
            citizen.clock.advance(5)
    bad, good = citizen.events()
    assert (bad.state, bad.tries, good.state) == ("parked", 3, "handled")
    assert citizen.answers() == [say("th", "trouble.kept"), "you said good"]
    assert citizen.counts == {"handled": 1, "parked": 1}
    assert [entry["event"] for entry in logged] == ["event failed, will be tried again"] * 2 + [
        "event parked"
    ]
    out, errors = capsys.readouterr()
    assert "081" not in f"{logged}{out}{errors}{caplog.text}{bad.fault}"
    assert bad.fault.startswith("KeyError at test_receiving.py:")
    with citizen.database.read() as session:
        assert {contact.address for contact in session.exec(select(Contact))} == {"sim-1"}
    citizen.database.close()


def test_a_failing_event_holds_up_its_senders_next_but_not_a_cry_for_help(database: Database) -> None:
    talk = Talk(raises(KeyError("x"), "bad"))
    citizen = Citizen(database, talk)
    citizen.says("bad", "later")
    citizen.handle()
    assert (citizen.states(), talk.heard) == (["waiting", "waiting"], [])
    citizen.says("help", urgent=True)
    citizen.handle()
    assert (citizen.states(), talk.heard) == (["waiting", "waiting", "handled"], ["help"])
    citizen.database.close()


def test_what_no_reader_understands_is_parked_like_a_failing_handler(sqlite_database: Database) -> None:
    citizen = Citizen(sqlite_database, Talk())
    citizen.says("unreadable", "good")
    for _ in range(4):
        citizen.handle()
        citizen.clock.advance(5)
    assert citizen.states() == ["parked", "handled"]
    citizen.database.close()


def test_a_parked_event_is_handled_after_the_mend(sqlite_database: Database) -> None:
    talk = Talk(raises(KeyError("x"), "bad"))
    citizen = Citizen(sqlite_database, talk)
    citizen.says("bad")
    for _ in range(3):
        citizen.handle()
        citizen.clock.advance(5)
    talk.hears = lambda session, text: None
    with citizen.database.write() as session:
        assert inbox.retry_parked(session, citizen.clock.at) == 1
    citizen.handle()
    assert (citizen.states(), talk.heard) == (["handled"], ["bad"])
    citizen.database.close()


def test_who_was_erased_or_blocked_gets_no_apology(sqlite_database: Database) -> None:
    for state in (ContactState.BLOCKED, ContactState.ERASED):
        citizen = Citizen(sqlite_database, Talk(raises(KeyError("x"), f"bad {state}")))
        with citizen.database.write() as session:
            contact, _ = people.contact_at(
                session, citizen.account_id, "sim-1", citizen.clock.at - timedelta(1)
            )
            contact.state = state
            session.add(contact)
        citizen.says(f"bad {state}")
        for _ in range(3):
            citizen.handle()
            citizen.clock.advance(5)
        assert citizen.states()[-1] == "parked"
        assert citizen.answers() == []
        citizen.database.close()


def test_a_database_that_is_away_is_no_failure_of_the_event(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    citizen = Citizen(sqlite_database, Talk())
    citizen.says("one")

    def away(*_: Any) -> None:
        raise OperationalError("SELECT", {"sender": SECRET}, Exception("server closed the connection"))

    monkeypatch.setattr(inbox, "next_event", away)
    for _ in range(4):
        with pytest.raises(OperationalError):
            citizen.handle()
    monkeypatch.undo()
    citizen.handle()
    assert citizen.states() == ["handled"]
    citizen.database.close()


def test_words_are_understood_before_the_transaction(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    citizen = Citizen(sqlite_database, Talk())
    citizen.says("one", "two")
    open_now, ahead = [0], []
    write = citizen.database.write

    @contextmanager
    def noted() -> Iterator[Session]:
        with write() as session:
            open_now[0] += 1
            yield session
        open_now[0] -= 1

    monkeypatch.setattr(citizen.database, "write", noted)
    monkeypatch.setattr(receiving, "read_ahead", lambda incoming: ahead.append((incoming.text, open_now[0])))
    citizen.handle()
    assert ahead == [("one", 0), ("two", 0)]
    assert citizen.answers() == ["you said one", "you said two"]
    citizen.database.close()


def test_what_cannot_be_understood_ahead_is_answered_all_the_same(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_: Incoming) -> None:
        raise KeyError(SECRET)

    monkeypatch.setattr(receiving, "read_ahead", fails)
    citizen = Citizen(sqlite_database, Talk())
    citizen.says("one")
    citizen.handle()
    assert citizen.answers() == ["you said one"]
    citizen.database.close()


def test_two_workers_at_one_sender_answer_each_event_once_and_in_order(database: Database) -> None:
    talk = Talk()
    citizen = Citizen(database, talk)
    texts = [str(number) for number in range(12)]
    citizen.says(*texts)
    threads = [threading.Thread(target=citizen.handle) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    citizen.handle()
    assert talk.heard == texts
    assert citizen.answers() == [f"you said {text}" for text in texts]
    citizen.database.close()
