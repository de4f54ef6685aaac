"""A backup made amid a release is brought back: nothing goes out until an officer says so, and then nobody twice."""

import os
from pathlib import Path

import pytest
from sqlmodel import select

from storage.database import Database
from storage.inbox import InboxEvent
from storage.lifecycles import InboxState
from tests.bot.commands.test_backup import tools_of
from tests.failures import networks
from tests.failures.audience import Audience, subscribers
from tests.failures.servers import say, servers, wait_until
from tests.failures.size import size
from tests.failures.webhooks import said, tell_line
from tests.postgres import PostgresServer

COUNT = size(15_000, 50_000)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def where(request: pytest.FixtureRequest, url: str) -> tuple[str, str]:
    """The address of a migrated, empty database, and PATH with PostgreSQL's programs of its version."""
    if request.param == "sqlite":
        return url, os.environ["PATH"]
    server: PostgresServer = request.getfixturevalue("postgres")
    tools = tools_of(server)
    if tools is None:
        assert os.environ.get("CI") != "true", "PostgreSQL's own programs must be there in CI"
        pytest.skip("no pg_dump of the test server's version is here")
    return server.fresh_database(), f"{tools}{os.pathsep}{os.environ['PATH']}"


def test_what_is_restored_sends_nothing_until_it_may(where: tuple[str, str], tmp_path: Path) -> None:
    address, programs = where
    with networks.line(5) as network, servers(address, tmp_path, **network.settings) as running:
        running.settings |= {"KRAJAI_SECRET_KEY": "a secret key of this installation", "PATH": programs}
        audience = subscribers(address, COUNT, network)
        server = running.make("run").start().wait_ready()
        broadcast_id = audience.release()
        audience.wait_partly(0.1)
        status, told = running.run("backup", "night.zip")
        assert status == 0, told
        server.kill()
        by_then = audience.network.arrived()
        assert by_then < COUNT, "it was over before the backup was made"
        audience.database.close()
        status, told = running.run("restore", "night.zip", "--force")
        assert status == 0, told
        server.start().wait_ready()
        assert "HELD" in running.run("outbox", "show")[1]
        assert tell_line(server, said(network, 0, "เมนู")) == 200
        wait_until(lambda: _handled(audience.database) == 1)
        assert audience.state(broadcast_id) == "released"
        assert network.arrived() == by_then, "neither the release nor the answer"
        status, told = running.run("outbox", "resume", "--yes")
        assert status == 0, told
        audience.wait_for(broadcast_id)
        wait_until(lambda: network.arrived() == COUNT + 1)
        say(f"{by_then} had got it when the server was killed; {audience.tally(broadcast_id)}")
        assert _multicast(audience) == dict.fromkeys(audience.addresses, 1)
        assert server.terminate() == 0
        audience.database.close()


def _multicast(audience: Audience) -> dict[str, int]:
    assert isinstance(audience.network, networks.LineNetwork)
    found = dict.fromkeys(audience.addresses, 0)
    for each in audience.network.fake.journal:
        if each.endpoint == "multicast":
            for address in each.to:
                found[address] += 1
    return found


def _handled(database: Database) -> int:
    with database.read() as session:
        return len(session.exec(select(InboxEvent.id).where(InboxEvent.state == InboxState.HANDLED)).all())
