"""Alerts as XML text, legal unless a test says otherwise."""

from pathlib import Path
from time import process_time

import pytest

from broadcasts.alerts.cap import read_cap
from broadcasts.alerts.cap_model import CapAlert, CapInfo, CapRefused

DATA = Path(__file__).parent / "data"
NAMESPACE = "urn:oasis:names:tc:emergency:cap:1.2"
LONGEST_REFUSAL_SECONDS = 10.0
SENT = "2026-09-25T16:34:00+07:00"


def alert_xml(inside: str = "", *, namespace: str = NAMESPACE, **changed: str | None) -> str:
    """An alert; ``changed`` replaces the text of its own elements, None leaves one out."""
    own = {
        "identifier": "TMD20260925163420_2",
        "sender": "TMD",
        "sent": SENT,
        "status": "Actual",
        "msgType": "Alert",
        "scope": "Public",
        **changed,
    }
    elements = "".join(f"<{name}>{text}</{name}>" for name, text in own.items() if text is not None)
    return f'<alert xmlns="{namespace}">{elements}{inside}</alert>'


def info_xml(inside: str = "", **changed: str | None) -> str:
    own = {
        "category": "Met",
        "event": "Flood",
        "urgency": "Immediate",
        "severity": "Severe",
        "certainty": "Likely",
        **changed,
    }
    elements = "".join(f"<{name}>{text}</{name}>" for name, text in own.items() if text is not None)
    return f"<info>{elements}{inside}</info>"


def area_xml(description: str = "", *geocodes: tuple[str, str], inside: str = "") -> str:
    codes = "".join(
        f"<geocode><valueName>{name}</valueName><value>{value}</value></geocode>" for name, value in geocodes
    )
    return f"<area><areaDesc>{description}</areaDesc>{inside}{codes}</area>"


def read_one(xml: str) -> CapAlert:
    (alert,) = read_cap(xml.encode())
    return alert


def read_info(inside: str = "", **changed: str | None) -> CapInfo:
    (info,) = read_one(alert_xml(info_xml(inside, **changed))).infos
    return info


def refusal_of(data: bytes) -> str:
    """The reason, which must come in time, however the bytes were made to last."""
    started_at = process_time()
    with pytest.raises(CapRefused) as refused:
        read_cap(data)
    assert process_time() - started_at < LONGEST_REFUSAL_SECONDS
    assert refused.value.reason == str(refused.value)
    assert "\n" not in refused.value.reason
    return refused.value.reason
