"""A new way into an account that was in use: told to its owner, and no way around a colleague's approval."""

from datetime import timedelta

import pytest
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, select

from broadcasts.alerts import approving
from broadcasts.alerts.approving import confirmation_of
from broadcasts.alerts.drafting import Acting, DraftRefused
from storage import officer_access
from storage.alert_approvals import AlertApproval, decide
from storage.audit import entries
from storage.database import Database
from storage.officer_access import SETTLES, give_link, hands_of, note_opened, opened_at, unsettled
from storage.outbox import Message
from tests.broadcasts.alerts.house_of_officers import House
from tests.builders import NOW, citizen


def opened(session: Session, acting: Acting, by: str) -> None:
    """Her account is opened with a link of somebody."""
    acting.officer.password_hash = "was set"
    give_link(session, acting.officer, NOW, by=by)
    assert note_opened(session, acting.officer, by, NOW)
    session.flush()


def forced(
    session: Session, house: House, draft_id: int, revision: int, officer_id: int, after: timedelta
) -> None:
    """An approval written into the database past the domain."""
    with session.begin_nested():
        decide(
            session,
            AlertApproval(
                draft_id=draft_id,
                revision=revision,
                officer_id=officer_id,
                kind="approval",
                hash="x",
                at=NOW + after,
            ),
        )


@pytest.mark.parametrize("taken_over", ["approver", "author"])
def test_who_gave_the_link_does_not_approve_through_it(database: Database, taken_over: str) -> None:
    """The author gives the approver's account a new link, or the approver the author's."""
    with database.write() as session:
        house = House(session=session)
        suda, malee = house.author(), house.approver()
        victim, giver = (malee, suda) if taken_over == "approver" else (suda, malee)
        opened(session, victim, giver.officer.name)
        draft = house.submitted(suda)
        with pytest.raises(DraftRefused) as refused:
            house.approve(malee, draft)
        assert refused.value.key == "drafting.error_access"
        with pytest.raises(IntegrityError):
            forced(
                session, house, draft.number, draft.revision, malee.officer_id, SETTLES - timedelta(seconds=1)
            )
        third = house.approver("anan")
        assert (
            approving.approve(
                session,
                third,
                draft.number,
                seen=house.view(draft).hash,
                typed=confirmation_of(house.view(draft), "th").words,
                factor="totp",
            ).released_by
            == "anan"
        )


def test_two_accounts_opened_by_one_hand_do_not_approve_each_other(database: Database) -> None:
    with database.write() as session:
        house = House(session=session)
        suda, malee, _ = house.author(), house.approver(), house.officer("admin")
        for each in (suda, malee):
            opened(session, each, "admin")
        draft = house.submitted(suda)
        with pytest.raises(DraftRefused):
            house.approve(malee, draft)
        with pytest.raises(IntegrityError):
            forced(session, house, draft.number, draft.revision, malee.officer_id, timedelta(0))
        forced(session, house, draft.number, draft.revision, malee.officer_id, SETTLES)


def test_the_owner_is_told_and_the_first_joining_is_none_of_this(sqlite_database: Database) -> None:
    with Session(sqlite_database.engine) as session:
        house = House(session=session)
        admin, malee = house.officer("admin"), house.approver()
        assert not note_opened(session, malee.officer, "admin", NOW)
        contact, _ = citizen(session)
        malee.officer.contact_id = contact.id
        opened(session, malee, "admin")
        said = [each.body[0]["text"] for each in session.exec(select(Message))]
        assert [("admin" in each, "ถ้าไม่" in each) for each in said] == [(True, True)] * 2
        assert entries(session, action="officer.invite")[0].detail == {"anew": True}
        assert hands_of(session, [malee.officer_id], NOW) == {malee.officer_id, admin.officer_id}
        assert hands_of(session, [malee.officer_id], NOW + SETTLES) == {malee.officer_id}
        assert (unsettled(session, NOW), opened_at(malee.officer)) == ([malee.officer], NOW)
        assert (unsettled(session, NOW + SETTLES), officer_access.opened_at(admin.officer)) == ([], None)
        # Whoever sits at the machine itself has all of it anyway: nobody's hand, but told.
        opened(session, malee, "local operator")
        assert malee.officer.access_from_id is None


def test_a_link_of_her_own_or_a_second_one_does_not_hide_the_first_hand(sqlite_database: Database) -> None:
    with Session(sqlite_database.engine) as session:
        house = House(session=session)
        admin, other, third = house.officer("admin"), house.officer("other"), house.approver()
        opened(session, other, "admin")
        opened(session, other, "other")
        assert other.officer.access_from_id == admin.officer_id
        opened(session, third, "other")
        assert third.officer.access_from_id == admin.officer_id
        # Back to where it began: it is the one in between who may be acting.
        opened(session, admin, "other")
        assert admin.officer.access_from_id == other.officer_id
        # What has settled is her own.
        other.officer.access_settles_at = NOW
        opened(session, third, "other")
        assert third.officer.access_from_id == other.officer_id
        opened(session, other, "other")
        assert other.officer.access_from_id is None
