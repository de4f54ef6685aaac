"""An installation that has warned."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from bot.wiring import Krajai
from broadcasts.alerts import releasing
from broadcasts.alerts.composing import InWords, compose
from broadcasts.alerts.importing import import_alerts
from broadcasts.sources import BANGKOK
from storage.alerts import Alert
from storage.database import Database
from tests.bot.web.pages import Page, opened, page_of
from tests.broadcasts.alerts.test_composing import composed

Warn = Callable[..., Alert]


@pytest.fixture
def krajai(sqlite_database: Database) -> Iterator[Krajai]:
    with opened(
        sqlite_database, public_url="https://krajai.example.go.th/", cap_import_token="a token of partners"
    ) as made:
        yield made


@pytest.fixture
def page(krajai: Krajai) -> Page:
    return page_of(krajai)


@pytest.fixture
def warn(krajai: Krajai) -> Warn:
    """Warn Mae Sai of a flood; the alert. `rehearsal` warns as one who tries an old alert out."""

    def warned(identifier: str = "flood-1", headline: str = "น้ำท่วม", *, rehearsal: bool = False) -> Alert:
        with krajai.database.write() as session:
            now = krajai.database.now(session)
            said = composed(
                "emergency",
                "flood",
                identifier=identifier,
                sent=now,
                places=("5709",),
                words={
                    "th": InWords(headline=headline, evidence="เจ้าหน้าที่เห็นเอง"),
                    "en": InWords(headline="Flood", evidence="Seen by an officer"),
                },
                expires=now + timedelta(hours=3),
            )
            document = compose(said, BANGKOK)
            alert = import_alerts(session, document, origin="t", by="t", at=now, rehearsal=rehearsal)[0].alert
            assert alert.id is not None
            releasing.release(session, alert.id, by="suda", at=now, zone=BANGKOK)
            session.refresh(alert)
            session.expunge(alert)
        return alert

    return warned
