"""Who says it."""

import pytest

from storage.wording.catalogue import keys
from storage.wording.issuers import issuer_name


@pytest.mark.parametrize(
    ("sender", "sender_name", "thai", "english"),
    [
        ("TMD", "TMD", "กรมอุตุนิยมวิทยา", "Thai Meteorological Department"),
        ("info_service@tmd.mail.go.th", None, "กรมอุตุนิยมวิทยา", "Thai Meteorological Department"),
        ("https://www.tmd.go.th/cap", None, "กรมอุตุนิยมวิทยา", "Thai Meteorological Department"),
        ("cap.disaster.go.th", "", "กรมป้องกันและบรรเทาสาธารณภัย", "Disaster Prevention (DDPM)"),
        ("feed-7", "ปภ.", "กรมป้องกันและบรรเทาสาธารณภัย", "Disaster Prevention (DDPM)"),
        ("NDWC", None, "ศูนย์เตือนภัยพิบัติแห่งชาติ", "National Disaster Warning Center"),
    ],
)
def test_known_issuers_have_their_own_names(
    sender: str, sender_name: str | None, thai: str, english: str
) -> None:
    assert issuer_name(sender, sender_name, "th") == thai
    assert issuer_name(sender, sender_name, "en") == english


def test_short_names_for_sms() -> None:
    assert issuer_name("TMD", None, "th", "sms") == "กรมอุตุฯ"
    assert issuer_name("DDPM", None, "en", "sms") == "DDPM"
    assert all(len(issuer_name(code, None, "th", "sms")) <= 14 for code in _codes())


def _codes() -> list[str]:
    return [key.split(".")[1] for key in keys("th") if key.startswith("issuer.") and key.count(".") == 1]


def test_unknown_issuers_keep_the_name_that_they_gave() -> None:
    assert issuer_name("x@maesai.go.th", "เทศบาลตำบล  แม่สาย", "th") == "เทศบาลตำบล แม่สาย"
    assert issuer_name("maesai-office", None, "en") == "maesai-office"


def test_a_name_that_only_ends_alike_is_not_known() -> None:
    assert issuer_name("info@nottmd.go.th", None, "en") == "info@nottmd.go.th"


def test_the_sender_counts_more_than_the_name_it_shows() -> None:
    assert issuer_name("NDWC", "TMD", "th") == "ศูนย์เตือนภัยพิบัติแห่งชาติ"
