"""Work done together: few goes, each after it was asked for, and nobody pays for another's fault."""

import asyncio
from collections.abc import Callable

import pytest
from sqlalchemy.exc import OperationalError

from broadcasts.delivery.channel import ChannelTraits
from broadcasts.delivery.lanes import Lane, Measure, measure_of
from broadcasts.delivery.together import Together


def all_at_once(work: Callable[[list[int]], list[int]], most: int = 100) -> list[int | BaseException]:
    """What ten who ask at the same time get."""

    async def scene() -> list[int | BaseException]:
        together = Together(work, most)
        return await asyncio.gather(*(together.done(n) for n in range(10)), return_exceptions=True)

    return asyncio.run(scene())


def test_those_who_ask_at_once_share_a_go() -> None:
    goes: list[list[int]] = []

    def work(items: list[int]) -> list[int]:
        goes.append(items)
        return [item * 2 for item in items]

    assert all_at_once(work, most=6) == [n * 2 for n in range(10)]
    assert [len(go) for go in goes] == [6, 4]


def test_one_at_fault_costs_the_others_nothing() -> None:
    def work(items: list[int]) -> list[int]:
        if 3 in items:
            raise ValueError("three")
        return items

    found = all_at_once(work)
    assert [each for each in found if isinstance(each, int)] == [0, 1, 2, 4, 5, 6, 7, 8, 9]
    assert isinstance(found[3], ValueError)


def test_all_hear_at_once_of_a_database_that_is_away() -> None:
    goes: list[int] = []

    def work(items: list[int]) -> list[int]:
        goes.append(len(items))
        raise OperationalError("UPDATE", None, Exception("terminating connection"))

    assert all(isinstance(each, OperationalError) for each in all_at_once(work))
    assert goes == [10]


def test_a_lane_has_room_again_when_half_of_what_was_ahead_has_left_however_slow_the_answers_are() -> None:
    measure = Measure(ahead=8, batches=12, requests_a_batch=1, together=8)

    async def scene() -> list[int]:
        lane, answered = Lane(), asyncio.Event()
        leaves: list[Callable[[], None]] = []

        async def send(one_left: Callable[[], None]) -> None:
            leaves.append(one_left)
            await answered.wait()

        lane.serve()
        found = [await lane.room(measure, 1.0)]
        for _ in range(8):
            lane.start(1, send)
        await asyncio.sleep(0)
        found.append(await lane.room(measure, 0.0))
        for one_left in leaves[:4]:
            one_left()
            one_left()
        found.append(await lane.room(measure, 1.0))
        for _ in range(4):
            lane.start(1, send)
        await asyncio.sleep(0)
        for one_left in leaves:
            one_left()
        # Nobody is ahead, but all of what may be held in memory waits for answers.
        found.append(await lane.room(measure, 0.0))
        answered.set()
        await lane.quiet(1.0)
        return [*found, await lane.room(measure, 1.0)]

    assert asyncio.run(scene()) == [8, 0, 4, 0, 8]


@pytest.mark.parametrize(
    ("per_request", "per_batch", "limit", "ahead", "batches", "together"),
    [
        (500, 500, 200.0, 120, 400, 16),
        (500, 500, 22.0, 44, 222, 16),
        (1, 20, 30.0, 60, 17, 400),
        (1, 60, 1000.0, 2000, 168, 133),
        (1, 60, 50_000.0, 2000, 400, 133),
        (1, 10, 10.0, 20, 12, 800),
        (1, 20, 0.1, 1, 2, 400),
    ],
)
def test_a_lane_holds_what_leaves_within_a_second_and_what_slow_answers_keep(
    per_request: int, per_batch: int, limit: float, ahead: int, batches: int, together: int
) -> None:
    traits = ChannelTraits(
        recipients_per_request=per_request,
        recipients_per_batch=per_batch,
        honours_retry_key=per_request > 1,
        bulk_endpoint="send",
        reply_endpoint="send",
        requests_per_second={"send": limit},
    )
    found = measure_of(traits)
    assert (found.ahead, found.batches, found.together) == (ahead, batches, together)
