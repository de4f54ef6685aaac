"""Signing in through an identity provider: what it must bring back, and what is refused."""

import re
from base64 import urlsafe_b64encode
from collections.abc import Callable
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from authlib.integrations.requests_client import OAuth2Session
from joserfc import jwt
from joserfc.jwk import KeySet, OctKey, RSAKey
from sqlmodel import select

from bot.web.console import oidc
from storage.audit import AuditEntry
from storage.database import Database
from storage.officers import Officer
from tests.bot.web.console.browsing import Browser, House, open_house

ISSUER = "https://idp.example"
KEY = RSAKey.generate_key(2048, parameters={"kid": "1"})
BACK = "/console/sign-in/oidc/back"

Change = Callable[[dict[str, Any]], object]


class Provider:
    """Answers as a strict provider would: one code, for one verifier; claims and key as a test changes them."""

    def __init__(self, house: House, monkeypatch: pytest.MonkeyPatch) -> None:
        self.house = house
        self.asked: dict[str, str] = {}
        self.change: Change = lambda claims: None
        self.sign: Callable[[dict[str, Any]], str] = lambda claims: jwt.encode(
            {"alg": "RS256", "kid": "1"}, claims, KEY
        )
        monkeypatch.setattr(oidc, "_get", self.get)
        monkeypatch.setattr(OAuth2Session, "fetch_token", self.token)

    def get(self, address: str) -> dict[str, Any]:
        if address == f"{ISSUER}/keys":
            return dict(KeySet([KEY]).as_dict(private=False))
        assert address == f"{ISSUER}/.well-known/openid-configuration"
        ends = {"authorization_endpoint": "/authorize", "token_endpoint": "/token", "jwks_uri": "/keys"}
        return {"issuer": ISSUER, **{name: ISSUER + path for name, path in ends.items()}}

    def token(self, address: str, *, code: str, code_verifier: str, **_: Any) -> dict[str, str]:
        assert (address, code) == (f"{ISSUER}/token", "the-code")
        assert challenge(code_verifier) == self.asked["code_challenge"]
        now = int(self.house.clock.at.timestamp())
        claims = {
            "iss": ISSUER,
            "aud": "krajai",
            "sub": "42",
            "exp": now + 60,
            "nonce": self.asked["nonce"],
            "email": "Suda@example.go.th",
            "email_verified": True,
        }
        self.change(claims)
        return {"id_token": self.sign(claims)}

    def come_back(self, browser: Browser, **changed: str) -> Any:
        """Leave for the provider and come back from it."""
        address = browser.get("/console/sign-in/oidc").headers["location"]
        self.asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        query = {"state": self.asked["state"], "code": "the-code"} | changed
        return browser.get(BACK, params=query)


def challenge(verifier: str) -> str:
    """RFC 7636, 4.2."""
    return urlsafe_b64encode(sha256(verifier.encode()).digest()).decode().rstrip("=")


@pytest.fixture
def provider(sqlite_database: Database, monkeypatch: pytest.MonkeyPatch) -> Provider:
    house = open_house(sqlite_database, oidc_issuer=ISSUER, oidc_client_id="krajai")
    suda = house.officer()
    with house.database.write() as session:
        kept = session.get_one(Officer, suda.id)
        kept.email = "suda@example.go.th"
        session.add(kept)
    return Provider(house, monkeypatch)


def test_a_verified_address_leads_to_the_second_factor(provider: Provider) -> None:
    browser = provider.house.browser()
    answer = provider.come_back(browser)
    assert provider.asked["code_challenge_method"] == "S256"
    assert provider.asked["redirect_uri"] == f"https://console.test{BACK}"
    assert (answer.status_code, answer.headers["location"]) == (303, "/console/sign-in/second")
    assert browser.get("/console").status_code == 303  # not in yet
    assert browser.get("/console/sign-in/second").status_code == 200
    used = {"state": provider.asked["state"], "code": "the-code"}
    assert browser.get(BACK, params=used).status_code == 403  # once only


def test_what_does_not_prove_who_she_is_is_refused(provider: Provider) -> None:
    changes: dict[str, Change] = {
        "issuer": lambda claims: claims.update(iss="https://evil.example"),
        "audience": lambda claims: claims.update(aud="another"),
        "two audiences": lambda claims: claims.update(aud=["krajai", "another"]),
        "over": lambda claims: claims.update(exp=claims["exp"] - 1000),
        "no end": lambda claims: claims.pop("exp"),
        "nonce": lambda claims: claims.update(nonce="replayed"),
        "no nonce": lambda claims: claims.pop("nonce"),
        "unverified": lambda claims: claims.update(email_verified=False),
        "told as text": lambda claims: claims.update(email_verified="true"),
        "unknown": lambda claims: claims.update(email="nobody@example.go.th"),
        "no address": lambda claims: claims.pop("email"),
    }
    for name, change in changes.items():
        provider.change = change
        browser = provider.house.browser()
        assert provider.come_back(browser).status_code in (403, 502), name
        assert browser.get("/console/sign-in/second").status_code == 303, name
    with provider.house.database.read() as session:
        failed = session.exec(select(AuditEntry.detail).where(AuditEntry.action == "sign_in.fail")).all()
    assert {"step": "oidc"} in failed


def test_a_token_that_the_provider_did_not_sign_is_refused(provider: Provider) -> None:
    other = RSAKey.generate_key(2048, parameters={"kid": "1"})
    shared = OctKey.import_key("the client secret of this installation")
    forged: list[Callable[[dict[str, Any]], str]] = [
        lambda claims: jwt.encode({"alg": "RS256", "kid": "1"}, claims, other),
        lambda claims: jwt.encode({"alg": "HS256"}, claims, shared),
        lambda claims: re.sub(r"[^.]*$", "", jwt.encode({"alg": "RS256", "kid": "1"}, claims, KEY)),
        lambda claims: "eyJhbGciOiJub25lIn0.e30.",
    ]
    for sign in forged:
        provider.sign = sign
        assert provider.come_back(provider.house.browser()).status_code == 502


def test_state_belongs_to_this_browser_and_ends(provider: Provider) -> None:
    house = provider.house
    assert provider.come_back(house.browser(), state="another").status_code == 403
    stranger = house.browser()
    assert stranger.get(BACK, params={"state": "x", "code": "the-code"}).status_code == 403
    browser = house.browser()
    browser.get("/console/sign-in/oidc")
    house.clock.pass_(minutes=11)
    assert browser.get(BACK, params={"state": "x", "code": "y"}).status_code == 403


def test_without_settings_there_is_no_such_page(house: House) -> None:
    assert house.browser().get("/console/sign-in/oidc").status_code == 404
    assert house.browser().get(BACK).status_code == 404
