"""From bytes that anyone may have sent to the CAP alert elements in them, within fixed limits.

The bytes are decoded here, once, so that the guard against document types and the XML parser read
the very same characters; the parser (libxml2) never opens a file or the network and never expands
an entity.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from lxml import etree

from broadcasts.alerts.cap_model import CapRefused, Version

MOST_BYTES = 1_000_000
MOST_POINTS = 50_000
# Real alerts, in their envelopes, are about ten levels deep; libxml2 itself stops at 256.
MOST_LEVELS = 64
# A tag opens or closes an element; these three bound the work of the parser.
MOST_TAGS = 60_000
MOST_NAMESPACES = 1_000
MOST_ATTRIBUTES = 40
# Writing one element in its canonical form takes time by the square of these.
MOST_NAMESPACES_AT_ONCE = 60
# More than any real file has, and few enough to be read in a second.
MOST_ELEMENTS = {"alert": 1_000, "info": 1_000, "area": 10_000, "polygon": 1_000, "circle": 1_000}

VERSIONS: dict[str, Version] = {
    "urn:oasis:names:tc:emergency:cap:1.1": "1.1",
    "urn:oasis:names:tc:emergency:cap:1.2": "1.2",
}
ALERT_TAGS = tuple(f"{{{namespace}}}alert" for namespace in VERSIONS)

_MARKS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
_UNMARKED_STARTS = ((b"<\x00", "utf-16-le"), (b"\x00<", "utf-16-be"))
_WIDE = frozenset({"utf-16", "utf-16le", "utf-16be", "ucs-2", "iso-10646-ucs-2", "unicode"})
# Only these are read: Python knows "encodings" that are programs rather than character sets.
# cp874 is TIS-620 with the quotation marks and dashes that Windows adds.
_CODECS = {
    "utf-8": "utf-8", "utf8": "utf-8", "us-ascii": "utf-8", "ascii": "utf-8",
    "tis-620": "cp874", "tis620": "cp874", "iso-8859-11": "cp874", "windows-874": "cp874",
    "x-windows-874": "cp874", "cp874": "cp874",
    "latin1": "iso8859-1", "latin-1": "iso8859-1",
    **{f"iso-8859-{part}": f"iso8859-{part}" for part in (*range(1, 11), *range(13, 17))},
    **{f"windows-{page}": f"cp{page}" for page in range(1250, 1259)},
    **{f"cp{page}": f"cp{page}" for page in range(1250, 1259)},
}  # fmt: skip

_DECLARATION = re.compile(r"\s*<\?xml\s[^>]*\?>")
_DECLARED_ENCODING = re.compile(rb"\s*<\?xml\s[^>]*?encoding\s*=\s*[\"']([^\"'>]{1,40})[\"']")
_ATTRIBUTE = re.compile(r"=\s*[\"']")
# What may stand before the first element: space, processing instructions and comments.
_PROLOG = re.compile(r"(?:\s++|<\?.*?\?>|<!--.*?-->)*+", re.DOTALL)


@dataclass(frozen=True, kw_only=True, slots=True)
class Document:
    """The outermost alert elements of one file, in order, and what a person should know about it."""

    alerts: tuple[etree._Element, ...]
    remarks: tuple[str, ...]


def parse(data: bytes) -> Document:
    """The alerts in the bytes, alone or inside a feed or an envelope. Raises only CapRefused."""
    _refuse_long(data)
    text, remarks = _decode(data)
    if not text.strip():
        raise CapRefused("the file is empty; send the alert's XML")
    if declaration := _DECLARATION.match(text):
        # Empty lines in its place keep the line numbers of messages right.
        text = "\n" * declaration[0].count("\n") + text[declaration.end() :]
    _refuse_document_type(text)
    _refuse_costly_markup(text)
    root = _parse_xml(text)
    _check_limits(root)
    if text.count("xmlns") > MOST_NAMESPACES_AT_ONCE:
        _check_namespaces_at_once(root)
    alerts = tuple(_outermost_alerts(root))
    if not alerts:
        raise _no_alert(root)
    return Document(alerts=alerts, remarks=remarks)


def written_alone(alert: etree._Element) -> bytes:
    """The alert in Canonical XML 1.0 without comments, UTF-8."""
    plain = etree.tostring(alert, encoding="utf-8", xml_declaration=False, with_tail=False)
    try:
        # Made from the element inside its file, libxml2 would put its children into no namespace.
        return etree.tostring(_parse_xml(plain.decode("utf-8")), method="c14n", with_comments=False)
    except etree.C14NError:
        # Canonical XML has no form for a relative namespace address; the plain form keeps the words.
        return plain


def refuse_unreadable(xml: bytes) -> None:
    """Raises CapRefused when an alert, written alone, became too long or costly to be read again."""
    _refuse_long(xml)
    _refuse_costly_markup(xml.decode("utf-8"))


def local_name(element: etree._Element) -> str:
    return str(etree.QName(element).localname)


def text_of(element: etree._Element) -> str:
    """All text inside the element, also where someone put other elements into it."""
    return "".join(str(part) for part in element.itertext())


def _refuse_long(data: bytes) -> None:
    if len(data) > MOST_BYTES:
        raise CapRefused(
            f"the file has {len(data):,} bytes and at most {MOST_BYTES:,} are read; "
            "send simpler polygons or several files"
        )


def _decode(data: bytes) -> tuple[str, tuple[str, ...]]:
    for mark, codec in _MARKS:
        if data.startswith(mark):
            return _decoded(data[len(mark) :], codec), ()
    for start, codec in _UNMARKED_STARTS:
        if data.startswith(start):
            return _decoded(data, codec), ()
    declaration = _DECLARED_ENCODING.match(data)
    if declaration is None:
        return _decoded(data, "utf-8"), ()
    name = declaration[1].decode("ascii", "replace").strip()
    if name.casefold() in _WIDE:
        # A program that wrote a string of its own memory to a UTF-8 file leaves this behind; bytes
        # that were really UTF-16 could not have been read this far.
        return _decoded(data, "utf-8"), (f"the file says it is {name} but is written in UTF-8",)
    codec = _CODECS.get(name.casefold().replace("_", "-"), "")
    if not codec:
        raise CapRefused(f"line 1 declares the encoding {name!r}, which is not read; save the file as UTF-8")
    if codec != "utf-8" and not data.isascii() and _is_utf_8(data):
        # Text of a one-byte encoding is practically never valid UTF-8, the reverse always is.
        return _decoded(data, "utf-8"), (f"the file says it is {name} but is written in UTF-8",)
    return _decoded(data, codec), ()


def _decoded(data: bytes, codec: str) -> str:
    try:
        return data.decode(codec)
    except UnicodeDecodeError as error:
        raise CapRefused(
            f"byte {error.start + 1} of the file is not {codec.upper()}; "
            "save the file in the encoding that its first line declares"
        ) from error


def _is_utf_8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _refuse_document_type(text: str) -> None:
    prolog = _PROLOG.match(text)
    start = prolog.end() if prolog else 0
    if text[start : start + 9].casefold() != "<!doctype":
        return
    line = text.count("\n", 0, start) + 1
    if text[start : start + 14].casefold() == "<!doctype html":
        raise CapRefused("this is a web page, not an alert; check the address of the feed")
    raise CapRefused(
        f"line {line} has a document type declaration, which could hide entities or other files; remove it"
    )


def _refuse_costly_markup(text: str) -> None:
    """Refuses what takes libxml2 minutes in less than the most bytes, before it is given to it.

    80,000 attributes of one element take it 43 s, 20,000 namespaces used by 60,000 elements 19 s.
    """
    tags = text.split("<")
    attributes = max(len(_ATTRIBUTE.findall(tag)) for tag in tags)
    for what, found, most in (
        # An empty element is two tags in canonical form.
        ("tags", len(tags) - 1 + text.count("/>"), MOST_TAGS),
        ("namespace declarations", text.count("xmlns"), MOST_NAMESPACES),
        ("attributes in one tag", attributes, MOST_ATTRIBUTES),
    ):
        if found > most:
            raise CapRefused(f"the file has {found:,} {what} and at most {most:,} are read; send it in parts")


def _parse_xml(text: str) -> etree._Element:
    parser = etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        recover=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(text.encode("utf-8"), parser)
    except etree.XMLSyntaxError as error:
        if getattr(error, "code", 0) == etree.ErrorTypes.ERR_RESOURCE_LIMIT:  # lxml's stubs lack it
            raise _too_deep() from error
        place = f"line {error.lineno}: " if error.lineno else ""
        fault = re.sub(r", line \d+.*", "", " ".join(str(error.msg).split()))[:150]
        raise CapRefused(
            f"{place}the file is not well-formed XML ({fault}); send it as it was issued"
        ) from error
    if root.getroottree().docinfo.internalDTD is not None:
        raise CapRefused("the file has a document type declaration, which could hide entities; remove it")
    return root


def _check_limits(root: etree._Element) -> None:
    counted: Counter[str] = Counter()
    level, depth, points = [root], 0, 0
    while level:
        depth += 1
        if depth > MOST_LEVELS:
            raise _too_deep()
        for element in level:
            namespace, _, name = str(element.tag).rpartition("}")
            if namespace[1:] in VERSIONS and name in MOST_ELEMENTS:
                counted[name] += 1
                if name == "polygon":
                    points += len(text_of(element).split())
        level = [child for element in level for child in element]
    for name, most in MOST_ELEMENTS.items():
        if counted[name] > most:
            raise CapRefused(
                f"the file has {counted[name]:,} <{name}> elements and at most {most:,} are read; "
                "send it in parts"
            )
    if points > MOST_POINTS:
        raise CapRefused(
            f"the polygons have {points:,} points and at most {MOST_POINTS:,} are read; send simpler polygons"
        )


def _check_namespaces_at_once(root: etree._Element) -> None:
    known = 0
    for event, _ in etree.iterwalk(root, events=("start-ns", "end-ns")):
        known += 1 if event == "start-ns" else -1
        if known > MOST_NAMESPACES_AT_ONCE:
            raise CapRefused(
                f"more than {MOST_NAMESPACES_AT_ONCE} namespaces are declared around one element; "
                "leave those that the alert does not use"
            )


def _too_deep() -> CapRefused:
    return CapRefused(
        f"elements are nested deeper than {MOST_LEVELS} levels; an alert needs about ten; send it as issued"
    )


def _outermost_alerts(root: etree._Element) -> Iterator[etree._Element]:
    for alert in root.iter(*ALERT_TAGS):
        if not any(around.tag in ALERT_TAGS for around in alert.iterancestors()):
            yield alert


def _no_alert(root: etree._Element) -> CapRefused:
    for element in root.iter("{*}alert"):
        namespace = etree.QName(element).namespace
        named = f"the namespace {namespace[:80]!r}" if namespace else "no namespace"
        return CapRefused(
            f"line {element.sourceline}: <alert> is in {named}; "
            'CAP 1.2 needs xmlns="urn:oasis:names:tc:emergency:cap:1.2"'
        )
    return CapRefused(
        f"line {root.sourceline}: no alert is inside <{local_name(root)[:40]}>; "
        "if this is a feed's index, send the alert files that it links to"
    )
