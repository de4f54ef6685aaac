"""The clock: runs the schedule, one run a slot. On PostgreSQL one clock is active, a second waits as standby."""

import asyncio
from datetime import UTC, datetime

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger
from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError

from bot.channels.telegram_polling import poll
from bot.menus import MenuKeeper
from bot.wiring import Krajai
from broadcasts.delivery.faults import kind_and_place
from broadcasts.schedule import SCHEDULE, Scheduled
from storage.schedule import ScheduledRun, take_slot

log = structlog.get_logger()

_CLOCK_KEY = 0x636C6F636B
STANDBY_LOOK_SECONDS = 2.0


class ClockProcess:
    """Runs the schedule until `stop`."""

    def __init__(self, krajai: Krajai) -> None:
        self._krajai = krajai
        self._stopping = asyncio.Event()
        self._at_work: set[asyncio.Future[None]] = set()

    async def run(self) -> None:
        """Wait to be the only clock, then tick; give up the role when the database is lost, and wait again."""
        while not self._stopping.is_set():
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
        for scheduled in SCHEDULE:
            scheduler.add_job(
                self._run_slot,
                IntervalTrigger(seconds=scheduled.every_seconds, timezone=UTC),
                args=[scheduled],
                id=scheduled.name,
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
        beside += [
            asyncio.create_task(MenuKeeper(self._krajai, account).keep(role_lost))
            for account in self._krajai.accounts
            if account.channel_name == "line"
        ]
        try:
            while not self._stopping.is_set():
                await self._pause(STANDBY_LOOK_SECONDS)
                await asyncio.to_thread(_still_there, held)
        finally:
            scheduler.pause()
            await asyncio.sleep(0)
            if self._at_work:
                # Shutting down cancels what runs, halfway through and with a traceback in the log.
                await asyncio.wait(self._at_work)
            scheduler.shutdown(wait=False)
            role_lost.set()
            await asyncio.gather(*beside, return_exceptions=True)

    async def _run_slot(self, scheduled: Scheduled) -> None:
        run = asyncio.ensure_future(asyncio.to_thread(self._run_once, scheduled))
        self._at_work.add(run)
        run.add_done_callback(self._at_work.discard)
        try:
            await run
        except Exception as fault:  # noqa: BLE001 - the process's edge: the next slot is another chance
            log.error("scheduled run failed", schedule=scheduled.name, fault=kind_and_place(fault))  # noqa: TRY400

    def _run_once(self, scheduled: Scheduled) -> None:
        database = self._krajai.database
        with database.write() as session:
            now = database.now(session)
            seconds = int(now.timestamp()) // scheduled.every_seconds * scheduled.every_seconds
            slot = datetime.fromtimestamp(seconds, UTC)
            if not take_slot(session, scheduled.name, slot, now):
                return
            result = scheduled.run(session, now)
            run = session.get_one(ScheduledRun, (scheduled.name, slot))
            run.finished_at, run.result = database.now(session), result

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


def _still_there(held: Connection) -> None:
    """Raise when the connection that holds the role is gone; leave no transaction open."""
    held.execute(text("SELECT 1"))
    held.rollback()
