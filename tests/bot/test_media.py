"""Wanted files are fetched, made harmless and kept; what cannot be is told to the citizen, once."""

import asyncio
import io
import os
from datetime import timedelta
from pathlib import Path

import pytest
from PIL import Image
from sqlmodel import select

from bot.channels.accounts import ConnectedAccount
from bot.channels.local import LocalChannel, read_event
from bot.media import AT_ONCE, STRAY_AFTER, Download, Fetched, download_of, remove_strays, sweep
from broadcasts.delivery.channel import AccountRefused, ContentRefused, NotNow, Unreachable
from storage import media
from storage.cases_privacy import Privacy
from storage.database import Database
from storage.lifecycles import MediaState
from storage.local_uploads import LocalUpload
from storage.media import LEASE_SECONDS, RETRY_SECONDS, Media, MediaKind
from storage.media_files import MediaFolder
from storage.outbox import Message
from tests.builders import NOW, account, citizen

KEY = "a secret key of more than sixteen bytes"


def photo_bytes() -> bytes:
    written = io.BytesIO()
    exif = Image.Exif()
    exif[0x010F] = "Telephone of Somchai"
    Image.new("RGB", (40, 30)).save(written, "JPEG", exif=exif.tobytes())
    return written.getvalue()


def want(database: Database, kind: MediaKind = MediaKind.PHOTO, provider_id: str = "p-1") -> int:
    with database.write() as session:
        contact, person = citizen(session)
        assert contact.id is not None
        assert person.id is not None
        found = media.want(
            session,
            kind,
            provider_id=provider_id,
            account_id=contact.account_id,
            contact_id=contact.id,
            person_id=person.id,
            at=NOW,
        )
        assert found is not None
        return found.number


def row(database: Database, number: int) -> Media:
    with database.read() as session:
        return session.get_one(Media, number)


def said(database: Database) -> list[str]:
    with database.read() as session:
        return [bubble["text"] for message in session.exec(select(Message)) for bubble in message.body]


def run(database: Database, folder: MediaFolder, answer: bytes | Exception) -> int:
    async def fetch(provider_id: str, most_bytes: int) -> Fetched:
        assert provider_id
        assert most_bytes
        if isinstance(answer, Exception):
            raise answer
        return Fetched(data=answer, media_type="audio/m4a")

    with database.read() as session:
        accounts = {account(session): fetch}
    downloads: dict[int, Download | None] = {**accounts}
    return asyncio.run(sweep(database, downloads, folder))


@pytest.fixture
def database_at_now(sqlite_database: Database) -> Database:
    sqlite_database._clock = lambda: NOW  # the clock is the database's, and tests stand still
    return sqlite_database


@pytest.fixture(params=["", KEY])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> MediaFolder:
    return MediaFolder(path=tmp_path / "media", privacy=Privacy(request.param))


def files(folder: MediaFolder) -> list[Path]:
    return [path for path in folder.path.rglob("*") if path.is_file()]


def test_a_photo_is_kept_without_what_the_phone_wrote_into_it(
    database_at_now: Database, folder: MediaFolder
) -> None:
    number = want(database_at_now)
    assert run(database_at_now, folder, photo_bytes()) == 1
    kept = row(database_at_now, number)
    assert (kept.state, kept.media_type, kept.provider_id) == (MediaState.KEPT, "image/jpeg", "")
    data = folder.read(kept.file)
    assert len(data) == kept.size
    assert b"Somchai" not in data
    assert said(database_at_now) == []
    assert run(database_at_now, folder, photo_bytes()) == 0


@pytest.mark.parametrize("kind", [MediaKind.VOICE, MediaKind.FILE])
def test_a_picture_by_another_name_is_drawn_anew_too(
    database_at_now: Database, folder: MediaFolder, kind: MediaKind
) -> None:
    number = want(database_at_now, kind)
    run(database_at_now, folder, photo_bytes())
    kept = row(database_at_now, number)
    assert (kept.state, kept.media_type) == (MediaState.KEPT, "image/jpeg")
    assert b"Somchai" not in folder.read(kept.file)
    number = want(database_at_now, kind)
    run(database_at_now, folder, photo_bytes()[:60])
    assert row(database_at_now, number).state == MediaState.REFUSED
    assert "เปิดรูปในไฟล์นี้ไม่ได้" in said(database_at_now)[0]


def test_a_voice_note_is_kept_as_it_came(database_at_now: Database, folder: MediaFolder) -> None:
    number = want(database_at_now, MediaKind.VOICE)
    run(database_at_now, folder, b"#!/bin/sh\nrm -rf /\n")
    kept = row(database_at_now, number)
    assert folder.read(kept.file) == b"#!/bin/sh\nrm -rf /\n"
    assert [path.stat().st_mode & 0o111 for path in files(folder)] == [0]


@pytest.mark.parametrize(
    ("answer", "words", "state"),
    [
        (b"no photo at all", "เปิดรูปนี้ไม่ได้", MediaState.REFUSED),
        (b"\xff" * (10 * 1024 * 1024 + 1), "รูปใหญ่เกินไป", MediaState.REFUSED),
        (ContentRefused("the file is larger than 10 bytes"), "รูปใหญ่เกินไป", MediaState.REFUSED),
        (ContentRefused("404: message has no content"), "รูปยังมาไม่ถึง ข้อความของคุณเก็บไว้แล้ว", MediaState.GONE),
    ],
)
def test_what_cannot_be_kept_is_told_once(
    database_at_now: Database, tmp_path: Path, answer: bytes | Exception, words: str, state: MediaState
) -> None:
    folder = MediaFolder(path=tmp_path / "media", privacy=Privacy())
    number = want(database_at_now)
    run(database_at_now, folder, answer)
    run(database_at_now, folder, answer)
    assert row(database_at_now, number).state == state
    assert len(said(database_at_now)) == 1
    assert words in said(database_at_now)[0]
    assert files(folder) == []


@pytest.mark.parametrize(
    # The last one is nothing that a channel raises: a mistake of ours ends as well.
    "fault",
    [Unreachable("x"), NotNow("x", 1.0), AccountRefused("x"), TimeoutError(), KeyError("x")],
)
def test_a_fault_is_tried_again_and_told_in_the_end(
    sqlite_database: Database, tmp_path: Path, fault: Exception
) -> None:
    folder = MediaFolder(path=tmp_path / "media", privacy=Privacy())
    at = NOW
    sqlite_database._clock = lambda: at
    number = want(sqlite_database)
    for seconds in RETRY_SECONDS:
        assert run(sqlite_database, folder, fault) == 1
        assert (row(sqlite_database, number).state, said(sqlite_database)) == (MediaState.WANTED, [])
        at += timedelta(seconds=seconds)
    run(sqlite_database, folder, fault)
    assert row(sqlite_database, number).state == MediaState.GONE
    assert said(sqlite_database) == ["รูปยังมาไม่ถึง ข้อความของคุณเก็บไว้แล้ว ส่งรูปใหม่ได้เลย"]


def test_no_more_are_claimed_than_are_worked_on_and_one_fault_stops_no_other(
    database_at_now: Database, tmp_path: Path
) -> None:
    numbers = [want(database_at_now, MediaKind.VOICE, f"p-{number}") for number in range(AT_ONCE * 2 + 1)]
    most, at_work = 0, 0

    async def fetch(provider_id: str, most_bytes: int) -> Fetched:
        nonlocal most, at_work
        at_work += 1
        await asyncio.sleep(0)
        with database_at_now.read() as session:
            claimed = [each for each in session.exec(select(Media)) if each.not_before > NOW]
        taken = [each for each in claimed if each.state == MediaState.WANTED and not each.tries]
        most = max(most, len(taken))
        assert len(taken) >= at_work
        at_work -= 1
        if provider_id == "p-1":
            raise ZeroDivisionError
        return Fetched(data=b"sound")

    with database_at_now.read() as session:
        account_id = account(session)
    folder = MediaFolder(path=tmp_path / "media", privacy=Privacy())
    assert asyncio.run(sweep(database_at_now, {account_id: fetch}, folder)) == len(numbers)
    assert most <= AT_ONCE
    states = [row(database_at_now, number).state for number in numbers]
    assert states.count(MediaState.KEPT) == len(numbers) - 1
    assert [row(database_at_now, number).tries for number in numbers].count(1) == 1


def test_a_worker_that_gives_up_late_tells_nobody(database_at_now: Database, tmp_path: Path) -> None:
    number = want(database_at_now, MediaKind.VOICE)
    folder = MediaFolder(path=tmp_path / "media", privacy=Privacy())

    async def fetch(provider_id: str, most_bytes: int) -> Fetched:
        # Meanwhile the lease lapsed, and another worker kept it.
        with database_at_now.write() as session:
            later = NOW + timedelta(seconds=LEASE_SECONDS)
            (winner,) = media.claim(session, later, 1)
            name = folder.keep(b"sound")
            media.settle_kept(session, winner, file=name, sha256="x", size=5, media_type="x", at=later)
        raise ContentRefused("404: message has no content")

    with database_at_now.read() as session:
        account_id = account(session)
    asyncio.run(sweep(database_at_now, {account_id: fetch}, folder))
    assert row(database_at_now, number).state == MediaState.KEPT
    assert said(database_at_now) == []


def test_removing_deletes_the_file_and_not_that_of_an_equal_picture(
    database_at_now: Database, tmp_path: Path
) -> None:
    folder = MediaFolder(path=tmp_path / "media", privacy=Privacy())
    first, second = want(database_at_now), want(database_at_now, provider_id="p-2")
    run(database_at_now, folder, photo_bytes())
    assert len(files(folder)) == 2
    for number, left in ((first, 1), (second, 0)):
        with database_at_now.write() as session:
            media.remove(session, [session.get_one(Media, number)])
        run(database_at_now, folder, photo_bytes())
        assert len(files(folder)) == left
        assert row(database_at_now, number).state == MediaState.REMOVED


def test_files_without_a_row_are_cleared_away_after_a_day(database_at_now: Database, tmp_path: Path) -> None:
    folder = MediaFolder(path=tmp_path / "media", privacy=Privacy())
    assert remove_strays(database_at_now, folder) == 0
    want(database_at_now)
    run(database_at_now, folder, photo_bytes())
    folder.keep(b"left by a crash")
    for path in files(folder):
        old = path.stat().st_mtime - STRAY_AFTER.total_seconds() - 1
        os.utime(path, (old, old))
    folder.keep(b"just now")
    assert remove_strays(database_at_now, folder) == 1
    assert len(files(folder)) == 2


def test_a_full_disk_is_a_fault_like_any_other(database_at_now: Database, tmp_path: Path) -> None:
    in_the_way = tmp_path / "media"
    in_the_way.write_text("no folder")
    number = want(database_at_now)
    assert run(database_at_now, MediaFolder(path=in_the_way, privacy=Privacy()), photo_bytes()) == 1
    found = row(database_at_now, number)
    assert (found.state, found.tries) == (MediaState.WANTED, 1)


def test_simulated_phones_files_are_fetched_from_their_network(sqlite_database: Database) -> None:
    with sqlite_database.write() as session:
        session.add(LocalUpload(id="up-1", media_type="image/jpeg", data=b"bytes", at=NOW))
        account_id = account(session)
    local = ConnectedAccount(
        id=account_id,
        channel_name="local",
        name="main",
        channel=LocalChannel(sqlite_database),
        read_event=read_event,
        credentials={},
    )
    download = download_of(sqlite_database, local)
    assert download is not None
    assert asyncio.run(download("up-1", 10)) == Fetched(data=b"bytes", media_type="image/jpeg")
    for provider_id, most in (("up-1", 4), ("up-2", 10)):
        with pytest.raises(ContentRefused):
            asyncio.run(download(provider_id, most))
