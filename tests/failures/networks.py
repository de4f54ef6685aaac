"""The outside world of a test: a vendor with its phones, and the journal that says who got what. It is the oracle."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Generic, Protocol, TypeVar

from sqlmodel import col, func, select

from storage.database import Database
from storage.local_phones import FROM_KRAJAI, LocalMessage
from tests.bot.channels import line_builders, telegram_builders
from tests.fakes import line as line_fake
from tests.fakes import telegram as telegram_fake
from tests.fakes.kannel import FakeKannel
from tests.fakes.line import FakeLine
from tests.fakes.smsc import FakeSmsc
from tests.fakes.telegram import FakeTelegram
from tests.fakes.threads import beside

Fake = TypeVar("Fake")
SMS_TOKEN = "receipts-of-tests"


class Network(Protocol):
    """`channel` is the account's; `honours_retry_key` says whether a repeated request is harmless there."""

    channel: str
    honours_retry_key: bool

    @property
    def settings(self) -> dict[str, str]:
        """What an operator sets to be connected to it."""

    def address(self, number: int) -> str:
        """The address of one of its phones."""

    def arrived(self) -> int:
        """How many messages it has brought to phones."""

    def got(self) -> Counter[str]:
        """How many each address got."""

    @property
    def unanswered(self) -> int:
        """How many it has accepted and not answered yet; 0 where it answers at once."""


class LocalNetwork:
    """The simulator's, whose journal lies in Krajai's own database."""

    channel = "local"
    unanswered = 0

    def __init__(
        self, database_url: str, behaves_like: str = "line", requests_per_second: float = 20
    ) -> None:
        self._database = Database(database_url)
        self.honours_retry_key = behaves_like == "line"
        self.settings = {
            "KRAJAI_LOCAL_BEHAVES_LIKE": behaves_like,
            "KRAJAI_LOCAL_REQUESTS_PER_SECOND": str(requests_per_second),
        }

    def address(self, number: int) -> str:
        return f"sim-{number:06d}"

    def arrived(self) -> int:
        with self._database.read() as session:
            return session.exec(
                select(func.count()).where(LocalMessage.origin == FROM_KRAJAI).select_from(LocalMessage)
            ).one()

    def got(self) -> Counter[str]:
        query = (
            select(LocalMessage.address, func.count())
            .where(LocalMessage.origin == FROM_KRAJAI)
            .group_by(col(LocalMessage.address))
        )
        with self._database.read() as session:
            return Counter(dict(session.exec(query).all()))


class _OfFake(Generic[Fake]):
    """A network that a fake of the tests is; `pace` is what the operator sets as its limit."""

    honours_retry_key = False

    def __init__(self, fake: Fake, pace: float) -> None:
        self.fake = fake
        self._pace = str(pace)

    @property
    def unanswered(self) -> int:
        found: int = getattr(self.fake, "unanswered", 0)
        return found


class LineNetwork(_OfFake[FakeLine]):
    channel = "line"
    honours_retry_key = True

    @property
    def settings(self) -> dict[str, str]:
        return {
            "KRAJAI_LINE_CHANNEL_SECRET": line_builders.SECRET,
            "KRAJAI_LINE_CHANNEL_ACCESS_TOKEN": line_fake.TOKEN,
            "KRAJAI_LINE_API_URL": self.fake.url,
            "KRAJAI_LINE_DATA_API_URL": self.fake.url,
            "KRAJAI_LINE_REQUESTS_PER_SECOND": self._pace,
        }

    def address(self, number: int) -> str:
        return f"U{number:032x}"

    def arrived(self) -> int:
        return sum(len(each.to) for each in list(self.fake.journal))

    def got(self) -> Counter[str]:
        return Counter(address for each in list(self.fake.journal) for address in each.to)


class TelegramNetwork(_OfFake[FakeTelegram]):
    channel = "telegram"

    @property
    def settings(self) -> dict[str, str]:
        return {
            "KRAJAI_TELEGRAM_BOT_TOKEN": telegram_fake.TOKEN,
            "KRAJAI_TELEGRAM_WEBHOOK_SECRET": telegram_builders.SECRET,
            "KRAJAI_TELEGRAM_API_URL": self.fake.url,
            "KRAJAI_TELEGRAM_POLLING": "off",
            "KRAJAI_TELEGRAM_MESSAGES_PER_SECOND": self._pace,
        }

    def address(self, number: int) -> str:
        return str(number + 1)

    def arrived(self) -> int:
        return sum(map(len, list(self.fake.sent.values())))

    def got(self) -> Counter[str]:
        return Counter({str(chat): len(said) for chat, said in list(self.fake.sent.items()) if said})


class _OfSms(_OfFake[Fake]):
    channel = "sms"

    def _settings(self, gateway: str, url: str, username: str, password: str) -> dict[str, str]:
        return {
            "KRAJAI_SMS_GATEWAY": gateway,
            "KRAJAI_SMS_URL": url,
            "KRAJAI_SMS_USERNAME": username,
            "KRAJAI_SMS_PASSWORD": password,
            "KRAJAI_SMS_WEBHOOK_TOKEN": SMS_TOKEN,
            "KRAJAI_SMS_SENDER": "KRAJAI",
            "KRAJAI_SMS_MESSAGES_PER_SECOND": self._pace,
        }

    def address(self, number: int) -> str:
        return f"+668{number:08d}"


class KannelNetwork(_OfSms[FakeKannel]):
    @property
    def settings(self) -> dict[str, str]:
        return self._settings("kannel", self.fake.url, self.fake.username, self.fake.password)

    def arrived(self) -> int:
        return len(self.fake.accepted)

    def got(self) -> Counter[str]:
        return Counter(sent.to for sent in list(self.fake.accepted))


class SmppNetwork(_OfSms[FakeSmsc]):
    @property
    def settings(self) -> dict[str, str]:
        return self._settings("smpp", self.fake.url, self.fake.system_id, self.fake.password)

    def arrived(self) -> int:
        return len(self.got())

    def got(self) -> Counter[str]:
        """A message is a single part, or the first of several."""
        first = [sent for sent in list(self.fake.submitted) if not sent.header or sent.header[-1] == 1]
        return Counter(f"+{sent.destination}" for sent in first)


@contextmanager
def line(requests_per_second: float = 200, **more: object) -> Iterator[LineNetwork]:
    with FakeLine(**more).beside() as fake:  # type: ignore[arg-type]
        yield LineNetwork(fake, requests_per_second)


@contextmanager
def telegram(messages_per_second: float = 1000, *, answers_after: float = 0.0) -> Iterator[TelegramNetwork]:
    """With paid broadcasts, as a country would have them. A chat's own second stays."""
    with beside(FakeTelegram(messages_per_second=None, answers_after_seconds=answers_after)) as fake:
        yield TelegramNetwork(fake, messages_per_second)


@contextmanager
def kannel(messages_per_second: float = 1000, *, answers_after: float = 0.0) -> Iterator[KannelNetwork]:
    with beside(FakeKannel(most_a_second=10_000, answers_after_seconds=answers_after)) as fake:
        yield KannelNetwork(fake, messages_per_second)


@contextmanager
def smpp(messages_per_second: float = 1000, *, answers_after: float = 0.0) -> Iterator[SmppNetwork]:
    with beside(FakeSmsc(answers_after_seconds=answers_after)) as fake:
        yield SmppNetwork(fake, messages_per_second)
