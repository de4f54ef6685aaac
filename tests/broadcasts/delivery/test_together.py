"""Work done together: few goes, each after it was asked for, and nobody pays for another's fault."""

import asyncio
from collections.abc import Callable

import pytest
from sqlalchemy.exc import OperationalError

from broadcasts.delivery.lanes import Lane
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


@pytest.mark.parametrize(("most", "rooms"), [(1, [1, 1]), (8, [8, 2])])
def test_a_lane_has_room_again_when_a_good_part_is_back(most: int, rooms: list[int]) -> None:
    async def scene() -> list[int]:
        lane, back = Lane(), [asyncio.Event() for _ in range(most)]
        lane.serve()
        found = [await lane.room(most, 1.0)]
        for event in back:
            lane.start(_wait_for(event))
        assert await lane.room(most, 0.0) == 0
        for event in back[: max(most // 4, 1)]:
            event.set()
        found.append(await lane.room(most, 1.0))
        for event in back:
            event.set()
        await lane.quiet(1.0)
        return found

    assert asyncio.run(scene()) == rooms


async def _wait_for(event: asyncio.Event) -> None:
    await event.wait()
