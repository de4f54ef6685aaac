"""Markup in every word that anybody can write is shown as words, on every page, and runs nowhere."""

import csv
import io

from fastapi.routing import APIRoute
from lxml import html

from storage.officer_factors import add_totp
from storage.officers import Officer
from tests.bot.web.console.browsing import SECRET_KEY, TOTP_SECRET, House, hashed
from tests.bot.web.console.furnishing import Words, furnish, pages_of
from tests.bot.web.console.test_access import all_routes

MARKUP = "\"><i x='y' onerror=z>{{7*7}}</i>"
"""Breaks out of a text, of an attribute in either kind of quotes, and of a template; short enough for every field."""

EVIL = Words(**{name: f"{name[0]}{MARKUP}" for name in Words.__dataclass_fields__})
FORMULAS = Words(**{name: f"=HYPERLINK(1) {name}" for name in Words.__dataclass_fields__})


def dangers(page: str) -> list[str]:
    """Elements and attributes that a word made, or that would run: as a browser reads the page."""
    found = []
    for element in html.fromstring(page).iter("*"):
        names = [str(name) for name in element.attrib]
        wrong = (element.tag == "i" and bool(names)) or any(
            name == "style" or name.startswith("on") for name in names
        )
        source = str(element.get("src", "")) + str(element.get("href", "")) + str(element.get("action", ""))
        if element.tag == "script" and element.get("type") != "application/json":
            wrong = wrong or not source.startswith("/static/") or bool(element.text)
        if wrong or source.strip().lower().startswith(("javascript:", "vbscript:")):
            found.append(html.tostring(element, encoding="unicode")[:300])
    return found


def test_no_word_of_anybody_becomes_markup(house: House) -> None:
    with house.database.write() as session:
        furnished = furnish(session, house.clock.at, EVIL)
        admin = session.get_one(Officer, furnished.admin)
        admin.password_hash = hashed()
        add_totp(session, furnished.admin, TOTP_SECRET, house.clock.at, secret_key=SECRET_KEY, step=0)
    browser = house.signed_in(admin)
    shown = 0
    for path in pages_of(house.app, furnished):
        for language in ("th", "en"):
            answer = browser.get(f"{path}?lang={language}", follow_redirects=True)
            assert answer.status_code in (200, 303), (path, answer.status_code)
            assert dangers(answer.text) == [], path
            assert "{{7*7}}" in answer.text or "onerror=z" not in answer.text, path
            assert "script-src 'self'" in answer.headers["content-security-policy"]
            shown += "onerror=z" in answer.text
    assert shown > 20, "the words were not shown at all"


def test_tables_for_spreadsheets_and_programs_say_what_they_are(house: House) -> None:
    """What is no page is never taken for one by a browser."""
    with house.database.write() as session:
        furnished = furnish(session, house.clock.at, FORMULAS)
        admin = session.get_one(Officer, furnished.admin)
        admin.password_hash = hashed()
        add_totp(session, furnished.admin, TOTP_SECRET, house.clock.at, secret_key=SECRET_KEY, step=0)
    browser = house.signed_in(admin)
    tables = [
        route.path
        for route in all_routes(house.app.routes)
        if isinstance(route, APIRoute) and route.path.endswith((".csv", ".atom", "/api/phones"))
    ]
    assert len(tables) >= 4
    for path in set(tables):
        answer = browser.get(path)
        assert answer.status_code == 200, path
        assert "html" not in answer.headers["content-type"], path
        assert answer.headers["x-content-type-options"] == "nosniff"
        rows = csv.reader(io.StringIO(answer.text)) if path.endswith(".csv") else ()
        assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "@"))], path
