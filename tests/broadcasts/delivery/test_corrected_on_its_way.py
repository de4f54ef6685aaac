"""Cancelled while it goes out, and the network refuses some of it: who got it is told so, once and after it.

Through the real channels against the strict fakes; what phones heard is the oracle.
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from threading import Event

import pytest

from broadcasts.delivery.channel import Channel
from broadcasts.delivery.lanes import Lane
from broadcasts.delivery.pacing import Gates
from broadcasts.delivery.planning import plan_page
from broadcasts.delivery.sending import Sender
from storage import batches, broadcasts, people
from storage.broadcasts import Broadcast, Priority
from storage.lifecycles import BatchState, BroadcastState
from storage.pace import PaceClass, PaceLease
from storage.people import GROUP_CONTACT
from tests import builders
from tests.bot.channels import line_builders, telegram_builders
from tests.broadcasts.delivery.scene import Lasting, NoPace
from tests.builders import NOW
from tests.fakes import telegram as telegram_fake
from tests.fakes.line import FakeLine, Fault
from tests.fakes.telegram import FakeTelegram

WARNING, CANCEL = "น้ำป่ามาแล้ว", "ยกเลิกคำเตือน"
USERS = line_builders.citizens(3)
GROUPS = tuple(f"C{number:032x}" for number in range(3))
DOUBTFUL = (Fault.FAILS, Fault.PROXY_FAILS, Fault.CUTS, Fault.ACCEPTS_AND_CUTS, Fault.ACCEPTS_AND_FAILS)
CERTAIN = (Fault.TOO_FAST, Fault.TOO_MANY_AT_ONCE, Fault.QUOTA, Fault.UNAUTHORIZED, Fault.TOO_LARGE)

_numbers = count(1)


@dataclass
class NotedPace(NoPace):
    """Lets everything through, and counts departures by endpoint."""

    given: Counter[str] = field(default_factory=Counter)

    def lease(
        self,
        account_id: int,
        endpoint: str,
        pace_class: PaceClass,
        wanted: int,
        limit: float,
        fates: Mapping[int, int] | None = None,
    ) -> PaceLease:
        self.given[endpoint] += wanted
        return super().lease(account_id, endpoint, pace_class, wanted, limit, fates)


class Sent:
    """A warning to these addresses of one account, and what becomes of it."""

    def __init__(
        self,
        lasting: Lasting,
        channel_name: str,
        channel: Channel,
        addresses: Sequence[str],
        *,
        groups: Sequence[str] = (),
        text: str = WARNING,
    ) -> None:
        self.lasting, self.channel, self.pace = lasting, channel, NotedPace()
        number = next(_numbers)
        lasting.clock.at = NOW
        with lasting.database.write() as session:
            self.account_id = people.ensure_account(session, channel_name, f"corrected {number}").id or 0
            place = f"{90 + number // 90}{number % 90 + 10}"
            for address in addresses:
                contact, _ = builders.citizen(session, address, account_id=self.account_id, places=[place])
                contact.kind = GROUP_CONTACT if address in groups else contact.kind
            self.original = builders.released(session, places=[place], text=text).id or 0
        self._plan(self.original)

    async def deliver(self) -> None:
        gates = Gates(self.pace)
        sender = Sender(database=self.lasting.database, channels={self.account_id: self.channel}, gates=gates)
        await sender.deliver(self.account_id, Priority.EMERGENCY)

    async def cancel(self) -> None:
        """In one transaction, as a release of a Cancel does; it goes out, and whatever still could."""
        at = self.lasting.clock.at
        with self.lasting.database.write() as session:
            if session.get_one(Broadcast, self.original).state != BroadcastState.DONE:
                broadcasts.move(session, self.original, BroadcastState.STOPPED, at, by="officer")
            batches.end_waiting(session, self.original, BatchState.STOPPED, at)
            cancel = builders.released(session, places=[], reached=[self.original], text=CANCEL)
        self._plan(cancel.id or 0)
        for _ in range(3):
            await self.deliver()
            self.lasting.clock.advance(61)

    def resume_if_paused(self) -> None:
        with self.lasting.database.write() as session:
            if session.get_one(Broadcast, self.original).state == BroadcastState.PAUSED:
                at = self.lasting.clock.at
                broadcasts.move(session, self.original, BroadcastState.RELEASED, at, by="officer")

    def tally(self) -> dict[str, int]:
        with self.lasting.database.read() as session:
            return {name: n for name, n in batches.tally(session, self.original).items() if n}

    def _plan(self, broadcast_id: int) -> None:
        sizes = {self.account_id: self.channel.traits.recipients_per_batch}
        wait: float | None = 0.0
        while wait is not None:
            with self.lasting.database.write() as session:
                wait = plan_page(session, broadcast_id, self.lasting.clock.at, sizes)


def test_what_is_left_behind_while_it_is_looked_for_more_is_sent(
    lasting: Lasting, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A batch is divided after a look that found nothing more has begun, and before it has ended."""
    claim, back, all_back = Sender._claim, Lane._back, Event()

    def noted(self: Lane, task: asyncio.Task[None]) -> None:
        back(self, task)
        all_back.set()

    def late(self: Sender, account_id: int, priority: Priority, channel: Channel, most: int) -> object:
        claimed = claim(self, account_id, priority, channel, most)
        assert claimed or all_back.wait(300)
        return claimed

    monkeypatch.setattr(Lane, "_back", noted)
    monkeypatch.setattr(Sender, "_claim", late)

    async def scenario() -> None:
        async with (fake := FakeLine()).serve():
            channel = line_builders.channel_at(fake)
            sent = Sent(lasting, "line", channel, (*GROUPS, *USERS))
            await sent.deliver()
            await channel.close()
        assert set(heard_on_line(fake)) == {*GROUPS, *USERS}

    asyncio.run(scenario())


def heard_on_line(fake: FakeLine) -> dict[str, list[str]]:
    heard: dict[str, list[str]] = defaultdict(list)
    for each in fake.journal:
        for address in each.to:
            heard[address] += line_builders.texts(each.messages)
    return heard


@pytest.mark.parametrize("kind_is_known", [True, False], ids=["groups", "groups in a batch with others"])
@pytest.mark.parametrize("fault", [*CERTAIN, *DOUBTFUL])
def test_line_users_and_groups_that_got_it_are_told(
    lasting: Lasting, fault: Fault, kind_is_known: bool
) -> None:
    async def scenario() -> None:
        async with (fake := FakeLine()).serve():
            channel = line_builders.channel_at(fake)
            groups = GROUPS if kind_is_known else ()
            sent = Sent(lasting, "line", channel, (*GROUPS, *USERS), groups=groups)
            fake.order(None, fault)
            await sent.deliver()
            got = set(heard_on_line(fake))
            tally = sent.tally()
            await sent.cancel()
            await channel.close()
        heard = heard_on_line(fake)
        assert all(heard[address] == [WARNING, CANCEL] for address in got)
        missed = {*GROUPS, *USERS} - got
        if fault in CERTAIN:
            # Words that were accepted for others are not refused for her sake: then it is she who failed.
            assert tally["accepted"] == len(got)
            assert tally.get("waiting", 0) + tally.get("failed", 0) == len(missed)
            assert got
            assert missed
            assert not missed & set(heard)
        else:
            assert tally["accepted"] + tally["unknown"] == 6
            assert all(heard[address] == [CANCEL] for address in missed)

    asyncio.run(scenario())


@pytest.mark.parametrize("kind_is_known", [True, False], ids=["groups", "groups in a batch with others"])
def test_a_group_that_put_krajai_out_has_not_accepted_it_and_holds_up_nobody(
    lasting: Lasting, kind_is_known: bool
) -> None:
    async def scenario() -> None:
        async with (fake := FakeLine()).serve():
            fake.left_groups.add(GROUPS[1])
            channel = line_builders.channel_at(fake)
            groups = GROUPS if kind_is_known else ()
            sent = Sent(lasting, "line", channel, (*GROUPS, *USERS), groups=groups)
            await sent.deliver()
            assert sent.tally() == {"planned": 6, "accepted": 5, "failed": 1}
            await sent.cancel()
            await channel.close()
        assert dict(heard_on_line(fake)) == {
            address: [WARNING, CANCEL] for address in (*GROUPS, *USERS) if address != GROUPS[1]
        }

    asyncio.run(scenario())


def test_a_group_for_which_alone_the_words_are_refused_has_failed(lasting: Lasting) -> None:
    async def scenario() -> None:
        async with (fake := FakeLine()).serve():
            channel = line_builders.channel_at(fake)
            sent = Sent(lasting, "line", channel, GROUPS, groups=GROUPS)
            # As long as nobody is known to have got them it may be the words, and an officer decides.
            for faults in ([None, None, Fault.TOO_LARGE], [Fault.TOO_LARGE]):
                fake.order(*faults)
                await sent.deliver()
                sent.resume_if_paused()
                lasting.clock.advance(61)
            await channel.close()
        assert sent.tally() == {"planned": 3, "accepted": 2, "failed": 1}

    asyncio.run(scenario())


def test_each_group_chat_takes_a_departure_of_pushes(lasting: Lasting) -> None:
    async def scenario() -> None:
        async with (fake := FakeLine()).serve():
            channel = line_builders.channel_at(fake)
            sent = Sent(lasting, "line", channel, (*GROUPS, *USERS), groups=GROUPS)
            await sent.deliver()
            await channel.close()
        assert sent.pace.given == {"multicast": 1, "push": 3}
        assert Counter(each.endpoint for each in fake.journal) == sent.pace.given

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("faults", "outcome"),
    [
        ([telegram_fake.Fault.BARE_429], "accepted"),
        ([telegram_fake.Fault.BARE_429] * 2, "unknown"),
        ([telegram_fake.Fault.CUT_BEFORE_ACCEPTING], "unknown"),
        ([telegram_fake.Fault.CUT_AFTER_ACCEPTING], "unknown"),
    ],
    ids=lambda each: each if isinstance(each, str) else f"{len(each)} x {each[0]}",
)
def test_a_chat_that_got_half_of_a_long_one_is_told(
    lasting: Lasting, faults: list[telegram_fake.Fault], outcome: str
) -> None:
    async def scenario() -> None:
        async with FakeTelegram() as fake:
            channel = telegram_builders.channel(fake, clock := telegram_builders.Clock())
            sent = Sent(lasting, "telegram", channel, ["1"], text=f"{WARNING} " * 400)
            fake.faults.extend([None, *faults])
            await sent.deliver()
            assert sent.tally() == {"planned": 1, outcome: 1}
            begun = len(fake.sent[1])
            clock.now += 61
            await sent.cancel()
            await channel.close()
        first, *others = [str(each["text"]) for each in fake.sent[1]]
        assert WARNING in first
        assert others[begun - 1 :] == [CANCEL]

    asyncio.run(scenario())
