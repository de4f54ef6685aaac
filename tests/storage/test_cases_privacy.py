"""What citizens wrote and sent is unreadable in the database and in the folder once there is a secret key."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from storage.cases import Case, open_case, place_words_of, words_of
from storage.cases_privacy import Privacy, privacy, use_secret_key
from storage.cases_timeline import By, EventKind, add_event, event_words
from storage.database import Database
from storage.media_files import MediaFolder
from storage.sealing import SealBroken
from tests.builders import NOW

KEY = "a secret key of more than sixteen bytes"
WORDS = "น้ำเข้าบ้านเลขที่ 12"


@given(st.text(max_size=50), st.sampled_from(["", KEY]))
def test_what_is_concealed_can_be_revealed(words: str, key: str) -> None:
    keeps = Privacy(key)
    assert keeps.reveal(keeps.conceal(words)) == words
    assert not (key and words) or words not in keeps.conceal(words) or len(words) < 4


@pytest.mark.parametrize("words", ["sealed:", "plain:", "sealed:x", "plain:sealed:x"])
def test_words_that_look_like_a_seal_stay_words(words: str) -> None:
    assert Privacy().reveal(Privacy().conceal(words)) == words


@given(
    st.binary(max_size=50),
    st.sampled_from(["", KEY]),
    st.sampled_from([b"", b"krajai sealed\n", b"krajai plain\n"]),
)
def test_files_come_back_as_they_were(data: bytes, key: str, before: bytes) -> None:
    keeps = Privacy(key)
    assert keeps.reveal_file(keeps.conceal_file(before + data)) == before + data


def test_the_database_holds_no_word_of_it(database: Database) -> None:
    use_secret_key(database, KEY)
    with database.write() as session:
        case = Case(kind="complaint", words=WORDS, place_words="หน้าวัดป่า", opened_at=NOW)
        open_case(session, case)
        event = add_event(session, case.number, EventKind.ADDED, NOW, by=By.CITIZEN, words=WORDS)
    with database.read() as session:
        rows = list(session.connection().execute(text('SELECT words, place_words FROM "case"')).all())
        rows += session.connection().execute(text("SELECT words, words FROM case_event")).all()
        assert not any(WORDS in value or "วัดป่า" in value for row in rows for value in row)
        assert (words_of(session, case), place_words_of(session, case)) == (WORDS, "หน้าวัดป่า")
        assert event_words(session, event) == WORDS


def test_what_was_kept_before_there_was_a_key_stays_readable(sqlite_database: Database) -> None:
    with sqlite_database.write() as session:
        case = Case(kind="complaint", words=WORDS, opened_at=NOW)
        open_case(session, case)
    use_secret_key(sqlite_database, KEY)
    with sqlite_database.read() as session:
        assert privacy(session).secret_key == KEY
        assert words_of(session, case) == WORDS


def test_another_key_is_told_and_not_guessed(sqlite_database: Database) -> None:
    use_secret_key(sqlite_database, KEY)
    with sqlite_database.write() as session:
        case = Case(kind="complaint", words=WORDS, opened_at=NOW)
        open_case(session, case)
    use_secret_key(sqlite_database, KEY + " another")
    with sqlite_database.read() as session, pytest.raises(SealBroken):
        words_of(session, case)


def test_the_key_is_in_no_printout() -> None:
    assert KEY not in repr(Privacy(KEY))


@pytest.mark.parametrize("key", ["", KEY])
def test_a_folder_keeps_files_whole_and_for_the_owner_alone(tmp_path: Path, key: str) -> None:
    folder = MediaFolder(path=tmp_path / "media", privacy=Privacy(key))
    data = b"photo" * 1000
    name = folder.keep(data)
    files = [path for path in folder.path.rglob("*") if path.is_file()]
    assert [path.name for path in files] == [name]
    assert files[0].stat().st_mode & 0o777 == 0o600
    assert folder.path.stat().st_mode & 0o777 == 0o700
    assert (data in files[0].read_bytes()) == (not key)
    assert folder.read(name) == data
    folder.remove(name)
    folder.remove(name)
    assert not files[0].exists()


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "a" * 63, "G" * 64, "a" * 64 + "/x"])
def test_no_name_leads_out_of_the_folder(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="not the name"):
        MediaFolder(path=tmp_path, privacy=Privacy()).read(name)
