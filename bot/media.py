"""Fetching the photos, voice notes and files that are wanted, from the channel each came over, into our folder.

A fetch happens after the event's commit and outside of any transaction; what fails is tried again, and in the end the
citizen is told. The same sweep deletes the files of what was removed.
"""

import asyncio
import hashlib
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import structlog
from sqlmodel import Session

from bot.channels.accounts import ConnectedAccount
from bot.photos import MEDIA_TYPE, MOST_BYTES, PhotoRefused, is_picture, tidy_photo
from bot.wiring import Krajai
from broadcasts.delivery.channel import ChannelError, ContentRefused, NotNow
from broadcasts.delivery.faults import kind_and_place
from storage import media, outbox
from storage.cases_privacy import Privacy
from storage.database import Database
from storage.lifecycles import ContactState, MediaState
from storage.local_uploads import LocalUpload
from storage.media import Media, MediaKind
from storage.media_files import MediaFolder
from storage.people import Contact, Person
from storage.replies import Bubble, Button
from storage.wording import say

log = structlog.get_logger()

MOST_FILE_BYTES = 20 * 1024 * 1024
"""Of voice notes and files: what Telegram lets a bot download."""

FETCH_SECONDS = 90.0
AT_ONCE = 4
MOST_IN_A_ROW = 5
"""So many files each of the `AT_ONCE` places works on in a sweep; the rest waits for the next one."""

STRAY_AFTER = timedelta(days=1)

_MOST_BYTES = {MediaKind.PHOTO: MOST_BYTES}


@dataclass(frozen=True, kw_only=True)
class Fetched:
    """The bytes of a file and what its channel says they are."""

    data: bytes
    media_type: str = ""


Download = Callable[[str, int], Coroutine[Any, Any, Fetched]]
"""The file of a provider's id, of at most so many bytes. Raises ChannelError."""


def media_folder(krajai: Krajai) -> MediaFolder:
    """Where this installation keeps files, sealed when it has a secret key."""
    privacy = Privacy(krajai.settings.secret_key.get_secret_value())
    return MediaFolder(path=Path(krajai.settings.media_folder), privacy=privacy)


async def fetch_wanted(krajai: Krajai, folder: MediaFolder | None = None) -> int:
    """One sweep: fetch what is wanted and due, delete what was removed; how many rows were worked on.

    Any number of workers may sweep at once; what one does not finish another takes up after two minutes.
    """
    downloads = {account.id: download_of(krajai.database, account) for account in krajai.accounts}
    return await sweep(krajai.database, downloads, folder or media_folder(krajai))


async def sweep(database: Database, downloads: dict[int, Download | None], folder: MediaFolder) -> int:
    """As `fetch_wanted`, with the downloads of each account named.

    A file is claimed when there is a place to work on it, so that its lease is as long as the work.
    """
    at_work = _Sweep(database, folder)

    async def in_a_row(each: Media) -> int:
        for done in range(1, MOST_IN_A_ROW + 1):
            await at_work.work_on(each, downloads.get(each.account_id))
            following = await asyncio.to_thread(_claim, database, 1) if done < MOST_IN_A_ROW else []
            if not following:
                break
            each = following[0]
        return done

    claimed = await asyncio.to_thread(_claim, database, AT_ONCE)
    return sum(await asyncio.gather(*(in_a_row(each) for each in claimed)))


def remove_strays(database: Database, folder: MediaFolder) -> int:
    """Delete files that no row names, left by a process that died between writing and committing; how many."""
    before = time.time() - STRAY_AFTER.total_seconds()
    found = folder.path.glob("*/*") if folder.path.is_dir() else ()
    old = {path.name: path for path in found if path.is_file() and path.stat().st_mtime < before}
    with database.read() as session:
        strays = media.unnamed(session, old)
    for name in strays:
        old[name].unlink(missing_ok=True)
    return len(strays)


def download_of(database: Database, account: ConnectedAccount) -> Download | None:
    """How files of an account are fetched; None where a channel has none, as SMS."""
    make = _DOWNLOADS.get(account.channel_name)
    return make(database, account) if make else None


class _Sweep:
    def __init__(self, database: Database, folder: MediaFolder) -> None:
        self._database = database
        self._folder = folder

    async def work_on(self, each: Media, download: Download | None) -> None:
        """Fetch or remove one file; whatever happens to it the others go on."""
        try:
            if each.state == MediaState.REMOVING:
                await asyncio.to_thread(self._remove, each)
            else:
                await self._fetch(each, download)
        except Exception as fault:  # noqa: BLE001 - a file's edge: it counts as a try, and in the end it is given up
            said = kind_and_place(fault)
            log.error("a file made trouble", media_id=each.id, fault=said)  # noqa: TRY400
            if each.state == MediaState.WANTED:
                await asyncio.to_thread(self._put_back, each, said, None)

    async def _fetch(self, wanted: Media, download: Download | None) -> None:
        most = _MOST_BYTES.get(MediaKind(wanted.kind), MOST_FILE_BYTES)
        try:
            if download is None:
                raise ContentRefused("this channel gives no files")
            async with asyncio.timeout(FETCH_SECONDS):
                fetched = await download(wanted.provider_id, most)
            if len(fetched.data) > most:
                raise PhotoRefused(f"more than {most:,} bytes", too_large=True)
            await asyncio.to_thread(self._keep, wanted, fetched)
        except PhotoRefused as refused:
            key = "too_large" if refused.too_large else "unreadable"
            await asyncio.to_thread(self._refuse, wanted, str(refused), key)
        except ContentRefused as refused:
            key = "too_large" if "larger than" in str(refused) else "not_arrived"
            await asyncio.to_thread(self._refuse, wanted, str(refused), key)
        except (ChannelError, OSError, TimeoutError) as fault:
            # OSError: our own folder, full or not writable.
            wait = fault.retry_after_seconds if isinstance(fault, NotNow) else None
            await asyncio.to_thread(self._put_back, wanted, str(fault) or type(fault).__name__, wait)

    def _remove(self, removing: Media) -> None:
        """Delete the file first: a row that is settled would not be looked at again."""
        with self._database.write() as session:
            if removing.file:
                self._folder.remove(removing.file)
            media.settle_removed(session, removing)

    def _keep(self, wanted: Media, fetched: Fetched) -> None:
        data, media_type = fetched.data, fetched.media_type
        # A picture that is sent as a file or as a voice note has its place and owner written into it, too.
        if wanted.kind == MediaKind.PHOTO or is_picture(data):
            data, media_type = tidy_photo(data).data, MEDIA_TYPE
        name = self._folder.keep(data)
        with self._database.write() as session:
            kept = media.settle_kept(
                session,
                wanted,
                file=name,
                sha256=hashlib.sha256(data).hexdigest(),
                size=len(data),
                media_type=media_type[:100],
                at=self._database.now(session),
            )
        if not kept:
            self._folder.remove(name)

    def _refuse(self, wanted: Media, reason: str, key: str) -> None:
        with self._database.write() as session:
            if media.settle_refused(session, wanted, reason, gone=key == "not_arrived"):
                self._tell(session, wanted, key)
        log.info("a file was not kept", media_id=wanted.id, reason=reason)

    def _put_back(self, wanted: Media, reason: str, wait_seconds: float | None) -> None:
        with self._database.write() as session:
            if not media.put_back(session, wanted, reason, wait_seconds, self._database.now(session)):
                self._tell(session, wanted, "not_arrived")
                log.warning("a file was given up", media_id=wanted.id, reason=reason)

    def _tell(self, session: Session, wanted: Media, key: str) -> None:
        """Her words are safe; the file is not, and she can send it again."""
        contact = session.get(Contact, wanted.contact_id) if wanted.contact_id is not None else None
        if contact is None or contact.id is None or contact.state != ContactState.ACTIVE:
            return
        language = session.get_one(Person, contact.person_id).language
        kind = "photo" if wanted.kind == MediaKind.PHOTO else "file"
        text = say(language, f"cases.{kind}.{key}")
        again = f"case.more:{wanted.case_id}" if wanted.case_id is not None else "menu"
        label = say(language, "buttons.case_add" if wanted.case_id is not None else "buttons.menu")
        bubble = Bubble(text=text, buttons=(Button(label=label, action=again),))
        outbox.say_to(session, contact.id, (bubble,), self._database.now(session), important=True)


def _claim(database: Database, most: int) -> list[Media]:
    with database.write() as session:
        return media.claim(session, database.now(session), most)


def _line(_: Database, account: ConnectedAccount) -> Download:
    from bot.channels.line import LineChannel
    from bot.channels.line_account import download

    channel = account.channel
    assert isinstance(channel, LineChannel)

    async def fetch(provider_id: str, most_bytes: int) -> Fetched:
        content = await download(channel, provider_id, most_bytes=most_bytes)
        return Fetched(data=content.data, media_type=content.media_type)

    return fetch


def _telegram(_: Database, account: ConnectedAccount) -> Download:
    from bot.channels.telegram import TelegramChannel
    from bot.channels.telegram_files import download

    channel = account.channel
    assert isinstance(channel, TelegramChannel)

    async def fetch(provider_id: str, most_bytes: int) -> Fetched:
        return Fetched(data=await download(channel, provider_id, most_bytes=most_bytes))

    return fetch


def _local(database: Database, _: ConnectedAccount) -> Download:
    def found(provider_id: str) -> LocalUpload | None:
        with database.read() as session:
            return session.get(LocalUpload, provider_id)

    async def fetch(provider_id: str, most_bytes: int) -> Fetched:
        upload = await asyncio.to_thread(found, provider_id)
        if upload is None:
            raise ContentRefused("the simulated network has no such file")
        if len(upload.data) > most_bytes:
            raise ContentRefused(f"the file is larger than {most_bytes} bytes")
        return Fetched(data=upload.data, media_type=upload.media_type)

    return fetch


_DOWNLOADS: dict[str, Callable[[Database, ConnectedAccount], Download]] = {
    "line": _line,
    "telegram": _telegram,
    "local": _local,
}
