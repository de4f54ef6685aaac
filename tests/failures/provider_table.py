"""Every way a provider fails, end to end: what it does for how long, and what must have come of it.

The broadcast is an emergency: whatever is refused is tried again by itself, since others may be on other accounts. No
officer is waited for.
"""

from dataclasses import dataclass

from tests.fakes.kannel import Fault as Sms
from tests.fakes.line import Fault as Line
from tests.fakes.telegram import Fault as Telegram

RECIPIENTS = 6


@dataclass(frozen=True, kw_only=True)
class Row:
    """`network` does `faults` to the requests that come, in order; `prepare` makes a fake that fails by itself.

    In the end: `accepted`, `failed` and `unknown` of `RECIPIENTS`; who heard `twice`.
    """

    name: str
    network: str
    faults: tuple[object, ...] = ()
    fills: str = ""
    accepted: int = RECIPIENTS
    failed: int = 0
    unknown: int = 0
    twice: int = 0
    refused_seconds: float = 0.0


def _line(name: str, *faults: Line, **more: object) -> Row:
    return Row(name=name, network="line", faults=faults, **more)  # type: ignore[arg-type]


def _telegram(name: str, *faults: Telegram, **more: object) -> Row:
    return Row(name=name, network="telegram", faults=faults, **more)  # type: ignore[arg-type]


def _sms(name: str, *faults: Sms, **more: object) -> Row:
    return Row(name=name, network="sms", faults=faults, **more)  # type: ignore[arg-type]


ALL = RECIPIENTS

TABLE: tuple[Row, ...] = (
    _line("500 four times", *[Line.FAILS] * 4),
    _line("500 although accepted", *[Line.ACCEPTS_AND_FAILS] * 3),
    _line("502 with a page", *[Line.PROXY_FAILS] * 2),
    _line("hangs", Line.HANGS, Line.ACCEPTS_AND_HANGS),
    _line("slow drip", Line.DRIPS),
    _line("200 with a page", Line.NO_JSON),
    _line("cut, and cut although accepted", Line.CUTS, Line.ACCEPTS_AND_CUTS, Line.CUTS),
    _line("429 rate", *[Line.TOO_FAST] * 5),
    _line("429 concurrency", *[Line.TOO_MANY_AT_ONCE] * 5),
    _line("monthly quota", Line.QUOTA),
    _line("revoked token", Line.UNAUTHORIZED),
    _line("403", Line.FORBIDDEN),
    _line("413", Line.TOO_LARGE),
    _line("400 naming to[n]", fills="malformed", accepted=ALL - 2, failed=2),
    _line("refused for five minutes", refused_seconds=300),
    _telegram("500 to all", *[Telegram.SERVER_ERROR] * ALL),
    _telegram("500 to all, twice", *[Telegram.SERVER_ERROR] * 2 * ALL, accepted=0, unknown=ALL),
    _telegram("502 with a page", Telegram.BAD_GATEWAY),
    _telegram("200 with a page", Telegram.NO_JSON, twice=1),
    _telegram("hangs", Telegram.HANG, Telegram.HANG_AFTER_ACCEPTING, twice=1),
    _telegram("slow drip", Telegram.DRIP, twice=1),
    _telegram("cut", Telegram.CUT_BEFORE_ACCEPTING, Telegram.CUT_AFTER_ACCEPTING, twice=1),
    _telegram("429 of the server in front", *[Telegram.BARE_429] * 3),
    _telegram("429 with retry_after", fills="too fast"),
    _telegram("403 blocked", fills="blocked", accepted=ALL - 1, failed=1),
    _telegram("400 chat not found", fills="missing", accepted=ALL - 1, failed=1),
    _telegram("migrated to a supergroup", fills="migrated"),
    _telegram("revoked token", fills="revoked"),
    _telegram("refused for five minutes", refused_seconds=300),
    _sms("503, try again", *[Sms.TEMPORAL_FAILURE] * ALL),
    _sms("not routable", Sms.NOT_ROUTABLE, accepted=ALL - 1, failed=1),
    _sms("500", Sms.SERVER_ERROR),
    _sms("a captive portal", Sms.PORTAL_PAGE),
    _sms("302", Sms.MOVED),
    _sms("hangs", Sms.HANGS, Sms.HANGS_AFTER_ACCEPTING, twice=1),
    _sms("slow drip", Sms.DRIPS, twice=1),
    _sms("cut", Sms.DROPPED_UNREAD, Sms.DROPPED_AFTER_ACCEPTING, twice=1),
    _sms("wrong password", fills="revoked"),
    _sms("refused for five minutes", refused_seconds=300),
)
