"""Signing in and joining: both steps, what each refuses, and what an attacker gets from it."""

import re

import pyotp
import pytest
from argon2 import PasswordHasher
from sqlmodel import select

from bot.web.console.transport import own_page
from storage import officer_factors, officer_invitations, sessions
from storage.audit import AuditEntry
from storage.officer_managing import disable
from storage.officer_passwords import MOST_LETTERS
from storage.officers import Officer, OfficerState, Role
from tests.bot.web.console.browsing import PASSWORD, SECRET_KEY, TOTP_SECRET, Browser, House


def code_at(house: House) -> str:
    return pyotp.TOTP(TOTP_SECRET).at(house.clock.at)


def actions(house: House, officer: str) -> list[str]:
    with house.database.read() as session:
        return list(session.exec(select(AuditEntry.action).where(AuditEntry.actor == officer)))


def test_password_and_code_open_the_console(house: House) -> None:
    suda = house.officer()
    browser = house.browser()
    assert browser.get("/console").headers["location"] == "/console/sign-in"
    answer = browser.sign_in(suda.name)
    assert (answer.status_code, answer.headers["location"]) == (303, "/console")
    page = browser.get("/console")
    assert page.status_code == 200
    assert "suda.k" in page.text
    assert page.headers["cache-control"] == "no-store"
    assert actions(house, "suda.k") == ["sign_in"]


def test_cookies_are_bound_to_this_host_and_unseen_by_scripts(house: House) -> None:
    browser = house.browser()
    first = browser.get("/console/sign-in").headers["set-cookie"]
    signed = browser.sign_in(house.officer().name).headers.get_list("set-cookie")
    for cookie in (first, *signed):
        assert cookie.startswith("__Host-krajai_"), cookie
        assert {"Secure", "HttpOnly", "SameSite=lax", "Path=/"} <= set(cookie.split("; ")), cookie
        assert "domain" not in cookie.lower()
    local = house.browser("http://127.0.0.1:8000").get("/console/sign-in").headers["set-cookie"]
    assert local.startswith("krajai_visitor=")
    assert "Secure" not in local


def join(house: House, link: str) -> Browser:
    browser = house.browser()
    answer = browser.submit(link, {"password": PASSWORD, "again": PASSWORD})
    assert (answer.status_code, answer.headers["location"]) == (303, "/console/joining")
    return browser


def shown_code(house: House, browser: Browser) -> str:
    found = re.search(r'class="secret">([A-Z2-7 ]+)<', browser.get("/console/joining").text)
    assert found
    return pyotp.TOTP(found[1].replace(" ", "")).at(house.clock.at)


def test_an_invitation_leads_to_a_signed_in_officer_once(house: House) -> None:
    link = house.invitation("anan")
    browser = join(house, link)
    done = browser.submit("/console/joining", {"code": shown_code(house, browser)})
    assert done.status_code == 200
    assert len(re.findall(r"<li><code>[a-z2-9-]{19}</code></li>", done.text)) == 10
    assert browser.get("/console").status_code == 200
    replayed = house.browser()
    assert replayed.get(link).status_code == 410
    assert replayed.post(link, {"csrf": replayed.token("/console/sign-in")}).status_code == 410
    assert actions(house, "anan") == ["officer.join", "sign_in"]


def test_of_two_who_follow_one_link_the_first_to_finish_has_it(house: House) -> None:
    link = house.invitation("anan")
    hers, thief = join(house, link), join(house, link)
    code = shown_code(house, thief)
    assert hers.submit("/console/joining", {"code": shown_code(house, hers)}).status_code == 200
    # Her joining ended every other session; even the token of the thief's form is worth nothing.
    assert (
        thief.post("/console/joining", {"csrf": thief.token("/console/sign-in"), "code": code}).status_code
        == 303
    )
    assert thief.get("/console").status_code == 303
    assert hers.get("/console").status_code == 200


def test_an_invitation_ends_and_is_void_when_she_is_disabled_or_invited_again(house: House) -> None:
    old, other = house.invitation("anan"), house.invitation("ploy")
    with house.database.write() as session:
        ploy = session.exec(select(Officer).where(Officer.name == "ploy")).one()
        disable(session, ploy, house.clock.at, by="tester")
    assert house.browser().get(other).status_code == 410
    house.clock.pass_(hours=48)
    assert house.browser().get(old).status_code == 410
    assert house.browser().get("/console/join/" + "x" * 43).status_code == 410


def test_weak_passwords_are_refused_with_a_word(house: House) -> None:
    link, browser = house.invitation("anan"), house.browser()
    weak = ("short", "password1234", "aaaaaaaaaaaaaaaaaa", "x" * (MOST_LETTERS + 1), "krajaikrajai12")
    for password in weak:
        answer = browser.submit(link, {"password": password, "again": password})
        assert answer.status_code == 422
        assert 'role="alert"' in answer.text
        assert f'value="{password}"' not in answer.text
    assert browser.submit(link, {"password": PASSWORD, "again": "another"}).status_code == 422


def test_a_new_link_for_a_known_officer_ends_all_she_had(house: House) -> None:
    suda = house.officer()
    before = house.signed_in(suda)
    assert suda.id is not None
    with house.database.write() as session:
        token = officer_invitations.invite(session, suda.id, house.clock.at, by="tester")
    browser = join(house, f"/console/join/{token}")
    assert before.get("/console").status_code == 200  # nothing holds before the last step
    assert browser.submit("/console/joining", {"code": shown_code(house, browser)}).status_code == 200
    assert before.get("/console").status_code == 303
    with house.database.read() as session:
        (factor,) = officer_factors.factors(session, suda.id)
    assert factor.secret
    house.clock.pass_(seconds=90)
    assert house.browser().sign_in(suda.name).status_code == 403  # the old authenticator


def test_a_code_counts_once_and_only_now(house: House) -> None:
    suda = house.officer()
    used = code_at(house)
    house.signed_in(suda)
    assert house.browser().sign_in(suda.name, code=used).status_code == 403
    house.clock.pass_(seconds=30)
    assert house.browser().sign_in(suda.name).status_code == 303
    house.clock.pass_(minutes=5)
    assert house.browser().sign_in(suda.name, code=used).status_code == 403
    for wrong in ("", "12345", "1234567", "๑๒๓๔๕๖", "abcdef", "000000\r\nX: y"):
        house.clock.pass_(hours=3)
        assert house.browser().sign_in(suda.name, code=wrong or " ").status_code == 403, wrong


def test_a_recovery_code_counts_once(house: House) -> None:
    suda = house.officer()
    assert suda.id is not None
    with house.database.write() as session:
        codes = officer_factors.new_recovery_codes(session, suda.id, house.clock.at)
    answer = house.browser().sign_in(suda.name, code=codes[0].upper())
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/console/account")
    assert house.browser().sign_in(suda.name, code=codes[0]).status_code == 403
    assert house.browser().sign_in(suda.name, code=codes[1]).status_code == 303


def test_secrets_are_kept_sealed_or_hashed(house: House) -> None:
    browser = house.signed_in(house.officer())
    token = browser.cookies["__Host-krajai_session"]
    link = house.invitation("anan")
    kept = house.database.path
    assert kept is not None
    house.database.wipe_journal()
    everything = kept.read_bytes()
    for secret in (token, link.rpartition("/")[2], TOTP_SECRET, PASSWORD, SECRET_KEY):
        assert secret.encode() not in everything


def test_the_password_alone_opens_nothing(house: House) -> None:
    suda = house.officer(roles=Role)
    browser = house.browser()
    assert browser.submit("/console/sign-in", {"name": suda.name, "password": PASSWORD}).status_code == 303
    for path in ("/console", "/console/account", "/console/officers", "/console/joining"):
        assert browser.get(path).headers["location"].startswith("/console/sign-in"), path
    house.clock.pass_(minutes=11)
    assert browser.get("/console/sign-in/second").status_code == 303


def test_a_planted_session_is_worth_nothing_after_the_sign_in(house: House) -> None:
    suda = house.officer()
    victim, attacker = house.browser(), house.browser()
    planted = "planted-token-that-the-attacker-knows"
    for browser in (victim, attacker):
        browser.cookies.set("__Host-krajai_session", planted, domain="console.test", path="/")
    assert victim.sign_in(suda.name).status_code == 303
    assert victim.cookies["__Host-krajai_session"] != planted
    assert attacker.get("/console").status_code == 303
    # Also the session that knew the password only is over.
    first = house.browser()
    first.submit("/console/sign-in", {"name": suda.name, "password": PASSWORD})
    halfway = first.cookies["__Host-krajai_session"]
    house.clock.pass_(seconds=30)
    first.submit("/console/sign-in/second", {"code": code_at(house)})
    thief = house.browser()
    thief.cookies.set("__Host-krajai_session", halfway, domain="console.test", path="/")
    assert thief.get("/console").status_code == 303
    assert thief.get("/console/sign-in/second").status_code == 303


def test_sessions_end_idle_absolutely_and_at_once_when_she_is_disabled(house: House) -> None:
    suda = house.officer()
    idle = house.signed_in(suda)
    house.clock.pass_(minutes=29)
    assert idle.get("/console").status_code == 200
    house.clock.pass_(minutes=29)
    assert idle.get("/console").status_code == 200
    house.clock.pass_(minutes=31)
    assert idle.get("/console").status_code == 303
    busy = house.signed_in(suda)
    last = 0
    for _ in range(29):
        house.clock.pass_(minutes=25)
        last = busy.get("/console").status_code
    assert last == 303  # twelve hours are over
    live = house.signed_in(suda)
    with house.database.write() as session:
        disable(session, session.get_one(Officer, suda.id), house.clock.at, by="tester")
    assert live.get("/console").status_code == 303
    house.clock.pass_(seconds=90)
    assert house.browser().sign_in(suda.name).status_code == 403


def test_signing_out_ends_the_session_itself(house: House) -> None:
    browser = house.signed_in(house.officer())
    token = browser.cookies["__Host-krajai_session"]
    assert browser.submit("/console", {}, "/console/sign-out").status_code == 303
    again = house.browser()
    again.cookies.set("__Host-krajai_session", token, domain="console.test", path="/")
    assert again.get("/console").status_code == 303


def test_guessing_is_slowed_down_but_shuts_nobody_out(house: House) -> None:
    suda = house.officer()
    known = house.signed_in(suda)
    known.submit("/console", {}, "/console/sign-out")
    attacker = house.browser(address="203.0.113.7")
    statuses = [attacker.sign_in(suda.name, f"guess number {number}").status_code for number in range(8)]
    assert statuses == [403] * 5 + [429] * 3
    # Blocked for strange browsers whatever the password is; not for the browser she uses.
    assert house.browser(address="198.51.100.1").sign_in(suda.name).status_code == 429
    house.clock.pass_(seconds=30)
    for _ in range(15):  # an attacker who never stops
        attacker.sign_in(suda.name, "guess")
        house.clock.pass_(minutes=2)
    assert known.sign_in(suda.name).status_code == 303
    house.clock.pass_(minutes=15)
    assert house.browser(address="198.51.100.1").sign_in(suda.name).status_code == 303


def test_names_are_not_told_apart(house: House) -> None:
    house.officer()
    house.officer("gone", state=OfficerState.DISABLED)
    pages = {
        re.sub(r'value="[^"]*"', "", house.browser().sign_in(name, "wrong password!").text)
        for name in ("suda.k", "nobody", "gone")
    }
    assert len(pages) == 1
    blocked = [house.browser().sign_in("nobody", "x").status_code for _ in range(5)]
    assert blocked[-1] == 429


def test_for_an_unknown_name_as_much_is_hashed_as_for_a_known_one(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hashing takes nearly all of the time of an answer: who is left out of it can be told by a watch."""
    house.officer()
    house.officer("gone", state=OfficerState.DISABLED)
    house.invitation("invited")
    verify = PasswordHasher.verify
    hashed: list[str] = []

    def seen(self: PasswordHasher, stored: str, password: str) -> bool:
        hashed.append(stored.rpartition("$")[0].rpartition("$")[0])
        return verify(self, stored, password)

    monkeypatch.setattr(PasswordHasher, "verify", seen)
    for name in ("suda.k", "nobody", "gone", "invited"):
        assert (
            house.browser(address=f"203.0.113.{len(hashed)}").sign_in(name, "wrong password!").status_code
            == 403
        )
    assert len(hashed) == 4
    assert len(set(hashed)) == 1


def test_second_factors_cannot_be_guessed(house: House) -> None:
    suda = house.officer()
    browser = house.browser()
    browser.submit("/console/sign-in", {"name": suda.name, "password": PASSWORD})
    statuses = [
        browser.submit("/console/sign-in/second", {"code": f"{number:06}"}).status_code for number in range(7)
    ]
    assert statuses == [403] * 5 + [429] * 2
    assert browser.submit("/console/sign-in/second", {"code": code_at(house)}).status_code == 429


def test_what_was_typed_as_a_name_is_not_kept(house: House) -> None:
    house.browser().sign_in("my secret password", "x")
    with house.database.read() as session:
        entry = session.exec(select(AuditEntry).where(AuditEntry.action == "sign_in.fail")).one()
    assert (entry.actor, entry.subject) == ("nobody known", "officer/unknown")


def test_nobody_is_led_elsewhere_and_no_header_is_injected(house: House) -> None:
    house.officer()
    for wanted in (
        "https://evil.example/console",
        "//evil.example",
        "/\\evil.example",
        "/console/../../evil",
        "/console/..",
        "/console//evil.example",
        "/console\r\nSet-Cookie: a=b",
        "javascript:alert(1)",
        "/elsewhere",
    ):
        answer = house.browser().submit(
            "/console/sign-in", {"name": "suda.k", "password": PASSWORD, "next": wanted}
        )
        assert (answer.status_code, answer.headers["location"]) == (
            303,
            "/console/sign-in/second?next=/console",
        ), wanted
        assert "a" not in answer.cookies
        assert own_page(wanted) == "/console"


def test_the_wanted_page_comes_after_the_sign_in(house: House) -> None:
    browser = house.browser()
    house.officer(roles=[Role.AUDITOR])
    sent = browser.get("/console/audit?actor=suda").headers["location"]
    assert sent == "/console/sign-in?next=/console/audit%3Factor%3Dsuda"
    assert browser.sign_in("suda.k", wanted="/console/audit?actor=suda").headers["location"] == (
        "/console/audit?actor=suda"
    )


def test_a_name_cannot_break_out_of_the_page(house: House) -> None:
    evil = '"><script>alert(1)</script>'
    answer = house.browser().sign_in(evil, "x")
    assert "<script>alert" not in answer.text
    assert "NUL" not in answer.text
    browser = house.browser()
    token = browser.token("/console/sign-in")
    assert (
        browser.post("/console/sign-in", {"csrf": token, "name": "a\0b", "password": "x"}).status_code == 400
    )


def test_a_form_from_elsewhere_is_refused(house: House) -> None:
    browser = house.signed_in(house.officer())
    token = browser.token("/console")
    crossed = browser.post("/console/sign-out", {"csrf": token}, headers={"Sec-Fetch-Site": "cross-site"})
    assert crossed.status_code == 403
    other = house.signed_in(house.officer("other"))
    assert browser.post("/console/sign-out", {"csrf": other.token("/console")}).status_code == 403
    assert "console.refuse" in actions(house, "suda.k")
    assert browser.get("/console").status_code == 200
    assert sessions.form_token("x") != "x"
