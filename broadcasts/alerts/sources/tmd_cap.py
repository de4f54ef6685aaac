"""The CAP alerts of the Thai Meteorological Department: an RSS index, and a document for each alert.

The index's `guid` is the alert's identifier, and a document never changes, so that each is asked for once. What the
index says of times is not used: its `pubDate` is UTC labelled as Thai time. Links are followed on the index's own host
only, whatever host they name. Drafts come from documents that are new, have not expired and say nothing impossible.
One that has to be refused is kept for a person, and the source is not fine while it waits.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from lxml import etree
from sqlmodel import Session, col, select

from broadcasts.alerts.automatic import ORIGIN, actor_of, release_if_allowed, same_in_force
from broadcasts.alerts.cap import read_cap
from broadcasts.alerts.cap_model import CapAlert, CapRefused, MessageType
from broadcasts.alerts.importing import EXPIRY_UNLESS_SAID, import_alerts
from broadcasts.alerts.refusals import keep_refused
from broadcasts.source_reading import FUTURE_ALLOWED, each_of, read_xml, shortened
from broadcasts.sources import Answer, Request, SchemaDrift, Source, Stored, Visit
from storage.alerts import Alert
from storage.lifecycles import AlertState
from storage.sources import SourceAnswer

NAME = "tmd_cap"
SENDER = "TMD"

LONGEST = timedelta(days=14)
"""No warning of the weather holds longer: an end beyond this is a mistake, such as a Buddhist year."""

_WARNING = frozenset({MessageType.ALERT, MessageType.UPDATE, MessageType.CANCEL})


@dataclass(frozen=True, kw_only=True)
class Listed:
    """One alert of the index: its identifier and the path of its document."""

    identifier: str
    path: str


@dataclass(frozen=True, kw_only=True)
class Index:
    """The alerts that the department lists, the newest first as it has them, and when the list was made."""

    listed: tuple[Listed, ...]
    made_at: datetime | None
    faults: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Document:
    """One document as it came, and the alerts in it."""

    data: bytes
    alerts: tuple[CapAlert, ...]


@dataclass(frozen=True, kw_only=True)
class Refused:
    """A document that cannot be read, or says what cannot be."""

    data: bytes
    reason: str


Answered = Index | Document | Refused


def read_index(data: bytes, _at: datetime) -> Index:
    """The index; one without items is no fault. Raises SchemaDrift."""
    root = read_xml(data)
    channel = root.find("channel")
    if root.tag != "rss" or channel is None:
        raise SchemaDrift("rss.channel", f"is missing; the answer is <{root.tag}>")
    items, faults = each_of(channel.findall("item"), _listed, "item")
    listed = {each.path: each for each in items}
    return Index(listed=tuple(listed.values()), made_at=_made_at(channel), faults=tuple(faults))


def read_document(data: bytes, at: datetime) -> Document:
    """The alerts of a document. Raises SchemaDrift, also for times that cannot be."""
    try:
        alerts = read_cap(data)
    except CapRefused as refused:
        raise SchemaDrift("the alert", f"cannot be read: {refused.reason}") from refused
    for alert in alerts:
        if alert.sent > at + FUTURE_ALLOWED:
            raise SchemaDrift("sent", f"is {alert.sent:%Y-%m-%d %H:%M} UTC, which is in the future")
        for info in alert.infos:
            for name, time in (
                ("onset", info.onset),
                ("effective", info.effective),
                ("expires", info.expires),
            ):
                if time is not None and time > alert.sent + LONGEST:
                    raise SchemaDrift(name, f"is {time:%Y-%m-%d %H:%M} UTC, too long after it was sent")
    return Document(data=data, alerts=alerts)


def read_or_refuse(data: bytes, at: datetime) -> Document | Refused:
    """A document, or why it is none."""
    try:
        return read_document(data, at)
    except SchemaDrift as drift:
        return Refused(data=data, reason=str(drift))


def follow(session: Session, answers: Sequence[Answer[Answered]], _visit: Visit) -> list[Request]:
    """The documents that were not read yet, the oldest first, so that what an Update refers to is known before it."""
    listed = [each for answer in answers if isinstance(answer.value, Index) for each in answer.value.listed]
    known = set(session.exec(select(SourceAnswer.request).where(SourceAnswer.source == NAME)))
    paths = {urlsplit(each).path for each in known}
    return [
        Request(address=each.path, about=each.identifier, read=read_or_refuse)
        for each in sorted(listed, key=lambda each: each.identifier)
        if each.path not in paths
    ]


def store(session: Session, answers: Sequence[Answer[Answered]], visit: Visit) -> Stored:
    """Keep the alerts that still hold as drafts; release those that the operator lets out by themselves."""
    done: Counter[str] = Counter()
    refused: list[tuple[Answer[Answered], bytes, str]] = []
    for answer, document in _documents(answers):
        if not any(alert.msg_type in _WARNING for alert in document.alerts):
            done["warn nobody"] += 1
            continue
        if all(_ends(alert) <= visit.at for alert in document.alerts):
            done["expired"] += 1
            continue
        try:
            imported = import_alerts(
                session, document.data, origin=f"{ORIGIN}{NAME}", by=actor_of(NAME), at=visit.at
            )
        except CapRefused as reason:
            refused.append((answer, document.data, str(reason)))
            continue
        for each in imported:
            if each.new:
                done["drafted"] += 1
                done["released"] += _drafted(session, each.alert, visit)
    told = f"{done['drafted']} drafted, {done['released']} of them released, {done['expired']} expired"
    told += f", {done['warn nobody']} that warn nobody" if done["warn nobody"] else ""
    refused += [
        (each, each.value.data, each.value.reason) for each in answers if isinstance(each.value, Refused)
    ]
    return _stored(session, told, answers, refused, visit)


def _stored(
    session: Session,
    told: str,
    answers: Sequence[Answer[Answered]],
    refused: Sequence[tuple[Answer[Answered], bytes, str]],
    visit: Visit,
) -> Stored:
    """What was done; what was refused is kept and, while it waits, asked for again."""
    reasons: list[str] = []
    news: list[str] = []
    unread: list[Request] = []
    for answer, data, reason in refused:
        name = answer.request.about or answer.request.address
        waits, new = keep_refused(session, NAME, name, data, reason, visit)
        if waits:
            reasons.append(f"{name}: {reason}")
            news += reasons[-1:] if new else []
            unread.append(answer.request)
    indexes = [each for each in answers if isinstance(each.value, Index)]
    reasons += [fault for each in indexes if isinstance(each.value, Index) for fault in each.value.faults]
    if reasons:
        unread += [each.request for each in indexes]
    return Stored(did=told, refused=tuple(reasons), news=tuple(news), unread=tuple(unread))


def _documents(answers: Sequence[Answer[Answered]]) -> list[tuple[Answer[Answered], Document]]:
    """The documents, the oldest first."""
    found = [(each, each.value) for each in answers if isinstance(each.value, Document)]
    return sorted(found, key=lambda each: min(alert.sent for alert in each[1].alerts))


def _listed(item: etree._Element, where: str) -> Listed:
    identifier, link = (item.findtext(name, "").strip() for name in ("guid", "link"))
    if not identifier:
        raise SchemaDrift(f"{where}.guid", "is missing")
    path = urlsplit(link).path
    if not path.strip("/"):
        raise SchemaDrift(f"{where}.link", f"leads to no document: {shortened(link)}")
    return Listed(identifier=identifier, path=path)


def _made_at(channel: etree._Element) -> datetime | None:
    """The index's own time has the zone it says, other than those of its items; it is for showing only."""
    try:
        found = parsedate_to_datetime(
            channel.findtext("lastBuildDate", "") or channel.findtext("pubDate", "")
        )
    except (ValueError, TypeError):
        return None
    return found if found.tzinfo is not None else None


def _drafted(session: Session, alert: Alert, visit: Visit) -> bool:
    remarks = list(alert.remarks)
    if alert.sender != SENDER:
        remarks.append(f"came from the feed of {SENDER}, but its sender is {alert.sender}")
    if (same := same_in_force(session, alert)) is not None:
        remarks.append(f"says the same of the same places as alert {same.id}, which is in force")
    waiting = _same_waiting(session, alert)
    if waiting is not None:
        remarks.append(f"says the same of the same places as draft {waiting.id}")
    alert.remarks = remarks
    session.add(alert)
    session.flush()
    return release_if_allowed(session, alert, NAME, visit)


def _same_waiting(session: Session, alert: Alert) -> Alert | None:
    query = select(Alert).where(
        Alert.sender == alert.sender,
        Alert.state == AlertState.DRAFT.value,
        Alert.hazard == alert.hazard,
        Alert.level == alert.level,
        Alert.msg_type == alert.msg_type,
        col(Alert.id) < alert.id,
    )
    return next((each for each in session.exec(query) if set(each.places) == set(alert.places)), None)


def _ends(alert: CapAlert) -> datetime:
    ends = [info.expires for info in alert.infos if info.expires is not None]
    return max(ends, default=alert.sent + EXPIRY_UNLESS_SAID)


SOURCE = Source[Answered](
    name=NAME,
    url="tmd_cap_url",
    read=read_index,
    follow=follow,
    store=store,
    dated=lambda index: index.made_at if isinstance(index, Index) else None,
    accept="application/rss+xml, application/cap+xml, application/xml, text/xml",
)
