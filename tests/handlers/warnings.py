"""Live warnings for conversations: imported from CAP and released, so that the words are the real ones."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import count
from zoneinfo import ZoneInfo

from sqlmodel import Session

from broadcasts.alerts import releasing
from broadcasts.alerts.importing import import_alerts
from storage.alerts import Alert
from tests.broadcasts.alerts.cap_texts import alert_xml, area_xml, info_xml

# Severity, urgency and certainty of each level (broadcasts/alerts/meaning.py).
_CAP_LEVELS = {
    "emergency": ("Extreme", "Immediate", "Observed"),
    "warning": ("Severe", "Immediate", "Likely"),
    "watch": ("Moderate", "Future", "Possible"),
}
_NUMBERS = count(1)
_CAP_EVENTS = {
    "flash_flood": "น้ำป่าไหลหลาก",
    "flood": "น้ำท่วม",
    "storm": "พายุ",
    "landslide": "ดินถล่ม",
    "cold": "อากาศหนาวจัด",
}


def live_warning(
    session: Session,
    *,
    hazard: str = "flash_flood",
    level: str = "emergency",
    places: Sequence[str] = ("5709",),
    at: datetime,
    lives: timedelta = timedelta(hours=6),
    **changed: str,
) -> Alert:
    """An alert of the Thai Meteorological Department that was released at `at`; `changed` are CAP elements."""
    severity, urgency, certainty = _CAP_LEVELS[level]
    own = {
        "identifier": f"TMD{at:%Y%m%d%H%M%S}_{hazard}_{level}_{'_'.join(places)}_{next(_NUMBERS)}",
        "sent": at.isoformat(timespec="seconds"),
        **changed,
    }
    info = info_xml(
        area_xml("พื้นที่", *(("DOPA", place) for place in places)),
        language="th-TH",
        event=_CAP_EVENTS[hazard],
        severity=severity,
        urgency=urgency,
        certainty=certainty,
        expires=(at + lives).isoformat(timespec="seconds"),
    )
    imported = import_alerts(session, alert_xml(info, **own).encode(), origin="test", by="tester", at=at)
    alert = imported[0].alert
    assert alert.id is not None
    assert (alert.hazard, alert.level) == (hazard, level)
    releasing.release(
        session,
        alert.id,
        by="tester",
        at=at,
        zone=ZoneInfo("Asia/Bangkok"),
        exercise=own.get("status") == "Exercise",
    )
    return alert
