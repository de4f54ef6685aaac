"""Page after page, each read while the one before is written: everybody once, whoever dies or stops in between."""

from collections.abc import Callable
from itertools import count, islice
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlmodel import Session

from broadcasts.delivery import drawing, planning_ahead
from broadcasts.delivery.drawing import Drawn, draw_ahead
from broadcasts.delivery.planning import plan_page
from broadcasts.delivery.planning_ahead import plan_pages
from storage import broadcasts
from storage.database import Database
from storage.lifecycles import BroadcastState
from tests import builders
from tests.broadcasts.audience.people import CHANNELS, ON_A_DATABASE, Someone, areas, crowds, settle_down
from tests.broadcasts.delivery.plans import Crash, copies, is_planned
from tests.builders import NOW


@given(
    people=crowds(10),
    places=areas(),
    page=st.integers(1, 5),
    rounds=st.lists(st.tuples(st.integers(1, 3), st.booleans()), max_size=6),
)
@settings(ON_A_DATABASE, max_examples=10)
def test_everybody_is_planned_once_however_often_it_ends_and_begins(
    database: Database, people: list[Someone], places: list[str], page: int, rounds: list[tuple[int, bool]]
) -> None:
    """`rounds`: after so many pages a worker stops, or dies before the last of them is committed."""
    world = settle_down(database, people)
    sizes = dict(zip(world.accounts, range(1, len(CHANNELS) + 1), strict=True))
    with database.write() as session:
        broadcast_id = builders.released(session, places=places).id or 0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(drawing, "PAGE_KEYS", page)
        for pages, dies in rounds:
            with patch.context() as round_patch:
                if dies:
                    dies_at(round_patch, pages)
                try:
                    plan_pages(database, broadcast_id, sizes, goes_on=so_often(pages))
                except Crash:
                    continue
        assert plan_pages(database, broadcast_id, sizes) is None
    found = [copy.contact_id for copy in copies(database, broadcast_id)]
    assert sorted(found) == sorted(contact_id for contact_id, *_ in world.audience(places).values())
    assert is_planned(database, broadcast_id)


def three_pages(database: Database, monkeypatch: pytest.MonkeyPatch) -> tuple[int, int]:
    """An account and a broadcast to six on it, two a page."""
    monkeypatch.setattr(drawing, "PAGE_KEYS", 2)
    with database.write() as session:
        account_id = builders.account(session)
        for number in range(6):
            builders.citizen(session, f"sim-{number}", places=["57"])
        return account_id, builders.released(session, places=["57"]).id or 0


def so_often(pages: int) -> Callable[[], bool]:
    left = islice(count(), pages - 1)
    return lambda: next(left, None) is not None


def dies_at(patch: pytest.MonkeyPatch, page: int) -> None:
    """The process ends when that page is written and not committed, while the next one is being read."""
    numbers = count(1)

    def deadly(*given: Any) -> float | None:
        wait_seconds = plan_page(*given)
        if next(numbers) == page:
            raise Crash
        return wait_seconds

    patch.setattr(planning_ahead, "plan_page", deadly)


def test_it_stops_when_told_to_and_reads_nothing_more(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    account_id, broadcast_id = three_pages(database, monkeypatch)
    read: list[int | None] = []

    def counted(session: Session, broadcast_id: int, after: int | None) -> Drawn | None:
        read.append(after)
        return draw_ahead(session, broadcast_id, after)

    monkeypatch.setattr(planning_ahead, "draw_ahead", counted)
    assert plan_pages(database, broadcast_id, {account_id: 2}, goes_on=so_often(2)) == 0.0
    assert len(copies(database, broadcast_id)) == 4
    assert len(read) == 2


def test_a_broadcast_stopped_meanwhile_is_planned_no_further(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    account_id, broadcast_id = three_pages(database, monkeypatch)

    asked = count(1)

    def stop_at_the_second_page() -> bool:
        if next(asked) == 2:
            with database.write() as session:
                broadcasts.move(session, broadcast_id, BroadcastState.STOPPED, NOW, by="tester")
        return True

    assert plan_pages(database, broadcast_id, {account_id: 2}, goes_on=stop_at_the_second_page) is None
    assert len(copies(database, broadcast_id)) == 2
    assert not is_planned(database, broadcast_id)


def test_who_finds_that_another_has_planned_its_page_leaves_the_rest_to_it(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two of them would read each page twice; the one that moved the plan last goes on."""
    account_id, broadcast_id = three_pages(database, monkeypatch)
    asked = count(1)

    def another_plans_the_second_page() -> bool:
        if next(asked) == 2:
            assert plan_pages(database, broadcast_id, {account_id: 2}, goes_on=so_often(1)) == 0.0
        return True

    assert plan_pages(database, broadcast_id, {account_id: 2}, goes_on=another_plans_the_second_page) is None
    assert len(copies(database, broadcast_id)) == 4
    assert plan_pages(database, broadcast_id, {account_id: 2}) is None
    assert len(copies(database, broadcast_id)) == 6
