"""A folder of answers that sources once gave, served again as they would have come.

A folder with a `recording.toml` names each answer:

    [[answer]]
    source = "air4thai"
    at = 2026-02-03T08:05:00+07:00
    file = "air4thai/0805.json"
    address = ""   # of a document that the source follows, or "?product_id=R11029"; the source's own when left out

Without one, every file is taken for an answer of the source whose reader accepts it, given at the time its own data
are of. An answer counts from its time until the source's next one.
"""

import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from bot.addresses import Allowed
from bot.fetching import Fetched, Fetcher, FetchRefused, Limits
from broadcasts.alerts.sources import tmd_cap
from broadcasts.prices import nabc
from broadcasts.sources import BANGKOK, SchemaDrift, Source

MANIFEST = "recording.toml"
MOST_BYTES = 20_000_000

_MISREAD = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError)
# Readers refuse what lies in the future; a recording of any time may be looked at.
_ANY_TIME = datetime(9000, 1, 1, tzinfo=UTC)


class RecordingRefused(Exception):
    """The folder is no recording; the message says why and what would help."""


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """One answer. `document` is the name of a document that was followed to, "" for the source's own address.

    `parameters` are those by which it was asked for, as far as they make a difference.
    """

    source: str
    at: datetime
    path: Path
    document: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Recording:
    """All answers, the oldest first, and the files that no reader took."""

    answers: tuple[Recorded, ...]
    ignored: tuple[str, ...]

    def answer(
        self, source: str, document: str, parameters: Mapping[str, str], at: datetime
    ) -> Recorded | None:
        """What the source answered last at that time."""
        found = [
            each
            for each in self.answers
            if (each.source, each.document) == (source, document)
            and each.parameters.items() <= parameters.items()
            and each.at <= at
        ]
        return found[-1] if found else None

    def has_others(self, source: str, document: str) -> bool:
        """Whether answers to this question with other parameters are there."""
        return any(
            each.parameters for each in self.answers if (each.source, each.document) == (source, document)
        )


def open_recording(folder: Path, sources: Sequence[Source[Any]]) -> Recording:
    """The recording in a folder. Raises RecordingRefused."""
    if not folder.is_dir():
        raise RecordingRefused(f"{folder} is no folder: give one with the answers of sources")
    manifest = folder / MANIFEST
    answers, ignored = (
        _listed(folder, manifest, sources) if manifest.exists() else _recognised(folder, sources)
    )
    if not answers:
        raise RecordingRefused(f"{folder} has no answer of a source that Krajai knows")
    return Recording(answers=tuple(sorted(answers, key=lambda each: each.at)), ignored=tuple(ignored))


@dataclass(frozen=True, kw_only=True)
class Playback(Fetcher):
    """Gives the recorded answers instead of asking anybody. `source_of` tells whose address it is."""

    recording: Recording
    moment: "Moment"
    addresses: dict[str, str]

    def fetch(self, address: str, allowed: Allowed, limits: Limits, **asked: Any) -> Fetched:
        source = self.moment.source
        document = "" if address == self.addresses[source] else document_name(address)
        found = self.recording.answer(source, document, asked.get("parameters", {}), self.moment.at)
        if found is None:
            if not document and self.recording.has_others(source, document):
                # Of many products only some were recorded; of the others nothing is new.
                return Fetched(data=None)
            raise FetchRefused("is not in the recording")
        data = found.path.read_bytes()
        if len(data) > limits.most_bytes:
            raise FetchRefused(f"is larger than {limits.most_bytes / 1_000_000:g} MB")
        return Fetched(data=data)


@dataclass(kw_only=True)
class Moment:
    """When it is in the replay, and which source is visited."""

    at: datetime
    source: str = ""


def document_name(address: str) -> str:
    """What a document's file is called, without endings.

    >>> document_name("https://www.tmd.go.th/uploads/CAP/CAPTMD20260925163420_2.xml")
    'CAPTMD20260925163420_2'
    """
    return PurePosixPath(urlsplit(address).path).name.split(".")[0]


def _listed(folder: Path, manifest: Path, sources: Sequence[Source[Any]]) -> tuple[list[Recorded], list[str]]:
    known = {source.name for source in sources}
    try:
        entries = tomllib.loads(manifest.read_text("utf-8")).get("answer", [])
        answers = [_entry(folder, entry) for entry in entries]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as fault:
        raise RecordingRefused(f"{manifest} cannot be read: {fault}") from fault
    for each in answers:
        if each.source not in known:
            raise RecordingRefused(
                f"{manifest}: source {each.source!r} is none of {', '.join(sorted(known))}"
            )
        if not each.path.is_file():
            raise RecordingRefused(f"{manifest}: there is no file {each.path.name}")
    return answers, []


def _entry(folder: Path, entry: dict[str, Any]) -> Recorded:
    at = entry["at"]
    if not isinstance(at, datetime):
        raise TypeError(f"at = {at!r} is no time such as 2026-02-03T08:05:00+07:00")
    address = entry.get("address", "")
    return Recorded(
        source=entry["source"],
        at=at if at.tzinfo is not None else at.replace(tzinfo=BANGKOK),
        path=folder / entry["file"],
        document=document_name(address),
        parameters=_parameters(address),
    )


def _parameters(address: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(address).query))


def _recognised(folder: Path, sources: Sequence[Source[Any]]) -> tuple[list[Recorded], list[str]]:
    answers: list[Recorded] = []
    ignored: list[str] = []
    for path in sorted(each for each in folder.rglob("*") if each.is_file()):
        found = _recognise(path, sources) if path.stat().st_size <= MOST_BYTES else None
        if found is None:
            ignored.append(str(path.relative_to(folder)))
        else:
            answers.append(found)
    return answers, ignored


def _recognise(path: Path, sources: Sequence[Source[Any]]) -> Recorded | None:
    data = path.read_bytes()
    # A folder often bears the source's name; then that source is tried first.
    for source in sorted(sources, key=lambda each: each.name not in str(path)):
        try:
            value = source.read(data, _ANY_TIME)
            at = source.dated(value)
            address = source.asked(data)
        except (SchemaDrift, *_MISREAD):
            continue
        if at is not None:
            return Recorded(
                source=source.name,
                at=at,
                path=path,
                document=document_name(address),
                parameters=_parameters(address),
            )
    for name, lead in _LEADS.items():
        try:
            at, document = lead(data, path)
        except (SchemaDrift, *_MISREAD):
            continue
        return Recorded(source=name, at=at, path=path, document=document)
    return None


def _alert_document(data: bytes, path: Path) -> tuple[datetime, str]:
    document = tmd_cap.read_document(data, _ANY_TIME)
    return min(alert.sent for alert in document.alerts), document_name(path.name)


def _newest_day(data: bytes, _: Path) -> tuple[datetime, str]:
    day = date.fromisoformat(nabc.read_latest_date(data, _ANY_TIME))
    return datetime.combine(day, time(0), BANGKOK), nabc.LATEST_DATE


_LEADS: Mapping[str, Callable[[bytes, Path], tuple[datetime, str]]] = {
    tmd_cap.NAME: _alert_document,
    nabc.NAME: _newest_day,
}
"""Answers of another kind than the source's own: what it is followed to, and what leads to it. When, and its name."""
