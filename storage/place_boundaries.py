"""Boundaries of places, once a file of them was imported: without any, nothing is found here.

`storage.boundary_files` reads such a file, `storage.place_shapes` asks where a position or an area lies.
"""

from collections.abc import Sequence

from sqlalchemy import Index, LargeBinary
from sqlmodel import Field, Session, SQLModel, col, delete, select

from storage.columns import PlaceCode


class PlaceBoundary(SQLModel, table=True):
    """The shape of one place as well-known binary (OGC 06-103r4), longitude before latitude, in WGS 84 degrees.

    The box around it (`west` to `east`, `south` to `north`) lets the database leave out what is elsewhere.
    """

    __tablename__ = "place_boundary"
    __table_args__ = (Index("place_boundary_box", "south", "north", "west", "east"),)

    code: str = Field(primary_key=True, sa_type=PlaceCode)
    south: float
    north: float
    west: float
    east: float
    shape: bytes = Field(sa_type=LargeBinary)


def replace_boundaries(session: Session, boundaries: Sequence[PlaceBoundary]) -> None:
    """These boundaries instead of all that were stored."""
    session.connection().execute(delete(PlaceBoundary))
    session.add_all(boundaries)
    session.flush()


def boundaries_near(
    session: Session, *, south: float, north: float, west: float, east: float
) -> list[PlaceBoundary]:
    """Those whose box touches this one, by code."""
    query = (
        select(PlaceBoundary)
        .where(
            col(PlaceBoundary.south) <= north,
            col(PlaceBoundary.north) >= south,
            col(PlaceBoundary.west) <= east,
            col(PlaceBoundary.east) >= west,
        )
        .order_by(PlaceBoundary.code)
    )
    return list(session.exec(query))
