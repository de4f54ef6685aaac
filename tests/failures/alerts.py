"""Alerts that are released beside running servers, and corrected."""

from zoneinfo import ZoneInfo

from broadcasts.alerts import releasing
from broadcasts.alerts.importing import import_alerts
from tests.broadcasts.alerts.cap_texts import alert_xml, area_xml, info_xml
from tests.failures.audience import Audience

BANGKOK = ZoneInfo("Asia/Bangkok")


def warning(identifier: str, place: str, **more: str) -> str:
    info = info_xml(area_xml("พื้นที่", ("DOPA", place)), language="th-TH", expires="2099-01-01T00:00:00+07:00")
    return alert_xml(info, identifier=identifier, **more)


def release(audience: Audience, text: str) -> int:
    """As `krajai alert import` and `krajai alert release` do, without the seconds that commands take."""
    with audience.database.write() as session:
        at = audience.database.now(session)
        (imported,) = import_alerts(session, text.encode(), origin="./test.xml", by="tester", at=at)
        assert imported.alert.id is not None
        return releasing.release(session, imported.alert.id, by="tester", at=at, zone=BANGKOK).id or 0
