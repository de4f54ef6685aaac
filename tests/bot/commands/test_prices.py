"""krajai prices and krajai cost."""

from pathlib import Path

from storage.batches import Batch
from storage.broadcasts import BroadcastKind
from storage.database import Database
from storage.subscriptions import subscribe
from tests.bot.commands.running import krajai
from tests.builders import NOW, citizen, released

HISTORY = (
    "date,price_min,price_max\n2026-05-14,4010.0,4020.0\n2026-05-15,4010.0,4020.0\n2026-05-16,9010.0,9020.0\n"
)


def test_import_show_and_decide_about_what_is_held(installation: Path) -> None:
    file = installation / "R11029_history.csv"
    file.write_text(HISTORY)
    taken = krajai("prices", "import", str(file), "--json")
    assert (taken.status, taken.json["new"], taken.json["held"]) == (0, 3, 1)
    assert krajai("prices", "import", str(file), "--json").json["new"] == 0
    (shown,) = krajai("prices", "show", "rice_jasmine", "--json").json["prices"]
    assert (shown["average"], shown["unit"], shown["day"]) == (40150.0, "baht_per_tonne", "2026-05-15")
    assert (shown["old"], shown["age_days"] > 4) == (True, True)
    assert "d, old" in krajai("prices", "show").said
    (held,) = krajai("prices", "held", "--json").json["held"]
    assert "outside of what this product can cost" in held["why"]
    assert krajai("prices", "refuse", str(held["id"])).status == 0
    assert krajai("prices", "held").said.strip() == "nothing is held"
    again = krajai("prices", "accept", str(held["id"]))
    assert (again.status, "no held price" in again.complained) == (1, True)
    assert "ข้าวสาร 100 % ชั้น 1" in krajai("prices", "show", "ข้าวหอมมะลิ").said


def test_files_that_are_none(installation: Path) -> None:
    page, short = installation / "page.json", installation / "W16036.csv"
    page.write_text("<html>down</html>")
    short.write_text("date,price\n2026-05-14,61.00\n")
    refused = krajai("prices", "import", str(page))
    assert (refused.status, "it is a web page" in refused.complained) == (1, True)
    assert "price_min is missing" in krajai("prices", "import", str(short)).complained
    assert krajai("prices", "show", "gold").status == 1


def test_fetching_says_that_sources_are_off(installation: Path) -> None:
    ran = krajai("prices", "fetch", "moc")
    assert (ran.status, ran.said.strip()) == (1, "moc: off: KRAJAI_SOURCES is off")
    assert krajai("prices", "fetch", "gold").status == 2


def test_cost_forecasts_a_month(installation: Path) -> None:
    database = Database(f"sqlite:///{installation / 'krajai.db'}")
    with database.write() as session:
        contact, person = citizen(session)
        assert contact.id is not None
        assert person.id is not None
        for product in ("rubber", "durian"):
            subscribe(session, person.id, contact.id, f"price:{product}", "5709", NOW)
        now = database.now(session)
        for topic, size in (("advice:rubber", 3), ("price:", 1)):
            advised = released(session, at=now)
            advised.kind, advised.audience = BroadcastKind.ADVICE.value, {"topic": topic}
            assert advised.id is not None
            session.add(
                Batch(
                    broadcast_id=advised.id,
                    account_id=contact.account_id,
                    language="th",
                    variant="",
                    recipients=b"",
                    outcomes=b"",
                    size=size,
                    not_before=now,
                )
            )
    database.close()
    (local,) = krajai("cost", "--json").json["accounts"]
    assert (local["account"], local["morning_readers"], local["messages"]) == ("local/main", 1, 25)
    assert local["advice"] == 4
    assert "local/main" in krajai("cost").said
