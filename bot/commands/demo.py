"""krajai demo: citizens and a sample warning, so that the simulator shows the product within a minute."""

from datetime import datetime
from importlib.resources import files
from typing import Annotated

import typer
from sqlmodel import Session, select

from bot.commands.console import console, fail, opened
from bot.wiring import Krajai
from broadcasts.alerts import releasing
from broadcasts.alerts.importing import import_alerts
from storage import people
from storage.alerts import rehearsed_by
from storage.dialogs import dialog_of
from storage.local_phones import LocalPhone
from storage.officers import LOCAL_OPERATOR
from storage.subscriptions import WARNING, subscribe

ACTOR = "demo"

CITIZENS = (
    ("sim-demo-1", "ยายคำ แม่สาย", "th", "5709"),
    ("sim-demo-2", "สมชาย เมืองเชียงใหม่", "th", "5001"),
    ("sim-demo-3", "Anna, Chiang Mai", "en", "50"),
    ("sim-demo-4", "อาทิตย์ หาดใหญ่", "th", "9011"),
)
"""Made up: address, name, language, the place of their warnings."""


def demo(
    flood: Annotated[
        bool, typer.Option(help="Also an emergency with the buttons to answer: a flash flood in Mae Sai.")
    ] = True,
    day: Annotated[
        bool,
        typer.Option("--day", help="Play a day instead: prices, a threshold, advice, the draft of a flood."),
    ] = False,
) -> None:
    """Fill the simulator with citizens and release sample warnings to them."""
    with opened() as krajai:
        if len(krajai.channels) > 1:
            fail("the demo is refused: real channels are on, and its warnings are made up")
        with krajai.database.write() as session:
            now = krajai.database.now(session)
            for address, name, language, place in CITIZENS:
                _citizen(session, krajai, address, name, language, place, now)
        if day:
            _play_day(krajai)
            return
        released = [
            _release(krajai, sample) for sample in ("heavy_rain.xml", "flash_flood.xml")[: 2 if flood else 1]
        ]
        console.print(
            f"{len(CITIZENS)} citizens are in the simulator; {len(released)} sample warnings are on their way"
        )
        _say_where(krajai)


def _play_day(krajai: Krajai) -> None:
    from bot.commands import demo_day

    _say_where(krajai)
    for said in demo_day.play(krajai, CITIZENS[0][0]):
        console.print(said)


def _say_where(krajai: Krajai) -> None:
    phones = ",".join(address for address, *_ in CITIZENS)
    where = f"http://{krajai.settings.host}:{krajai.settings.port}/simulator?phones={phones}"
    console.print(f"Look at {where} (start Krajai with `make run` if it does not run yet)")


def _citizen(
    session: Session, krajai: Krajai, address: str, name: str, language: str, place: str, now: datetime
) -> None:
    if session.exec(select(LocalPhone).where(LocalPhone.address == address)).first() is None:
        session.add(LocalPhone(address=address, name=name, created_at=now))
    contact, person = people.contact_at(session, krajai.local_account_id, address, now)
    person.language, person.consented_at, person.stopped_at = language, now, None
    assert contact.id is not None
    assert person.id is not None
    dialog_of(session, contact.id, now)
    subscribe(session, person.id, contact.id, WARNING, place, now)


def _release(krajai: Krajai, sample: str) -> int:
    data = (files("knowledge") / "samples" / sample).read_bytes()
    with krajai.database.write() as session:
        now = krajai.database.now(session)
        imported = import_alerts(session, data, origin=f"demo {sample}", by=ACTOR, at=now, rehearsal=True)
        alert, alert_id = imported[0].alert, imported[0].alert.id
        assert alert_id is not None
        if (before := rehearsed_by(session, alert, now)) is not None:
            releasing.stop(session, before.id or 0, by=LOCAL_OPERATOR, at=now)
        releasing.release(session, alert_id, by=LOCAL_OPERATOR, at=now, zone=krajai.settings.zone)
    return alert_id
