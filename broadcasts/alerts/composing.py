"""Writing a CAP 1.2 alert of our own, so that it takes the same way as one that came as CAP.

What a source measured is written so, and what an officer drafts.

What is composed depends on nothing but its arguments: the same measurement composed twice is the same alert.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from lxml import etree

from broadcasts.alerts.cap_model import MessageType, Status
from broadcasts.alerts.meaning import Level
from storage import places
from storage.alerts import Alert

VALUE = "krajai:value"
"""The parameter that holds what was measured, in the words of its language, for the texts' {value}."""

SENDER = "krajai"
"""Who composed alerts are of: this installation, not the source, which measured and warned of nothing."""

ALL_CLEAR = "AllClear"
"""CAP 1.2, 3.2.2, responseType: "The subject event no longer poses a threat or concern"."""

_NAMESPACE = "urn:oasis:names:tc:emergency:cap:1.2"
_TAGS: Mapping[str, str] = {"th": "th-TH", "en": "en-US"}
# Severity and urgency that `meaning.level_of` reads as that level, with certainty Observed or Likely.
_LEVELS: dict[Level, tuple[str, str]] = {
    "watch": ("Moderate", "Expected"),
    "warning": ("Severe", "Immediate"),
    "emergency": ("Extreme", "Immediate"),
}
_EVENTS = {
    "armed_violence": ("Security", "Armed violence"),
    "chemical_leak": ("CBRNE", "Chemical leak"),
    "cold": ("Met", "Cold weather"),
    "dam_release": ("Infra", "Dam release"),
    "earthquake": ("Geo", "Earthquake"),
    "flash_flood": ("Met", "Flash flood"),
    "flood": ("Met", "Flood"),
    "heat": ("Met", "Extreme heat"),
    "heavy_rain": ("Met", "Heavy rain"),
    "high_waves": ("Met", "High waves"),
    "landslide": ("Geo", "Landslide"),
    "outbreak": ("Health", "Disease outbreak"),
    "pm25": ("Health", "PM2.5"),
    "storm": ("Met", "Storm"),
    "tsunami": ("Geo", "Tsunami"),
    "water_shortage": ("Env", "Water shortage"),
    "wildfire": ("Fire", "Wildfire"),
}
_NOT_IN_IDENTIFIERS = str.maketrans({" ": "_", ",": "_", "<": "_", "&": "_", "+": ""})


@dataclass(frozen=True, kw_only=True)
class InWords:
    """In one language: what an officer's list shows; who measured what, against which threshold; the value.

    `parameters` are names and values of ours, for the texts that citizens read.
    """

    headline: str
    evidence: str = ""
    value: str = ""
    instruction: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Composed:
    """What an alert is to say. `event` is for a hazard that `_EVENTS` lacks: the issuer's own word.

    `agency` is who says it, by language; `source` whose measurements it rests on. `over` says that the danger of what
    it replaces has passed, `withdrawn` that it was sent in error. `severity` and `urgency` are the level's unless said.
    """

    identifier: str
    sender: str
    sent: datetime
    hazard: str | None
    level: Level
    places: Sequence[str]
    words: Mapping[str, InWords]
    expires: datetime
    onset: datetime | None = None
    certainty: str = "Observed"
    event: str = ""
    web: str = ""
    source: str = ""
    agency: Mapping[str, str] = field(default_factory=dict)
    replaces: Alert | None = None
    over: bool = False
    withdrawn: bool = False
    status: str = Status.ACTUAL
    severity: str = ""
    urgency: str = ""
    contact: str = ""
    category: str = ""

    @property
    def ends(self) -> bool:
        """Whether it cancels what it replaces."""
        return self.over or self.withdrawn


def compose(said: Composed, zone: ZoneInfo) -> bytes:
    """The alert: an Update of what it replaces, or its Cancel when the danger is over."""
    root = etree.Element(f"{{{_NAMESPACE}}}alert", nsmap={None: _NAMESPACE})  # type: ignore[dict-item]
    message = MessageType.ALERT
    if said.replaces is not None:
        message = MessageType.CANCEL if said.ends else MessageType.UPDATE
    _add(root, "identifier", said.identifier.translate(_NOT_IN_IDENTIFIERS))
    _add(root, "sender", said.sender)
    _add(root, "sent", _time(said.sent, zone))
    _add(root, "status", said.status)
    _add(root, "msgType", message)
    if said.source:
        _add(root, "source", said.source)
    _add(root, "scope", "Public")
    if said.replaces is not None:
        before = said.replaces
        _add(root, "references", f"{before.sender},{before.identifier},{_time(before.sent, zone)}")
    for language, words in said.words.items():
        _info(root, said, language, words, zone)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def _info(root: etree._Element, said: Composed, language: str, words: InWords, zone: ZoneInfo) -> None:
    category, event = _EVENTS.get(said.hazard or "", (said.category or "Met", said.event))
    severity, urgency = ("Minor", "Past") if said.ends else _LEVELS[said.level]
    info = etree.SubElement(root, f"{{{_NAMESPACE}}}info")
    _add(info, "language", _TAGS.get(language, language))
    _add(info, "category", category)
    _add(info, "event", event)
    if said.over:
        _add(info, "responseType", ALL_CLEAR)
    _add(info, "urgency", urgency if said.ends else said.urgency or urgency)
    _add(info, "severity", severity if said.ends else said.severity or severity)
    _add(info, "certainty", said.certainty)
    if said.onset is not None:
        _add(info, "onset", _time(said.onset, zone))
    _add(info, "expires", _time(said.expires, zone))
    if said.agency.get(language):
        _add(info, "senderName", said.agency[language])
    _add(info, "headline", words.headline)
    for name, text in (
        ("description", words.evidence),
        ("instruction", words.instruction),
        ("web", said.web),
        ("contact", said.contact),
    ):
        if text:
            _add(info, name, text)
    for name, text in {VALUE: words.value, **words.parameters}.items():
        if text:
            parameter = etree.SubElement(info, f"{{{_NAMESPACE}}}parameter")
            _add(parameter, "valueName", name)
            _add(parameter, "value", text)
    if said.places:
        _area(info, said.places, language)


def _area(info: etree._Element, codes: Sequence[str], language: str) -> None:
    area = etree.SubElement(info, f"{{{_NAMESPACE}}}area")
    _add(area, "areaDesc", ", ".join(places.full_name(code, language) for code in codes))
    for code in codes:
        geocode = etree.SubElement(area, f"{{{_NAMESPACE}}}geocode")
        _add(geocode, "valueName", "DOPA")
        _add(geocode, "value", code)


def _add(parent: etree._Element, name: str, text: str) -> None:
    etree.SubElement(parent, f"{{{_NAMESPACE}}}{name}").text = _written(text)


def _written(text: str) -> str:
    """Without the characters that XML cannot hold."""
    return "".join(
        each for each in text if each in "\t\n" or (ord(each) >= 32 and ord(each) not in (0xFFFE, 0xFFFF))
    )


def _time(at: datetime, zone: ZoneInfo) -> str:
    """CAP 1.2, 3.3.2: seconds and an offset, no fractions."""
    return at.astimezone(zone).replace(microsecond=0).isoformat()
