"""Alerts that draw their area reach the places in it, once boundaries were imported."""

from collections.abc import Iterator

import pytest
from sqlmodel import Session

from broadcasts.alerts.cap_shapes import BY_SHAPE
from broadcasts.alerts.importing import import_alerts
from storage.alerts import Alert
from storage.boundary_files import read_boundaries
from storage.database import Database
from storage.place_boundaries import replace_boundaries
from tests.broadcasts.alerts.cap_texts import alert_xml, area_xml, info_xml
from tests.builders import NOW
from tests.storage.boundaries import mae_sai

POLYGON = "<polygon>20.40,99.80 20.50,99.80 20.50,99.90 20.40,99.90 20.40,99.80</polygon>"
CIRCLE = "<circle>20.45,99.95 2</circle>"
WITHOUT = "area not understood: polygon without code"


@pytest.fixture
def session(sqlite_database: Database) -> Iterator[Session]:
    with sqlite_database.write() as opened:
        yield opened


@pytest.fixture
def with_boundaries(session: Session) -> Session:
    replace_boundaries(session, read_boundaries(mae_sai()).boundaries)
    return session


def imported(session: Session, *areas: str) -> Alert:
    xml = alert_xml(info_xml("".join(areas), language="th-TH", expires="2026-12-26T16:34:00+07:00"))
    (only,) = import_alerts(session, xml.encode(), origin="test", by="tester", at=NOW)
    return only.alert


def test_a_drawn_area_has_no_places_without_boundaries(session: Session) -> None:
    alert = imported(session, area_xml("", inside=POLYGON))
    assert (alert.places, WITHOUT in alert.remarks) == ([], True)


@pytest.mark.parametrize(("shape", "codes"), [(POLYGON, ["570901"]), (CIRCLE, ["570903"])])
def test_a_drawn_area_is_the_places_in_it(with_boundaries: Session, shape: str, codes: list[str]) -> None:
    alert = imported(with_boundaries, area_xml("", inside=shape))
    assert alert.places == codes
    assert alert.remarks == [f"an area: {BY_SHAPE}"]
    assert "10%" in BY_SHAPE


def test_shapes_of_an_area_count_together(with_boundaries: Session) -> None:
    assert imported(with_boundaries, area_xml("", inside=POLYGON + CIRCLE)).places == ["570901", "570903"]


def test_codes_and_names_count_before_shapes(with_boundaries: Session) -> None:
    alert = imported(
        with_boundaries, area_xml("", ("DOPA", "5001"), inside=POLYGON), area_xml("น่าน", inside=CIRCLE)
    )
    assert (alert.places, alert.remarks) == (["5001", "55"], [])


def test_an_area_elsewhere_is_not_understood(with_boundaries: Session) -> None:
    alert = imported(with_boundaries, area_xml("", inside="<circle>13.75,100.5 5</circle>"))
    assert (alert.places, WITHOUT in alert.remarks) == ([], True)
