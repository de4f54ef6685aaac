"""Messages that citizens send by SMS, in the one form in which they wait in the inbox.

A gateway's parameters are kept as they came, percent-encoded, so that a text in a broken encoding is not lost: an
officer can still look at its bytes.
"""

import codecs
import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from urllib.parse import parse_qsl, urlencode
from uuid import uuid4

from bot.receiving import ReadEvent
from bot.text.phone_numbers import sender_address
from handlers.understanding.keywords import sounds_urgent
from storage.inbox import ReceivedEvent
from storage.replies import Incoming, IncomingKind

Parameters = Sequence[tuple[bytes, bytes]]

KEPT = (b"from", b"to", b"text", b"charset", b"coding", b"time", b"id", b"smsc")
"""What is stored of a gateway's request; above all not the token."""

MOST_FIELDS = 50
_CHARSETS = frozenset(
    (
        "utf-8",
        "utf-16",
        "utf-16-be",
        "utf-16-le",
        "ascii",
        "iso8859-1",
        "iso8859-11",
        "cp1252",
        "cp874",
        "tis-620",
    )
)
_LONGEST_ID = 100
_TIME_FORMAT = "%Y-%m-%d %H:%M:%S"


def parameters(query: bytes) -> Parameters:
    """The fields of a query string or form, percent-decoded to bytes; anything at all is read, nothing raises."""
    fields = b"&".join(query.split(b"&", MOST_FIELDS)[:MOST_FIELDS])
    pairs = parse_qsl(fields.decode("latin-1"), keep_blank_values=True, encoding="latin-1")
    return tuple((name.encode("latin-1"), value.encode("latin-1")) for name, value in pairs)


def received_event(account_id: int, fields: Parameters) -> ReceivedEvent | None:
    """The event of a message that a gateway brings (Kannel's %p %P %a %C %c %t %I); None when no telephone sent it.

    The same message brought again has the same event id: the gateway's own, else a hash of sender, time and text.
    Without either nothing tells a repetition from somebody who says the same twice, so both are kept.
    """
    known = _known(fields)
    sender = sender_address(_ascii(known.get(b"from", b"")))
    if sender is None:
        return None
    body = urlencode(sorted(known.items())).encode("ascii")
    return ReceivedEvent(
        account_id=account_id,
        event_id=_event_id(known),
        sender=sender,
        body=body,
        urgent=sounds_urgent(_text(known)),
    )


def event_of_text(account_id: int, sender: str, text: str, event_id: str) -> ReceivedEvent | None:
    """As `received_event`, for a message whose text is known already (SMPP)."""
    fields = {b"from": sender, b"text": text, b"charset": "UTF-8", b"id": event_id}
    return received_event(
        account_id, [(name, value.encode("utf-8", "replace")) for name, value in fields.items()]
    )


def read_event(body: bytes) -> ReadEvent:
    """What a citizen wrote, from an event that `received_event` made."""
    known = _known(parameters(body))
    return ReadEvent(
        incoming=Incoming(kind=IncomingKind.TEXT, text=_text(known).strip(), happened_at=_happened_at(known))
    )


def _known(fields: Parameters) -> dict[bytes, bytes]:
    """The last of several fields of one name counts."""
    return {name.lower(): value for name, value in fields if name.lower() in KEPT}


def _text(known: Mapping[bytes, bytes]) -> str:
    """The text in the charset that the gateway names; where that fails, what can be read of it."""
    raw = known.get(b"text", b"")
    named = _charset(_ascii(known.get(b"charset", b"")))
    wide = named.startswith("utf-16") if named else known.get(b"coding") == b"2"
    tried = (named or "utf-16-be",) if wide else (named or "utf-8", "utf-8", "cp874")
    for charset in tried:
        try:
            return _storable(raw.decode(charset))
        except UnicodeDecodeError:
            continue
    return _storable(raw.decode(tried[0] if wide else "utf-8", "replace"))


def _charset(name: str) -> str:
    """Python's name of a charset in which gateways speak, '' for all else: a codec may be anything."""
    try:
        known = codecs.lookup(name.strip()).name
    except (LookupError, ValueError):
        return ""
    return known if known in _CHARSETS else ""


def _storable(text: str) -> str:
    """Without NUL and lone surrogates, which PostgreSQL does not store."""
    return text.replace("\0", "").encode("utf-8", "replace").decode("utf-8")


def _event_id(known: Mapping[bytes, bytes]) -> str:
    given = _ascii(known.get(b"id", b""))
    if given and len(given) <= _LONGEST_ID and given.isprintable():
        return given
    if given or known.get(b"time"):
        told = [known.get(name, b"") for name in (b"id", b"from", b"to", b"time", b"text")]
        return "sha256:" + hashlib.sha256(repr(told).encode("ascii")).hexdigest()
    return f"once:{uuid4()}"


def _happened_at(known: Mapping[bytes, bytes]) -> datetime | None:
    """Kannel's %t is YYYY-MM-DD HH:MM:SS in UTC."""
    try:
        return datetime.strptime(_ascii(known.get(b"time", b"")), _TIME_FORMAT).replace(tzinfo=UTC)
    except ValueError:
        return None


def _ascii(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")
