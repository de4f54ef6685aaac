"""What other systems read: the alerts that went out, as CAP documents of their own names and as an Atom feed.

An alert's document is the one that was stored when it was written or came in: identifier, sender and sent never change.
Exercises are published as such (CAP status Exercise); rehearsals of old alerts never.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import quote

from lxml import etree
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import Select

from storage.alerts import Alert
from storage.broadcasts import EVERY_PLACE, Broadcast
from storage.wording.warnings import HAZARDS, hazard_name

FEED_DAYS = 30
MOST_IN_FEED = 100

_ATOM = "http://www.w3.org/2005/Atom"
_CAP = "urn:oasis:names:tc:emergency:cap:1.2"
CAP_TYPE = "application/cap+xml"
"""CAP 1.2 registers no media type; this is what WMO's register and the big publishers' feeds use."""


@dataclass(frozen=True, kw_only=True)
class Published:
    """An alert that went out, with the broadcast that carried it."""

    alert: Alert
    broadcast: Broadcast

    @property
    def changed_at(self) -> datetime:
        """When its entry in the feed changed last: it went out then, or ended."""
        return max(filter(None, (self.broadcast.released_at, self.alert.ended_at)))

    def is_live(self, at: datetime) -> bool:
        """Whether it holds: not updated, withdrawn, stopped or over."""
        return self.alert.state == "released" and self.alert.expires_at > at

    def texts(self, language: str) -> tuple[str, ...]:
        """What citizens read who are anywhere in its area."""
        return tuple(each["text"] for each in self.broadcast.words[language][EVERY_PLACE])

    def title(self, language: str) -> str:
        """The hazard's name, or the issuer's own headline of a hazard that has none here."""
        hazard = self.alert.hazard
        return hazard_name(hazard, language) if hazard in HAZARDS else self.alert.headline


def published(session: Session, at: datetime, *, most: int = MOST_IN_FEED) -> list[Published]:
    """What went out in the last `FEED_DAYS` days and what still holds, the newest first."""
    recent = col(Broadcast.released_at) > at - timedelta(days=FEED_DAYS)
    query = _newest_first().where(recent | (col(Alert.expires_at) > at)).limit(most)
    return [Published(alert=alert, broadcast=broadcast) for alert, broadcast in session.exec(query)]


def published_as(session: Session, identifier: str) -> Published | None:
    """The alert of that CAP identifier that went out last; senders may share identifiers."""
    found = session.exec(_newest_first().where(Alert.identifier == identifier).limit(1)).first()
    return None if found is None else Published(alert=found[0], broadcast=found[1])


def published_number(session: Session, number: int) -> Published | None:
    """The alert of that number, if it went out."""
    found = session.exec(_newest_first().where(Alert.id == number)).first()
    return None if found is None else Published(alert=found[0], broadcast=found[1])


def _newest_first() -> Select[Alert, Broadcast]:
    return (
        select(Alert, Broadcast)
        .join(Broadcast, col(Broadcast.id) == col(Alert.broadcast_id))
        .where(col(Alert.rehearsal).is_(False))
        .order_by(col(Broadcast.released_at).desc(), col(Broadcast.id).desc())
    )


def document_address(public_url: str, alert: Alert) -> str:
    """Where an alert's CAP document is; identifiers may hold any printable character."""
    return f"{public_url}/cap/alerts/{quote(alert.identifier, safe='')}.xml"


def feed(alerts: Sequence[Published], *, public_url: str, title: str, author: str, at: datetime) -> bytes:
    """An Atom feed (RFC 4287) of alerts with CAP's own fields beside them, as WMO's feeds have them."""
    root = etree.Element(f"{{{_ATOM}}}feed", nsmap={None: _ATOM, "cap": _CAP})  # type: ignore[dict-item]
    address = f"{public_url}/cap/alerts.atom"
    _add(root, "id", address)
    _add(root, "title", title)
    _add(root, "updated", _time(max((each.changed_at for each in alerts), default=at)))
    _add(etree.SubElement(root, f"{{{_ATOM}}}author"), "name", author)
    _link(root, address, rel="self", type="application/atom+xml")
    for each in alerts:
        _entry(root, each, public_url)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def _entry(root: etree._Element, each: Published, public_url: str) -> None:
    alert = each.alert
    entry = etree.SubElement(root, f"{{{_ATOM}}}entry")
    # Several senders may use one identifier; all three together name an alert (CAP 1.2, 3.2.1).
    _add(entry, "id", f"{document_address(public_url, alert)}?sender={quote(alert.sender, safe='')}")
    _add(entry, "title", alert.headline or each.title("th"))
    _add(entry, "updated", _time(each.changed_at))
    _add(entry, "published", _time(each.broadcast.released_at))
    _add(entry, "summary", "\n".join(each.texts("th")))
    _link(entry, document_address(public_url, alert), rel="enclosure", type=CAP_TYPE)
    _link(entry, f"{public_url}/alerts/{alert.id}", rel="alternate", type="text/html")
    for name, value in (
        ("identifier", alert.identifier),
        ("sender", alert.sender),
        ("sent", _time(alert.sent)),
        ("status", alert.status),
        ("msgType", alert.msg_type),
        ("expires", _time(alert.expires_at)),
    ):
        etree.SubElement(entry, f"{{{_CAP}}}{name}").text = value


def _link(parent: etree._Element, href: str, *, rel: str, type: str) -> None:  # noqa: A002 - Atom's own word
    etree.SubElement(parent, f"{{{_ATOM}}}link", {"rel": rel, "type": type, "href": href})


def _add(parent: etree._Element, name: str, text: str) -> None:
    etree.SubElement(parent, f"{{{_ATOM}}}{name}").text = text


def _time(at: datetime) -> str:
    return at.replace(microsecond=0).isoformat()
