"""An alert as the Common Alerting Protocol states it, and the refusal of one that cannot be read.

The names are those of CAP 1.2 (OASIS, 1 July 2010, section 3.2), in Python's spelling. Times are
aware and in UTC, positions are (latitude, longitude) in WGS 84 degrees.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal

Version = Literal["1.1", "1.2"]
Position = tuple[float, float]


class CapRefused(Exception):
    """The bytes are no alert that may be trusted; ``reason`` tells an officer what to mend, and where.

    Reading the same bytes again gives the same refusal, so there is nothing to retry.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Status(StrEnum):
    ACTUAL = "Actual"
    EXERCISE = "Exercise"
    SYSTEM = "System"
    TEST = "Test"
    DRAFT = "Draft"


class MessageType(StrEnum):
    ALERT = "Alert"
    UPDATE = "Update"
    CANCEL = "Cancel"
    ACK = "Ack"
    ERROR = "Error"


class Severity(StrEnum):
    EXTREME = "Extreme"
    SEVERE = "Severe"
    MODERATE = "Moderate"
    MINOR = "Minor"
    UNKNOWN = "Unknown"


class Urgency(StrEnum):
    IMMEDIATE = "Immediate"
    EXPECTED = "Expected"
    FUTURE = "Future"
    PAST = "Past"
    UNKNOWN = "Unknown"


class Certainty(StrEnum):
    OBSERVED = "Observed"
    LIKELY = "Likely"
    POSSIBLE = "Possible"
    UNLIKELY = "Unlikely"
    UNKNOWN = "Unknown"


@dataclass(frozen=True, kw_only=True, slots=True)
class Reference:
    """An earlier message that this one is about; ``text`` is how it was written.

    The standard wants ``sender,identifier,sent``; what feeds leave out is None.
    """

    sender: str | None
    identifier: str
    sent: datetime | None
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class NamedValue:
    """One ``valueName`` and ``value``: an event code or a parameter."""

    value_name: str
    value: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Geocode:
    """One code of an area and the name of the list it is from: ``ISO3166-2`` and ``TH-50``."""

    value_name: str
    value: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Circle:
    """Everything within ``radius_km`` kilometres of a point."""

    center: Position
    radius_km: float


@dataclass(frozen=True, kw_only=True, slots=True)
class CapArea:
    """Where one info block applies. Heights are in feet above mean sea level, as CAP has them."""

    description: str
    polygons: tuple[tuple[Position, ...], ...]
    circles: tuple[Circle, ...]
    geocodes: tuple[Geocode, ...]
    altitude: float | None
    ceiling: float | None


@dataclass(frozen=True, kw_only=True, slots=True)
class CapInfo:
    """What is said about the hazard, in one language. ``language`` is the tag as written, if any."""

    language: str | None
    categories: tuple[str, ...]
    event: str
    response_types: tuple[str, ...]
    urgency: Urgency
    severity: Severity
    certainty: Certainty
    audience: str | None
    effective: datetime | None
    onset: datetime | None
    expires: datetime | None
    sender_name: str | None
    headline: str | None
    description: str | None
    instruction: str | None
    web: str | None
    contact: str | None
    event_codes: tuple[NamedValue, ...]
    parameters: tuple[NamedValue, ...]
    areas: tuple[CapArea, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class CapAlert:
    """One message.

    ``signed`` says that a signature is there, not that it is right. ``remarks`` are what a person
    should see before trusting the message: parts that were left out, corrected or contradict each
    other. ``xml`` is this one alert element in Canonical XML 1.0 without comments, UTF-8, so that
    each message of a file can be kept by itself.
    """

    identifier: str
    sender: str
    sent: datetime
    status: Status
    msg_type: MessageType
    scope: str | None
    source: str | None
    note: str | None
    references: tuple[Reference, ...]
    incidents: tuple[str, ...]
    infos: tuple[CapInfo, ...]
    version: Version
    signed: bool
    remarks: tuple[str, ...]
    xml: bytes
