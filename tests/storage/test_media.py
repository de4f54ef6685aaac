"""Files on their way: wanted, fetched once, given up in the end, and gone when they shall be."""

from datetime import timedelta

import pytest
from sqlmodel import Session

from storage import media
from storage.cases import Case, open_case
from storage.database import Database
from storage.lifecycles import MediaState
from storage.media import LEASE_SECONDS, MOST_A_DAY, RETRY_SECONDS, Media, MediaKind
from storage.people import Contact
from storage.safety import SafetyAnswer, SafetyReport, keep_report
from tests.builders import NOW, citizen
from tests.storage.racing import at_once


def wanted(session: Session, contact: Contact, provider_id: str = "photo-1") -> Media | None:
    assert contact.id is not None
    return media.want(
        session,
        MediaKind.PHOTO,
        provider_id=provider_id,
        account_id=contact.account_id,
        contact_id=contact.id,
        person_id=contact.person_id,
        at=NOW,
    )


def again(session: Session, found: Media) -> Media:
    session.refresh(found)
    return found


def test_one_worker_has_a_file_for_a_while(database: Database) -> None:
    with database.write() as session:
        contact, _ = citizen(session)
        assert wanted(session, contact) is not None
        assert len(media.claim(session, NOW, 10)) == 1
        assert media.claim(session, NOW, 10) == []
        assert len(media.claim(session, NOW + timedelta(seconds=LEASE_SECONDS), 10)) == 1


def test_it_is_tried_again_and_given_up_in_the_end(database: Database) -> None:
    with database.write() as session:
        contact, _ = citizen(session)
        found = wanted(session, contact)
        assert found is not None
        at = NOW
        for number, seconds in enumerate(RETRY_SECONDS, start=1):
            assert media.put_back(session, again(session, found), "no connection", None, at)
            at += timedelta(seconds=seconds)
            assert again(session, found).tries == number
            assert [each.id for each in media.claim(session, at, 10)] == [found.id]
        assert not media.put_back(session, again(session, found), "no connection", None, at)
        assert again(session, found).state == MediaState.GONE
        assert found.provider_id == ""


def test_a_provider_that_asks_to_wait_is_left_alone(sqlite_database: Database) -> None:
    with sqlite_database.write() as session:
        contact, _ = citizen(session)
        found = wanted(session, contact)
        assert found is not None
        media.put_back(session, found, "busy", 300.0, NOW)
        assert again(session, found).not_before == NOW + timedelta(seconds=300)


def test_what_was_removed_while_it_was_fetched_is_not_kept(database: Database) -> None:
    with database.write() as session:
        contact, _ = citizen(session)
        found = wanted(session, contact)
        assert found is not None
        media.remove(session, [found])
        assert not media.settle_kept(
            session, found, file="f" * 64, sha256="e" * 64, size=1, media_type="image/jpeg", at=NOW
        )
        assert again(session, found).state == MediaState.REMOVED
        assert not media.settle_refused(session, found, "late")


def test_a_kept_file_is_removed_in_two_steps(database: Database) -> None:
    with database.write() as session:
        contact, _ = citizen(session)
        found = wanted(session, contact)
        assert found is not None
        media.settle_kept(session, found, file="f" * 64, sha256="e" * 64, size=1, media_type="x", at=NOW)
        media.remove(session, [again(session, found)])
        assert again(session, found).state == MediaState.REMOVING
        assert [each.file for each in media.claim(session, NOW, 5)] == ["f" * 64]
        media.settle_removed(session, found)
        assert again(session, found).state == MediaState.REMOVED
        assert found.file == ""


def test_nobody_attaches_what_another_sent(database: Database) -> None:
    with database.write() as session:
        contact, _ = citizen(session, "sim-1")
        other, _ = citizen(session, "sim-2")
        found, case = wanted(session, contact), Case(kind="complaint", words="x", opened_at=NOW)
        open_case(session, case)
        assert found is not None
        assert other.id is not None
        assert contact.id is not None
        assert media.attach(session, [found.number], other.id, case.number) == 0
        assert media.attach(session, [found.number], contact.id, case.number) == 1
        assert media.count_photos(session, case.number) == 1
        assert media.unattached(session, contact.id, NOW) == []


def test_nobody_fills_the_disk_alone(sqlite_database: Database) -> None:
    with sqlite_database.write() as session:
        contact, _ = citizen(session)
        other, _ = citizen(session, "sim-2")
        taken = [wanted(session, contact, f"photo-{number}") for number in range(MOST_A_DAY + 1)]
        assert [each is None for each in taken].count(True) == 1
        assert wanted(session, other) is not None


def test_what_belongs_to_nothing_goes_after_a_week(database: Database) -> None:
    with database.write() as session:
        contact, _ = citizen(session)
        found = wanted(session, contact)
        assert found is not None
        assert media.remove_unattached(session, NOW + timedelta(days=6)) == 0
        assert media.remove_unattached(session, NOW + timedelta(days=8)) == 1
        assert again(session, found).state == MediaState.REMOVED


def test_what_came_with_a_cry_for_help_stays(database: Database) -> None:
    with database.write() as session:
        contact, person = citizen(session)
        assert contact.id is not None
        assert person.id is not None
        report = SafetyReport(
            contact_id=contact.id, person_id=person.id, answer=SafetyAnswer.NEED_HELP, at=NOW
        )
        keep_report(session, report)
        found = wanted(session, contact)
        assert found is not None
        assert media.attach_to_report(session, [found.number], contact.id + 1, report.number) == 0
        assert media.attach_to_report(session, [found.number], contact.id, report.number) == 1
        assert media.attach_to_report(session, [found.number], contact.id, report.number) == 0
        assert media.unattached(session, contact.id, NOW) == []
        assert media.remove_unattached(session, NOW + timedelta(days=999)) == 0
        assert again(session, found).state == MediaState.WANTED
        assert media.of_report(session, report.number) == media.of_reports(session) == [found]


def taken(database: Database, at_seconds: float) -> Media:
    """The one file there is, as a worker has it in its hands."""
    with database.write() as session:
        (found,) = media.claim(session, NOW + timedelta(seconds=at_seconds), 5)
    return found


def test_a_late_worker_changes_nothing(database: Database) -> None:
    with database.write() as session:
        contact, _ = citizen(session)
        assert wanted(session, contact) is not None
    late, second = taken(database, 0), taken(database, LEASE_SECONDS)
    assert (late.fence, second.fence) == (1, 2)
    late.tries = len(RETRY_SECONDS)
    with database.write() as session:
        # "Given up" is neither written nor to be told: another has the file.
        assert media.put_back(session, late, "late", None, NOW)
        assert not media.settle_refused(session, late, "late")
        assert not media.settle_kept(session, late, file="a" * 64, sha256="x", size=1, media_type="x", at=NOW)
    with database.write() as session:
        assert media.settle_kept(session, second, file="b" * 64, sha256="x", size=1, media_type="x", at=NOW)
        assert media.put_back(session, second, "twice", None, NOW)
        kept = session.get_one(Media, second.number)
        assert (kept.state, kept.file, kept.reason) == (MediaState.KEPT, "b" * 64, "")


@pytest.mark.postgres
def test_what_is_kept_while_it_is_removed_has_its_file_deleted(postgres_database: Database) -> None:
    with postgres_database.write() as session:
        contact, _ = citizen(session)
        assert wanted(session, contact) is not None
    mine = taken(postgres_database, 0)

    def keep(session: Session) -> bool:
        return media.settle_kept(session, mine, file="b" * 64, sha256="x", size=1, media_type="x", at=NOW)

    def remove(session: Session) -> None:
        media.remove(session, [session.merge(stale, load=False)])

    with postgres_database.read() as session:
        stale = session.get_one(Media, mine.number)
    assert stale.state == MediaState.WANTED
    kept, _ = at_once(postgres_database, keep, remove)
    assert kept
    with postgres_database.read() as session:
        found = session.get_one(Media, mine.number)
        assert (found.state, found.file) == (MediaState.REMOVING, "b" * 64)


def test_names_that_no_row_bears(sqlite_database: Database) -> None:
    with sqlite_database.write() as session:
        contact, _ = citizen(session)
        found = wanted(session, contact)
        assert found is not None
        media.settle_kept(session, found, file="b" * 64, sha256="x", size=1, media_type="x", at=NOW)
        assert media.unnamed(session, ["a" * 64, "b" * 64]) == {"a" * 64}
        assert media.unnamed(session, []) == set()
