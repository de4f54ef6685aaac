"""What somebody grows, and the advice she is subscribed to by it."""

from storage.database import Database
from storage.farming import (
    ADVICE,
    MOST_CROPS,
    crops,
    crops_of,
    follow_advice,
    forget_crop,
    note_crop,
    offered_crops,
)
from storage.subscriptions import open_subscriptions, subscribe, unsubscribe
from tests.builders import NOW, citizen


def test_animals_are_not_grown_and_what_is_offered_is_known() -> None:
    assert "pig" not in crops()
    assert [each.id for each in offered_crops()] == ["rice", "maize", "rubber"]
    assert crops()["rubber"].perennial


def test_advice_follows_crops_and_places(database: Database) -> None:
    with database.write() as session:
        contact, person = citizen(session)
        assert person.id is not None
        assert contact.id is not None

        def topics() -> list[str]:
            follow_advice(session, person.id or 0, contact.id or 0, NOW)
            found = open_subscriptions(session, person.id or 0)
            return [f"{each.place} {each.topic}" for each in found if each.topic.startswith(ADVICE)]

        note_crop(session, person.id, "rice_jasmine", NOW)
        assert topics() == []
        subscribe(session, person.id, contact.id, ADVICE, "5709", NOW)
        assert topics() == ["5709 advice", "5709 advice:rice", "5709 advice:rice_jasmine"]
        subscribe(session, person.id, contact.id, ADVICE, "5001", NOW)
        forget_crop(session, person.id, "rice_jasmine")
        note_crop(session, person.id, "longan", NOW)
        assert topics() == ["5001 advice", "5001 advice:longan", "5709 advice", "5709 advice:longan"]
        unsubscribe(session, person.id, NOW, topic=ADVICE, place="5001")
        assert topics() == ["5709 advice", "5709 advice:longan"]


def test_so_many_crops_and_no_others(sqlite_database: Database) -> None:
    with sqlite_database.write() as session:
        _, person = citizen(session)
        assert person.id is not None
        assert note_crop(session, person.id, "pig", NOW) is None
        for crop in list(crops())[:MOST_CROPS]:
            assert note_crop(session, person.id, crop, NOW) is not None
        assert note_crop(session, person.id, "garlic", NOW) is None
        assert len(crops_of(session, person.id)) == MOST_CROPS
        assert not forget_crop(session, person.id, "garlic")
