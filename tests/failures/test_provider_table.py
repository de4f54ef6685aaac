"""What a failing provider does to an emergency: the right fate for each, by itself within a minute of the mend.

Through the real channels against the strict fakes, with the clock in hand: five minutes take no time.
"""

import asyncio
import shutil
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select
from structlog.testing import capture_logs

from bot.channels import line as line_channel
from bot.channels import sms_parts
from bot.channels.sms_kannel import KannelChannel
from bot.channels.sms_options import SmsOptions
from bot.channels.telegram import TelegramChannel
from broadcasts.delivery import calling
from broadcasts.delivery.channel import Channel
from broadcasts.delivery.pacing import Gates
from broadcasts.delivery.planning import plan_page
from broadcasts.delivery.reconcile import recover, waiting_jobs
from broadcasts.delivery.sending import Sender
from storage import batches, people
from storage.broadcasts import Broadcast, Priority
from storage.database import Database
from storage.jobs import Work
from storage.lifecycles import BroadcastState
from tests import builders
from tests.bot.channels import line_builders
from tests.bot.channels.telegram_builders import patient
from tests.broadcasts.delivery.scene import Clock, NoPace
from tests.failures.provider_table import RECIPIENTS, TABLE, Row
from tests.failures.servers import say
from tests.fakes import telegram as telegram_fake
from tests.fakes.kannel import FakeKannel
from tests.fakes.line import FakeLine
from tests.fakes.telegram import FakeTelegram
from tests.ports import refusing_port

HANGS_SECONDS = 3.0
"""What a call is given where some are not answered; otherwise so long that only a hang of our own reaches it."""

PATIENT_SECONDS = 300.0
UNANSWERED = frozenset({"hangs", "slow drip"})

RECOVERS_SECONDS = 60
GROUP, SUPERGROUP = -100, -100_100


@dataclass
class Delivery:
    """A worker's doings at a clock of its own."""

    database: Database
    clock: Clock
    account_id: int
    channel: Channel

    async def work(self) -> None:
        """All that could be worked on at this second."""
        keyed = self.channel.traits.honours_retry_key
        sender = Sender(
            database=self.database, channels={self.account_id: self.channel}, gates=Gates(NoPace())
        )
        with self.database.write() as session:
            recover(session, {self.account_id: keyed}, self.clock.at)
        with self.database.read() as session:
            jobs = waiting_jobs(session, self.clock.at)
        for job in jobs:
            if job.work is Work.PLAN:
                with self.database.write() as session:
                    sizes = {self.account_id: self.channel.traits.recipients_per_batch}
                    plan_page(session, int(job.key), self.clock.at, sizes)
            elif job.work is Work.DELIVER_EMERGENCY:
                await sender.deliver(self.account_id, Priority.EMERGENCY)

    async def until_over(self, broadcast_id: int) -> float:
        """Seconds until nothing of it is left; it never pauses, so that nobody has to resume it."""
        began = self.clock.at
        while (state := self.state(broadcast_id)) != BroadcastState.DONE:
            assert state == BroadcastState.RELEASED
            await self.work()
            self.clock.advance(1)
            assert self.clock.at - began < timedelta(minutes=10), "it never ends"
        return (self.clock.at - began).total_seconds()

    async def until_it_has_just_failed(self, seconds: float) -> None:
        """So long, and on until the next attempt: a provider that comes back right then is waited for the longest."""
        began, waits = self.clock.at, self.clock.at
        while self.clock.at - began < timedelta(seconds=seconds) or self.waits_until() == waits:
            waits = self.waits_until()
            await self.work()
            self.clock.advance(1)
        longest = (self.waits_until() - self.clock.at).total_seconds()
        say(f"the next attempt is {longest:g} s away")
        assert RECOVERS_SECONDS / 3 < longest <= RECOVERS_SECONDS / 2

    def waits_until(self) -> datetime:
        with self.database.read() as session:
            return max(session.exec(select(batches.Batch.not_before)), default=self.clock.at)

    def state(self, broadcast_id: int) -> str:
        with self.database.read() as session:
            return session.get_one(Broadcast, broadcast_id).state


class LineAt:
    channel_name = "line"

    def __init__(self) -> None:
        self.fake = FakeLine()
        self.addresses = list(line_builders.citizens(RECIPIENTS))

    @asynccontextmanager
    async def serve(self) -> AsyncIterator[None]:
        async with self.fake.serve():
            yield

    def channel(self, port: int | None = None) -> Channel:
        url = self.fake.url if port is None else f"http://127.0.0.1:{port}"
        return line_builders.channel_at(self.fake, api_url=url)

    def fail(self, row: Row) -> None:
        self.fake.order(*row.faults)  # type: ignore[arg-type]
        if row.fills == "malformed":
            self.addresses[1], self.addresses[3] = "Unot-an-id", "U0"

    def got(self) -> Counter[str]:
        return Counter(address for each in self.fake.journal for address in each.reached)


class TelegramAt:
    channel_name = "telegram"

    def __init__(self, clock: Clock, seconds: float) -> None:
        self._clock = clock
        self._seconds = seconds
        self.fake = FakeTelegram(clock=self._now, messages_per_second=None)
        self.addresses = [str(n) for n in range(1, RECIPIENTS + 1)]

    def _now(self) -> float:
        return self._clock.at.timestamp()

    @asynccontextmanager
    async def serve(self) -> AsyncIterator[None]:
        async with self.fake:
            yield

    def channel(self, port: int | None = None) -> Channel:
        url = self.fake.url if port is None else f"http://127.0.0.1:{port}"
        return TelegramChannel(
            bot_token=telegram_fake.TOKEN,
            api_url=url,
            clock=self._now,
            request=patient(self._seconds),
        )

    def fail(self, row: Row) -> None:
        self.fake.faults.extend(row.faults)  # type: ignore[arg-type]
        match row.fills:
            case "blocked":
                self.fake.blocked.add(1)
            case "missing":
                self.fake.missing.add(1)
            case "migrated":
                self.addresses[0] = str(GROUP)
                self.fake.migrated[GROUP] = SUPERGROUP
            case "too fast":
                self.fake.messages_per_second = 2
            case "revoked":
                self.fake.token = "7000000001:revoked"

    def got(self) -> Counter[str]:
        names = {SUPERGROUP: GROUP}
        return Counter({str(names.get(chat, chat)): len(said) for chat, said in self.fake.sent.items()})


class SmsAt:
    channel_name = "sms"

    def __init__(self) -> None:
        self.fake = FakeKannel()
        self.addresses = [f"+668{n:08d}" for n in range(RECIPIENTS)]

    @asynccontextmanager
    async def serve(self) -> AsyncIterator[None]:
        async with self.fake:
            yield

    def channel(self, port: int | None = None) -> Channel:
        url = self.fake.url if port is None else f"http://127.0.0.1:{port}/cgi-bin/sendsms"
        return KannelChannel(
            url=url,
            username="agency",
            password="secret",
            webhook_token="token",
            options=SmsOptions(sender="KRAJAI"),
        )

    def fail(self, row: Row) -> None:
        self.fake.faults.extend(row.faults)  # type: ignore[arg-type]
        if row.fills == "revoked":
            self.fake.password = "another"

    def got(self) -> Counter[str]:
        return Counter(sent.to for sent in self.fake.accepted)


NETWORKS: dict[str, Callable[[Clock, float], Any]] = {
    "line": lambda *_: LineAt(),
    "telegram": TelegramAt,
    "sms": lambda *_: SmsAt(),
}


@pytest.mark.parametrize("network", list(NETWORKS))
def test_the_table_of_faults(
    migrated_file: Path, tmp_path: Path, network: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = []
    for number, row in enumerate(row for row in TABLE if row.network == network):
        seconds = HANGS_SECONDS if row.name in UNANSWERED else PATIENT_SECONDS
        monkeypatch.setattr(line_channel, "SEND_SECONDS", seconds)
        monkeypatch.setattr(sms_parts, "TOTAL_SECONDS", seconds)
        monkeypatch.setattr(calling, "SEND_TIMEOUT_SECONDS", 2 * seconds)
        path = tmp_path / f"{number}.db"
        shutil.copy(migrated_file, path)
        clock = Clock()
        database = Database(f"sqlite:///{path}", clock=clock)
        with capture_logs():
            fate = asyncio.run(_fate(row, database, clock, seconds))
        database.close()
        expected = (row.accepted, row.failed, row.unknown, row.twice)
        say(f"{row.name}: {fate}")
        if fate[:-1] != expected or fate[-1] > RECOVERS_SECONDS:
            wrong.append((row.name, fate, expected))
    assert wrong == []


async def _fate(
    row: Row, database: Database, clock: Clock, seconds_a_call: float
) -> tuple[int, int, int, int, float]:
    """Accepted, failed, unknown, heard twice, seconds after the mend."""
    network = NETWORKS[row.network](clock, seconds_a_call)
    async with network.serve():
        network.fail(row)
        with database.write() as session:
            account_id = people.ensure_account(session, row.network).id or 0
            for address in network.addresses:
                builders.citizen(session, address, account_id=account_id)
            broadcast_id = builders.released(session, at=clock.at).id or 0
        with refusing_port() as port:
            dead = network.channel(port)
            if row.refused_seconds:
                await Delivery(database, clock, account_id, dead).until_it_has_just_failed(
                    row.refused_seconds
                )
            await dead.close()
        channel = network.channel()
        await channel.prepare()
        delivery = Delivery(database, clock, account_id, channel)
        if row.fills == "revoked":
            await delivery.work()
            await delivery.work()
            assert delivery.state(broadcast_id) == BroadcastState.RELEASED
            network.fake.token, network.fake.password = telegram_fake.TOKEN, "secret"
        seconds = await delivery.until_over(broadcast_id)
        await channel.close()
    with database.read() as session:
        tally = batches.tally(session, broadcast_id)
    twice = sum(times > 1 for times in network.got().values())
    assert tally["planned"] == tally["accepted"] + tally["failed"] + tally["unknown"] == RECIPIENTS
    return tally["accepted"], tally["failed"], tally["unknown"], twice, seconds
