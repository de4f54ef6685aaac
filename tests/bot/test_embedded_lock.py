"""One server a SQLite file, run by the owner of its folder."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bot.embedded_lock import DatabaseBusy, only_server, require_owner
from storage.database import Database


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return Database(f"sqlite:///{tmp_path}/data/krajai.db")


def start(database: Database) -> None:
    with only_server(database):
        pass


def test_a_second_server_is_refused_with_the_mend(database: Database) -> None:
    said = r"another Krajai already runs on .*krajai\.db: .*KRAJAI_DATABASE_URL"
    with only_server(database), pytest.raises(DatabaseBusy, match=said):
        start(Database(database.url.render_as_string()))
    start(database)


def test_servers_of_other_files_run_side_by_side(database: Database, tmp_path: Path) -> None:
    with only_server(database), only_server(Database(f"sqlite:///{tmp_path}/data/other.db")):
        pass


def test_a_killed_server_leaves_no_lock(database: Database) -> None:
    script = (
        "import sys, time\n"
        "from bot.embedded_lock import only_server\n"
        "from storage.database import Database\n"
        "with only_server(Database(sys.argv[1])):\n"
        "    print('locked', flush=True)\n"
        "    time.sleep(60)\n"
    )
    url = database.url.render_as_string()
    with subprocess.Popen([sys.executable, "-c", script, url], stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"locked\n"
        with pytest.raises(DatabaseBusy), only_server(database):
            pytest.fail("two servers on one file")
        other.kill()
        other.wait()
    with only_server(database):
        pass


def test_a_data_folder_of_another_user_is_refused(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: database_owner(database) + 1)
    with pytest.raises(DatabaseBusy, match="run the command as that user"):
        require_owner(database)
    with pytest.raises(DatabaseBusy), only_server(database):
        pytest.fail("a server on the file of another user")
    assert database.path is not None
    assert not database.path.with_name("krajai.db.lock").exists()


def database_owner(database: Database) -> int:
    assert database.path is not None
    return database.path.parent.stat().st_uid


def test_postgresql_needs_no_lock() -> None:
    database = Database("postgresql+psycopg://krajai@127.0.0.1:1/nothing")
    with only_server(database), only_server(database):
        require_owner(database)
