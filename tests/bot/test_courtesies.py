"""A newcomer is greeted in her app's language, and where an answer takes a while she sees that it is being made."""

import asyncio
import threading
from collections.abc import Awaitable

import pytest
from structlog.testing import capture_logs

from bot import receiving
from bot.channels.line_account import LineCourtesies
from bot.receiving import Receiver
from broadcasts.delivery.channel import NotNow
from storage import inbox
from storage.database import Database
from storage.inbox import ReceivedEvent, sender_key
from storage.people import contact_at
from tests.bot.channels import telegram_builders
from tests.bot.channels.line_builders import CITIZEN, GROUP, on_fake
from tests.bot.channels.telegram_builders import channel
from tests.bot.test_receiving import Citizen, Talk
from tests.fakes.line import FakeLine
from tests.fakes.telegram import FakeTelegram


class Friendly:
    """Courtesies that tell what they were asked."""

    def __init__(self, language: str = "en", *, fails: bool = False, fault: Exception | None = None) -> None:
        self.language = language
        self.fault = fault or (NotNow("too many requests") if fails else None)
        self.asked: list[str] = []
        self.worked: list[str] = []
        self.shown = threading.Event()

    async def language_of(self, address: str) -> str:
        self.asked.append(address)
        if self.fault is not None:
            raise self.fault
        return self.language

    async def show_working(self, address: str) -> None:
        self.worked.append(address)
        self.shown.set()
        if self.fault is not None:
            raise self.fault


def slow_until(courtesies: Friendly) -> Talk:
    """A conversation that is not done before the citizen was shown that an answer is being made."""

    def wait(session: object, text: str) -> None:
        assert courtesies.shown.wait(10)

    return Talk(hears=wait)


def language_after(
    database: Database, courtesies: Friendly, *words: str, talk: Talk | None = None, urgent: bool = False
) -> str:
    """Her language after she said these words, one after the other; nothing is left running behind."""
    citizen = Citizen(database, talk or Talk())
    receiver = Receiver(
        database=citizen.database,
        conversation=citizen.receiver.conversation,
        readers=citizen.receiver.readers,
        courtesies={citizen.account_id: courtesies},
    )
    for number, said in enumerate(words):
        with citizen.database.write() as session:
            event = ReceivedEvent(
                account_id=citizen.account_id, event_id=str(number), sender="sim-1", body=said.encode()
            )
            inbox.receive(session, [event], citizen.clock())
        handle = receiver.handle_urgent if urgent else receiver.handle
        assert asyncio.run(_tasks_after(handle(sender_key(citizen.account_id, "sim-1")))) == 1
        citizen.clock.advance(1)
    with citizen.database.read() as session:
        found = contact_at(session, citizen.account_id, "sim-1", citizen.clock())[1].language
    citizen.database.close()
    return found


async def _tasks_after(work: Awaitable[None]) -> int:
    await work
    return len(asyncio.all_tasks())


@pytest.mark.parametrize(("told", "spoken"), [("en", "en"), ("th", "th"), ("fr", "th"), ("", "th")])
def test_a_newcomer_is_asked_once_and_greeted_so(sqlite_database: Database, told: str, spoken: str) -> None:
    courtesies = Friendly(told)
    assert language_after(sqlite_database, courtesies, "hello", "again") == spoken
    assert courtesies.asked == ["sim-1"]


def test_an_account_that_does_not_tell_keeps_nobody_waiting(sqlite_database: Database) -> None:
    assert language_after(sqlite_database, Friendly(fails=True), "hello") == "th"


def test_a_cry_waits_for_no_language(sqlite_database: Database) -> None:
    courtesies, talk = Friendly("en"), Talk()
    assert language_after(sqlite_database, courtesies, "ช่วยด้วย", talk=talk, urgent=True) == "th"
    assert (courtesies.asked, talk.heard) == ([], ["ช่วยด้วย"])


@pytest.mark.usefixtures("impatient")
def test_a_fault_of_a_courtesy_is_logged_and_costs_no_answer(sqlite_database: Database) -> None:
    courtesies = Friendly(fault=KeyError("language"))
    talk = slow_until(courtesies)
    with capture_logs() as logged:
        assert language_after(sqlite_database, courtesies, "hello", talk=talk) == "th"
    assert (talk.heard, courtesies.worked) == (["hello"], ["sim-1"])
    assert [(entry["event"], entry["fault"].split(" ")[0]) for entry in logged] == [
        ("a newcomer's language is not told", "KeyError"),
        ("not shown that an answer is made", "KeyError"),
    ]


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receiving, "WORKING_AFTER_SECONDS", 0.0)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("fails", [False, True])
def test_a_slow_answer_shows_that_it_is_being_made(sqlite_database: Database, fails: bool) -> None:
    courtesies = Friendly(fails=fails)
    language_after(sqlite_database, courtesies, "hello", talk=slow_until(courtesies))
    assert courtesies.worked == ["sim-1"]


def test_a_quick_answer_shows_nothing(sqlite_database: Database) -> None:
    courtesies = Friendly()
    language_after(sqlite_database, courtesies, "hello")
    assert courtesies.worked == []


def test_at_line_a_group_has_neither() -> None:
    fake = FakeLine(languages={CITIZEN: "en-US"})

    async def scenario(_: FakeLine, at_line: object) -> list[str]:
        courtesies = LineCourtesies(at_line)  # type: ignore[arg-type]
        await courtesies.show_working(GROUP)
        await courtesies.show_working(CITIZEN)
        return [await courtesies.language_of(each) for each in (CITIZEN, GROUP)]

    assert on_fake(scenario, fake) == ["en", ""]
    assert fake.loading == [(CITIZEN, 20)]


def test_at_telegram_it_types() -> None:
    async def scenario() -> None:
        async with FakeTelegram() as fake:
            bot = channel(fake)
            await bot.show_working(str(telegram_builders.CITIZEN))
            assert [call.params["action"] for call in fake.calls("sendChatAction")] == ["typing"]
            await bot.close()

    asyncio.run(scenario())
