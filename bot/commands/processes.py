"""krajai run, web, worker, clock, migrate: the processes."""

import asyncio
import contextlib
import signal
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Any

import typer
import uvicorn
from sqlalchemy.exc import OperationalError

from bot import event_loop, logs
from bot.channels.registry import NotConnected
from bot.clock import ClockProcess
from bot.commands.console import checked_database, console, fail, settings
from bot.embedded_lock import DatabaseBusy, only_server
from bot.queue import install
from bot.settings import Settings
from bot.web.app import create_app
from bot.wiring import Krajai, open_krajai
from bot.worker import WorkerProcess
from handlers.understanding.warm import warm_cries
from storage import migrate as migrations
from storage.database import Database

GRACE_SECONDS = 5


def run() -> None:
    """Run everything in one process: pages, sending and schedule. Made for SQLite and a first look."""
    chosen = settings()
    logs.configure(chosen.log_format)
    with _server(chosen, migrates=True) as krajai:
        where = f"http://{chosen.host}:{chosen.port}"
        console.print(
            f"Krajai runs at {where}" + (f", the simulator at {where}/simulator" * krajai.simulator_is_open)
        )
        console.print("Ctrl-C stops it.")
        worker, clock, web = WorkerProcess(krajai), ClockProcess(krajai), WebProcess(krajai)
        runs = [web.run, worker.run, clock.run]
        event_loop.run(_until_signal(krajai, runs, [web.stop, worker.stop, clock.stop]))


def web() -> None:
    """Serve the pages and webhooks."""
    with _separate_process() as krajai:
        process = WebProcess(krajai)
        event_loop.run(_until_signal(krajai, [process.run], [process.stop]))


def worker() -> None:
    """Handle what citizens send, plan broadcasts, send the outbox. Any number may run."""
    with _separate_process() as krajai, _metrics(krajai):
        process = WorkerProcess(krajai)
        event_loop.run(_until_signal(krajai, [process.run], [process.stop]))


def clock() -> None:
    """Run the schedule. A second clock waits until the first is gone."""
    with _separate_process() as krajai, _metrics(krajai):
        process = ClockProcess(krajai)
        event_loop.run(_until_signal(krajai, [process.run], [process.stop]))


def migrate() -> None:
    """Bring the database to the form this version needs."""
    migrate_database(settings())
    console.print("The database is up to date.")


def migrate_database(chosen: Settings) -> None:
    """Run the migrations of our tables and of the queue engine's, or end the command."""
    database = Database(chosen.database_url)
    try:
        migrations.upgrade(database)
        if not database.is_sqlite:
            asyncio.run(install(database))
    except OperationalError as fault:
        fail(f"the database does not answer: {str(fault.orig).strip().splitlines()[0]}")
    finally:
        database.close()


class WebProcess:
    """uvicorn, stopped by us: it must not end the process while the worker still finishes its sends."""

    def __init__(self, krajai: Krajai) -> None:
        chosen = krajai.settings
        self._app = create_app(krajai)
        self._server = _QuietServer(
            uvicorn.Config(
                self._app,
                host=chosen.host,
                port=chosen.port,
                log_config=None,
                access_log=False,
                lifespan="off",
                server_header=False,
                timeout_graceful_shutdown=GRACE_SECONDS,
            )
        )

    async def run(self) -> None:
        self._app.state.stopping = asyncio.Event()
        # The first webhook must not load the lists while all others wait for the loop.
        await asyncio.to_thread(warm_cries)
        await self._server.serve()
        if not self._server.started:
            raise OSError(
                "the port cannot be opened: is another server using it? Name another in KRAJAI_PORT"
            )

    def stop(self) -> None:
        with contextlib.suppress(AttributeError):
            self._app.state.stopping.set()
        self._server.should_exit = True


class _QuietServer(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield  # `_until_signal` listens for all of the process

    async def startup(self, sockets: list[Any] | None = None) -> None:
        try:
            await super().startup(sockets)
        except SystemExit:
            # uvicorn exits the whole process when the port is taken; we end in order.
            self.should_exit = True


@contextlib.contextmanager
def _separate_process() -> Iterator[Krajai]:
    chosen = settings()
    logs.configure(chosen.log_format)
    if chosen.is_embedded:
        fail("web, worker and clock are for PostgreSQL; on SQLite one process does everything: krajai run")
    with checked_database(chosen), _server(chosen) as krajai:
        yield krajai


@contextlib.contextmanager
def _metrics(krajai: Krajai) -> Iterator[None]:
    """The counters of a process without pages, where a port is set for them."""
    chosen = krajai.settings
    if not chosen.metrics_port:
        yield
        return
    try:
        server, thread = krajai.metrics.serve(chosen.host, chosen.metrics_port)
    except OSError:
        fail(f"port {chosen.metrics_port} cannot be opened: name another in KRAJAI_METRICS_PORT")
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextlib.contextmanager
def _server(chosen: Settings, *, migrates: bool = False) -> Iterator[Krajai]:
    krajai: Krajai | None = None
    lock = Database(chosen.database_url)
    try:
        with only_server(lock):
            if migrates:
                migrate_database(chosen)
            krajai = open_krajai(chosen)
            yield krajai
    except (DatabaseBusy, NotConnected) as refused:
        fail(str(refused))
    except OSError as fault:
        fail(str(fault))
    finally:
        lock.close()
        if krajai is not None:
            krajai.close()


async def _until_signal(
    krajai: Krajai, runs: Sequence[Callable[[], Awaitable[None]]], stops: Sequence[Callable[[], None]]
) -> None:
    """Run until a signal, or until one of them ends or fails; then stop all and let them finish."""
    loop = asyncio.get_running_loop()
    stopping = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopping.set)
    tasks = [asyncio.ensure_future(run()) for run in runs]
    signalled = asyncio.ensure_future(stopping.wait())
    await asyncio.wait([*tasks, signalled], return_when=asyncio.FIRST_COMPLETED)
    for stop in stops:
        stop()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    signalled.cancel()
    await krajai.close_channels()
    for result in results:
        if isinstance(result, BaseException):
            raise result


def register(app: typer.Typer) -> None:
    """Add the process commands to `krajai`."""
    for command in (run, web, worker, clock, migrate):
        app.command()(command)
