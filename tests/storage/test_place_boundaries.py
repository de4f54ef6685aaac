"""Boundaries in the database."""

from storage.boundary_files import read_boundaries
from storage.database import Database
from storage.place_boundaries import boundaries_near, replace_boundaries
from tests.storage.boundaries import mae_sai


def test_only_those_near_are_read(database: Database) -> None:
    with database.write() as session:
        replace_boundaries(session, read_boundaries(mae_sai()).boundaries)
    with database.read() as session:
        near = boundaries_near(session, south=20.45, north=20.46, west=99.85, east=99.95)
        assert [each.code for each in near] == ["570901", "570903"]
        assert boundaries_near(session, south=13, north=14, west=100, east=101) == []
