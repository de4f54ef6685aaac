"""Every route of the console has an access rule; denied is what is not allowed."""

from collections.abc import Iterable, Iterator

import pytest
from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from sqlmodel import col, select
from starlette.routing import BaseRoute, Mount

from bot.web.app import create_app
from bot.web.console.visits import Access
from storage.audit import AuditEntry
from storage.officer_rights import Right
from storage.officers import Role
from tests.bot.web.console.browsing import House

OPEN_TO_EVERYBODY = {
    "/console/sign-in",
    "/console/join/{token}",
    "/console/sign-in/oidc",
    "/console/sign-in/oidc/back",
}
"""Pages without a session; another one is to be thought about twice."""


def rules(dependant: Dependant) -> Iterator[Access]:
    for each in dependant.dependencies:
        if isinstance(each.call, Access):
            yield each.call
        yield from rules(each)


def all_routes(routes: Iterable[BaseRoute]) -> Iterator[BaseRoute]:
    """The routes with those of included routers, which newer versions of FastAPI keep as they are."""
    for route in routes:
        included = getattr(route, "original_router", None)
        if included is None:
            yield route
        else:
            yield from all_routes(included.routes)


def console_routes(app: FastAPI) -> list[APIRoute]:
    """Every route that a path below /console reaches, mounted applications too."""
    found = []
    for route in all_routes(app.routes):
        if isinstance(route, Mount):
            assert route.path == "/static", f"{route.path} is mounted without access rules"
        path = str(getattr(route, "path", ""))
        if path == "/console" or path.startswith("/console/"):
            assert isinstance(route, APIRoute), f"{path} is no page with an access rule"
            found.append(route)
    return found


def test_every_route_of_the_console_has_one_access_rule(house: House) -> None:
    routes = console_routes(house.app)
    assert len(routes) > 5
    without = [route.path for route in routes if len(list(rules(route.dependant))) != 1]
    assert without == []


def test_only_the_way_in_is_open_without_a_session(house: House) -> None:
    opened = {
        route.path
        for route in console_routes(house.app)
        for rule in rules(route.dependant)
        if rule.stage is None
    }
    assert opened <= OPEN_TO_EVERYBODY


def test_a_rule_without_a_right_is_for_the_way_in_only(house: House) -> None:
    for route in console_routes(house.app):
        for rule in rules(route.dependant):
            assert (rule.right is None) == (rule.stage != "signed_in"), route.path


@pytest.mark.parametrize("method", ["get", "post"])
def test_every_other_page_sends_strangers_to_the_sign_in(house: House, method: str) -> None:
    for route in console_routes(house.app):
        if route.path in OPEN_TO_EVERYBODY or method.upper() not in (route.methods or ()):
            continue
        path = route.path.replace("{", "").replace("}", "")
        browser = house.browser()
        if method == "get":
            answer = browser.get(path)
            assert answer.status_code == 303, path
            assert answer.headers["location"].startswith("/console/sign-in"), path
        else:
            assert browser.post(path).status_code == 403, path
            token = browser.token("/console/sign-in")
            assert browser.post(path, {"csrf": token}).status_code in (303, 403), path


def test_an_officer_without_the_right_is_refused_everywhere_and_audited(house: House) -> None:
    nobody = house.officer("nobody", roles=())
    browser = house.signed_in(nobody)
    refused = []
    for route in console_routes(house.app):
        (rule,) = rules(route.dependant)
        if rule.right in (None, Right.OWN_ACCOUNT) or "GET" not in (route.methods or ()):
            continue
        path = route.path.replace("{", "").replace("}", "")
        assert browser.get(path).status_code == 403, path
        refused.append(f"{path}")
    with house.database.read() as session:
        found = session.exec(
            select(AuditEntry.subject)
            .where(AuditEntry.action == "console.refuse", AuditEntry.actor == "nobody")
            .order_by(col(AuditEntry.id))
        ).all()
    assert list(found) == refused


def test_a_form_without_its_token_is_refused_before_anything(house: House) -> None:
    admin = house.officer("admin", roles=Role)
    browser = house.signed_in(admin)
    for route in console_routes(house.app):
        if "POST" in (route.methods or ()):
            path = route.path.replace("{", "").replace("}", "")
            for data in ({}, {"csrf": ""}, {"csrf": "0" * 64}):
                assert browser.post(path, data).status_code in (303, 403), path
    assert browser.get("/console").status_code == 200


def test_without_a_secret_key_nothing_opens(house: House) -> None:
    house.krajai.settings = house.krajai.settings.model_copy(
        update={"secret_key": type(house.krajai.settings.secret_key)("")}
    )
    app = create_app(house.krajai)
    browser = house.browser()
    browser.app = app
    for path in ("/console", "/console/sign-in", "/console/join/x"):
        answer = browser.get(path)
        assert answer.status_code == 503
        assert "KRAJAI_SECRET_KEY" in answer.text


def test_the_console_opens_over_https_or_on_this_machine_only(house: House) -> None:
    for base, address, status in (
        ("https://krajai.example", "203.0.113.9", 200),
        ("http://127.0.0.1:8000", "127.0.0.1", 200),
        ("http://localhost:8000", "::1", 200),
        ("http://krajai.example", "127.0.0.1", 403),
        ("http://127.0.0.1:8000", "203.0.113.9", 403),
    ):
        assert house.browser(base, address).get("/console/sign-in").status_code == status, (base, address)
