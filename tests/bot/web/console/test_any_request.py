"""Whatever is asked of any address, by strangers and by somebody who may do everything: never a fault of ours.

schemathesis draws the requests from the application's own description of itself; what stands in forms, which it does
not describe, is drawn here.
"""

import asyncio
import re
from typing import Any

import httpx
import pytest
import schemathesis
from fastapi.routing import APIRoute
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr
from schemathesis import Case
from schemathesis.core.result import Ok

from bot.web.app import create_app
from storage import sessions
from storage.sessions import Client, Stage
from tests.bot.web.console.attacking import TOKEN
from tests.bot.web.console.browsing import HTTPS, Browser, House
from tests.bot.web.console.furnishing import Furnished, Words, furnish
from tests.bot.web.console.test_access import all_routes

ENDLESS = ("/simulator/events",)
"""A stream that ends when whoever reads it goes away."""

EXAMPLES = 3

TEXTS = st.one_of(
    st.sampled_from(
        ["", "1", "0", "-1", "9" * 30, "1.5", "อ.แม่สาย", "5709", "2026-11-22T10:00", "\u0e47" * 50]
    ),
    st.text(st.characters(codec="utf-8"), max_size=30),
)


def field_names() -> list[str]:
    """The names of all fields of forms, as the templates have them."""
    from bot.web.pages import TEMPLATES

    environment = TEMPLATES.env
    assert environment.loader is not None
    sources = [environment.loader.get_source(environment, name)[0] for name in environment.list_templates()]
    found = {name for source in sources for name in re.findall(r'name="([a-z_.]+)"', source)}
    return sorted(found | set(re.findall(r'forms\.\w+\("([a-z_.]+)"', " ".join(sources))))


FIELDS = st.dictionaries(st.sampled_from(field_names()), TEXTS, max_size=12)


def known_path(path: str, furnished: Furnished) -> dict[str, str]:
    """Numbers that there are, for the names in a path."""
    found: dict[str, str] = {}
    for start in sorted((each for each in furnished.numbers if path.startswith(each)), key=len):
        found |= furnished.numbers[start]
    return found


def asked(browser: Browser, case: Case[Any], form: dict[str, str]) -> httpx.Response:
    """The answer to a drawn request, with this browser's cookies and, for a form, its token."""
    sent: dict[str, Any] = case.as_transport_kwargs(base_url=HTTPS)
    for unused in ("hooks", "verify", "cert", "proxies", "stream", "allow_redirects", "cookies"):
        sent.pop(unused, None)
    if sent["method"] == "POST" and "/console" in sent["url"]:
        sent = {"method": "POST", "url": sent["url"], "params": sent.get("params"), "data": form}

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(browser.app, raise_app_exceptions=False, client=("127.0.0.1", 50_000))
        async with httpx.AsyncClient(transport=transport, cookies=browser.cookies) as client:
            return await client.request(**sent)

    return asyncio.run(ask())


def signed_in_anew(house: House, browser: Browser, officer_id: int) -> str:
    """The token of forms in a new session: some addresses end the one they are asked with."""
    with house.database.write() as session:
        token, _ = sessions.begin(session, officer_id, Stage.SIGNED_IN, house.clock.at, Client())
    browser.cookies.set("__Host-krajai_session", token, domain="console.test", path="/")
    return sessions.form_token(token)


@pytest.mark.parametrize("who", ["stranger", "admin"])
def test_no_request_is_answered_with_a_fault_of_ours(house: House, who: str) -> None:
    house.krajai.settings = house.krajai.settings.model_copy(update={"cap_import_token": SecretStr(TOKEN)})
    with house.database.write() as session:
        furnished = furnish(session, house.clock.at, Words())
    browser = house.browser()
    token = browser.token("/console/sign-in")
    schema = schemathesis.openapi.from_dict(create_app(house.krajai).openapi())
    faults, operations, shown = [], 0, 0
    for result in schema.get_all_operations():
        assert isinstance(result, Ok), result
        operation = result.ok()
        if operation.path in ENDLESS:
            continue
        operations += 1
        if who == "admin":
            token = signed_in_anew(house, browser, furnished.admin)

        @settings(
            max_examples=EXAMPLES,
            derandomize=True,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(), form=FIELDS, is_known=st.booleans())
        def send(case: Case[Any], form: dict[str, str], is_known: bool) -> None:
            if is_known:
                case.path_parameters = {**case.path_parameters, **known_path(case.path, furnished)}
            answer = asked(browser, case, {**form, "csrf": token})  # noqa: B023
            nonlocal shown
            shown += answer.status_code == 200
            if answer.status_code >= 500:
                faults.append(f"{answer.status_code} {case.method} {answer.url} {form}")

        send()
    assert faults == []
    described = [each for each in all_routes(house.app.routes) if isinstance(each, APIRoute)]
    assert operations > 0.8 * len(described)
    assert shown > (30 if who == "admin" else 10), "she was signed out on the way, and nothing was tried"
