"""Attacks on the way in, of officers and of documents: each is refused, and the log says so."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from pydantic import SecretStr
from sqlmodel import Session, select

from bot.fetching import FetchRefused, fetch_document
from storage.alerts import Alert
from storage.audit import verify
from storage.officer_managing import disable
from storage.officers import Officer
from tests.bot.web.console.attacking import TOKEN, Attack, Scene
from tests.bot.web.console.browsing import PASSWORD, Browser, House
from tests.broadcasts.alerts.cap_texts import alert_xml, area_xml, info_xml
from tests.broadcasts.alerts.test_cap_xml import LAUGHS

BEARER = {"Authorization": f"Bearer {TOKEN}"}
BOMBS = (
    f'<!DOCTYPE a [<!ENTITY l0 "ha">{LAUGHS}]>{alert_xml("&l9;")}'.encode(),
    f'<!DOCTYPE a [<!ENTITY a "{"x" * 50_000}">]>{alert_xml("&a;" * 50_000)}'.encode(),
    b"<!DOCTYPE alert [<!ENTITY x SYSTEM 'file:/etc/passwd'>]>" + alert_xml("&x;").encode(),
    b"<!DOCTYPE alert SYSTEM 'http://127.0.0.1:1/evil.dtd'>" + alert_xml().encode(),
    b"<a>" * 200_000,
    b" " * 1_000_001,
)


def guessed_passwords(scene: Scene) -> list[int]:
    attacker = scene.house.browser(address="203.0.113.7")
    return [attacker.sign_in("suda", f"guess number {number}").status_code for number in range(8)]


def guessed_names(scene: Scene) -> list[int]:
    """One password for many names, from one address."""
    attacker = scene.house.browser(address="203.0.113.8")
    return [attacker.sign_in(f"officer{number}", PASSWORD).status_code for number in range(33)]


def guessed_factors(scene: Scene) -> list[int]:
    attacker = scene.house.browser(address="203.0.113.9")
    attacker.submit("/console/sign-in", {"name": "suda", "password": PASSWORD})
    wrong = [f"{number:06}" for number in range(8)]
    return [attacker.submit("/console/sign-in/second", {"code": code}).status_code for code in wrong]


def guessed_factors_of_an_approval(scene: Scene) -> list[int]:
    """Who sits at her open console, but has not her telephone."""
    path = scene.submitted()
    given = scene.approval(path)
    wrong = [{**given, "code": f"{number:06}"} for number in range(12)]
    return [scene.post("malee", f"{path}/approve", each).status_code for each in wrong]


def guessed_invitations(scene: Scene) -> list[int]:
    attacker = scene.house.browser(address="203.0.113.10")
    return [attacker.get(f"/console/join/{number:043}").status_code for number in range(25)]


def guessed_tokens(scene: Scene) -> list[int]:
    partner = scene.house.browser(address="203.0.113.11")
    wrong = [{"Authorization": f"Bearer {number}"} for number in range(25)]
    return [partner.post("/cap/alerts", content=b"<alert/>", headers=each).status_code for each in wrong]


def bombs(scene: Scene) -> list[int]:
    partner = scene.house.browser()
    return [partner.post("/cap/alerts", content=each, headers=BEARER).status_code for each in BOMBS]


def a_colleagues_session(scene: Scene) -> list[int]:
    """Her cookie after she was disabled, after she signed out, and a form made with another one's token."""
    malee, suda = scene.browser("malee"), scene.browser("suda")
    stolen = [_thief(scene, each) for each in (malee, suda)]
    crossed = malee.post("/console/sign-out", {"csrf": suda.token("/console/account")}).status_code
    suda.submit("/console/account", {}, "/console/sign-out")
    with scene.house.database.write() as session:
        disable(
            session, session.get_one(Officer, scene.officers["malee"].id), scene.house.clock.at, by="tester"
        )
    after = [each.get("/console/alerts") for each in stolen]
    assert all(each.headers["location"].startswith("/console/sign-in") for each in after)
    return [crossed, *(each.status_code for each in after)]


def _thief(scene: Scene, victim: Browser) -> Browser:
    thief = scene.house.browser(address="203.0.113.12")
    for name, value in victim.cookies.items():
        thief.cookies.set(name, value, domain="console.test", path="/")
    assert thief.get("/console/alerts").status_code == 200
    return thief


ATTACKS = (
    Attack(name="guessed passwords", act=guessed_passwords, statuses=(403, 429), audited=("suda", "sign_in.fail")),
    Attack(name="guessed names", act=guessed_names, statuses=(403, 429), audited=("nobody known", "sign_in.fail")),
    Attack(name="guessed second factors", act=guessed_factors, statuses=(403, 429),
           audited=("suda", "sign_in.fail")),
    Attack(name="guessed second factors of an approval", act=guessed_factors_of_an_approval, statuses=(403, 429),
           audited=("malee", "sign_in.fail")),
    Attack(name="guessed invitations", act=guessed_invitations, statuses=(410, 429),
           audited=("nobody known", "officer.join.refuse")),
    Attack(name="guessed tokens", act=guessed_tokens, statuses=(401, 429), audited=("CAP by POST", "cap.refuse")),
    Attack(name="XML bombs", act=bombs, statuses=(400, 413), audited=("CAP by POST", "cap.refuse")),
    Attack(name="a colleague's session", act=a_colleagues_session, statuses=(303, 403),
           audited=("malee", "console.refuse")),
)  # fmt: skip


@pytest.fixture
def scene(house: House) -> Scene:
    house.krajai.settings = house.krajai.settings.model_copy(update={"cap_import_token": SecretStr(TOKEN)})
    return Scene(house=house)


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_it_is_refused_slowed_down_and_audited(scene: Scene, attack: Attack) -> None:
    statuses = attack.act(scene)
    assert set(statuses) == set(attack.statuses), statuses
    log = [(each.actor, each.action) for each in scene.log()]
    assert attack.audited in log, log
    # What is blocked already is not written down again: nobody fills the log by knocking.
    assert log.count(attack.audited) <= len(statuses) - statuses.count(429)
    assert scene.broadcasts() == 0
    with Session(scene.house.database.engine) as session:
        assert session.exec(select(Alert)).all() == []
        assert verify(session).holds


class _Trap(BaseHTTPRequestHandler):
    """A server inside the network, which nobody may be led to."""

    visits: list[str]

    def do_GET(self) -> None:
        self.visits.append(self.path)
        self.send_response(302)
        self.send_header("Location", "/inside")
        self.end_headers()

    def do_POST(self) -> None:
        self.do_GET()

    def log_message(self, *_: object) -> None:
        """Nothing to standard error."""


@pytest.fixture
def trap() -> Iterator[tuple[str, list[str]]]:
    """Its address, and the paths it was asked for."""
    _Trap.visits = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Trap)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}", _Trap.visits
    server.shutdown()
    thread.join()
    server.server_close()


def test_no_address_in_a_document_is_visited(scene: Scene, trap: tuple[str, list[str]]) -> None:
    """Resources, web pages and schemas of a CAP document lead nowhere, on import and on every page that shows it."""
    address, visits = trap
    expires = scene.house.clock.at.replace(year=2027).isoformat(timespec="seconds")
    inside = f"<resourceDesc>x</resourceDesc><mimeType>image/png</mimeType><uri>{address}/uri</uri>"
    resource = f"<resource>{inside}</resource>"
    info = info_xml(area_xml("อ.แม่สาย", ("DOPA", "5709")), language="th-TH", expires=expires)
    info = info.replace("<area>", f"<web>{address}/web</web>{resource}<area>", 1)
    document = alert_xml(info).replace(
        "<alert", f'<alert xmlns:xsi="{address}/ns" xsi:schemaLocation="{address}/x"', 1
    )
    taken = scene.house.browser().post("/cap/alerts", content=document.encode(), headers=BEARER)
    assert taken.status_code in (201, 400), taken.text
    for path in ("/console/alerts", "/console/alerts/imported/1"):
        scene.browser("suda").get(path)
    assert visits == []


def test_who_redirects_leads_nobody_inside(trap: tuple[str, list[str]]) -> None:
    address, visits = trap
    with pytest.raises(FetchRefused, match="redirects"):
        fetch_document(f"{address}/moved")
    assert visits == ["/moved"]
    for inside in ("file:/etc/passwd", "gopher://127.0.0.1:1/x"):
        with pytest.raises(FetchRefused):
            fetch_document(inside)
