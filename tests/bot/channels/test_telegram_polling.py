"""Polling: nothing is lost by a crash at any point, what comes twice is known, and other pollers are survived."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

import pytest
from sqlalchemy.exc import OperationalError
from sqlmodel import select

from bot.channels.accounts import ConnectedAccount
from bot.channels.telegram_polling import poll
from bot.ingest import Ingest
from storage.database import Database
from storage.inbox import InboxEvent, ReceivedEvent
from storage.people import ensure_account
from tests.bot.channels.telegram_builders import PATIENT_SECONDS, account, channel, message, on_fake, tap
from tests.fakes.scripted_channel import ScriptedChannel
from tests.fakes.telegram import FakeTelegram

Store = Callable[[Sequence[ReceivedEvent]], Awaitable[object]]


class Kept:
    """Stores in memory, and ends the polling when it holds as much as is waited for."""

    def __init__(self, enough: int) -> None:
        self.ids: list[str] = []
        self.stopping = asyncio.Event()
        self._enough = enough

    async def store(self, events: Sequence[ReceivedEvent]) -> int:
        self.ids += [event.event_id for event in events]
        if len(self.ids) >= self._enough:
            self.stopping.set()
        return len(events)


def ids(fake: FakeTelegram) -> list[str]:
    return [str(each["update_id"]) for each in fake.pending]


async def run(bot: ConnectedAccount, store: Store, stopping: asyncio.Event) -> None:
    """Poll without waiting after failures, but not for ever."""
    await asyncio.wait_for(poll(bot, store, stopping, patience=lambda failures: 0.0), PATIENT_SECONDS)


def test_fetches_in_order_and_goes_on_after_what_is_stored() -> None:
    async def scenario(fake: FakeTelegram) -> None:
        for number in range(250):
            fake.tell(message=message(f"ข้อ {number}"))
        everything = ids(fake)
        kept, bot = Kept(250), channel(fake)
        await run(account(bot), kept.store, kept.stopping)
        await bot.close()
        assert kept.ids == everything
        offsets = [call.params.get("offset") for call in fake.calls("getUpdates")]
        assert offsets == [None, int(everything[100]), int(everything[200])]

    asyncio.run(on_fake(scenario))


def test_waits_for_news() -> None:
    async def scenario(fake: FakeTelegram) -> None:
        kept, bot = Kept(1), channel(fake)
        polling = asyncio.create_task(run(account(bot), kept.store, kept.stopping))
        await fake.idle.wait()
        fake.tell(message=message("ช่วยด้วย"))
        await polling
        await bot.close()
        assert kept.ids == ids(fake)

    asyncio.run(on_fake(scenario))


def test_stops_in_the_middle_of_waiting() -> None:
    async def scenario(fake: FakeTelegram) -> None:
        kept, bot = Kept(1), channel(fake)
        polling = asyncio.create_task(run(account(bot), kept.store, kept.stopping))
        await fake.idle.wait()
        kept.stopping.set()
        await polling
        await bot.close()
        assert kept.ids == []

    asyncio.run(on_fake(scenario))


def test_a_crash_between_commit_and_offset_stores_nothing_twice(database: Database) -> None:
    with database.write() as session:
        stored_account = ensure_account(session, "telegram")
        assert stored_account.id is not None
        account_id = stored_account.id

    async def scenario(fake: FakeTelegram) -> None:
        ingest, bot = Ingest(database), channel(fake)
        connected = account(bot, id_=account_id)
        for number in range(3):
            fake.tell(message=message(f"ข้อ {number}"))
        told = ids(fake)
        counts: list[int] = []

        async def crash_after_storing(events: Sequence[ReceivedEvent]) -> None:
            await ingest.store(events)
            counts.append(len(events))
            raise asyncio.CancelledError

        with pytest.raises(asyncio.CancelledError):
            await run(connected, crash_after_storing, asyncio.Event())
        assert ids(fake) == told
        fake.tell(message=message("ข้อ 3"))
        stopping = asyncio.Event()

        async def store(events: Sequence[ReceivedEvent]) -> None:
            await ingest.store(events)
            counts.append(len(events))
            stopping.set()

        await run(connected, store, stopping)
        await bot.close()
        assert counts == [3, 4]

    asyncio.run(on_fake(scenario))
    with database.read() as session:
        assert len(session.exec(select(InboxEvent)).all()) == 4


def test_what_could_not_be_stored_is_fetched_again() -> None:
    async def scenario(fake: FakeTelegram) -> None:
        fake.tell(message=message("ช่วยด้วย"))
        kept, bot = Kept(1), channel(fake)
        failures = 2

        async def store(events: Sequence[ReceivedEvent]) -> int:
            nonlocal failures
            if failures:
                failures -= 1
                raise OperationalError("INSERT", {}, OSError("disk full"))
            return await kept.store(events)

        await run(account(bot), store, kept.stopping)
        await bot.close()
        assert len(kept.ids) == 1
        assert [call.params.get("offset") for call in fake.calls("getUpdates")] == [None] * 3

    asyncio.run(on_fake(scenario))


def test_updates_of_no_chat_are_passed_over_and_not_fetched_again() -> None:
    async def scenario(fake: FakeTelegram) -> None:
        fake.tell(poll={"id": "1"})
        bot, stopping = channel(fake), asyncio.Event()

        async def store(events: Sequence[ReceivedEvent]) -> int:
            raise AssertionError("there is nothing to store")

        polling = asyncio.create_task(run(account(bot), store, stopping))
        await fake.idle.wait()
        assert fake.pending == []
        stopping.set()
        await polling
        await bot.close()

    asyncio.run(on_fake(scenario))


def test_taps_are_answered_after_they_are_stored() -> None:
    async def scenario(fake: FakeTelegram) -> None:
        fake.tell(callback_query=tap("safe", {"safe": "ฉันปลอดภัย"}))
        kept, bot = Kept(1), channel(fake)

        async def store(events: Sequence[ReceivedEvent]) -> int:
            assert not fake.taps_answered
            return await kept.store(events)

        await run(account(bot), store, kept.stopping)
        await bot.close()
        assert fake.taps_answered == {"4382bfdwdsb323b2d9": 1}

    asyncio.run(on_fake(scenario))


def test_a_webhook_in_the_way_a_bad_token_and_no_network_are_waited_out() -> None:
    waited: list[int] = []

    async def scenario(fake: FakeTelegram) -> None:
        fake.tell(message=message("สวัสดี"))
        fake.webhook = {"url": "https://elsewhere.example.go.th/"}
        kept, bot = Kept(1), channel(fake)
        token = fake.token

        def patience(failures: int) -> float:
            waited.append(failures)
            if failures == 2:
                fake.webhook, fake.token = {}, "1:other"
            if failures == 4:
                fake.token = token
            return 0.0

        await asyncio.wait_for(
            poll(account(bot), kept.store, kept.stopping, patience=patience), PATIENT_SECONDS
        )
        await bot.close()
        assert len(kept.ids) == 1
        assert [call.status for call in fake.calls("getUpdates")] == [409, 409, 401, 401, 200]

    asyncio.run(on_fake(scenario))
    assert waited == [1, 2, 3, 4]


def test_a_second_poller_takes_over_and_the_first_backs_off() -> None:
    async def scenario(fake: FakeTelegram) -> None:
        bot, rival = channel(fake), channel(fake)
        kept = Kept(1)
        backed_off = asyncio.Event()

        def patience(failures: int) -> float:
            backed_off.set()
            return 60.0

        stopping = asyncio.Event()
        first = asyncio.create_task(poll(account(bot), kept.store, stopping, patience=patience))
        await fake.idle.wait()
        second = asyncio.create_task(run(account(rival), kept.store, kept.stopping))
        await asyncio.wait_for(backed_off.wait(), PATIENT_SECONDS)
        fake.tell(message=message("สวัสดี"))
        await second
        stopping.set()
        await asyncio.wait_for(first, PATIENT_SECONDS)
        await bot.close()
        await rival.close()
        assert len(kept.ids) == 1

    asyncio.run(on_fake(scenario))


def test_only_bots_of_telegram_are_polled() -> None:
    async def nothing(events: Sequence[ReceivedEvent]) -> int:
        return 0

    async def scenario(fake: FakeTelegram) -> None:
        bot = account(channel(fake))
        other = replace(bot, channel=ScriptedChannel(keyed=True))
        with pytest.raises(TypeError, match="telegram/main"):
            await poll(other, nothing, asyncio.Event())

    asyncio.run(on_fake(scenario))
