"""Charts over HTTP."""

from datetime import date, timedelta

import pytest
from fastapi import FastAPI

from bot.web.charts import router
from storage.database import Database
from storage.prices import store_prices
from tests.bot.web.pages import Page
from tests.builders import NOW
from tests.handlers.market import made_price


class Krajai:
    """What the route needs of the installation."""

    def __init__(self, database: Database) -> None:
        self.database = database


@pytest.fixture
def client(sqlite_database: Database) -> Page:
    with sqlite_database.write() as session:
        days = [made_price("rubber_latex", date(2026, 11, 1) + timedelta(days=n), 6000 + n) for n in range(9)]
        store_prices(session, "moc", [*days, made_price("durian", date(2026, 11, 1), 12_000)], NOW)
    app = FastAPI()
    app.include_router(router)
    app.state.krajai = Krajai(sqlite_database)
    return Page(app=app)


def test_a_picture_with_its_type_and_age(client: Page) -> None:
    answer = client.get("/charts/th/rubber_latex/2026-11-09.png")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png")
    assert answer.headers["cache-control"] == "public, max-age=3600"
    assert answer.content == client.get("/charts/th/rubber_latex/2026-11-09.png").content


@pytest.mark.parametrize(
    "path",
    [
        "th/gold/2026-11-09",
        "xx/rubber_latex/2026-11-09",
        "th/rubber/2026-11-09",
        "th/durian/2026-11-09",
        "th/lime/2026-11-09",
    ],
)
def test_nothing_to_draw(client: Page, path: str) -> None:
    assert client.get(f"/charts/{path}.png").status_code == 404
