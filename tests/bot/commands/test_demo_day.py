"""krajai demo --day: each step does its part, what was made up goes, a step without its code is left out."""

from dataclasses import replace
from pathlib import Path

import pytest
from sqlmodel import col, select

from bot.commands import demo_day
from storage.advising import AdviceConfirmation
from storage.alert_episodes import AlertEpisode
from storage.alerts import Alert
from storage.broadcasts import Broadcast, bubbles_for
from storage.database import Database
from storage.forecasts import Forecast
from storage.people import Person
from storage.prices import Price
from tests.bot.commands.running import krajai


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo_day, "PAUSE_SECONDS", 0.0)


def test_a_day_is_played_and_what_was_made_up_goes(installation: Path) -> None:
    ran = krajai("demo", "--day")
    assert ran.status == 0
    assert [line.partition(":")[0] for line in ran.said.splitlines()[1:]] == [
        step.name for step in demo_day.STEPS
    ]
    assert "left out" not in ran.said
    database = Database(f"sqlite:///{installation / 'krajai.db'}")
    with database.read() as session:
        kinds = [each.kind for each in session.exec(select(Broadcast).order_by(col(Broadcast.id)))]
        assert kinds == ["morning_prices", "price_passed", "advice"]
        advice = session.exec(select(Broadcast).where(Broadcast.kind == "advice")).one()
        assert "ตัวอย่าง ไม่ใช่ของจริง" in bubbles_for(advice, "th", "")[0].text
        (alert,) = session.exec(select(Alert)).all()
        assert (alert.state, alert.hazard, alert.places, alert.rehearsal) == (
            "draft",
            "flood",
            ["5709"],
            True,
        )
        for table in (Price, Forecast, AdviceConfirmation, AlertEpisode):
            assert session.exec(select(table)).all() == []
        assert {person.routine_hour for person in session.exec(select(Person))} == {None}
    assert krajai("demo", "--day").status == 0


def test_a_step_without_its_code_is_left_out(installation: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lacking = replace(demo_day.STEPS[0], needs=("no_such_module",))
    monkeypatch.setattr(demo_day, "STEPS", (lacking, demo_day.STEPS[2]))
    said = krajai("demo", "--day").said
    assert "morning prices: left out, no_such_module is not here" in said
    assert "advice: 1 told in 1 broadcasts" in said
