import csv
import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from broadcasts.alerts.cap import read_cap, read_references
from broadcasts.alerts.cap_model import (
    Certainty,
    Circle,
    Geocode,
    MessageType,
    NamedValue,
    Reference,
    Severity,
    Status,
    Urgency,
)
from tests.broadcasts.alerts.cap_texts import (
    DATA,
    SENT,
    alert_xml,
    area_xml,
    info_xml,
    read_one,
    refusal_of,
)
from tests.shared_files import shared

SENT_AT = datetime(2026, 9, 25, 9, 34, tzinfo=UTC)

# A file that breaks the schema is read all the same unless it cannot say who, when, what kind.
REFUSED_ALTHOUGH_XML = {"cap-ts__optional-properties-1.xml": "<sent> 'bigboi' is no time"}
REFUSAL_OF_VERDICT = {
    "no-alert": "no alert is inside",
    "refused": "document type declaration",
    "malformed": "is not UTF-8",
}


def test_a_real_alert_is_read_whole() -> None:
    (alert,) = read_cap((DATA / "tmd_alert.xml").read_bytes())
    assert (alert.identifier, alert.sender, alert.sent) == ("TMD20260925163420_2", "TMD", SENT_AT)
    assert (alert.status, alert.msg_type, alert.scope) == (Status.ACTUAL, MessageType.ALERT, "Public")
    assert (alert.version, alert.signed, alert.references, alert.remarks) == ("1.2", False, (), ())
    (info,) = alert.infos
    assert (info.language, info.categories, info.event) == ("th-TH", ("Met",), "Heavy Rain")
    assert (info.urgency, info.severity, info.certainty) == (
        Urgency.IMMEDIATE,
        Severity.SEVERE,
        Certainty.LIKELY,
    )
    assert info.effective == datetime(2026, 9, 25, 11, 1, tzinfo=UTC)
    assert info.expires == datetime(2026, 9, 26, 9, 34, tzinfo=UTC)
    assert info.onset is None
    assert info.headline == "พื้นที่เสี่ยงภัยฝนตกหนักบริเวณประเทศไทย"
    assert info.instruction is not None
    assert info.instruction.count("\n\n") == 1
    (area,) = info.areas
    assert area.description.startswith("อ่างทอง ลพบุรี")
    assert len(area.geocodes) == 27
    assert area.geocodes[0] == Geocode(value_name="ISO3166-2", value="TH-15")


@pytest.mark.parametrize(
    ("name", "status", "kind", "references"),
    [
        ("tmd_update.xml", Status.ACTUAL, MessageType.UPDATE, ["CAPTMD20260925163420_2.xml"]),
        (
            "tmd_cancel.xml",
            Status.ACTUAL,
            MessageType.CANCEL,
            ["TMD20260925163420_2", "TMD20260925220005_2"],
        ),
        ("tmd_exercise.xml", Status.EXERCISE, MessageType.ALERT, []),
    ],
)
def test_later_messages_and_exercises_are_read(
    name: str, status: Status, kind: MessageType, references: list[str]
) -> None:
    (alert,) = read_cap((DATA / name).read_bytes())
    assert (alert.status, alert.msg_type, alert.remarks) == (status, kind, ())
    assert [reference.identifier for reference in alert.references] == references


def test_every_sample_is_read_or_refused_as_its_list_says() -> None:
    folder = shared("peers/cap/samples")
    with (folder / "MANIFEST.tsv").open(encoding="utf-8") as listed:
        rows = list(csv.DictReader(listed, delimiter="\t"))
    assert {row["file"] for row in rows} == {path.name for path in folder.iterdir()} - {"MANIFEST.tsv"}
    for row in rows:
        data = (folder / row["file"]).read_bytes()
        reason = REFUSED_ALTHOUGH_XML.get(row["file"]) or REFUSAL_OF_VERDICT.get(row["verdict"])
        if reason:
            assert reason in refusal_of(data), row["file"]
            continue
        alerts = read_cap(data)
        assert len(alerts) == int(row["alerts"]), row["file"]
        assert {alert.version for alert in alerts} == {row["cap_version"]}, row["file"]
        assert alerts[0].signed == ("signed" in row["features"].split()), row["file"]
        for alert in alerts:
            (again,) = read_cap(alert.xml)
            assert replace(again, remarks=()) == replace(alert, remarks=()), row["file"]


def test_everything_that_an_alert_can_hold_is_read() -> None:
    alert = read_one(
        alert_xml(
            "<source>น้ำ 1</source><note>two\nlines</note>"
            "<references>TMD,A1,2026-09-25T16:34:00+07:00</references>"
            '<incidents>flood "Ping river"</incidents>'
            + info_xml(
                "<responseType>Evacuate</responseType><responseType>Monitor</responseType>"
                "<audience>farmers</audience><onset>2026-09-25T17:00:00Z</onset>"
                "<senderName>TMD</senderName><web>https://example.org</web><contact>1182</contact>"
                "<eventCode><valueName>SAME</valueName><value>FLW</value></eventCode>"
                "<parameter><valueName>Level</valueName><value>3.7 m</value></parameter>"
                + area_xml(
                    "Ping",
                    ("DOPA", "5001"),
                    inside="<polygon>18,98 19,98 19,99 18,98</polygon><circle>18.5,98.5 12.5</circle>"
                    "<altitude>100</altitude><ceiling>200.5</ceiling>",
                )
            )
        )
    )
    assert (alert.source, alert.note, alert.incidents) == ("น้ำ 1", "two\nlines", ("flood", "Ping river"))
    assert alert.references == (
        Reference(sender="TMD", identifier="A1", sent=SENT_AT, text=f"TMD,A1,{SENT}"),
    )
    (info,) = alert.infos
    assert info.response_types == ("Evacuate", "Monitor")
    assert (info.audience, info.sender_name, info.web, info.contact) == (
        "farmers",
        "TMD",
        "https://example.org",
        "1182",
    )
    assert info.onset == datetime(2026, 9, 25, 17, tzinfo=UTC)
    assert info.event_codes == (NamedValue(value_name="SAME", value="FLW"),)
    assert info.parameters == (NamedValue(value_name="Level", value="3.7 m"),)
    (area,) = info.areas
    assert area.polygons == (((18.0, 98.0), (19.0, 98.0), (19.0, 99.0), (18.0, 98.0)),)
    assert area.circles == (Circle(center=(18.5, 98.5), radius_km=12.5),)
    assert (area.altitude, area.ceiling) == (100.0, 200.5)
    assert alert.remarks == ()


def test_prefixes_envelopes_and_the_older_version_are_read() -> None:
    old = alert_xml(info_xml(), namespace="urn:oasis:names:tc:emergency:cap:1.1")
    prefixed = re.sub(r"<(/?)(?=\w)", r"<\1cap:", old).replace("xmlns=", "xmlns:cap=")
    wrapped = (
        f"<EDXLDistribution xmlns='urn:edxl'><contentObject>{prefixed}</contentObject></EDXLDistribution>"
    )
    alert = read_one(wrapped)
    assert (alert.version, alert.infos[0].event) == ("1.1", "Flood")


def test_several_alerts_are_read_one_by_one() -> None:
    alerts = read_cap(f"<alerts>{alert_xml(identifier='A')}tail{alert_xml(identifier='B')}</alerts>".encode())
    assert [alert.identifier for alert in alerts] == ["A", "B"]
    assert [read_cap(alert.xml)[0].identifier for alert in alerts] == ["A", "B"]
    assert b"tail" not in alerts[0].xml


def test_one_bad_alert_does_not_silence_the_others_but_is_named() -> None:
    xml = f"<feed>{alert_xml()}{alert_xml(status='Live')}</feed>"
    (alert,) = read_cap(xml.encode())
    assert alert.remarks[-1] == (
        "refused in the same file: alert 2 of 2: line 1: <status> is 'Live'; "
        "write one of Actual, Exercise, System, Test, Draft"
    )


def test_when_no_alert_can_be_read_the_first_says_why() -> None:
    reason = refusal_of(f"<feed>{alert_xml(sent=None)}{alert_xml(status='Live')}</feed>".encode())
    assert reason == "alert 1 of 2: line 1: the alert has no <sent>; add it as CAP requires"


@pytest.mark.parametrize("name", ["identifier", "sender", "sent", "status", "msgType"])
def test_what_identifies_an_alert_must_be_there_once(name: str) -> None:
    whole = alert_xml()
    element = re.search(f"<{name}>.*?</{name}>", whole)
    assert element is not None
    for missing in ("", f"<{name}> \n</{name}>"):
        assert f"no <{name}>" in refusal_of(whole.replace(element[0], missing).encode())
    assert f"2 different <{name}>" in refusal_of(alert_xml(f"<{name}>other</{name}>").encode())


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"status": "actual"}, "<status> is 'actual'; write one of Actual, Exercise, System, Test, Draft"),
        ({"msgType": "Warning"}, "<msgType> is 'Warning'; write one of Alert, Update, Cancel, Ack, Error"),
        ({"sent": "2026-09-25T16:34:00"}, "has no time zone; end it with +07:00 for Thailand"),
        ({"sent": "2569-09-25T16:34:00+07:00"}, "write the year of the common era, not B.E."),
        ({"sent": "2026-02-30T16:34:00+07:00"}, "is no date and time of the calendar"),
        ({"sent": "2026-09-25"}, "is no time; write it like 2026-09-25T16:34:00+07:00"),
    ],
)
def test_kind_and_time_are_never_guessed(changed: dict[str, str], reason: str) -> None:
    assert reason in refusal_of(alert_xml(**changed).encode())


@pytest.mark.parametrize(
    "written", ["2026-09-25T09:34:00Z", "2026-09-25 16:34+0700", "2026-09-25T09:34:00.000-00:00"]
)
def test_times_are_read_in_the_forms_that_occur(written: str) -> None:
    assert read_one(alert_xml(sent=written)).sent == SENT_AT


@pytest.mark.parametrize(
    ("inside", "remark"),
    [
        (info_xml(severity="Red"), "info 1: <severity> is 'Red', which CAP does not have"),
        (info_xml(severity="SEVERE"), "info 1: <severity> is 'SEVERE', read as Severe"),
        (info_xml(urgency=None), "info 1: no <urgency>, so it counts as Unknown"),
        (info_xml(event=None), "info 1: no <event>"),
        (
            info_xml(expires="2026-09-26T16:34:00"),
            "info 1: <expires> was left out: '2026-09-26T16:34:00' has no",
        ),
        (info_xml(onset="tonight"), "info 1: <onset> was left out: 'tonight' is no time"),
        (info_xml("<event>Storm</event>"), "info 1: <event> is there 2 times and the first was taken"),
        (
            info_xml(effective="2026-09-26T16:34:00Z", expires="2026-09-25T16:34:00Z"),
            "info 1: it expires before it takes effect",
        ),
        (
            info_xml(area_xml(inside="<polygon>1,2 3,4</polygon>")),
            "info 1, area 1: polygon 1 was left out: it nee",
        ),
        (
            info_xml(area_xml(inside="<polygon>98,18 99,18 99,19 98,18</polygon>")),
            "info 1, area 1: polygon 1 was left out: '98,18' is no place on earth; CAP writes the latitude first",
        ),
        (
            info_xml(area_xml(inside="<polygon>nan,1 1,1 1,1</polygon>")),
            "'nan,1' is not 'latitude,longitude'",
        ),
        (info_xml(area_xml(inside="<circle>18,98</circle>")), "circle 1 was left out: '18,98' is not"),
        (
            info_xml(area_xml(inside="<altitude>high</altitude>")),
            "<altitude> was left out: 'high' is no number",
        ),
        (info_xml("<eventCode><value>FLW</value></eventCode>"), "info 1, eventCode 1: left out"),
        (alert_xml(), "an alert inside this alert was left out"),
        ("", "no <info>, so nothing is said about the hazard"),
    ],
)
def test_what_was_left_out_or_corrected_is_remarked(inside: str, remark: str) -> None:
    remarks = read_one(alert_xml(inside)).remarks
    assert any(remark in each for each in remarks), remarks


@pytest.mark.parametrize(
    ("changed", "remark"),
    [
        ({"scope": "Private"}, "<scope> is 'Private'; only Public is meant for everybody"),
        ({"scope": ""}, "<scope> is 'missing'; only Public is meant for everybody"),
        ({"identifier": "A B"}, "<identifier> is 'A B'; CAP allows no space, comma, < or & in it"),
        ({"msgType": "Cancel"}, "no <references>, so what this Cancel is about is not known"),
    ],
)
def test_what_a_person_should_see_is_remarked(changed: dict[str, str], remark: str) -> None:
    assert remark in read_one(alert_xml(info_xml(), **changed)).remarks


def test_wrong_words_in_info_blocks_count_as_unknown() -> None:
    (info,) = read_one(alert_xml(info_xml(severity="Red", urgency="Now", certainty="Very Likely"))).infos
    assert (info.severity, info.urgency, info.certainty) == (
        Severity.UNKNOWN,
        Urgency.UNKNOWN,
        Certainty.LIKELY,
    )


def test_an_open_polygon_is_closed() -> None:
    alert = read_one(alert_xml(info_xml(area_xml(inside="<polygon>1,2 3,4 5,6</polygon>"))))
    assert alert.infos[0].areas[0].polygons == (((1.0, 2.0), (3.0, 4.0), (5.0, 6.0), (1.0, 2.0)),)


def test_remarks_do_not_flood_the_page() -> None:
    remarks = read_one(alert_xml(info_xml() + "<info/>" * 300)).remarks
    assert len(remarks) == 51
    assert re.fullmatch(r"and 1,?\d+ more", remarks[-1])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        (f"TMD,A1,{SENT}", [("TMD", "A1", True)]),
        (f"TMD,A1,{SENT}  \n TMD,A2,{SENT}", [("TMD", "A1", True), ("TMD", "A2", True)]),
        (f"TMD , A1, {SENT}", [("TMD", "A1", True)]),
        (f"TMD,A1,{SENT},TMD,A2,{SENT}", [("TMD", "A1", True), ("TMD", "A2", True)]),
        ("A1", [(None, "A1", False)]),
        ("A1 A2", [(None, "A1", False), (None, "A2", False)]),
        (f"A1,{SENT}", [(None, "A1", True)]),
        ("TMD,A1", [("TMD", "A1", False)]),
        ("TMD,A1,yesterday", [("TMD", "A1", False)]),
        ("A1,A2,A3,A4", [(None, "A1", False), (None, "A2", False), (None, "A3", False), (None, "A4", False)]),
        ("CAPTMD20260925163420_2.xml", [(None, "CAPTMD20260925163420_2.xml", False)]),
        (",,", []),
    ],
)
def test_references_are_read_as_feeds_write_them(
    text: str, expected: list[tuple[str | None, str, bool]]
) -> None:
    found = [(each.sender, each.identifier, each.sent is not None) for each in read_references(text)]
    assert found == expected


def test_messages_point_at_the_line() -> None:
    xml = '<?xml version="1.0"\n?>\n' + alert_xml(status="Live").replace("><", ">\n<")
    assert refusal_of(xml.encode()).startswith("line 7: <status> is 'Live'")
