"""Other systems are called once for each thing that happens to an alert, until they have heard it."""

import asyncio
import json
from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import urlsplit

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from sqlmodel import Session, select

from bot.alert_calls import call_what_is_due, signature
from bot.wiring import Krajai
from broadcasts.alerts import releasing
from storage.alert_notices import AlertNotice, forget_old
from storage.database import Database
from tests.bot.web.pages import opened
from tests.bot.web.portal.conftest import Warn, warn
from tests.ports import free_port

__all__ = ["warn"]


class System:
    """A system that answers with the next of `answers`, the last one for ever."""

    def __init__(self) -> None:
        self.answers = [200]
        self.heard: list[tuple[bytes, str]] = []

    async def called(self, request: web.Request) -> web.Response:
        self.heard.append((await request.read(), request.headers["X-Krajai-Signature"]))
        status = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return web.Response(status=status, headers={"Location": "/elsewhere"})

    @property
    def states(self) -> list[str]:
        return [json.loads(body)["state"] for body, _ in self.heard]


@pytest.fixture
def krajai(database: Database) -> Iterator[Krajai]:
    named = f"http://127.0.0.1:{free_port()}/hook, http://127.0.0.1:9/away"
    with opened(database, alert_webhooks=named, alert_webhook_secret="shared") as made:
        yield made


def call(krajai: Krajai, system: System, times: int = 1) -> None:
    async def scene() -> None:
        app = web.Application()
        app.router.add_post("/hook", system.called)
        port = urlsplit(krajai.settings.alert_webhook_addresses[0]).port
        async with TestServer(app, port=port), aiohttp.ClientSession() as client:
            for _ in range(times):
                await call_what_is_due(krajai, client)

    asyncio.run(scene())


def notices(krajai: Krajai) -> dict[str, AlertNotice]:
    with Session(krajai.database.engine) as session:
        return {each.url.rsplit("/")[-1]: each for each in session.exec(select(AlertNotice))}


def test_a_system_hears_of_an_alert_and_of_its_end_once(krajai: Krajai, warn: Warn) -> None:
    system, alert = System(), warn()
    call(krajai, system, times=2)
    with krajai.database.write() as session:
        assert alert.id is not None
        releasing.stop(session, alert.id, by="suda", at=krajai.database.now(session))
    call(krajai, system, times=2)
    assert system.states == ["released", "stopped"]
    body, signed = system.heard[0]
    assert signed == signature(body, "shared")
    assert json.loads(body)["cap"].endswith("/cap/alerts/flood-1.xml")


@pytest.mark.parametrize("refuses", [302, 500])
def test_who_does_not_hear_is_called_again_later(krajai: Krajai, warn: Warn, refuses: int) -> None:
    system = System()
    system.answers = [refuses, 204]
    warn()
    call(krajai, system, times=2)
    waiting = notices(krajai)["hook"]
    assert (system.states, waiting.state, waiting.fault) == (["released"], "waiting", f"HTTP {refuses}")
    with krajai.database.write() as session:
        waiting.next_at -= timedelta(seconds=11)
        session.merge(waiting)
    call(krajai, system)
    assert (system.states, notices(krajai)["hook"].state) == (["released", "released"], "told")
    away = notices(krajai)["away"]
    assert (away.state, away.attempts) == ("waiting", 1)
    assert away.fault.startswith("Client")


def test_after_a_day_it_is_given_up_and_later_forgotten(krajai: Krajai, warn: Warn) -> None:
    warn()
    call(krajai, System())
    with krajai.database.write() as session:
        away = notices(krajai)["away"]
        away.created_at -= timedelta(days=2)
        away.next_at -= timedelta(days=1)
        session.merge(away)
    call(krajai, System())
    assert notices(krajai)["away"].state == "given up"
    with krajai.database.write() as session:
        assert forget_old(session, krajai.database.now(session) + timedelta(days=31)) == 2
