"""Whatever the bytes, they are read or refused; and what was read is the same when read again."""

from dataclasses import replace
from time import process_time

from hypothesis import given, settings
from hypothesis import strategies as st

from broadcasts.alerts.cap import read_cap, read_references
from broadcasts.alerts.cap_model import CapAlert, CapRefused
from broadcasts.alerts.meaning import hazard_of, info_for, level_of, places_of, references_match
from tests.broadcasts.alerts.cap_texts import DATA, alert_xml

SAMPLES = [path.read_bytes() for path in sorted(DATA.glob("*.xml"))]
LONGEST_SECONDS = 10.0

NAMES = st.sampled_from(
    [
        "alert",
        "info",
        "area",
        "polygon",
        "circle",
        "geocode",
        "valueName",
        "value",
        "event",
        "eventCode",
        "parameter",
        "references",
        "sent",
        "identifier",
        "sender",
        "status",
        "msgType",
        "scope",
        "expires",
        "severity",
        "altitude",
        "incidents",
        "language",
        "areaDesc",
        "x",
    ]
)
TEXTS = st.one_of(
    st.sampled_from(
        [
            "",
            "Actual",
            "Alert",
            "Cancel",
            "TMD",
            "2026-09-25T16:34:00+07:00",
            "9999-12-31T23:59:59-14:00",
            "18,98 19,98 19,99",
            "18,98 5",
            "nan,inf",
            "TH-50",
            "อ.แม่สาย จ.เชียงราย",
            "a,b,c d",
            "1e999",
            "-0",
        ]
    ),
    # Only letters that XML can hold and that need no escape.
    st.text(st.characters(min_codepoint=32, exclude_characters="<>&", exclude_categories=["Cs", "Cn"])),
)
ELEMENTS = st.recursive(
    TEXTS,
    lambda inside: st.builds(
        lambda name, parts: f"<{name}>{''.join(parts)}</{name}>", NAMES, st.lists(inside, max_size=5)
    ),
    max_leaves=25,
)
FRAGMENTS = st.sampled_from(
    [
        b"<!DOCTYPE a>",
        b"<!ENTITY x 'y'>",
        b"&x;",
        b"<![CDATA[",
        b"]]>",
        b"<!--",
        b"-->",
        b"<?xml?>",
        b"\x00",
        b"\xff",
        b"xmlns=''",
        b"</alert>",
        b"<alert>",
        b"\xef\xbb\xbf",
        b"&#0;",
        b"&#xFFFE;",
        b"<a xmlns:p='p'/>",
        b"'",
        b'"',
    ]
)


def read_or_refuse(data: bytes) -> tuple[CapAlert, ...]:
    started_at = process_time()
    try:
        return read_cap(data)
    except CapRefused as refused:
        reason = refused.reason
    finally:
        assert process_time() - started_at < LONGEST_SECONDS
    assert reason
    assert "\n" not in reason
    return ()


def assert_usable(alert: CapAlert) -> None:
    (again,) = read_cap(alert.xml)
    assert replace(again, remarks=()) == replace(alert, remarks=())
    assert alert.sent.utcoffset() is not None
    for info in alert.infos:
        codes, not_understood = places_of(info)
        assert list(codes) == sorted(codes)
        assert all(not_understood)
        assert level_of(info) in {"watch", "warning", "emergency", None}
        hazard_of(info)
    assert info_for(alert, "th") is None or info_for(alert, "th") in alert.infos
    for reference in alert.references:
        references_match(reference, alert.identifier, alert.sender, alert.sent)


@given(st.binary(max_size=400))
@settings(max_examples=300)
def test_random_bytes_are_refused(data: bytes) -> None:
    assert read_or_refuse(data) == ()


@given(
    st.sampled_from([b"<?xml version='1.0' encoding='", b"\xff\xfe", b"\xfe\xff", b"<\x00", b"<?xml "]),
    st.binary(),
)
@settings(max_examples=300)
def test_random_bytes_after_a_promising_start_are_refused(start: bytes, data: bytes) -> None:
    assert read_or_refuse(start + data) == ()


@given(st.data())
@settings(max_examples=400)
def test_mutated_samples_are_read_or_refused(data: st.DataObject) -> None:
    sample = data.draw(st.sampled_from(SAMPLES))
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(sample)))
        end = data.draw(st.integers(start, min(len(sample), start + 200)))
        sample = sample[:start] + data.draw(st.one_of(FRAGMENTS, st.binary(max_size=8))) + sample[end:]
    for alert in read_or_refuse(sample):
        assert_usable(alert)


@given(st.lists(ELEMENTS, max_size=8).map("".join))
@settings(max_examples=400)
def test_any_content_of_an_alert_is_read_or_refused(inside: str) -> None:
    for alert in read_or_refuse(alert_xml(inside).encode()):
        assert_usable(alert)


@given(ELEMENTS, st.sampled_from(["utf-8", "utf-16", "utf-16-be", "utf-32", "cp874"]))
def test_any_xml_in_any_encoding_is_read_or_refused(xml: str, encoding: str) -> None:
    read_or_refuse(f"<w>{xml}{alert_xml(xml)}</w>".encode(encoding, "replace"))


@given(st.text())
def test_references_lose_no_name(text: str) -> None:
    references = read_references(text)
    assert [part for each in references for part in each.text.split(",")] == [
        part for token in text.split() for part in token.split(",") if part
    ]
    assert all(reference.identifier for reference in references)
