"""A broadcast's audience becomes batches: everybody once, whatever the pages, wherever it is interrupted."""

from collections import defaultdict
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlmodel import Session, select

from broadcasts.audience.counting import count
from broadcasts.audience.selection import AudienceRule
from broadcasts.delivery import drawing
from broadcasts.delivery.planning import plan_page
from storage import batches, broadcasts
from storage.batches import Batch
from storage.broadcasts import BroadcastKind, Form, Priority
from storage.database import Database
from storage.jobs import Job, Work, announced
from storage.lifecycles import BatchState, BroadcastState
from storage.people import Person
from storage.subscriptions import unsubscribe
from tests import builders
from tests.broadcasts.audience.people import CHANNELS, ON_A_DATABASE, Someone, areas, crowds, settle_down
from tests.broadcasts.delivery.plans import PLANNING_AT, Copy, copies, is_planned, plan, planned
from tests.builders import NOW

WORDS = {
    "th": {
        "": [builders.bubble()],
        "57": [builders.bubble("เชียงราย")],
        "sms": [builders.bubble("SMS")],
        "sms/57": [builders.bubble("SMS เชียงราย")],
        "group": [builders.bubble("กลุ่ม")],
    },
    "en": {"": [builders.bubble("English")], "50": [builders.bubble("Chiang Mai")]},
}


def release(session: Session, places: Sequence[str], **values: object) -> int:
    """A broadcast with words for some provinces and forms."""
    broadcast = broadcasts.release(
        session,
        kind=BroadcastKind.ALERT,
        priority=Priority.EMERGENCY,
        words=broadcasts.words_of(WORDS),
        places=places,
        topic="warning",
        expires_at=NOW.replace(year=2030),
        by="tester",
        at=NOW,
        **values,  # type: ignore[arg-type]
    )
    return broadcast.id or 0


def variant_of(language: str, place: str, *, sms: bool) -> str:
    if sms and language == "th":
        return "sms/57" if place.startswith("57") else "sms"
    return {"th": "57", "en": "50"}[language] if place.startswith({"th": "57", "en": "50"}[language]) else ""


@given(
    people=crowds(10),
    places=areas(),
    page=st.integers(1, 6),
    crashes=st.lists(st.booleans(), max_size=12),
    sizes=st.tuples(*[st.integers(1, 4)] * len(CHANNELS)),
)
@ON_A_DATABASE
def test_everybody_of_the_audience_is_planned_once(
    database: Database,
    people: list[Someone],
    places: list[str],
    page: int,
    crashes: list[bool],
    sizes: tuple[int, ...],
) -> None:
    world = settle_down(database, people)
    size_of = dict(zip(world.accounts, sizes, strict=True))
    sms = world.accounts[CHANNELS.index("sms")]
    with database.write() as session:
        broadcast_id = release(session, places)
        counted = count(session, AudienceRule(topic="warning", places=tuple(places), at=NOW))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(drawing, "PAGE_KEYS", page)
        plan(database, broadcast_id, size_of, crashes=crashes, forms={sms: Form.SMS})
    found = copies(database, broadcast_id)
    assert sorted(found, key=lambda copy: copy.contact_id) == sorted(
        (
            Copy(contact_id, account_id, language, variant_of(language, place, sms=account_id == sms))
            for contact_id, account_id, language, place in world.audience(places).values()
        ),
        key=lambda copy: copy.contact_id,
    )
    assert sum(counted.values()) == len(found)
    assert is_planned(database, broadcast_id)
    batches_are_full(planned(database, broadcast_id), size_of)


def batches_are_full(made: list[tuple[Batch, list[Copy]]], size_of: dict[int, int]) -> None:
    """All of a group are as large as they may be but the last one, and none is empty."""
    groups: dict[tuple[int, str, str], list[int]] = defaultdict(list)
    for batch, some in made:
        assert batch.size == len(some) == len(batch.outcomes)
        groups[batch.account_id, batch.language, batch.variant].append(batch.size)
    for (account_id, _, _), found in groups.items():
        assert set(found[:-1]) <= {size_of[account_id]}
        assert 1 <= found[-1] <= size_of[account_id]


@given(people=crowds(8), places=areas(), page=st.integers(1, 4))
@settings(ON_A_DATABASE, max_examples=8)
def test_who_comes_and_goes_after_the_release_changes_nothing(
    database: Database, people: list[Someone], places: list[str], page: int
) -> None:
    world = settle_down(database, people)
    with database.write() as session:
        broadcast_id = release(session, places)
    newcomers = iter(range(1000))

    def come_and_go() -> None:
        """Everybody leaves, and somebody new comes, between any two pages."""
        later = NOW.replace(minute=50)
        with database.write() as session:
            for person_id in session.exec(select(Person.id)):
                unsubscribe(session, person_id or 0, later)
            builders.citizen(session, f"new-{next(newcomers)}", places=places, at=later)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(drawing, "PAGE_KEYS", page)
        plan(database, broadcast_id, dict.fromkeys(world.accounts, 3), between=come_and_go)
    assert {copy.contact_id for copy in copies(database, broadcast_id)} == {
        contact_id for contact_id, *_ in world.audience(places).values()
    }


def test_sending_starts_with_the_first_page(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drawing, "PAGE_KEYS", 2)
    with database.write() as session:
        account_id = builders.account(session)
        for number in range(5):
            builders.citizen(session, f"sim-{number}")
        broadcast_id = release(session, ["5709"])
    with database.write() as session:
        assert plan_page(session, broadcast_id, NOW, {account_id: 2}) == 0.0
        assert announced(session) == (Job(work=Work.DELIVER_EMERGENCY, key=str(account_id)),)
    assert len(copies(database, broadcast_id)) == 2
    assert not is_planned(database, broadcast_id)
    with database.write() as session:
        assert broadcasts.unplanned(session) == [broadcast_id]
        assert len(batches.claim(session, broadcast_id, account_id, NOW, 10)) == 1


def test_a_page_without_a_full_batch_announces_nothing(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drawing, "PAGE_KEYS", 2)
    with database.write() as session:
        account_id = builders.account(session)
        for number in range(3):
            builders.citizen(session, f"sim-{number}")
        broadcast_id = release(session, ["5709"])
    with database.write() as session:
        assert plan_page(session, broadcast_id, NOW, {account_id: 500}) == 0.0
        assert announced(session) == ()
    assert plan(database, broadcast_id, {account_id: 500}) == 1
    assert len(copies(database, broadcast_id)) == 3


def test_nobody_is_planned_at_once_and_only_once(database: Database) -> None:
    with database.write() as session:
        account_id = builders.account(session)
        broadcast_id = release(session, ["5709"])
    assert plan(database, broadcast_id, {account_id: 500}) == 1
    assert is_planned(database, broadcast_id)
    with database.write() as session:
        builders.citizen(session)
    assert plan(database, broadcast_id, {account_id: 500}) == 1
    assert copies(database, broadcast_id) == []


@pytest.mark.parametrize("state", [BroadcastState.PAUSED, BroadcastState.STOPPED, BroadcastState.EXPIRED])
def test_a_broadcast_that_is_not_going_out_is_not_planned(database: Database, state: BroadcastState) -> None:
    with database.write() as session:
        account_id = builders.account(session)
        builders.citizen(session)
        broadcast_id = release(session, ["5709"])
        broadcasts.move(session, broadcast_id, state, NOW, by="tester")
    plan(database, broadcast_id, {account_id: 500})
    assert (copies(database, broadcast_id), is_planned(database, broadcast_id)) == ([], False)


def test_a_plan_that_was_paused_goes_on_where_it_was(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drawing, "PAGE_KEYS", 1)
    with database.write() as session:
        account_id = builders.account(session)
        ids = [builders.citizen(session, f"sim-{number}")[0].id for number in range(4)]
        broadcast_id = release(session, ["5709"])
        plan_page(session, broadcast_id, NOW, {account_id: 3})
        broadcasts.move(session, broadcast_id, BroadcastState.PAUSED, NOW, by="tester")
    plan(database, broadcast_id, {account_id: 3})
    with database.write() as session:
        broadcasts.move(session, broadcast_id, BroadcastState.RELEASED, NOW, by="tester")
    plan(database, broadcast_id, {account_id: 3})
    assert [copy.contact_id for copy in copies(database, broadcast_id)] == ids


def test_an_account_whose_channel_is_off_hinders_nobody(database: Database) -> None:
    """Its batches wait for the channel; the others are sent."""
    with database.write() as session:
        account_id, off = builders.account(session), builders.account(session, "telegram")
        on = [builders.citizen(session, f"sim-{number}")[0].id for number in range(3)]
        waiting = [builders.citizen(session, f"tg-{number}", account_id=off)[0].id for number in range(45)]
        broadcast_id = release(session, ["5709"])
    plan(database, broadcast_id, {account_id: 500})
    made = planned(database, broadcast_id)
    assert {copy.contact_id for copy in copies(database, broadcast_id)} == {*on, *waiting}
    assert sorted(batch.size for batch, _ in made if batch.account_id == off) == [5, 20, 20]


def test_an_area_of_thousands_of_villages_is_planned_at_once(database: Database) -> None:
    villages = [
        f"57{d:02d}{t:02d}{v:02d}" for d in range(1, 8) for t in range(1, 13) for v in range(1, 25, 2)
    ]
    with database.write() as session:
        account_id = builders.account(session)
        near = [builders.citizen(session, f"sim-{n}", places=[villages[n * 250]])[0].id for n in range(4)]
        builders.citizen(session, "sim-between", places=["57010102"])
        broadcast_id = release(session, villages)
    assert plan(database, broadcast_id, {account_id: 500}) == 1
    assert [copy.contact_id for copy in copies(database, broadcast_id)] == near


def test_each_batch_waits_with_a_key_and_outcomes_of_its_own(database: Database) -> None:
    with database.write() as session:
        account_id = builders.account(session)
        for number in range(5):
            builders.citizen(session, f"sim-{number}")
        broadcast_id = release(session, ["5709"])
    plan(database, broadcast_id, {account_id: 2})
    made = [batch for batch, _ in planned(database, broadcast_id)]
    assert [(batch.state, batch.outcomes, batch.not_before) for batch in made] == [
        (BatchState.WAITING, b"..", PLANNING_AT),
        (BatchState.WAITING, b"..", PLANNING_AT),
        (BatchState.WAITING, b".", PLANNING_AT),
    ]
    assert len({batch.retry_key for batch in made}) == 3
