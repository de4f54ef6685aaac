"""Where in Thailand an earthquake is felt, and drafts about it: one for each quake, whichever source reports it first.

How strongly it is felt is computed from magnitude and distance: the equation of Atkinson and Wald (2007, Seismological
Research Letters 78:3, table 1) for stable continental crust, in which shaking carries far, as it does from Myanmar and
Sumatra to Thailand. It gives the Modified Mercalli intensity; the levels are words of the scale of the USGS: from IV on
it is felt indoors by many, from VI on by all, with slight damage.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlmodel import Session

from broadcasts.alerts.composing import InWords
from broadcasts.alerts.episodes import Feed, Finding, follow
from broadcasts.sources import Visit
from storage import place_points, places
from storage.alert_episodes import open_episodes
from storage.place_points import kilometres
from storage.wording import LANGUAGES, dates, say

FELT, STRONG = 4.0, 6.0
"""Modified Mercalli intensities: "felt indoors by many" and "felt by all; damage slight" (USGS)."""

TSUNAMI_MAGNITUDE = 7.1
"""From here on a quake under the sea may raise a destructive tsunami (criteria of the Indian Ocean warning system,
IOC-UNESCO: 7.1 to 7.5 near by, 7.6 to 7.8 within 1,000 km, 7.9 and more across the ocean). A person decides."""

ANDAMAN_COAST = ("81", "82", "83", "85", "91", "92")
"""Krabi, Phang Nga, Phuket, Ranong, Satun, Trang."""

_TSUNAMI_DEPTH_KM = 100.0
# The trench from Sumatra to Myanmar, and the sea east of it.
_TRENCH_LATITUDES, _TRENCH_LONGITUDES = (-6.0, 17.0), (90.0, 98.5)
_SAME_QUAKE = timedelta(minutes=2)
_SAME_QUAKE_KM = 200.0

FEED = Feed(
    name="earthquakes",
    lives=timedelta(hours=12),
    fresh=timedelta(hours=6),
    certainty="Likely",
)


@dataclass(frozen=True, kw_only=True)
class Quake:
    """One earthquake as a source reports it. `reported_at` is when it said so last; depth in km, None if not known."""

    at: datetime
    reported_at: datetime
    magnitude: float
    latitude: float
    longitude: float
    depth_km: float | None
    reporter: str
    web: str


def draft_quakes(session: Session, quakes: Sequence[Quake], visit: Visit) -> str:
    """Draft warnings for the quakes that are felt in Thailand."""
    findings: list[Finding] = []
    old = 0
    for quake in sorted(quakes, key=lambda each: each.at):
        if visit.at - quake.at > FEED.fresh:
            old += 1
        else:
            findings += _findings(quake, _key(session, quake), visit)
    return f"{len(quakes)} earthquakes, {old} of them old: {follow(session, FEED, findings, visit)}"


def intensity(magnitude: float, distance_km: float, depth_km: float | None = None) -> float:
    """The Modified Mercalli intensity that is to be expected.

    >>> round(intensity(7.7, 1020), 1)  # Mandalay 2025 in Bangkok
    4.1
    >>> round(intensity(4.0, 300), 1)
    2.3
    """
    radius = math.hypot(distance_km, max(17.0, depth_km or 0.0))
    beyond = max(0.0, math.log10(radius / 80.0))
    return (
        11.72
        + 2.36 * (magnitude - 6)
        + 0.1155 * (magnitude - 6) ** 2
        - 0.44 * math.log10(radius)
        - 0.002044 * radius
        + 2.31 * beyond
        - 0.479 * magnitude * math.log10(radius)
    )


def felt_in(quake: Quake) -> tuple[tuple[str, ...], tuple[str, ...], float]:
    """Where it is felt, where it is strong (not in both), and the highest intensity in a district of Thailand."""
    by_code = {
        code: intensity(quake.magnitude, away, quake.depth_km)
        for code, away in place_points.distances(quake.latitude, quake.longitude)
    }
    strong = {code for code, found in by_code.items() if found >= STRONG}
    felt = {code for code, found in by_code.items() if FELT <= found < STRONG}
    return _rolled_up(felt, set(by_code)), _rolled_up(strong, set(by_code)), max(by_code.values())


def _rolled_up(codes: set[str], all_codes: set[str]) -> tuple[str, ...]:
    """The districts; a province where it is all of them."""
    whole = {code[:2] for code in codes} - {code[:2] for code in all_codes - codes}
    return places.simplify({code[:2] if code[:2] in whole else code for code in codes})


def _findings(quake: Quake, key: str, visit: Visit) -> list[Finding]:
    felt, strong, most = felt_in(quake)
    found: list[Finding] = []
    if felt:
        found.append(_finding(quake, f"{key}:felt", "warning", felt, most, visit))
    if strong:
        found.append(_finding(quake, f"{key}:strong", "emergency", strong, most, visit))
    if _may_raise_a_tsunami(quake):
        found.append(_finding(quake, f"{key}:tsunami", "watch", ANDAMAN_COAST, most, visit))
    return found


def _finding(
    quake: Quake, key: str, level: str, codes: tuple[str, ...], most: float, visit: Visit
) -> Finding:
    hazard = "tsunami" if key.endswith("tsunami") else "earthquake"
    return Finding(
        key=key,
        hazard=hazard,
        level="watch" if level == "watch" else "warning" if level == "warning" else "emergency",
        places=codes,
        measured_at=max(quake.reported_at, quake.at),
        onset=quake.at if hazard == "earthquake" else None,
        words=lambda: {language: _words(language, hazard, quake, most, visit) for language in LANGUAGES},
        web=quake.web,
        source=quake.reporter,
    )


def _words(language: str, hazard: str, quake: Quake, most: float, visit: Visit) -> InWords:
    depth = (
        say(language, "sources.earthquake.depth_unknown")
        if quake.depth_km is None
        else f"{quake.depth_km:.0f}"
    )
    return InWords(
        headline=say(language, f"sources.{hazard}.headline", value=f"{quake.magnitude:.1f}"),
        evidence=say(
            language,
            "sources.earthquake.evidence",
            value=f"{quake.magnitude:.1f}",
            depth=depth,
            latitude=f"{quake.latitude:.2f}",
            longitude=f"{quake.longitude:.2f}",
            when=dates.stamp(quake.at, language, visit.zone),
            reporter=quake.reporter,
            intensity=f"{most:.1f}",
        ),
        value=f"{quake.magnitude:.1f}" if hazard == "earthquake" else "",
    )


def _may_raise_a_tsunami(quake: Quake) -> bool:
    in_the_sea = (
        _TRENCH_LATITUDES[0] <= quake.latitude <= _TRENCH_LATITUDES[1]
        and _TRENCH_LONGITUDES[0] <= quake.longitude <= _TRENCH_LONGITUDES[1]
    )
    return (
        in_the_sea and quake.magnitude >= TSUNAMI_MAGNITUDE and (quake.depth_km or 0.0) <= _TSUNAMI_DEPTH_KM
    )


def _key(session: Session, quake: Quake) -> str:
    """The quake's key: that of one reported before, by whichever source, at about the same time and place."""
    for known in open_episodes(session, FEED.name):
        stamp, latitude, longitude = known.key.split(":")[0].split("_")
        at = datetime.strptime(stamp, "%Y%m%dT%H%M%S").replace(tzinfo=UTC)
        away = kilometres(float(latitude), float(longitude), quake.latitude, quake.longitude)
        if abs(at - quake.at) <= _SAME_QUAKE and away <= _SAME_QUAKE_KM:
            return known.key.split(":")[0]
    return f"{quake.at.astimezone(UTC):%Y%m%dT%H%M%S}_{quake.latitude:.2f}_{quake.longitude:.2f}"
