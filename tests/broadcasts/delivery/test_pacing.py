"""Gates: who leaves when, seen by a provider's own watch."""

import asyncio
import random
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from broadcasts.delivery import pacing, sending, settling
from broadcasts.delivery.channel import NotNow, SendRequest
from broadcasts.delivery.pacing import Calls, Gate, Gates, Slot
from storage.lifecycles import BroadcastState
from storage.pace import CLOSEST, TICK_SECONDS, MemoryPacer, PaceClass, PaceLease, interval_seconds
from tests.broadcasts.delivery.scene import Lasting, Scene
from tests.fakes.scripted_channel import ScriptedChannel

PATIENCE_SECONDS = 300.0
GONE = OperationalError("SELECT", None, Exception("server closed the connection"))


@dataclass
class ScriptedPacer:
    """Gives what it is told to, then nothing for a long time; raises what it is told to raise."""

    gives: deque[PaceLease | Exception]
    wanted: list[int] = field(default_factory=list)
    fates: list[dict[int, int]] = field(default_factory=list)

    def lease(
        self,
        account_id: int,
        endpoint: str,
        pace_class: PaceClass,
        wanted: int,
        limit: float,
        fates: Mapping[int, int] | None = None,
    ) -> PaceLease:
        self.wanted.append(wanted)
        self.fates.append(dict(fates or {}))
        given = self.gives.popleft() if self.gives else PaceLease(wait_seconds=60.0)
        if isinstance(given, Exception):
            raise given
        return given


def patient(*departures: float) -> PaceLease:
    """On a busy machine a departure may be heard of late; here that is not what is looked at."""
    return PaceLease(departures=departures, ticks=(0,) * len(departures), lapse_seconds=5.0)


def gate(*gives: PaceLease | Exception) -> tuple[Gate, ScriptedPacer]:
    pacer = ScriptedPacer(deque(gives))
    return Gate(pacer, 1, "send", PaceClass.ROUTINE, 10.0, Calls(10.0)), pacer


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


@pytest.mark.parametrize("limit", [1, 22, 200])
def test_late_calls_leave_at_a_distance_first_come_first_served(limit: int) -> None:
    async def scene() -> list[tuple[int, float]]:
        now, turns = 1000.0, []

        async def pause(seconds: float) -> None:
            await asyncio.sleep(0)
            moments.append(now + seconds)

        moments: list[float] = []
        calls = Calls(float(limit), clock=lambda: now, pause=pause)

        async def turn(number: int) -> None:
            await calls.turn()
            turns.append((number, moments[number - 1] if number else now))

        await asyncio.gather(*(turn(number) for number in range(5)))
        return turns

    turns = asyncio.run(scene())
    assert [number for number, _ in turns] == [0, 1, 2, 3, 4]
    gaps = [later - earlier for (_, earlier), (_, later) in pairwise(turns)]
    assert gaps == pytest.approx([CLOSEST * interval_seconds(limit)] * 4)


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
        at_gate = Gate(pacer, 1, "send", PaceClass.ROUTINE, 10.0, Calls(10.0))
        first, second = (asyncio.create_task(at_gate.passage()) for _ in range(2))
        await asyncio.sleep(0)
        if granted:
            at_gate._waiters.popleft().set_result(Slot(patient(0.0)))
        first.cancel()
        await asyncio.sleep(0)
        given_up.set()
        await asyncio.wait_for(second, PATIENCE_SECONDS)
        return first.cancelled()

    assert asyncio.run(scene())


def test_a_departure_that_was_missed_lapses() -> None:
    async def scene() -> list[int]:
        late = PaceLease(departures=(0.0, 0.001), ticks=(0, 0), lapse_seconds=0.01)

        class Slow(ScriptedPacer):
            def lease(self, *asked: object, **more: object) -> PaceLease:
                loop.call_soon_threadsafe(time.sleep, 0.05)
                return super().lease(*asked, **more)  # type: ignore[arg-type]

        loop = asyncio.get_running_loop()
        pacer = Slow(deque([late]))
        waiting = asyncio.create_task(Gate(pacer, 1, "send", PaceClass.ROUTINE, 10.0, Calls(10.0)).passage())
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
        at_gate, _ = gate(PaceLease(departures=(0.1,), ticks=(0,), lapse_seconds=60.0, asked_at=asked_at))
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
    turn = Calls.turn

    async def look_again() -> bool:
        looked.append(True)
        if isinstance(look, Exception):
            raise look
        return look

    async def scene() -> str:
        gates = Gates(ScriptedPacer(deque([patient(0.0), patient(0.0)])))
        departing = gates.departure(1, "send", PaceClass.ROUTINE, 10.0, look=look_again)
        await departing.passage()

        async def late(calls: Calls) -> None:
            assert looked == []
            departing._seen_at -= 2 * pacing.SEEN_SECONDS
            await turn(calls)

        if missed:
            departing._slot = Slot(PaceLease(departures=(0.0,), ticks=(0,), lapse_seconds=-1.0))
        else:
            monkeypatch.setattr(Calls, "turn", late)
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


def test_what_became_of_departures_is_told_with_the_next_asking() -> None:
    """One that lapsed and one that nobody took are given back; of one that was used it is told when it was."""
    lapsed = PaceLease(departures=(0.0,), ticks=(7,), lapse_seconds=-1.0)
    three = PaceLease(departures=(0.0, 0.0, 0.0), ticks=(70, 70, 71), lapse_seconds=60.0, asked=1000.0)

    async def scene() -> list[dict[int, int]]:
        pacer = ScriptedPacer(deque([lapsed, three, patient(0.0)]))
        gates = Gates(pacer)
        used, stopped, next_one = (gates.departure(1, "send", PaceClass.ROUTINE, 10.0) for _ in range(3))
        await asyncio.gather(used.passage(), stopped.passage())
        await used.due()
        used.left()
        stopped.let_go()
        await asyncio.sleep(0.01)
        await next_one.passage()
        return pacer.fates

    first, second, third = asyncio.run(scene())
    assert (first, second) == ({}, {7: -1})
    assert (third.pop(70), third.pop(71)) == (-2, -1)
    (tick,) = third
    assert third[tick] == 1
    assert abs(tick * TICK_SECONDS - 1000.0) < PATIENCE_SECONDS


def test_a_departure_that_lapses_behind_late_calls_is_not_used() -> None:
    async def scene() -> list[dict[int, int]]:
        short = PaceLease(departures=(0.0, 0.0), ticks=(5, 6), lapse_seconds=0.05, asked=1000.0)
        pacer = ScriptedPacer(deque([short, patient(0.0)]))
        gates = Gates(pacer)
        first, second = (gates.departure(1, "send", PaceClass.ROUTINE, 1.0) for _ in range(2))
        await asyncio.gather(first.passage(), second.passage())
        await first.due()
        first.left()
        await second.due()
        assert second._slot is not None
        assert second._slot.lease.lapse_seconds == 5.0
        return pacer.fates

    fates = asyncio.run(scene())
    assert fates[1][6] == -1
