"""Alerts that Krajai writes itself: read back they are what was meant, without a remark."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadcasts.alerts.cap import read_cap
from broadcasts.alerts.composing import SENDER, Composed, InWords, compose
from broadcasts.alerts.meaning import Level, hazard_of, language_of, level_of, places_of
from broadcasts.alerts.words import says_over
from broadcasts.sources import BANGKOK
from storage.alerts import Alert
from tests.builders import NOW

TEXTS = st.text(min_size=1, max_size=60).filter(lambda text: bool(text.strip()))


def composed(level: Level = "watch", hazard: str = "pm25", **other: object) -> Composed:
    values: dict[str, object] = {
        "identifier": "air4thai-pm25-1026",
        "sender": SENDER,
        "sent": NOW,
        "hazard": hazard,
        "level": level,
        "places": ("1026", "5709"),
        "words": {
            "th": InWords(headline="ฝุ่น", evidence="สถานีวัดได้", value="40 มคก."),
            "en": InWords(headline="Dust", evidence="A station measured", value="40 µg/m³"),
        },
        "expires": NOW + timedelta(hours=24),
    }
    return Composed(**{**values, **other})  # type: ignore[arg-type]


@pytest.mark.parametrize("level", ["watch", "warning", "emergency"])
@pytest.mark.parametrize("hazard", ["pm25", "flood", "earthquake", "tsunami"])
def test_it_reads_back_as_what_was_meant(level: Level, hazard: str) -> None:
    (alert,) = read_cap(compose(composed(level, hazard, onset=NOW), BANGKOK))
    assert (alert.remarks, alert.sent, len(alert.infos)) == ((), NOW, 2)
    for info, language in zip(alert.infos, ("th", "en"), strict=True):
        assert (level_of(info), hazard_of(info), language_of(info)) == (level, hazard, language)
        assert places_of(info) == (("1026", "5709"), ())
        assert (info.onset, info.expires) == (NOW, NOW + timedelta(hours=24))


@pytest.mark.parametrize(("over", "kind"), [(False, "Update"), (True, "Cancel")])
def test_it_refers_to_what_it_replaces(over: bool, kind: str) -> None:
    before = Alert(
        identifier="A", sender=SENDER, sent=NOW - timedelta(hours=1), status="Actual", msg_type="Alert",
        expires_at=NOW, origin="source:air4thai", cap=b"", imported_at=NOW,
    )  # fmt: skip
    (alert,) = read_cap(compose(composed(replaces=before, over=over), BANGKOK))
    assert (alert.msg_type, says_over(alert)) == (kind, over)
    (reference,) = alert.references
    assert (reference.identifier, reference.sender, reference.sent) == ("A", before.sender, before.sent)


@given(TEXTS, TEXTS, TEXTS)
def test_whatever_a_source_writes_makes_an_alert(headline: str, evidence: str, identifier: str) -> None:
    words = {"th": InWords(headline=headline, evidence=evidence)}
    (alert,) = read_cap(compose(composed(words=words, identifier=f"x{identifier}"), BANGKOK))
    assert alert.sender == SENDER
    assert len(alert.infos) == 1


def test_the_same_measurement_is_the_same_alert() -> None:
    assert compose(composed(), BANGKOK) == compose(composed(), BANGKOK)
