"""Gates: who leaves when, seen by a provider's own watch."""

import asyncio
import math
import random
import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from broadcasts.delivery import pacing, sending, settling
from broadcasts.delivery.channel import NotNow, SendRequest
from broadcasts.delivery.pacing import Gate, Gates, LastSecond, Slot
from storage.lifecycles import BroadcastState
from storage.pace import MemoryPacer, PaceClass, PaceLease
from tests.broadcasts.delivery.scene import Lasting, Scene
from tests.fakes.scripted_channel import ScriptedChannel

PATIENCE_SECONDS = 300.0
GONE = OperationalError("SELECT", None, Exception("server closed the connection"))


@dataclass
class ScriptedPacer:
    """Gives what it is told to, then nothing for a long time; raises what it is told to raise."""

    gives: deque[PaceLease | Exception]
    wanted: list[int] = field(default_factory=list)
    missed: list[bool] = field(default_factory=list)

    def lease(
        self,
        account_id: int,
        endpoint: str,
        pace_class: PaceClass,
        wanted: int,
        limit: float,
        *,
        missed: bool = False,
    ) -> PaceLease:
        self.wanted.append(wanted)
        self.missed.append(missed)
        given = self.gives.popleft() if self.gives else PaceLease(wait_seconds=60.0)
        if isinstance(given, Exception):
            raise given
        return given


def patient(*departures: float) -> PaceLease:
    """On a busy machine a departure may be heard of late; here that is not what is looked at."""
    return PaceLease(departures=departures, lapse_seconds=5.0)


def gate(*gives: PaceLease | Exception) -> tuple[Gate, ScriptedPacer]:
    pacer = ScriptedPacer(deque(gives))
    return Gate(pacer, 1, "send", PaceClass.ROUTINE, 10.0), pacer


def started_a_second_ago() -> MemoryPacer:
    """A pacer that is over the second it waits at a start."""
    early = iter([time.monotonic() - 1.0])
    return MemoryPacer(lambda: next(early, None) or time.monotonic())


def most_in_a_second(moments: Sequence[float]) -> int:
    return max(sum(start <= moment < start + 1.0 for moment in moments) for start in moments)


def test_no_sliding_second_holds_more_departures_than_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also when the process stutters: what was late must not crowd what follows."""
    monkeypatch.setattr(pacing, "_ONCE_MORE_SECONDS", PATIENCE_SECONDS)
    seed = random.randrange(10**6)
    limit, calls = 80.0, 130
    stutter = random.Random(seed)
    left: list[float] = []

    async def call(gates: Gates, pace_class: PaceClass) -> None:
        departing = gates.departure(1, "send", pace_class, limit)
        await departing.passage()
        await asyncio.sleep(stutter.choice([0, 0, 0, 0.08]))
        await departing.due()
        departing.left()
        left.append(time.monotonic())
        if stutter.random() < 0.05:
            time.sleep(0.02)  # noqa: ASYNC251 - the loop is held up on purpose

    async def all_calls() -> None:
        gates = Gates(started_a_second_ago())
        classes = [PaceClass.EMERGENCY] * 100 + [PaceClass.CONVERSATION] * (calls - 100)
        await asyncio.gather(*(call(gates, each) for each in classes))

    asyncio.run(all_calls())
    assert len(left) == calls
    assert most_in_a_second(sorted(left)) <= limit, f"seed {seed}"


@dataclass
class BusyProcess:
    """A clock that is moved by whoever waits, and a wait that ends late: by a timer's little, sometimes by a lot."""

    limit: float
    seed: int
    now: float = 1000.0
    written_at: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._late = random.Random(self.seed)

    async def pause(self, seconds: float) -> None:
        self.now += max(seconds, 0.0) + self._late.choice([0.0, 0.0005, 0.002])

    async def calls(self, count: int, spacing: float) -> None:
        """Calls at departures `spacing` apart, each written late by chance after it was let go."""
        second = LastSecond(self.limit, clock=lambda: self.now, pause=self.pause)
        begun = self.now
        for number in range(count):
            stalled = self._late.random() < 0.05
            await self.pause(begun + number * spacing - self.now + stalled * self._late.uniform(0, 0.4))
            mine = await second.turn()
            self.now += self._late.choice([0.0, 0.0, 0.001, 0.03])
            self.written_at.append(self.now)
            mine.at = self.now


@pytest.mark.parametrize("limit", [1, 22, 30, 200])
def test_what_is_late_neither_crowds_nor_is_crowded(limit: int) -> None:
    """By a clock of its own: at departures that are as close as may be, with stalls of up to 0.4 s."""
    seed = random.randrange(10**6)
    busy = BusyProcess(limit=float(limit), seed=seed)
    asyncio.run(busy.calls(20 * limit, 1.015 / limit))
    assert most_in_a_second(busy.written_at) <= limit, f"seed {seed}"
    gaps = [later - earlier for earlier, later in pairwise(busy.written_at)]
    assert min(gaps) >= 0.5 / limit - 1e-9, f"seed {seed}"


def test_a_stall_costs_its_own_time_and_no_departures() -> None:
    """What waited meanwhile follows at twice the pace as far as the second allows: 2 s later all are on time again."""
    busy = BusyProcess(limit=50.0, seed=1)
    busy._late = StallsOnce(at=100)
    asyncio.run(busy.calls(500, 1.015 / 50))
    on_time = 1000.0 + 499 * 1.015 / 50
    assert busy.written_at[-1] - on_time < 0.3


class StallsOnce(random.Random):
    """Never late but once."""

    def __init__(self, at: int) -> None:
        super().__init__(1)
        self._left = at

    def random(self) -> float:
        self._left -= 1
        return 0.0 if self._left == 0 else 1.0

    def uniform(self, a: float, b: float) -> float:
        return 0.3

    def choice(self, seq: Any) -> Any:
        return 0.0


def test_departures_are_first_come_first_served() -> None:
    async def scene() -> list[int]:
        at_gate, _ = gate(patient(0.0, 0.001), patient(0.0))
        through: list[int] = []

        async def pass_through(number: int) -> None:
            await at_gate.passage()
            through.append(number)

        await asyncio.gather(*(pass_through(number) for number in range(3)))
        return through

    assert asyncio.run(scene()) == [0, 1, 2]


@pytest.mark.parametrize("granted", [False, True], ids=["while it waits", "in the moment it was granted"])
def test_who_gives_up_hands_the_place_to_the_next(granted: bool) -> None:
    class Held(ScriptedPacer):
        def lease(self, *asked: Any, **more: Any) -> PaceLease:
            assert given_up.wait(PATIENCE_SECONDS)
            return super().lease(*asked, **more)

    given_up = threading.Event()

    async def scene() -> bool:
        pacer = Held(deque([] if granted else [patient(0.0)]))
        at_gate = Gate(pacer, 1, "send", PaceClass.ROUTINE, 10.0)
        first, second = (asyncio.create_task(at_gate.passage()) for _ in range(2))
        await asyncio.sleep(0)
        if granted:
            at_gate._waiters.popleft().set_result(Slot(at=0.0, lapses_at=math.inf))
        first.cancel()
        await asyncio.sleep(0)
        given_up.set()
        await asyncio.wait_for(second, PATIENCE_SECONDS)
        return first.cancelled()

    assert asyncio.run(scene())


def test_a_departure_that_was_missed_lapses() -> None:
    async def scene() -> list[int]:
        late = PaceLease(departures=(0.0, 0.001), lapse_seconds=0.01)

        class Slow(ScriptedPacer):
            def lease(self, *asked: object, **more: object) -> PaceLease:
                loop.call_soon_threadsafe(time.sleep, 0.05)
                return super().lease(*asked, **more)  # type: ignore[arg-type]

        loop = asyncio.get_running_loop()
        pacer = Slow(deque([late]))
        waiting = asyncio.create_task(Gate(pacer, 1, "send", PaceClass.ROUTINE, 10.0).passage())
        while len(pacer.wanted) < 2:  # noqa: ASYNC110 - it is asked in a thread
            await asyncio.sleep(0.01)
        assert not waiting.done()
        waiting.cancel()
        return pacer.wanted

    assert asyncio.run(scene()) == [1, 1]


def test_a_gate_outlives_a_fault_of_the_database(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pacing, "_AGAIN_SECONDS", 0.01)

    async def scene() -> None:
        at_gate, _ = gate(GONE, GONE, patient(0.0))
        await asyncio.wait_for(at_gate.passage(), PATIENCE_SECONDS)

    asyncio.run(scene())


def test_a_gate_asks_for_as_many_as_wait_and_only_while_somebody_waits() -> None:
    async def scene() -> list[int]:
        at_gate, pacer = gate(patient(0.0, 0.0, 0.0), patient(0.0))
        await asyncio.gather(*(at_gate.passage() for _ in range(3)))
        await asyncio.sleep(0.02)
        await at_gate.passage()
        return pacer.wanted

    assert asyncio.run(scene()) == [3, 1]


def test_departures_count_from_the_asking_and_not_from_when_they_were_heard_of() -> None:
    """What lies between, a commit on a busy disk, would push them into the departures of other workers."""
    asked_at = time.monotonic() - 0.5

    async def scene() -> Slot:
        at_gate, _ = gate(PaceLease(departures=(0.1,), lapse_seconds=60.0, asked_at=asked_at))
        return await at_gate.passage()

    assert asyncio.run(scene()).at == asked_at + 0.1


@pytest.mark.parametrize(
    ("look", "said"),
    [(True, ""), (False, "stopped"), (GONE, "the database does not answer")],
    ids=["live", "stopped", "nobody knows"],
)
@pytest.mark.parametrize("missed", [True, False], ids=["missed its departure", "waited behind others"])
def test_who_was_held_up_is_looked_at_again_before_the_call(
    look: bool | Exception, said: str, missed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[bool] = []
    turn = LastSecond.turn

    async def look_again() -> bool:
        looked.append(True)
        if isinstance(look, Exception):
            raise look
        return look

    async def scene() -> str:
        gates = Gates(ScriptedPacer(deque([patient(0.0), patient(0.0)])))
        departing = gates.departure(1, "send", PaceClass.ROUTINE, 10.0, look=look_again)
        await departing.passage()

        async def late(second: LastSecond) -> Any:
            assert looked == []
            departing._seen_at -= 2 * pacing.SEEN_SECONDS
            return await turn(second)

        if missed:
            departing._slot = Slot(at=0.0, lapses_at=0.0)
        else:
            monkeypatch.setattr(LastSecond, "turn", late)
        try:
            await departing.due()
        except NotNow as held:
            return str(held)
        departing.left()
        return ""

    assert asyncio.run(scene()) == said
    assert looked == [True]


class FirstWaitsForAll(ScriptedChannel):
    """Its first request is not answered before everybody's has come."""

    async def send(self, request: SendRequest) -> None:
        first = not self.journal
        await super().send(request)
        while first and len(self.journal) < 40:  # noqa: ASYNC110 - the journal is no event
            await asyncio.sleep(0.01)


def test_a_hanging_request_holds_up_nobody_but_itself(
    lasting: Lasting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "RUN_SECONDS", 60.0)
    addresses = [f"sim-{n}" for n in range(40)]
    with Scene(lasting, FirstWaitsForAll(keyed=True, recipients_per_batch=1), addresses) as scene:
        broadcast_id = scene.release()
        scene.deliver()
        assert scene.outcomes(broadcast_id) == "a" * 40
        assert len(scene.channel.journal) == 40


def test_an_answer_waits_for_a_database_that_is_away(
    lasting: Lasting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "SETTLE_AGAIN_SECONDS", 0.01)
    settle = settling.settle_batch
    away = [OperationalError("UPDATE", None, Exception("terminating connection"))] * 3

    def settle_later(*args: Any, **named: Any) -> bool:
        if away:
            raise away.pop()
        return settle(*args, **named)

    monkeypatch.setattr(settling, "settle_batch", settle_later)
    with Scene(lasting, ScriptedChannel(keyed=False)) as scene:
        broadcast_id = scene.release()
        scene.deliver()
        assert (scene.outcomes(broadcast_id), scene.state(broadcast_id)) == ("aaa", BroadcastState.DONE)
        assert len(scene.channel.journal) == 3


def test_departures_that_were_missed_are_told_to_the_pacer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pacing, "_COUNTS_SECONDS", 0.0)
    lapsed = PaceLease(departures=(0.0, 0.0), lapse_seconds=-1.0)

    async def scene() -> list[bool]:
        at_gate, pacer = gate(lapsed, patient(0.0), patient(0.0))
        await at_gate.passage()
        await at_gate.passage()
        return pacer.missed

    assert asyncio.run(scene()) == [False, True, False]
