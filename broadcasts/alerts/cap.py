"""Reads alerts of the Common Alerting Protocol 1.1 and 1.2 from bytes.

Feeds of the world break the standard in many small ways; what does not change who is warned of
what, and when, is read all the same and remarked upon. What is refused:

* bytes that endanger the reader (document types, entities, more than the limits of ``cap_xml``);
* XML without an alert, malformed, or with an alert in an unknown namespace;
* an alert whose identifier, sender, sent, status or msgType is missing, given twice differently, or
  whose status or msgType is not one of the standard's words: an exercise is never guessed to be one;
* ``sent`` without a time zone: seven hours either way decide whether an alert still counts.

The times in an info block are optional, so one without a zone is left out and remarked upon. In a
file of several alerts, those that can be read are; each tells of the others that were refused.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TypeVar

from lxml import etree

from broadcasts.alerts import cap_xml
from broadcasts.alerts.cap_blocks import Block, Unreadable, read_time, shortened
from broadcasts.alerts.cap_model import (
    CapAlert,
    CapArea,
    CapInfo,
    CapRefused,
    Certainty,
    Circle,
    Geocode,
    MessageType,
    NamedValue,
    Position,
    Reference,
    Severity,
    Status,
    Urgency,
    Version,
)

__all__ = [
    "CapAlert",
    "CapArea",
    "CapInfo",
    "CapRefused",
    "Certainty",
    "Circle",
    "Geocode",
    "MessageType",
    "NamedValue",
    "Position",
    "Reference",
    "Severity",
    "Status",
    "Urgency",
    "Version",
    "read_cap",
    "read_references",
]

_SIGNATURE = "{http://www.w3.org/2000/09/xmldsig#}Signature"
_MOST_REFERENCES = 1_000
_MOST_REMARKS = 50
# Namespaces declared once around many alerts are repeated when each alert is written out alone.
_MOST_XML_BYTES = 8 * cap_xml.MOST_BYTES

# CAP 1.2, 3.2.1: no spaces, commas or restricted characters.
_NOT_IN_IDENTIFIERS = re.compile(r"[\s,<&]")
_INCIDENT = re.compile(r'"([^"]*)"|(\S+)')
_COORDINATE = r"([+-]?[0-9]{1,3}(?:\.[0-9]{0,30})?)"
_POSITION = re.compile(_COORDINATE + "," + _COORDINATE)
_CIRCLE = re.compile(_COORDINATE + r"\s*,\s*" + _COORDINATE + r"\s+([0-9]{1,6}(?:\.[0-9]{0,30})?)")


class _NoShape(ValueError):
    """A polygon or circle is not one; the message says why."""


def read_cap(data: bytes) -> tuple[CapAlert, ...]:
    """The alerts in a file, at least one, in the file's order; raises CapRefused and nothing else."""
    document = cap_xml.parse(data)
    many = len(document.alerts) > 1
    alerts: list[CapAlert] = []
    refusals: list[str] = []
    xml_bytes = 0
    for number, element in enumerate(document.alerts, 1):
        xml = cap_xml.written_alone(element)
        xml_bytes += len(xml)
        if xml_bytes > _MOST_XML_BYTES:
            raise CapRefused("the file repeats too much when its alerts are taken apart; send each alone")
        try:
            cap_xml.refuse_unreadable(xml)
            alerts.append(_read_alert(element, xml, list(document.remarks)))
        except CapRefused as refused:
            of_which = f"alert {number} of {len(document.alerts)}: " if many else ""
            refusals.append(of_which + refused.reason)
    if not alerts:
        raise CapRefused(refusals[0])
    if refusals:
        beside = tuple(f"refused in the same file: {refusal}" for refusal in refusals[:_MOST_REMARKS])
        return tuple(replace(alert, remarks=alert.remarks + beside) for alert in alerts)
    return tuple(alerts)


def read_references(text: str) -> tuple[Reference, ...]:
    """The messages that a ``references`` element names, also when its triples are incomplete.

    >>> [reference.identifier for reference in read_references("TMD,A1,2026-09-25T16:34:00+07:00 B2.xml")]
    ['A1', 'B2.xml']
    """
    found: list[Reference] = []
    for token in " ".join(text.split()).replace(" ,", ",").replace(", ", ",").split():
        parts = [part for part in token.split(",") if part]
        if len(parts) <= 3:
            found += [_reference(parts)] if parts else []
        elif len(parts) % 3 == 0 and _is_time(parts[2]):
            # Triples joined by commas alone.
            found += [_reference(parts[at : at + 3]) for at in range(0, len(parts), 3)]
        else:
            found += [_reference([part]) for part in parts]
    return tuple(found)


def _reference(parts: list[str]) -> Reference:
    *names, last = parts
    sent = read_time(last) if names and _is_time(last) else None
    if sent is None and len(parts) < 3:
        names = parts
    sender = names[0] if len(names) > 1 else None
    return Reference(sender=sender, identifier=names[-1], sent=sent, text=",".join(parts))


def _is_time(text: str) -> bool:
    try:
        read_time(text)
    except Unreadable:
        return False
    return True


def _read_alert(element: etree._Element, xml: bytes, remarks: list[str]) -> CapAlert:
    block = Block(element, "", remarks)
    identifier, sender = block.required("identifier"), block.required("sender")
    for name, value in (("identifier", identifier), ("sender", sender)):
        if _NOT_IN_IDENTIFIERS.search(value):
            block.remark(f"<{name}> is {shortened(value)}; CAP allows no space, comma, < or & in it")
    try:
        sent = read_time(block.required("sent"))
    except Unreadable as unreadable:
        raise CapRefused(f"line {block.line_of('sent')}: <sent> {unreadable}") from unreadable
    status = _required_word(block, "status", Status)
    message_type = _required_word(block, "msgType", MessageType)
    scope = block.line("scope")
    if scope != "Public":
        block.remark(f"<scope> is {shortened(scope or 'missing')}; only Public is meant for everybody")
    references = _read_references(block, message_type)
    if any(inner is not element for inner in element.iter(*cap_xml.ALERT_TAGS)):
        block.remark("an alert inside this alert was left out")
    infos = tuple(_read_info(info) for info in block.blocks("info"))
    if not infos and message_type in (MessageType.ALERT, MessageType.UPDATE):
        block.remark("no <info>, so nothing is said about the hazard")
    return CapAlert(
        identifier=identifier,
        sender=sender,
        sent=sent,
        status=status,
        msg_type=message_type,
        scope=scope,
        source=block.line("source"),
        note=block.text("note"),
        references=references,
        incidents=tuple(
            quoted or plain for text in block.texts("incidents") for quoted, plain in _INCIDENT.findall(text)
        ),
        infos=infos,
        version=cap_xml.VERSIONS[str(etree.QName(element).namespace)],
        signed=element.find(_SIGNATURE) is not None,
        remarks=_not_too_many(remarks),
        xml=xml,
    )


_Word = TypeVar("_Word", Status, MessageType)


def _required_word(block: Block, name: str, words: type[_Word]) -> _Word:
    written = block.required(name)
    try:
        return words(written)
    except ValueError as error:
        raise CapRefused(
            f"line {block.line_of(name)}: <{name}> is {shortened(written)}; write one of {', '.join(words)}"
        ) from error


def _read_references(block: Block, message_type: MessageType) -> tuple[Reference, ...]:
    texts = block.texts("references")
    # Long texts are not even taken apart; no reference needs 200 letters.
    if sum(map(len, texts)) > 200 * _MOST_REFERENCES:
        raise _too_many_references(block)
    references = tuple(reference for text in texts for reference in read_references(text))
    if len(references) > _MOST_REFERENCES:
        raise _too_many_references(block)
    if not references and message_type is not MessageType.ALERT:
        block.remark(f"no <references>, so what this {message_type} is about is not known")
    return references


def _too_many_references(block: Block) -> CapRefused:
    return CapRefused(
        f"line {block.line_of('references')}: more than {_MOST_REFERENCES:,} references; "
        "name only the messages that this one is about"
    )


def _read_info(block: Block) -> CapInfo:
    event = block.line("event")
    if event is None:
        block.remark("no <event>")
    effective, onset, expires = (block.time(name) for name in ("effective", "onset", "expires"))
    if effective and expires and expires <= effective:
        block.remark("it expires before it takes effect")
    return CapInfo(
        language=block.line("language"),
        categories=block.texts("category"),
        event=event or "",
        response_types=block.texts("responseType"),
        urgency=block.choice("urgency", Urgency),
        severity=block.choice("severity", Severity),
        certainty=block.choice("certainty", Certainty),
        audience=block.line("audience"),
        effective=effective,
        onset=onset,
        expires=expires,
        sender_name=block.line("senderName"),
        headline=block.line("headline"),
        description=block.text("description"),
        instruction=block.text("instruction"),
        web=block.line("web"),
        contact=block.line("contact"),
        event_codes=_named_values(block, "eventCode"),
        parameters=_named_values(block, "parameter"),
        areas=tuple(_read_area(area) for area in block.blocks("area")),
    )


def _named_values(block: Block, name: str) -> tuple[NamedValue, ...]:
    return tuple(NamedValue(value_name=each, value=value) for each, value in block.named_values(name))


def _read_area(block: Block) -> CapArea:
    return CapArea(
        description=block.line("areaDesc") or "",
        polygons=tuple(_shapes(block, "polygon", _polygon)),
        circles=tuple(_shapes(block, "circle", _circle)),
        geocodes=tuple(
            Geocode(value_name=name, value=value) for name, value in block.named_values("geocode")
        ),
        altitude=block.number("altitude"),
        ceiling=block.number("ceiling"),
    )


_Shape = TypeVar("_Shape")


def _shapes(block: Block, name: str, read: Callable[[str], _Shape]) -> Iterator[_Shape]:
    for number, text in enumerate(block.texts(name), 1):
        try:
            yield read(text)
        except _NoShape as fault:
            block.remark(f"{name} {number} was left out: {fault}")


def _polygon(text: str) -> tuple[Position, ...]:
    points = tuple(_position(_POSITION.fullmatch(pair), pair) for pair in text.split())
    if len(points) < 3:
        raise _NoShape("it needs at least three different points")
    # CAP 1.2, 3.2.4 wants the first point again at the end; left open it has no other meaning.
    return points if points[0] == points[-1] else (*points, points[0])


def _circle(text: str) -> Circle:
    written = _CIRCLE.fullmatch(text)
    if written is None:
        raise _NoShape(f"{shortened(text)} is not 'latitude,longitude radius'")
    return Circle(center=_position(written, text), radius_km=float(written[3]))


def _position(written: re.Match[str] | None, text: str) -> Position:
    if written is None:
        raise _NoShape(f"{shortened(text)} is not 'latitude,longitude'")
    latitude, longitude = float(written[1]), float(written[2])
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
        raise _NoShape(f"{shortened(text)} is no place on earth; CAP writes the latitude first")
    return latitude, longitude


def _not_too_many(remarks: list[str]) -> tuple[str, ...]:
    more = len(remarks) - _MOST_REMARKS
    return (*remarks[:_MOST_REMARKS], f"and {more} more") if more > 0 else tuple(remarks)
