"""Two clocks, and a machine's clock that is moved by an hour and back: one send for each (schedule, slot)."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import partial
from itertools import count
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlmodel import Session, col, select, update

from bot.scheduled_runs import run_due
from bot.settings import Settings
from bot.visiting import Visitor
from broadcasts.delivery.channel import NotNow
from broadcasts.delivery.claiming import claim_batches
from broadcasts.slots import Due, Missed, Scheduled, due
from storage import outbox
from storage.batches import Batch
from storage.broadcasts import Broadcast, Priority
from storage.database import Database
from storage.leases import LEASE_SECONDS
from storage.schedule import RunOutcome, ScheduledRun
from tests import builders
from tests.broadcasts.delivery.scene import Lasting, Scene
from tests.builders import NOW
from tests.failures.servers import say
from tests.failures.size import size
from tests.fakes.scripted_channel import ScriptedChannel, Step

HOUR = timedelta(hours=1)
MOVES = st.lists(
    st.sampled_from([timedelta(seconds=20), timedelta(minutes=10), HOUR, -HOUR, timedelta(hours=7)]),
    min_size=4,
    max_size=12,
)
"""How far a clock goes between two looks."""


_numbers = count()


@pytest.mark.parametrize("died", [False, True], ids=["waits", "worker died"])
def test_nothing_waits_an_hour_when_the_clock_is_set_back(url: str, died: bool) -> None:
    """It waited for its turn, for a retry, or for a lease to run out; what waits for somebody's hour waits on."""
    channel = ScriptedChannel(keyed=False, recipients_per_batch=1)
    with Scene(Lasting(url), channel) as scene:
        scene.recover()
        scene.say("sim-1", "an answer that will be tried again")
        with scene.write() as session:
            outbox.put_back(session, scene.claim_message(session, "sim-1")[0], 40.0, scene.clock.at, "429")
        tried = scene.release()
        if died:
            with scene.write() as session:
                claim_batches(
                    session, scene.account_id, Priority.EMERGENCY, scene.clock.at, 9, honours_retry_key=False
                )
        else:
            channel.script.extend([Step(accepts=False, raises=NotNow("429", 30.0))] * 3)
            scene.deliver()
            assert scene.tally(tried) == {"planned": 3, "waiting": 3}
        planned = scene.release(Priority.ROUTINE)
        wished = scene.release(Priority.ROUTINE)
        at_her_hour = scene.clock.at + timedelta(hours=3)
        with scene.write() as session:
            session.connection().execute(
                update(Batch).where(col(Batch.broadcast_id) == wished).values(not_before=at_her_hour)
            )
        scene.clock.advance(-HOUR.total_seconds())
        scene.recover()
        scene.clock.advance(LEASE_SECONDS + 1)
        scene.recover()
        scene.converse("sim-1")
        for priority in Priority:
            scene.deliver(priority)
        scene.recover()
        say([scene.tally(each) for each in (tried, planned, wished)])
        assert "an answer that will be tried again" in scene.heard("sim-1")
        assert [scene.state(each) for each in (tried, planned)] == ["done", "done"]
        assert channel.delivered["sim-1"] == 3
        assert {batch.not_before for batch in scene.batches(wished)} == {at_her_hour}
        scene.stop(wished)


@dataclass(frozen=True)
class Sends:
    """A job that releases a broadcast, in the transaction of its slot or in one of its own."""

    name: str

    def run(self, session: Session, at: datetime) -> str:
        builders.released(session, text=self.name, at=at)
        return "released"

    def work(self, database: Database, at: datetime) -> str:
        with database.write() as session:
            return self.run(session, at)


@contextmanager
def another_clock(runs: Callable[[], None]) -> Iterator[None]:
    """A clock that has seen what is due finds that another has done it meanwhile."""
    others = [runs]

    def seen_and_overtaken(*what: Any) -> Due:
        found = due(*what)
        if others:
            others.pop()()
        return found

    with patch("bot.scheduled_runs.due", seen_and_overtaken):
        yield


@given(moves=MOVES)
@settings(
    max_examples=size(12, 300),
    suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
)
def test_one_send_a_slot(database: Database, moves: list[timedelta]) -> None:
    """Two clocks look after each move of the time: one behind the other, and both before either has begun."""
    now = [NOW]
    database._clock = lambda: now[0]
    visitor = Visitor(database=database, settings=Settings(sources="on"))
    daily, often = (Sends(f"{kind} {next(_numbers)}") for kind in ("daily", "often"))
    jobs = (
        Scheduled(name=daily.name, daily_at=time(6, 0), missed=Missed.RUN_ONCE, work=daily.work),
        Scheduled(name=often.name, every_seconds=1800, run=often.run),
    )
    for move in moves:
        now[0] += move
        for lag_seconds in (0, -2, 2):
            now[0] += timedelta(seconds=lag_seconds)
            for job in jobs:
                with another_clock(partial(run_due, database, visitor, job)):
                    run_due(database, visitor, job)
    with database.read() as session:
        said = [words["th"][""][0]["text"] for words in session.exec(select(Broadcast.words))]
        query = select(ScheduledRun).where(ScheduledRun.outcome == RunOutcome.DONE)
        runs = session.exec(query.where(col(ScheduledRun.schedule).in_((daily.name, often.name)))).all()
    slots = Counter(run.schedule for run in runs)
    assert {job.name: said.count(job.name) for job in jobs if said.count(job.name)} == slots
    assert slots[often.name] > 0
    days = {(now[0] + timedelta(hours=7)).date(), *((run.slot + timedelta(hours=7)).date() for run in runs)}
    assert slots[daily.name] <= len(days) + 1
