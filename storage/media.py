"""Photos, voice notes and files of citizens: wanted at first, then fetched from their channel and kept, or not.

The row comes with the event that brought the provider's id, in one commit; its bytes come later, from a worker. Files
lie in a folder (`MediaFolder`); a row names its file.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import Index, text
from sqlmodel import Field, Session, SQLModel, col, func, select, update

from storage.columns import BigId, UtcDateTime, is_one_of
from storage.lifecycles import MEDIA, MediaState, sources

RETRY_SECONDS = (5.0, 30.0, 120.0, 600.0)
"""Between tries to fetch; after the last the file is given up and the citizen is told."""

LEASE_SECONDS = 120.0
"""So long one worker has for one fetch before another tries."""

UNATTACHED_KEPT_DAYS = 7
MOST_A_DAY = 40
"""Files of one person a day that are kept; what comes beyond is not: nobody fills the disk alone."""

_IN_WORK = (MediaState.WANTED.value, MediaState.REMOVING.value)
_SHOWN = (MediaState.WANTED.value, MediaState.KEPT.value)
_NOT_KEPT = (MediaState.REFUSED.value, MediaState.GONE.value)
_REMOVED_FROM = {
    MediaState.REMOVED: (MediaState.WANTED.value, *_NOT_KEPT),
    MediaState.REMOVING: (MediaState.KEPT.value,),
}


class MediaKind(StrEnum):
    PHOTO = "photo"
    VOICE = "voice"
    FILE = "file"


class Media(SQLModel, table=True):
    """One photo, voice note or file. `case_id` is None while it waits for the matter it belongs to.

    `safety_report_id` is the cry for help it came with: such a file is never given up as belonging to nothing. `fence`
    counts the workers that had it, so that a late one changes nothing. `file` is its name in the folder, `sha256` that
    of the bytes as they are kept, before sealing; `reason` says in English why it was refused or given up.
    """

    __tablename__ = "media"
    __table_args__ = (
        Index(
            "media_in_work",
            "not_before",
            sqlite_where=text("state IN ('wanted', 'removing')"),
            postgresql_where=text("state IN ('wanted', 'removing')"),
        ),
        Index("media_case", "case_id"),
        Index("media_contact", "contact_id", "id"),
        Index(
            "media_safety_report",
            "safety_report_id",
            sqlite_where=text("safety_report_id IS NOT NULL"),
            postgresql_where=text("safety_report_id IS NOT NULL"),
        ),
        Index("media_person", "person_id"),
        Index("media_file", "file"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    kind: str
    state: str = MediaState.WANTED
    case_id: int | None = Field(default=None, foreign_key="case.id", sa_type=BigId)
    safety_report_id: int | None = Field(default=None, foreign_key="safety_report.id", sa_type=BigId)
    person_id: int | None = Field(default=None, foreign_key="person.id", sa_type=BigId)
    contact_id: int | None = Field(default=None, foreign_key="contact.id", sa_type=BigId)
    account_id: int = Field(foreign_key="account.id")
    provider_id: str
    media_type: str = ""
    size: int = 0
    sha256: str = ""
    file: str = ""
    reason: str = ""
    tries: int = 0
    fence: int = 0
    not_before: datetime = Field(sa_type=UtcDateTime)
    created_at: datetime = Field(sa_type=UtcDateTime)
    kept_at: datetime | None = Field(default=None, sa_type=UtcDateTime)

    @property
    def number(self) -> int:
        assert self.id is not None
        return self.id


def want(
    session: Session,
    kind: MediaKind,
    *,
    provider_id: str,
    account_id: int,
    contact_id: int,
    person_id: int,
    at: datetime,
) -> Media | None:
    """Note that a file came and is to be fetched; None when this person has sent too many today."""
    recent = select(func.count()).where(
        Media.contact_id == contact_id, col(Media.created_at) > at - timedelta(days=1)
    )
    if session.exec(recent).one() >= MOST_A_DAY:
        return None
    media = Media(
        kind=kind,
        provider_id=provider_id,
        account_id=account_id,
        contact_id=contact_id,
        person_id=person_id,
        not_before=at,
        created_at=at,
    )
    session.add(media)
    session.flush()
    return media


def unattached(session: Session, contact_id: int, since: datetime) -> list[Media]:
    """What a contact sent since then and belongs to no case and no cry for help yet, the oldest first."""
    query = select(Media).where(
        Media.contact_id == contact_id,
        col(Media.case_id).is_(None),
        col(Media.safety_report_id).is_(None),
        col(Media.created_at) >= since,
        col(Media.state).in_(_SHOWN),
    )
    return list(session.exec(query.order_by(col(Media.id))))


def there(session: Session, media_ids: Sequence[int]) -> list[Media]:
    """Of these files those that are kept or on their way, the oldest first."""
    query = select(Media).where(col(Media.id).in_(media_ids), col(Media.state).in_(_SHOWN))
    return list(session.exec(query.order_by(col(Media.id)))) if media_ids else []


def of_case(session: Session, case_id: int) -> list[Media]:
    """All that was ever attached to a case, the oldest first."""
    return list(session.exec(select(Media).where(Media.case_id == case_id).order_by(col(Media.id))))


def of_report(session: Session, report_id: int) -> list[Media]:
    """All that came with a cry for help, the oldest first."""
    query = select(Media).where(Media.safety_report_id == report_id)
    return list(session.exec(query.order_by(col(Media.id))))


def of_reports(session: Session, most: int = 100) -> list[Media]:
    """What came with cries for help, the newest first."""
    query = select(Media).where(col(Media.safety_report_id).is_not(None))
    newest = (col(Media.safety_report_id).desc(), col(Media.id).desc())
    return list(session.exec(query.order_by(*newest).limit(most)))


def count_photos(session: Session, case_id: int) -> int:
    """How many photos of a case are there or on their way."""
    query = select(func.count()).where(
        Media.case_id == case_id, Media.kind == MediaKind.PHOTO.value, col(Media.state).in_(_SHOWN)
    )
    return session.exec(query).one()


def attach(session: Session, media_ids: Sequence[int], contact_id: int, case_id: int) -> int:
    """Put a contact's files to a case; how many. Others' files are left alone."""
    result = session.connection().execute(
        update(Media)
        .where(col(Media.id).in_(media_ids), col(Media.contact_id) == contact_id)
        .values(case_id=case_id)
    )
    return result.rowcount


def attach_to_report(session: Session, media_ids: Sequence[int], contact_id: int, report_id: int) -> int:
    """Put a contact's files to her cry for help, beside any case they have; how many were of none before."""
    result = session.connection().execute(
        update(Media)
        .where(
            col(Media.id).in_(media_ids),
            col(Media.contact_id) == contact_id,
            col(Media.safety_report_id).is_(None),
        )
        .values(safety_report_id=report_id)
    )
    return result.rowcount


def remove(session: Session, media: Sequence[Media]) -> None:
    """Take files away from everybody; what has bytes is removed from the folder by the very next sweep.

    No worker has such a file any more: the lease of its fetching is over.
    """
    session.flush()
    ids = [each.number for each in media]
    # What is kept at this moment by a worker is found by the second statement.
    for state in (MediaState.REMOVED, MediaState.REMOVING):
        session.connection().execute(
            update(Media)
            .where(col(Media.id).in_(ids), is_one_of(col(Media.state), *_REMOVED_FROM[state]))
            .values(state=state.value, provider_id="", reason="", sha256="", not_before=col(Media.created_at))
        )
    for each in media:
        session.expire(each)


def remove_unattached(session: Session, at: datetime) -> int:
    """Give up files that belong to no case and no cry for help after a week; how many."""
    query = select(Media).where(
        col(Media.case_id).is_(None),
        col(Media.safety_report_id).is_(None),
        col(Media.created_at) < at - timedelta(days=UNATTACHED_KEPT_DAYS),
        col(Media.state).in_((*_SHOWN, *_NOT_KEPT)),
    )
    old = session.exec(query.limit(1000)).all()
    remove(session, old)
    return len(old)


def unnamed(session: Session, names: Iterable[str]) -> set[str]:
    """Which of these file names no row bears; one look at all rows, for a sweep of the folder."""
    left = set(names)
    if left:
        for name in session.exec(
            select(Media.file).where(Media.file != "").execution_options(yield_per=1000)
        ):
            left.discard(name)
    return left


def claim(session: Session, at: datetime, most: int) -> list[Media]:
    """Files to fetch or to remove now, of which each is one worker's for `LEASE_SECONDS`.

    Claim no more than are worked on at once: what waits behind others outlives its lease.
    """
    query = (
        select(Media)
        .where(is_one_of(col(Media.state), *_IN_WORK), col(Media.not_before) <= at)
        .order_by(col(Media.not_before))
        .limit(most)
        .with_for_update(skip_locked=True)
    )
    found = list(session.exec(query))
    for media in found:
        media.not_before = at + timedelta(seconds=LEASE_SECONDS)
        media.fence += 1
        session.add(media)
    session.flush()
    return found


def settle_kept(
    session: Session, media: Media, *, file: str, sha256: str, size: int, media_type: str, at: datetime
) -> bool:
    """The bytes are in the folder; False when nobody wants them from this worker, then they are to be deleted."""
    return _settle(
        session,
        media,
        MediaState.KEPT,
        file=file,
        sha256=sha256,
        size=size,
        media_type=media_type,
        kept_at=at,
        provider_id="",
    )


def settle_refused(session: Session, media: Media, reason: str, *, gone: bool = False) -> bool:
    """It will not be kept: refused for what it is, or given up; False when that is settled otherwise."""
    state = MediaState.GONE if gone else MediaState.REFUSED
    return _settle(session, media, state, reason=reason[:200], provider_id="")


def settle_removed(session: Session, media: Media) -> None:
    """Its file is gone from the folder."""
    _settle(session, media, MediaState.REMOVED, file="", size=0, media_type="")


def put_back(session: Session, media: Media, reason: str, wait_seconds: float | None, at: datetime) -> bool:
    """Try again later; False when it was tried often enough and is given up for good by this worker.

    `wait_seconds` is what the provider asked for, None for our own step.
    """
    if media.tries >= len(RETRY_SECONDS):
        return not settle_refused(session, media, reason, gone=True)
    wait = max(RETRY_SECONDS[media.tries], wait_seconds or 0.0)
    session.connection().execute(
        update(Media)
        .where(
            col(Media.id) == media.id,
            col(Media.fence) == media.fence,
            col(Media.state) == MediaState.WANTED.value,
        )
        .values(tries=media.tries + 1, not_before=at + timedelta(seconds=wait), reason=reason[:200])
    )
    return True


def _settle(session: Session, media: Media, state: MediaState, **values: object) -> bool:
    result = session.connection().execute(
        update(Media)
        .where(
            col(Media.id) == media.id,
            col(Media.fence) == media.fence,
            col(Media.state).in_(sources(MEDIA, state)),
        )
        .values(state=state.value, **values)
    )
    return result.rowcount == 1
