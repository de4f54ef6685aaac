"""The worker: handles the inbox, plans broadcasts, sends the outbox."""

import asyncio
import contextlib
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import structlog
from sqlalchemy import text

from bot.event_loop import keep_what_is_loaded
from bot.media import fetch_wanted, media_folder, remove_strays
from bot.queue import FORGET_SECONDS, Queue, SharedQueue, Worker, feed, forget_log
from bot.text.splitting import load_words
from bot.wiring import Krajai
from broadcasts.delivery.fallback import fall_back
from broadcasts.delivery.faults import kind_and_place
from broadcasts.delivery.planning_ahead import plan_pages
from broadcasts.delivery.reconcile import recover, waiting_jobs
from handlers.understanding.warm import warm
from storage.broadcasts import Priority
from storage.jobs import Job, Work, announce
from storage.stuck_sessions import end_stuck_sessions

log = structlog.get_logger()

THREADS = 24
"""Places for database work beside the event loop."""

PLAN_SECONDS = 1.0
RECONCILE_SECONDS = 2.0
MEDIA_SECONDS = 2.0
FALL_BACK_SECONDS = 5.0
STRAYS_SECONDS = 24 * 3600.0
GRACE_SECONDS = 5.0
_RECONCILE_KEY = 0x6B72616A


class WorkerProcess:
    """Works until `stop`; what it has begun is finished, and what it has not is found by the next."""

    def __init__(self, krajai: Krajai) -> None:
        self._krajai = krajai
        self._queue: Queue = krajai.queue()
        self._receiver = krajai.receiver()
        self._stopping = asyncio.Event()
        self._sender = replace(krajai.sender(), goes_on=lambda: not self._stopping.is_set())
        self._forgets_at = datetime.min.replace(tzinfo=UTC)

    async def run(self) -> None:
        """Take back what a crash left, then work."""
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(THREADS, "database"))
        if self._krajai.database.is_sqlite:
            await asyncio.to_thread(self._recover, nobody_else_works=True)
        ready = asyncio.create_task(self._make_ready())
        beside = [
            asyncio.create_task(work()) for work in (self._reconcile, self._fetch_media, self._fall_back)
        ]
        try:
            await self._queue.run(self._workers())
        finally:
            self._stopping.set()
            ready.cancel()
            # Patiently: a cancelled task leaves its thread behind, with a connection in hand.
            _, late = await asyncio.wait(beside, timeout=GRACE_SECONDS)
            for task in late:
                task.cancel()
            await asyncio.gather(ready, *beside, return_exceptions=True)

    def stop(self) -> None:
        """Begin nothing new."""
        self._stopping.set()
        self._queue.stop()

    async def _pause(self, seconds: float) -> None:
        """Wait so long, or until it is time to stop."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stopping.wait()

    def _workers(self) -> Mapping[Work, Worker]:
        return {
            Work.HANDLE_URGENT: self._receiver.handle_urgent,
            Work.HANDLE: self._receiver.handle,
            Work.CONVERSE: lambda key: self._sender.converse(int(key)),
            Work.PLAN: self._plan,
            Work.DELIVER_EMERGENCY: lambda key: self._sender.deliver(int(key), Priority.EMERGENCY),
            Work.DELIVER_ROUTINE: lambda key: self._sender.deliver(int(key), Priority.ROUTINE),
        }

    async def _plan(self, key: str) -> None:
        """Plan pages for a short while, then announce the rest: nothing urgent waits long behind it."""
        loop = asyncio.get_running_loop()
        until = loop.time() + PLAN_SECONDS
        wait_seconds = await asyncio.to_thread(
            plan_pages,
            self._krajai.database,
            int(key),
            self._krajai.batch_sizes,
            self._krajai.forms,
            self._krajai.settings.zone,
            goes_on=lambda: loop.time() < until and not self._stopping.is_set(),
        )
        if wait_seconds is not None:
            await asyncio.to_thread(self._announce, Job(work=Work.PLAN, key=key, delay_seconds=wait_seconds))

    def _announce(self, job: Job) -> None:
        with self._krajai.database.write() as session:
            announce(session, job)

    async def _make_ready(self) -> None:
        """Beside the first work, not before it. Sending does without: what fails here is tried again by the send."""
        try:
            await self._krajai.prepare_channels()
            await asyncio.to_thread(load_words)
            await asyncio.to_thread(warm)
            keep_what_is_loaded()
        except Exception as fault:  # noqa: BLE001 - the process's edge
            log.error("a channel is not ready", fault=kind_and_place(fault))  # noqa: TRY400

    async def _fetch_media(self) -> None:
        folder, strays_at = media_folder(self._krajai), 0.0
        while not self._stopping.is_set():
            try:
                if (now := time.monotonic()) >= strays_at:
                    await asyncio.to_thread(remove_strays, self._krajai.database, folder)
                    strays_at = now + STRAYS_SECONDS
                await fetch_wanted(self._krajai, folder)
            except Exception as fault:  # noqa: BLE001 - the process's edge: what is wanted stays so
                log.error("media not fetched, will be tried again", fault=kind_and_place(fault))  # noqa: TRY400
            await self._pause(MEDIA_SECONDS)

    async def _fall_back(self) -> None:
        rule = self._krajai.fallback
        while rule.is_on and not self._stopping.is_set():
            await self._pause(FALL_BACK_SECONDS)
            try:
                told = await asyncio.to_thread(fall_back, self._krajai.database, rule)
                if told:
                    log.info("text messages to those whom LINE does not reach", people=told)
            except Exception as fault:  # noqa: BLE001 - the process's edge: it is decided at the next look
                log.error("falling back failed, will be tried again", fault=kind_and_place(fault))  # noqa: TRY400

    async def _reconcile(self) -> None:
        while not self._stopping.is_set():
            await self._pause(RECONCILE_SECONDS)
            try:
                await asyncio.to_thread(self._reconcile_once)
            except Exception as fault:  # noqa: BLE001 - the process's edge: without it nothing lost is ever found
                log.error("reconciling failed, will be tried again", fault=kind_and_place(fault))  # noqa: TRY400

    def _reconcile_once(self) -> None:
        if not isinstance(self._queue, SharedQueue):
            self._recover()
            return
        database = self._krajai.database
        # In a transaction of its own: who is stuck may hold the turn to reconcile.
        with database.write() as session:
            if ended := end_stuck_sessions(session):
                log.warning("sessions ended whose process does not read", count=ended)
        with database.write() as session:
            mine = session.connection().execute(
                text("SELECT pg_try_advisory_xact_lock(:key)"), {"key": _RECONCILE_KEY}
            )
            if mine.scalar_one():
                now = database.now(session)
                recover(session, self._krajai.honours_retry_key, now)
                session.flush()
                feed(session, waiting_jobs(session, now))
                if now >= self._forgets_at:
                    forget_log(session)
                    self._forgets_at = now + timedelta(seconds=FORGET_SECONDS)

    def _recover(self, *, nobody_else_works: bool = False) -> None:
        database = self._krajai.database
        with database.write() as session:
            taken_back = recover(
                session,
                self._krajai.honours_retry_key,
                database.now(session),
                nobody_else_works=nobody_else_works,
            )
        if taken_back:
            log.info("taken back from a worker that did not return", count=taken_back)
