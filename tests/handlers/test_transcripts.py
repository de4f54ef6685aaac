"""The golden transcripts, played on a database of each kind."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.database import Database
from tests.handlers.playing import Stage, play
from tests.postgres import PostgresServer

TRANSCRIPTS = sorted((Path(__file__).parent / "transcripts").glob("*.txt"))
# Warnings would be heard by the citizens of the next transcript as well.
WITHOUT_WARNINGS = [path for path in TRANSCRIPTS if "@ คำเตือน" not in path.read_text("utf-8")]
# The second case of a database has another number.
WITHOUT_TICKETS = [path for path in WITHOUT_WARNINGS if not re.search(r"\b\d+-\d\b", path.read_text("utf-8"))]
# The first ticket of a database is 1-3: after another transcript it would bear another number.
TOGETHER = [path for path in WITHOUT_WARNINGS if "1-3" not in path.read_text("utf-8")]


@pytest.fixture
def stage(sqlite_database: Database) -> Iterator[Stage]:
    made = Stage(sqlite_database)
    yield made
    made.close()


def test_there_are_transcripts() -> None:
    assert len(WITHOUT_WARNINGS) > 25
    assert len(TRANSCRIPTS) - len(WITHOUT_WARNINGS) > 5


@pytest.mark.parametrize("transcript", TRANSCRIPTS, ids=lambda path: path.stem)
def test_krajai_answers_as_written(stage: Stage, transcript: Path) -> None:
    written, really = play(stage, transcript)
    assert really == written


@pytest.fixture
def postgres_database(postgres: PostgresServer) -> Iterator[Database]:
    database = Database(postgres.fresh_database())
    yield database
    database.close()


@pytest.mark.postgres
def test_krajai_answers_as_written_on_postgresql(postgres_database: Database) -> None:
    """A third of them, one after the other in one database, which are as many citizens who do not mix."""
    for transcript in [
        *TOGETHER[::3],
        Path(__file__).parent / "transcripts" / "warning_answered.txt",
    ]:
        stage = Stage(postgres_database, name=f"{transcript.stem}-")
        written, really = play(stage, transcript)
        stage.close()
        assert really == written, transcript.stem
