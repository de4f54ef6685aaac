"""Names of places."""

from storage.database import Database
from storage.own_places import Called, call, own_places
from tests.builders import citizen


def test_a_place_has_one_name_until_it_is_taken_away(database: Database) -> None:
    with database.write() as session:
        person_id = citizen(session, "sim-1")[1].id or 0
        other_id = citizen(session, "sim-2")[1].id or 0
        call(session, person_id, "5709", Called.HOME)
        call(session, person_id, "5707", Called.FARM)
        call(session, person_id, "5709", Called.PARENTS)
        assert own_places(session, person_id) == {"5709": Called.PARENTS, "5707": Called.FARM}
        assert own_places(session, other_id) == {}
        call(session, person_id, "5709", None)
        call(session, person_id, "5709", None)
        assert own_places(session, person_id) == {"5707": Called.FARM}
