"""Alerts for everyone, on pages."""

from datetime import timedelta

import pytest

from bot.wiring import Krajai
from broadcasts.alerts import releasing
from tests.bot.web.pages import Page
from tests.bot.web.portal.conftest import Warn


@pytest.mark.parametrize(
    ("language", "live", "ended", "stopped"),
    [("th", "มีผลอยู่", "ตอนนี้ไม่มีประกาศ", "หยุดส่งแล้ว"), ("en", "In force", "no alert in force", "Stopped")],
)
def test_an_alert_is_listed_while_it_holds_and_after(
    page: Page, krajai: Krajai, warn: Warn, language: str, live: str, ended: str, stopped: str
) -> None:
    assert ended in page.get(f"/alerts?lang={language}").text
    alert = warn()
    assert alert.id is not None
    assert ended not in page.get(f"/alerts?lang={language}").text
    shown = page.get(f"/alerts/{alert.id}?lang={language}")
    assert live in shown.text
    with krajai.database.write() as session:
        later = krajai.database.now(session) + timedelta(seconds=5)
        releasing.stop(session, alert.id, by="suda", at=later)
    assert ended in page.get(f"/alerts?lang={language}").text
    assert stopped in page.get(f"/alerts/{alert.id}?lang={language}").text


def test_its_page_says_what_citizens_read(page: Page, warn: Warn) -> None:
    alert = warn(headline="<script>alert(1)</script>")
    text = page.get(f"/alerts/{alert.id}").text
    assert "อ.แม่สาย" in text
    assert "1784" in text
    assert "<script>" not in text


def test_rehearsals_drafts_and_strangers_have_no_page(page: Page, warn: Warn) -> None:
    alert = warn(rehearsal=True)
    assert f"/alerts/{alert.id}" not in page.get("/alerts").text
    assert page.get(f"/alerts/{alert.id}").status_code == 404
    assert page.get("/alerts/999999").status_code == 404
    assert page.get("/alerts/0").status_code == 422
    assert page.get("/alerts/99999999999999999999").status_code == 422
