import pytest

from broadcasts.alerts.cap import read_cap
from tests.broadcasts.alerts.cap_texts import NAMESPACE, alert_xml, area_xml, info_xml, read_one, refusal_of


@pytest.mark.parametrize(
    ("data", "event"),
    [
        pytest.param(b"\xef\xbb\xbf" + alert_xml(info_xml(event="น้ำท่วม")).encode(), "น้ำท่วม", id="mark"),
        pytest.param(alert_xml(info_xml(event="น้ำท่วม")).encode("utf-16"), "น้ำท่วม", id="UTF-16"),
        pytest.param(
            ('<?xml version="1.0" encoding="UTF-16"?>' + alert_xml(info_xml())).encode("utf-16-be"),
            "Flood",
            id="UTF-16 without mark",
        ),
        pytest.param(
            ("<?xml version='1.0' encoding='TIS-620'?>" + alert_xml(info_xml(event="น้ำท่วม"))).encode(
                "tis-620"
            ),
            "น้ำท่วม",
            id="TIS-620",
        ),
        pytest.param(
            (
                '<?xml version="1.0" encoding="ISO-8859-1"?>' + alert_xml(info_xml(event="pluie à l'est"))
            ).encode("iso-8859-1"),
            "pluie à l'est",
            id="ISO-8859-1",
        ),
        pytest.param(
            b"\r\n" + alert_xml(info_xml()).replace("><", ">\r\n<").encode(),
            "Flood",
            id="CRLF and empty line",
        ),
        pytest.param(
            alert_xml(info_xml(event="a&lt;b<!-- c --><![CDATA[ & ]]>d")).encode(), "a<b & d", id="CDATA"
        ),
    ],
)
def test_bytes_of_many_kinds_are_read(data: bytes, event: str) -> None:
    (alert,) = read_cap(data)
    assert (alert.infos[0].event, alert.remarks) == (event, ())


@pytest.mark.parametrize("declared", ["utf-16", "windows-874", "ISO-8859-1"])
def test_utf_8_that_declares_something_else_is_read_as_utf_8(declared: str) -> None:
    xml = f'<?xml version="1.0" encoding="{declared}"?>' + alert_xml(info_xml(event="น้ำท่วม"))
    (alert,) = read_cap(xml.encode())
    assert alert.infos[0].event == "น้ำท่วม"
    assert alert.remarks == (f"the file says it is {declared} but is written in UTF-8",)


def test_the_xml_is_canonical_and_stays_so() -> None:
    xml = f'<w xmlns:u="urn:u">{alert_xml("<!-- c -->" + info_xml())}</w>'
    alert = read_one(xml)
    assert alert.xml.startswith(f'<alert xmlns="{NAMESPACE}" xmlns:u="urn:u"><identifier>'.encode())
    assert b"<!--" not in alert.xml
    assert read_one(alert.xml.decode()).xml == alert.xml


def test_a_relative_namespace_address_does_not_stop_an_alert() -> None:
    assert read_one(alert_xml("<x:y xmlns:x='x'/>" + info_xml())).infos[0].event == "Flood"


LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
MANY_ATTRIBUTES = " ".join(f'a{n}="1"' for n in range(80_000))


def declarations(first: int, end: int) -> str:
    return " ".join(f'xmlns:a{number}="u:{number}"' for number in range(first, end))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        pytest.param(b"", "the file is empty", id="empty"),
        pytest.param(b"\xef\xbb\xbf \n", "the file is empty", id="only a mark"),
        pytest.param(b"hello", "line 1: the file is not well-formed XML", id="no XML"),
        pytest.param(alert_xml()[:-5].encode(), "not well-formed XML", id="cut off"),
        pytest.param(b"<!DOCTYPE html><html></html>", "this is a web page, not an alert", id="web page"),
        pytest.param(
            b"<rss><channel/></rss>", "no alert is inside <rss>; if this is a feed's index", id="index"
        ),
        pytest.param(
            b"<alert><status>Actual</status></alert>", "<alert> is in no namespace", id="no namespace"
        ),
        pytest.param(
            alert_xml(namespace="http://www.incident.com/cap/1.0").encode(),
            "line 1: <alert> is in the namespace 'http://www.incident.com/cap/1.0'; CAP 1.2 needs",
            id="CAP 1.0",
        ),
        pytest.param(
            b"<?xml version='1.0'?>\n<!-- c -->\n<!DOCTYPE alert [<!ENTITY x SYSTEM 'file.txt'>]>\n"
            + alert_xml("&x;").encode(),
            "line 3 has a document type declaration",
            id="XXE",
        ),
        pytest.param(
            f'<!DOCTYPE a [<!ENTITY l0 "ha">{LAUGHS}]>{alert_xml("&l9;")}'.encode(),
            "line 1 has a document type declaration",
            id="billion laughs",
        ),
        pytest.param(
            f'<!DOCTYPE a [<!ENTITY a "{"x" * 50_000}">]>{alert_xml("&a;" * 50_000)}'.encode("utf-16"),
            "line 1 has a document type declaration",
            id="quadratic blow-up in UTF-16",
        ),
        pytest.param(alert_xml("&x;").encode(), "Entity 'x' not defined", id="undeclared entity"),
        pytest.param(b"<a>" * 200_000, "tags and at most 60,000 are read", id="200,000 levels"),
        pytest.param(b"<a>" * 29_000 + b"</a>" * 29_000, "deeper than 64 levels", id="29,000 levels"),
        pytest.param(
            alert_xml("<a>" * 64 + "</a>" * 64).encode(),
            "elements are nested deeper than 64 levels",
            id="65 levels",
        ),
        pytest.param(b" " * 1_000_001, "1,000,001 bytes and at most 1,000,000 are read", id="over 1 MB"),
        pytest.param(
            alert_xml(info_xml(area_xml(inside="<polygon>" + "1,1 " * 50_001 + "</polygon>"))).encode(),
            "the polygons have 50,001 points and at most 50,000 are read",
            id="50,001 points",
        ),
        pytest.param(
            alert_xml(info_xml(area_xml(inside="<polygon/>" * 1_001))).encode(),
            "1,001 <polygon> elements and at most 1,000 are read",
            id="1,001 polygons",
        ),
        pytest.param(alert_xml("<info/>" * 1_001).encode(), "1,001 <info> elements", id="1,001 info blocks"),
        pytest.param(alert_xml("<a/>" * 200_000).encode(), "tags and at most 60,000 are read", id="tags"),
        pytest.param(f"<a {MANY_ATTRIBUTES}/>".encode(), "80,000 attributes in one tag", id="attributes"),
        pytest.param(
            f"<a {declarations(0, 30_000)}/>".encode(), "30,000 namespace declarations", id="namespaces"
        ),
        pytest.param(
            f"<w {declarations(0, 39)}><w {declarations(39, 78)}>{alert_xml()}</w></w>".encode(),
            "more than 60 namespaces are declared around one element",
            id="namespaces around",
        ),
        pytest.param(
            alert_xml("<references>" + "a " * 400_000 + "</references>").encode(),
            "more than 1,000 references",
            id="references",
        ),
        pytest.param(
            alert_xml("<references>" + "a " * 1_001 + "</references>").encode(),
            "more than 1,000 references",
            id="1,001 references",
        ),
        pytest.param(alert_xml("\x00").encode(), "not well-formed XML", id="NUL byte"),
        pytest.param(
            b"\xff\xfe" + alert_xml().encode("utf-16-le")[:-1], "is not UTF-16-LE", id="half a letter"
        ),
        pytest.param(
            ('<?xml version="1.0" encoding="utf-8"?>' + alert_xml(sender="อุตุ")).encode("tis-620"),
            "byte 143 of the file is not UTF-8",
            id="TIS-620 declared as UTF-8",
        ),
        pytest.param(
            b'<?xml version="1.0" encoding="unicode_escape"?><a/>',
            "line 1 declares the encoding 'unicode_escape', which is not read; save the file as UTF-8",
            id="an encoding that is a program",
        ),
    ],
)
def test_what_cannot_be_trusted_is_refused_at_once_and_says_why(data: bytes, reason: str) -> None:
    assert reason in refusal_of(data)


def test_the_limits_themselves_are_allowed() -> None:
    # 500 shapes of 100 points.
    shape = "<polygon>" + "1,1 2,2 3,3 4,4 " * 25 + "</polygon>"
    alert = read_one(alert_xml(info_xml(area_xml(inside=shape * 500 + "<polygon/>" * 500))))
    assert sum(map(len, alert.infos[0].areas[0].polygons)) == 500 * 101


def test_long_namespace_addresses_around_many_alerts_are_not_written_out_for_each() -> None:
    around = " ".join(f'xmlns:a{number}="u:{"x" * 15_000}"' for number in range(38))
    xml = f"<w {around}>{alert_xml() * 600}</w>"
    assert "repeats too much when its alerts are taken apart" in refusal_of(xml.encode())
