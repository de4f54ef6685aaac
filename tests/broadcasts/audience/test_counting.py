"""Counting an audience says the same as choosing it does."""

from datetime import timedelta

import pytest

from broadcasts.audience import counting
from broadcasts.audience.counting import count, count_groups
from broadcasts.audience.selection import AudienceRule, next_slice
from storage import places
from storage.broadcasts import Addressed
from storage.database import Database
from storage.lifecycles import ContactState
from storage.people import set_contact_state
from storage.subscriptions import WARNING
from tests.builders import MAE_CHAN, MAE_SAI, MUEANG_CHIANG_MAI, NOW, account, citizen, released

AREAS = (
    ("57",),
    (MAE_SAI,),
    (MAE_SAI, MUEANG_CHIANG_MAI),
    ("570901",),
    tuple(p.code for p in places.provinces()),
)


@pytest.mark.parametrize("wide", [False, True])
def test_each_person_counts_once_at_her_first_place(
    database: Database, wide: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if wide:
        monkeypatch.setattr(counting, "_WIDE_PROVINCES", 0)
    with database.write() as session:
        line = account(session, "line")
        citizen(session, "one", places=(MAE_SAI, MAE_CHAN, "57"))
        citizen(session, "two", places=(MAE_SAI, MUEANG_CHIANG_MAI), language="en", account_id=line)
        citizen(session, "village", places=("57090101",))
        citizen(session, "late", at=NOW + timedelta(minutes=1))
        gone, _ = citizen(session, "gone")
        _, sleeper = citizen(session, "sleeper", places=(MAE_CHAN,))
        sleeper.quiet_from_hour, sleeper.quiet_until_hour = 22, 6
        assert gone.id is not None
        set_contact_state(session, gone.id, ContactState.BLOCKED, NOW)
    with database.read() as session:
        for area in AREAS:
            rule = AudienceRule(topic=WARNING, places=area, at=NOW)
            found = next_slice(session, rule, None, 100)
            assert sum(count(session, rule).values()) == sum(len(each.contact_ids) for each in found.alike)
        groups = count_groups(session, AudienceRule(topic=WARNING, places=("57",), at=NOW))
        counted = {(each.district, each.language, each.with_wishes): each.copies for each in groups}
        assert counted == {
            ("57", "th", False): 1,
            (MAE_SAI, "th", False): 1,
            (MAE_SAI, "en", False): 1,
            (MAE_CHAN, "th", True): 1,
        }


def test_nobody_in_no_area_and_nobody_who_was_addressed(database: Database) -> None:
    with database.write() as session:
        _, person = citizen(session)
        change = released(session)
        assert change.id is not None
        assert person.id is not None
        session.add(Addressed(broadcast_id=change.id, person_id=person.id))
    with database.read() as session:
        assert count_groups(session, AudienceRule(topic=WARNING, places=(), at=NOW)) == []
        rule = AudienceRule(topic=WARNING, places=(MAE_SAI,), at=NOW, addressed_by=change.id)
        assert count_groups(session, rule) == []
