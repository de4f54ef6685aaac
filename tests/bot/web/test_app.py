"""What every answer carries, faults of ours included; health and metrics."""

from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from bot.web import home
from bot.web.app import SECURITY_HEADERS
from bot.wiring import Krajai
from storage import migrate
from storage.database import Database
from storage.people import contact_at
from tests.bot.web.pages import Page, opened, page_of
from tests.builders import NOW

PATHS = ["/", "/?lang=en", "/simulator", "/healthz", "/readyz", "/metrics", "/static/krajai.css", "/nowhere"]

METRICS = {
    "krajai_sent_recipients",
    "krajai_refused_sends",
    "krajai_handled_events",
    "krajai_parked_events",
    "krajai_events_not_stored",
    "krajai_queue_age_seconds",
    "krajai_inbox_age_seconds",
    "krajai_parked_events_now",
    "krajai_paused_broadcasts_now",
    "krajai_database_up",
    "krajai_outbox_held",
    "krajai_texts_instead_people",
    "krajai_texts_instead_baht",
    "krajai_settled_recipients_per_second",
    "krajai_account_info",
    "krajai_quota_left_messages",
    "krajai_quota_reserve_messages",
    "krajai_quota_age_seconds",
    "krajai_source_age_seconds",
    "krajai_source_good_age_seconds",
    "krajai_source_bad",
    "krajai_clock_age_seconds",
}


@pytest.mark.parametrize("path", PATHS)
def test_every_answer_carries_the_headers(page: Page, path: str) -> None:
    for answer in (page.get(path), page.post(path), page.options(path)):
        assert {name: answer.headers.get(name) for name in SECURITY_HEADERS} == SECURITY_HEADERS


def test_a_fault_of_ours_carries_them_too_and_says_nothing_of_itself(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise RuntimeError("sim-secret 0812345678")

    monkeypatch.setattr(home, "page", fails)
    answer = page.get("/")
    assert answer.status_code == 500
    assert answer.text == "something failed here\n"
    assert {name: answer.headers.get(name) for name in SECURITY_HEADERS} == SECURITY_HEADERS


def test_scripts_and_styles_come_from_here_only(page: Page) -> None:
    for path in ("/", "/simulator"):
        shown = page.get(path).text
        assert "http://" not in shown
        assert "https://" not in shown
        assert "style=" not in shown
        assert "onclick" not in shown


@pytest.mark.parametrize(("language", "title"), [("th", "หอกระจายข่าวในมือถือ"), ("en", "The news tower")])
def test_the_front_page_speaks_both_languages(page: Page, language: str, title: str) -> None:
    shown = page.get("/", params={"lang": language})
    assert shown.status_code == 200
    assert title in shown.text


def test_alive_and_ready(page: Page) -> None:
    assert (page.get("/healthz").status_code, page.get("/healthz").text) == (200, "ok\n")
    assert (page.get("/readyz").status_code, page.get("/readyz").text) == (200, "ready\n")


def test_not_ready_while_the_database_is_not_migrated(
    krajai: Krajai, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrate, "is_current", lambda _: False)
    answer = page_of(krajai).get("/readyz")
    assert (answer.status_code, answer.text) == (503, "the database is to be migrated: krajai migrate\n")


def test_without_a_database_it_is_alive_but_not_ready(krajai: Krajai) -> None:
    krajai.database = Database("postgresql+psycopg://nobody:secret@127.0.0.1:1/gone")
    page = page_of(krajai)
    assert page.get("/healthz").status_code == 200
    answer = page.get("/readyz")
    assert (answer.status_code, answer.text) == (503, "the database does not answer\n")
    shown = page.get("/metrics")
    assert shown.status_code == 200
    assert "krajai_database_up 0.0" in shown.text


def test_the_metrics_by_name(page: Page, krajai: Krajai) -> None:
    krajai.metrics.sent(1, 3)
    krajai.metrics.refused(1, "unreachable")
    with krajai.database.write() as session:
        contact_at(session, krajai.local_account_id, "sim-secret", NOW)
    shown = page.get("/metrics").text
    families = {family.name: family for family in text_string_to_metric_families(shown)}
    assert {name for name in families if not name.endswith("_created")} == METRICS
    assert all(family.documentation for family in families.values())
    values = {sample.name: sample.value for family in families.values() for sample in family.samples}
    assert values["krajai_database_up"] == 1
    assert values["krajai_sent_recipients_total"] == 3
    ages = {sample.labels["class"] for sample in families["krajai_queue_age_seconds"].samples}
    assert ages == {"conversation", "emergency", "routine"}
    assert "sim-secret" not in shown


def test_each_metric_is_described_for_operators() -> None:
    page = (Path(__file__).resolve().parents[3] / "docs" / "operating.md").read_text("utf-8")
    missing = {name for name in METRICS if name not in page}
    assert missing == set()


def test_two_processes_serve_the_same_database(sqlite_database: Database) -> None:
    with opened(sqlite_database) as one, opened(sqlite_database) as two:
        assert one.local_account_id == two.local_account_id
