"""What an officer is told before a release."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pytest
from sqlmodel import select

from broadcasts.delivery.channel import ChannelTraits, Rendering
from broadcasts.delivery.estimates import Draft, estimate
from broadcasts.delivery.planning import plan_page
from storage.batches import Batch, unpack
from storage.broadcasts import Broadcast, Form, Priority, words_of
from storage.database import Database
from storage.lifecycles import BatchState
from storage.pace import interval_seconds
from storage.people import GROUP_CONTACT
from storage.quota import note_quota
from storage.replies import Bubble
from storage.subscriptions import WARNING
from tests.builders import MAE_CHAN, MAE_SAI, NOW, account, bubble, citizen, released
from tests.fakes.scripted_channel import ScriptedChannel

WORDS = words_of({"th": {"": [bubble("น้ำมา")], "sms": [bubble("น้ำ")]}, "en": {"": [bubble("Flood")]}})


@dataclass(kw_only=True)
class PricedChannel(ScriptedChannel):
    """Text messages of two segments, at half a baht each."""

    satang: int = 50

    def render(self, bubbles: Sequence[Bubble]) -> Rendering:
        return Rendering(parts=("x", "y"), segments=2, satang=2 * self.satang)


@dataclass(kw_only=True)
class SlowGroups(ScriptedChannel):
    """Requests to many are fast, those to one are not."""

    @property
    def traits(self) -> ChannelTraits:
        limits = {"multicast": 100.0, "push": 2.0}
        return replace(
            super().traits, bulk_endpoint="multicast", reply_endpoint="push", requests_per_second=limits
        )


def draft(priority: Priority = Priority.EMERGENCY, reached: Sequence[int] = ()) -> Draft:
    audience = {"topic": WARNING, "places": ["57"], "reached": list(reached)}
    return Draft(words=WORDS, audience=audience, priority=priority)


def test_who_where_how_much_and_until_when(database: Database) -> None:
    with database.write() as session:
        line, sms = account(session, "line"), account(session, "sms")
        for number in range(7):
            citizen(session, f"U{number}", account_id=line, places=(MAE_SAI if number else MAE_CHAN,))
        for number in range(3):
            citizen(session, f"+{number}", account_id=sms)
        note_quota(session, line, limit=100, used=90, at=NOW)
        earlier = released(session, places=(MAE_SAI,))
        plan_page(session, earlier.id or 0, NOW, {line: 500, sms: 1})
    channels = {
        line: ScriptedChannel(keyed=True, requests_per_second=100),
        sms: PricedChannel(keyed=False, requests_per_second=1),
    }
    with database.read() as session:
        found = estimate(session, draft(), channels, {sms: Form.SMS}, NOW)
    by_channel = {each.channel: each for each in found.accounts}
    assert (found.recipients, {each.place: each.recipients for each in found.districts}) == (
        10,
        {MAE_SAI: 9, MAE_CHAN: 1},
    )
    on_line, by_sms = by_channel["line"], by_channel["sms"]
    assert (on_line.recipients, on_line.requests, on_line.ahead) == (7, 1, 6)
    assert on_line.quota is not None
    assert (on_line.quota.needed, on_line.quota.left, on_line.quota.reserve) == (7, 10, 14)
    assert "kept for emergencies" in on_line.quota.refusal
    assert (by_sms.segments, by_sms.satang, by_sms.quota) == (6, 300, None)
    # Three, behind the three of the earlier one, at one a second less the citizens' fifth.
    assert by_sms.seconds == pytest.approx(6 * interval_seconds(1.0) / 0.8)
    assert found.seconds == by_sms.seconds
    (before,) = found.earlier
    assert (before.broadcast_id, before.places, before.recipients) == (earlier.id, (MAE_SAI,), 9)


def test_each_group_chat_is_a_request_of_its_own(database: Database) -> None:
    """Whatever planning makes of it: as many requests as batches, before it and behind it."""
    with database.write() as session:
        line, lost = account(session, "line"), None
        for number in range(12):
            contact, _ = citizen(session, f"U{number}", account_id=line)
            if number < 5:
                contact.kind, contact.members = GROUP_CONTACT, 100 + number
                lost = contact.id
        note_quota(session, line, limit=1_000, used=0, at=NOW)
    channel = SlowGroups(keyed=True)
    with database.read() as session:
        (before,) = estimate(session, draft(), {line: channel}, {}, NOW).accounts
    assert (before.recipients, before.requests) == (12, 1 + 5)
    assert before.seconds == pytest.approx(5 * interval_seconds(2.0) / 0.8)
    assert before.quota is not None
    # The vendor counts every member.
    assert (before.quota.needed, before.quota.reserve) == (7 + 510, 2 * (7 + 510))
    assert "needs 517 messages" in before.quota.refusal
    with database.write() as session:
        earlier = released(session)
        while plan_page(session, earlier.id or 0, NOW, {line: 500}) is not None:
            pass
        written = session.exec(select(Batch)).all()
        assert len(written) == before.requests
    with database.write() as session:
        (behind,) = estimate(session, draft(), {line: channel}, {}, NOW).accounts
        assert behind.ahead == 12
        assert behind.seconds == pytest.approx(2 * before.seconds)
        for batch in session.exec(select(Batch)):
            # All but one of the group chats.
            is_lost = batch.size == 1 and unpack(batch.recipients) == [lost]
            batch.state, batch.outcomes = BatchState.DONE, (b"f" if is_lost else b"a") * batch.size
            session.add(batch)
        session.flush()
        audience = {"topic": WARNING, "places": [], "reached": [earlier.id]}
        correction = Draft(words=WORDS, audience=audience, priority=Priority.EMERGENCY)
        (corrected,) = estimate(session, correction, {line: channel}, {}, NOW).accounts
    assert (corrected.reached, corrected.requests, corrected.ahead) == (11, 1 + 4, 0)
    assert corrected.seconds == pytest.approx(0.8 * before.seconds)
    assert corrected.quota is not None
    assert corrected.quota.needed == 7 + 510 - 104


def test_a_correction_says_how_many_may_have_got_the_original(database: Database) -> None:
    with database.write() as session:
        home = account(session)
        citizen(session)
        original = released(session)
        plan_page(session, original.id or 0, NOW, {home: 10})
        for batch in session.exec(select(Batch)):
            batch.outcomes = b"a"
    with database.read() as session:
        assert session.get_one(Broadcast, original.id).planned_at == NOW
        (found,) = estimate(session, draft(reached=[original.id or 0]), {}, {}, NOW).accounts
    assert (found.recipients, found.reached, found.connected, found.seconds) == (1, 1, False, 0.0)


def test_text_messages_without_a_price_say_so_and_routine_waits_for_wishes(database: Database) -> None:
    with database.write() as session:
        sms = account(session, "sms")
        _, person = citizen(session, "+1", account_id=sms)
        person.routine_hour = 7
    channels = {sms: PricedChannel(keyed=False, satang=0)}
    with database.read() as session:
        (found,) = estimate(session, draft(Priority.ROUTINE), channels, {}, NOW).accounts
        (urgent,) = estimate(session, draft(), channels, {}, NOW).accounts
    assert (found.segments, found.satang, found.with_wishes, urgent.with_wishes) == (2, None, 1, 0)
