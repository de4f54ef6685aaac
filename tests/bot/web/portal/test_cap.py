"""Alerts for other systems: what is published is CAP 1.2, and stays what it was."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import xmlschema
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID
from lxml import etree
from signxml.verifier import SignatureConfiguration, XMLVerifier
from sqlmodel import Session, col, select

from bot.channels.registry import NotConnected
from bot.wiring import Krajai
from broadcasts.alerts import releasing
from storage.alerts import Alert
from storage.database import Database
from tests.bot.web.pages import Page, opened, page_of
from tests.bot.web.portal.conftest import Warn
from tests.shared_files import shared

ATOM = "{http://www.w3.org/2005/Atom}"
CAP = "{urn:oasis:names:tc:emergency:cap:1.2}"
TOKEN = {"Authorization": "Bearer a token of partners"}


def test_the_feed_names_each_alert_that_went_out(page: Page, warn: Warn) -> None:
    assert etree.fromstring(page.get("/cap/alerts.atom").content).findall(f"{ATOM}entry") == []
    warn("flood ไทย/2")
    warn("second")
    warn("old", rehearsal=True)
    answer = page.get("/cap/alerts.atom")
    feed = etree.fromstring(answer.content)
    assert answer.headers["content-type"] == "application/atom+xml"
    entries = feed.findall(f"{ATOM}entry")
    assert [each.findtext(f"{CAP}identifier") for each in entries] == ["second", "flood_ไทย/2"]
    first = entries[1]
    link = first.find(f"{ATOM}link[@rel='enclosure']")
    assert link is not None
    address = link.get("href", "")
    assert address.startswith("https://krajai.example.go.th/cap/alerts/")
    document = page.get(address.removeprefix("https://krajai.example.go.th"))
    assert document.headers["content-type"] == "application/cap+xml"
    assert etree.fromstring(document.content).findtext(f"{CAP}identifier") == "flood_ไทย/2"
    assert "อ.แม่สาย" in (first.findtext(f"{ATOM}summary") or "")


def test_who_has_the_feed_is_not_sent_it_again(page: Page, warn: Warn) -> None:
    warn()
    before = page.get("/cap/alerts.atom").headers["etag"]
    assert page.get("/cap/alerts.atom", headers={"If-None-Match": f'"x", {before}'}).status_code == 304
    warn("second")
    assert page.get("/cap/alerts.atom", headers={"If-None-Match": before}).status_code == 200


def test_an_end_changes_the_feed_and_not_the_document(page: Page, krajai: Krajai, warn: Warn) -> None:
    alert = warn()
    feed, document = page.get("/cap/alerts.atom").content, page.get("/cap/alerts/flood-1.xml").content
    with krajai.database.write() as session:
        assert alert.id is not None
        later = krajai.database.now(session) + timedelta(seconds=5)
        releasing.stop(session, alert.id, by="suda", at=later)
    assert page.get("/cap/alerts.atom").content != feed
    assert page.get("/cap/alerts/flood-1.xml").content == document == alert.cap


@pytest.mark.shared
def test_what_is_published_is_cap_by_the_schema_of_oasis(page: Page, warn: Warn) -> None:
    warn()
    schema = xmlschema.XMLSchema(str(shared("peers/cap/CAP-v1.2.xsd")))
    schema.validate(page.get("/cap/alerts/flood-1.xml").text)


@pytest.mark.parametrize("kind", ["rsa", "ec"])
def test_documents_are_signed_with_the_key_of_the_installation(
    sqlite_database: Database, tmp_path: Path, kind: str, krajai: Krajai, warn: Warn
) -> None:
    alert = warn()
    key_file, certificate_file = _key_and_certificate(tmp_path, kind)
    named = {"cap_signing_key_file": str(key_file), "cap_signing_certificate_file": str(certificate_file)}
    with opened(sqlite_database, **named) as signing:
        document = page_of(signing).get("/cap/alerts/flood-1.xml").content
    found = XMLVerifier().verify(
        document, x509_cert=certificate_file.read_text(), expect_config=SignatureConfiguration()
    )
    results = found if isinstance(found, list) else [found]
    assert results[0].signed_xml is not None
    assert etree.tostring(results[0].signed_xml, method="c14n") == etree.tostring(
        etree.fromstring(alert.cap), method="c14n"
    )


def test_a_key_without_its_certificate_is_refused_at_the_start(
    sqlite_database: Database, tmp_path: Path
) -> None:
    key_file, certificate_file = _key_and_certificate(tmp_path, "rsa")
    other, _ = _key_and_certificate(tmp_path, "ec")
    for key, certificate, why in (
        (str(key_file), "", "needs both"),
        (str(key_file), str(tmp_path / "none"), "cannot be read"),
        (str(certificate_file), str(certificate_file), "must be PEM"),
        (str(other), str(certificate_file), "is not the certificate"),
    ):
        named = {"cap_signing_key_file": key, "cap_signing_certificate_file": certificate}
        with pytest.raises(NotConnected, match=why), opened(sqlite_database, **named):
            pass


def test_partners_post_documents_that_wait_as_drafts(page: Page, krajai: Krajai, warn: Warn) -> None:
    document = warn().cap.replace(b"flood-1", b"theirs").replace(b"<sender>krajai", b"<sender>DDPM")
    answer = page.post("/cap/alerts", content=document, headers=TOKEN)
    assert (answer.status_code, [each["new"] for each in answer.json()["alerts"]]) == (201, [True])
    assert page.post("/cap/alerts", content=document, headers=TOKEN).status_code == 200
    with Session(krajai.database.engine) as session:
        found = session.exec(select(Alert).where(col(Alert.identifier) == "theirs")).one()
    assert (found.state, found.origin, found.sender) == ("draft", "post", "DDPM")


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"<alert/>", {}, 401),
        (b"<alert/>", {"Authorization": "Bearer wrong"}, 401),
        (b"<alert/>", {"Authorization": "a token of partners \xff".encode("latin-1")}, 401),
        (b"<alert/>", TOKEN, 400),
        (b"\x00\xff", TOKEN, 400),
        (b"<!DOCTYPE a [<!ENTITY b 'c'>]><alert>&b;</alert>", TOKEN, 400),
        (b" " * 1_000_001, TOKEN, 413),
    ],
)
def test_what_is_refused_is_not_stored(
    page: Page, krajai: Krajai, body: bytes, headers: dict[str, str], status: int
) -> None:
    assert page.post("/cap/alerts", content=body, headers=headers).status_code == status
    with Session(krajai.database.engine) as session:
        assert session.exec(select(Alert)).all() == []


def test_without_a_token_of_the_operator_nobody_posts(sqlite_database: Database) -> None:
    with opened(sqlite_database) as closed:
        for given in ({}, {"Authorization": "Bearer "}):
            assert page_of(closed).post("/cap/alerts", content=b"", headers=given).status_code == 401


def test_unknown_and_endless_names_are_not_found(page: Page) -> None:
    assert page.get("/cap/alerts/none.xml").status_code == 404
    assert page.get(f"/cap/alerts/{'a' * 600}.xml").status_code == 422


def _key_and_certificate(folder: Path, kind: str) -> tuple[Path, Path]:
    key = rsa.generate_private_key(65537, 2048) if kind == "rsa" else ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "krajai.example.go.th")])
    begin = datetime.now(UTC) - timedelta(days=1)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(begin)
        .not_valid_after(begin + timedelta(days=30))
        .sign(key, hashes.SHA256())
    )
    key_file, certificate_file = folder / f"{kind}.key", folder / f"{kind}.pem"
    form = serialization.PrivateFormat.PKCS8
    key_file.write_bytes(key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()))
    certificate_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    return key_file, certificate_file
