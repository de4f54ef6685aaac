"""The channels of an alert: chosen in the draft, counted, in the hash, kept by the database, heeded by the plan."""

import pytest
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select, update

from broadcasts.alerts.checks import check
from broadcasts.alerts.drafting import DraftRefused, begin_following, edit
from broadcasts.alerts.training import agreed
from broadcasts.audience import listed
from broadcasts.delivery.planning import plan_page
from storage import relays
from storage.alert_drafts import AlertDraft, Mode
from storage.batches import Batch
from storage.broadcasts import Broadcast
from storage.database import Database
from storage.drill_members import join
from storage.people import Account
from storage.relays import RelayNotice, RelayRole
from tests.broadcasts.alerts.house_of_officers import House
from tests.builders import MAE_SAI, NOW, account, citizen


def test_it_goes_out_on_the_chosen_ones_and_says_whom_that_leaves_out(database: Database) -> None:
    with database.write() as session:
        house = House(session=session)
        sms = account(session, "sms")
        citizen(session, "sim-1")
        citizen(session, "+66812345678", account_id=sms)
        suda, malee = house.author(), house.approver()
        draft = house.draft(suda)
        everywhere = house.view(draft)
        edit(session, suda, draft.number, draft.revision, {"channels": ["sms"]})
        view = house.view(draft)
        assert (everywhere.recipients, view.recipients, view.preview.audience) == (2, 1, {"sms": 1})
        assert everywhere.hash != view.hash
        (left_out,) = [each for each in check(session, view, ["57"], NOW) if each.key.endswith("channels")]
        assert (left_out.blocks, left_out.fills) == (False, {"channels": ("sms",), "count": 1})
        with pytest.raises(DraftRefused) as refused:
            edit(session, suda, draft.number, draft.revision, {"channels": ["pigeon"]})
        assert refused.value.key == "drafting.error_channel"
        session.refresh(draft)
        submitted = house.submitted(suda, channels=["sms"])
        with pytest.raises(IntegrityError), session.begin_nested():
            session.connection().execute(
                update(AlertDraft).where(col(AlertDraft.id) == submitted.id).values(channels=["local"])
            )
        broadcast = house.approve(malee, submitted)
        assert broadcast.audience["accounts"] == [sms]
        while plan_page(session, broadcast.id or 0, NOW, {}) is not None:
            pass
        assert [each.account_id for each in session.exec(select(Batch))] == [sms]
        alert_id = submitted.alert_id or 0
        assert begin_following(session, suda, alert_id, "update").channels == ["sms"]
        assert begin_following(session, suda, alert_id, "cancel").channels == []


def test_a_training_on_some_channels_reaches_volunteers_there(sqlite_database: Database) -> None:
    with Session(sqlite_database.engine) as session:
        house = House(session=session)
        sms = account(session, "sms")
        for address, where in (("sim-1", account(session)), ("+66812345678", sms)):
            contact, _ = citizen(session, address, account_id=where)
            join(session, "อาสา", contact.id or 0, by="suda", at=NOW)
        draft = house.draft(
            house.author(), mode=Mode.TRAINING, changes={"group_name": "อาสา", "channels": ["sms"]}
        )
        assert house.view(draft).preview.audience == {"sms": 1}
        assert agreed(session, draft, {}, NOW).audience["listed"]["accounts"] == [sms]


@pytest.mark.parametrize("mode", [Mode.ACTUAL, Mode.TRAINING])
def test_a_channel_that_no_account_has_any_more_is_never_all_of_them(
    sqlite_database: Database, mode: Mode
) -> None:
    with Session(sqlite_database.engine) as session:
        house = House(session=session)
        contact, _ = citizen(session, "sim-1")
        join(session, "อาสา", contact.id or 0, by="suda", at=NOW)
        sms = account(session, "sms")
        suda, malee = house.author(), house.approver()
        group = {"group_name": "อาสา"} if mode == Mode.TRAINING else {}
        draft = house.submitted(suda, mode=mode, channels=["sms"], **group)
        session.get_one(Account, sms).channel = "gone"
        session.flush()
        preview = house.view(draft).preview
        assert (preview.obstacle or "").startswith(
            "no account is connected on the channels chosen for it (sms)"
        )
        assert preview.audience == {}
        with pytest.raises(DraftRefused) as refused:
            house.approve(malee, draft)
        assert refused.value.key == "drafting.check_obstacle"
        assert session.exec(select(Broadcast)).first() is None


def test_relays_are_told_on_the_chosen_ones_and_of_what_corrects_it_wherever_they_are(
    database: Database,
) -> None:
    with database.write() as session:
        house = House(session=session)
        sms = account(session, "sms")
        for address, where in (("sim-1", account(session)), ("+66812345678", sms)):
            contact, _ = citizen(session, address, account_id=where)
            relays.join(session, contact.id or 0, [MAE_SAI], RelayRole.VILLAGE_HEAD, NOW, by="admin")
        suda, malee = house.author(), house.approver()

        def told(alert_id: int) -> set[int]:
            """The accounts on which relays were told of an alert, as planned too."""
            query = select(RelayNotice.broadcast_id).where(RelayNotice.alert_id == alert_id)
            (broadcast_id,) = set(session.exec(query))
            audience = session.get_one(Broadcast, broadcast_id).audience
            counted = {account_id for _, account_id in listed.count(session, audience["listed"])}
            while plan_page(session, broadcast_id, NOW, {}) is not None:
                pass
            batches = select(Batch.account_id).where(Batch.broadcast_id == broadcast_id)
            assert set(session.exec(batches)) == counted
            return counted

        first = house.submitted(suda, channels=["sms"])
        announced = house.view(first).preview.announced
        assert announced is not None
        assert announced.relays == 1
        house.approve(malee, first)
        assert told(first.alert_id or 0) == {sms}

        update_ = begin_following(session, suda, first.alert_id or 0, "update")
        edit(session, suda, update_.number, update_.revision, {"channels": ["local"]})
        session.refresh(update_)
        announced = house.view(update_).preview.announced
        assert announced is not None
        assert announced.relays == 2
