"""A browser for tests: it asks the application without a network; a fault of ours is an answer to it."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
from fastapi import FastAPI

from bot.settings import Settings
from bot.web.app import create_app
from bot.wiring import Krajai, open_krajai
from storage.database import Database


@dataclass(frozen=True, kw_only=True)
class Page:
    """Asks one application."""

    app: FastAPI

    def get(self, path: str, **asked: Any) -> httpx.Response:
        return self._ask("GET", path, **asked)

    def post(self, path: str, **asked: Any) -> httpx.Response:
        return self._ask("POST", path, **asked)

    def options(self, path: str) -> httpx.Response:
        return self._ask("OPTIONS", path)

    def _ask(self, method: str, path: str, **asked: Any) -> httpx.Response:
        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://krajai") as client:
                return await client.request(method, path, **asked)

        return asyncio.run(ask())


@contextmanager
def opened(database: Database, **changed: Any) -> Iterator[Krajai]:
    """Krajai on a migrated database."""
    settings = Settings(database_url=database.url.render_as_string(hide_password=False), **changed)
    krajai = open_krajai(settings)
    yield krajai
    krajai.close()


def page_of(krajai: Krajai) -> Page:
    return Page(app=create_app(krajai))
