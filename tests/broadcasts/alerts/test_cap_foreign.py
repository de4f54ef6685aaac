"""What Krajai publishes, read and written again by a CAP library that shares no code with it, keeps every field."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import capparser
import pytest
import xmlschema
from lxml import etree

from broadcasts.alerts.cap import read_cap
from broadcasts.alerts.composing import InWords, compose
from broadcasts.sources import BANGKOK
from storage.alerts import Alert
from tests.broadcasts.alerts.test_composing import composed
from tests.builders import NOW
from tests.shared_files import shared

DATA = Path(__file__).parent / "data"

BEFORE = Alert(
    identifier="krajai-1", sender="krajai", sent=NOW - timedelta(hours=1), status="Actual", msg_type="Alert",
    expires_at=NOW, origin="console", cap=b"", imported_at=NOW,
)  # fmt: skip
EVERYTHING = composed(
    "emergency",
    "flood",
    identifier="krajai-2",
    places=("5709", "570901", "5708"),
    words={
        language: InWords(
            headline=f"{word} <&> \"'",
            evidence=f"{word}\nสองบรรทัด",
            value=word,
            instruction=f"{word} 1669",
            parameters={"krajai:where": word, "krajai:level": "30 ซม."},
        )
        for language, word in (("th", "น้ำท่วม ปั๊ที่น้ำกุ้ง"), ("en", "Flood"), ("my", "ရေကြီး"))
    },
    onset=NOW + timedelta(hours=1),
    source="ปภ.",
    agency={"th": "ปภ.เชียงราย", "en": "Chiang Rai DDPM"},
    web="https://krajai.example.go.th/alerts/2",
    contact="1784",
    category="Met",
)
OURS = {
    "alert": EVERYTHING,
    "exercise": replace(EVERYTHING, status="Exercise"),
    "update": replace(EVERYTHING, replaces=BEFORE),
    "cancel": replace(EVERYTHING, replaces=BEFORE, withdrawn=True),
    "all clear": replace(EVERYTHING, replaces=BEFORE, over=True),
}


def fields(document: bytes) -> list[tuple[str, str]]:
    """Every element that holds a text, with its path, in order."""
    found = []
    for element in etree.fromstring(document).iter("*"):
        if not len(element):
            path = [each.tag for each in (*reversed(list(element.iterancestors())), element)]
            found.append(("/".join(path), (element.text or "").strip()))
    return found


def through(document: bytes) -> bytes:
    """The document as the other library writes it after reading it."""
    written: bytes = capparser.deparse(capparser.parse(stringXML=document))
    return written


@pytest.mark.parametrize("kind", OURS)
def test_a_foreign_parser_keeps_every_field_of_ours(kind: str) -> None:
    document = compose(OURS[kind], BANGKOK)
    written = through(document)
    assert fields(written) == fields(document)
    (ours,), (theirs,) = read_cap(document), read_cap(written)
    assert replace(theirs, xml=ours.xml) == ours
    read = capparser.parse(stringXML=document)
    said = (read.getIdentifier(), read.getSender(), read.getSent(), read.getStatus(), read.getMsgType())
    assert [str(each) for each in said] == [
        ours.identifier, ours.sender, ours.sent.astimezone(BANGKOK).isoformat(), ours.status, ours.msg_type,
    ]  # fmt: skip
    assert [len(info.area[0][0].geocode[0]) for info in read.info[0]] == [3, 3, 3]


@pytest.mark.shared
@pytest.mark.parametrize("kind", OURS)
def test_ours_and_theirs_are_cap_by_the_schema_of_oasis(kind: str) -> None:
    schema = xmlschema.XMLSchema(str(shared("peers/cap/CAP-v1.2.xsd")))
    document = compose(OURS[kind], BANGKOK)
    for written in (document, through(document)):
        schema.validate(written.decode())


@pytest.mark.parametrize("file", sorted(DATA.glob("tmd_*.xml")), ids=lambda file: file.stem)
def test_what_others_wrote_is_read_the_same_after_the_foreign_parser(file: Path) -> None:
    document = file.read_bytes()
    assert fields(through(document)) == fields(document)
    (ours,), (theirs,) = read_cap(document), read_cap(through(document))
    assert replace(theirs, xml=ours.xml) == ours
