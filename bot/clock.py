"""The clock: runs the schedule, one run a slot. On PostgreSQL one clock is active, a second waits as standby."""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger
from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError

from bot.alert_calls import keep_calling
from bot.channels.telegram_polling import poll
from bot.menus import MenuKeeper
from bot.quotas import keep_asking
from bot.scheduled_runs import run_due
from bot.visiting import Visitor
from bot.wiring import Krajai
from broadcasts.delivery.faults import kind_and_place
from broadcasts.schedule import SCHEDULE
from broadcasts.slots import Scheduled

log = structlog.get_logger()

_CLOCK_KEY = 0x636C6F636B
STANDBY_LOOK_SECONDS = 2.0
LOOK_SECONDS = 60
"""How often a job is looked at whose slots are farther apart: so that a missed or killed run is seen soon."""

QUICK_THREADS, SLOW_THREADS = 2, 4
JUMP_SECONDS = 5.0
"""A clock that goes off by more than this between two looks was moved by somebody."""


class ClockProcess:
    """Runs the schedule until `stop`."""

    def __init__(self, krajai: Krajai) -> None:
        self._krajai = krajai
        self._stopping = asyncio.Event()
        self._at_work: set[asyncio.Future[None]] = set()
        self._running: set[str] = set()
        self._visitor = Visitor(database=krajai.database, settings=krajai.settings)
        self._quick = ThreadPoolExecutor(QUICK_THREADS, "clock")
        self._slow = ThreadPoolExecutor(SLOW_THREADS, "sources")

    async def run(self) -> None:
        """Wait to be the only clock, then tick; give up the role when the database is lost, and wait again."""
        while not self._stopping.is_set():
            # What ended the fetches of an earlier turn as the clock must not end those of the next.
            self._visitor = Visitor(database=self._krajai.database, settings=self._krajai.settings)
            try:
                held = await asyncio.to_thread(self._krajai.database.engine.connect)
                try:
                    if await asyncio.to_thread(self._is_the_clock, held):
                        await self._tick_then_let_go(held)
                finally:
                    held.close()
            except SQLAlchemyError as fault:
                log.warning("clock lost its database", kind=type(fault).__name__)
            await self._pause(STANDBY_LOOK_SECONDS)
        self._quick.shutdown(wait=False)
        self._slow.shutdown(wait=False)

    def stop(self) -> None:
        self._stopping.set()

    async def _tick_then_let_go(self, held: Connection) -> None:
        try:
            await self._tick(held)
        finally:
            # Not back into the pool: the role belongs to the connection and ends with it.
            held.invalidate()

    async def _tick(self, held: Connection) -> None:
        scheduler = AsyncIOScheduler(timezone=UTC)
        for job in SCHEDULE:
            scheduler.add_job(
                self._run_due,
                IntervalTrigger(seconds=min(job.every_seconds or LOOK_SECONDS, LOOK_SECONDS), timezone=UTC),
                args=[job],
                id=job.name,
                next_run_time=datetime.now(UTC),
                misfire_grace_time=None,
                coalesce=True,
                max_instances=1,
            )
        scheduler.start()
        role_lost = asyncio.Event()
        beside = [
            asyncio.create_task(poll(account, self._krajai.ingest.store, role_lost))
            for account in self._krajai.polled
        ]
        for account in self._krajai.accounts:
            if account.channel_name == "line":
                beside.append(asyncio.create_task(MenuKeeper(self._krajai, account).keep(role_lost)))
                beside.append(asyncio.create_task(keep_asking(self._krajai, account, role_lost)))
        if self._krajai.settings.alert_webhook_addresses:
            beside.append(asyncio.create_task(keep_calling(self._krajai, role_lost)))
        jumps = ClockJumps()
        try:
            while not self._stopping.is_set():
                await self._pause(STANDBY_LOOK_SECONDS)
                await asyncio.to_thread(_still_there, held)
                if jumps.jumped():
                    log.warning("the clock was moved: looking at every job anew")
                    for job in scheduler.get_jobs():
                        job.modify(next_run_time=datetime.now(UTC))
        finally:
            scheduler.pause()
            self._visitor.fetcher.stop()
            await asyncio.sleep(0)
            if self._at_work:
                # Shutting down cancels what runs, halfway through and with a traceback in the log.
                await asyncio.wait(self._at_work)
            scheduler.shutdown(wait=False)
            role_lost.set()
            await asyncio.gather(*beside, return_exceptions=True)

    async def _run_due(self, job: Scheduled) -> None:
        if job.name in self._running:
            return
        self._running.add(job.name)
        # What waits for the network has threads of its own, so that it never holds up what expires alerts.
        pool = self._quick if job.run is not None else self._slow
        run = asyncio.get_running_loop().run_in_executor(
            pool, run_due, self._krajai.database, self._visitor, job
        )
        self._at_work.add(run)
        run.add_done_callback(self._at_work.discard)
        try:
            await run
        except Exception as fault:  # noqa: BLE001 - the process's edge: the next look is another chance
            log.error("scheduled run failed", schedule=job.name, fault=kind_and_place(fault))  # noqa: TRY400
        finally:
            self._running.discard(job.name)

    def _is_the_clock(self, held: Connection) -> bool:
        if self._krajai.database.is_sqlite:
            return True  # the file's lock has settled it
        found = held.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": _CLOCK_KEY}).scalar_one()
        held.commit()
        return bool(found)

    async def _pause(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._stopping.wait(), seconds)
        except TimeoutError:
            return


class ClockJumps:
    """Notices that the machine's clock was moved, which its timers do not: they would wait until it has caught up."""

    def __init__(
        self, wall: Callable[[], float] = time.time, steady: Callable[[], float] = time.monotonic
    ) -> None:
        self._wall, self._steady = wall, steady
        self._apart = wall() - steady()

    def jumped(self) -> bool:
        """True when it was moved since the last look."""
        before, self._apart = self._apart, self._wall() - self._steady()
        return abs(self._apart - before) > JUMP_SECONDS


def _still_there(held: Connection) -> None:
    """Raise when the connection that holds the role is gone; leave no transaction open."""
    held.execute(text("SELECT 1"))
    held.rollback()
