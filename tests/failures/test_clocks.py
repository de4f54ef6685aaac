"""Two clocks, and a machine's clock that is moved by an hour and back: one send for each (schedule, slot)."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from itertools import count

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlmodel import Session, col, select

from bot.scheduled_runs import run_due
from bot.settings import Settings
from bot.visiting import Visitor
from broadcasts.slots import Missed, Scheduled
from storage.broadcasts import Broadcast
from storage.database import Database
from storage.schedule import RunOutcome, ScheduledRun
from tests import builders
from tests.builders import NOW
from tests.failures.size import size

HOUR = timedelta(hours=1)
MOVES = st.lists(
    st.sampled_from([timedelta(seconds=20), timedelta(minutes=10), HOUR, -HOUR, timedelta(hours=7)]),
    min_size=4,
    max_size=12,
)
"""How far a clock goes between two looks."""


_numbers = count()


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


@given(moves=MOVES)
@settings(
    max_examples=size(12, 300),
    suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
)
def test_one_send_a_slot(database: Database, moves: list[timedelta]) -> None:
    """Two clocks, one a little behind the other, look after each move of the time."""
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
