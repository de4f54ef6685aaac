"""What an outside source of data is: where to ask, how to read the answer, where to keep it.

A new source is one module with a `Source` and one row in `broadcasts/schedule.py`; `bot/visiting.py` does the rest
(addresses that are allowed, time-outs, sizes, retries, conditional requests, circuit breaker, state, alarms). A visit:

1. `requests(session, visit)`, in a short read: what to ask. Unless given, one request of the source's own address.
2. The network, without a session. An answer that has not changed since it was last stored is left out.
3. `read(data, visit.at)` of each answer: a pure function of the bytes and the time. It raises SchemaDrift when the
   answer is not what it should be: nothing of that answer is stored, and `krajai sources` says which field is wrong.
4. `follow(session, answers, visit)`, in a short read, if given: more to ask because of those answers; 2 and 3 again.
5. `resolve(session, answers, visit)`, in a short read, if given: looks up what storing needs to know (districts of
   stations), and gives the answers to be stored. What writes must be short, since everybody waits for it on SQLite.
6. `store(session, answers, visit)`, in one transaction together with the source's state. It is called when at least
   one answer was read, and says what it did ("12 prices"). Answers may come twice: storing must not double anything.
   What it could not take, and a person should know of, it says in `Stored`.

A request that fails does not keep the others of the same visit from being stored.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar
from zoneinfo import ZoneInfo

from sqlmodel import Session

Read = TypeVar("Read")

BANGKOK = ZoneInfo("Asia/Bangkok")


class SchemaDrift(Exception):
    """An answer is not what its source used to give: `field` names the place in it, `wrong` what is wrong there.

    >>> str(SchemaDrift("stations[3].lat", "is missing"))
    'stations[3].lat is missing'
    """

    def __init__(self, field: str, wrong: str) -> None:
        super().__init__(f"{field} {wrong}")
        self.field = field
        self.wrong = wrong


@dataclass(frozen=True, kw_only=True)
class AutomaticRelease:
    """A warning that the operator lets out without an officer: of this feed, by this sender, of this CAP severity."""

    feed: str
    sender: str
    severity: str


@dataclass(frozen=True, kw_only=True)
class Visit:
    """The circumstances of one visit: when it is, what a day is here, what may be released without a person,
    and the name of the agency by language."""

    at: datetime
    zone: ZoneInfo = BANGKOK
    automatic: frozenset[AutomaticRelease] = frozenset()
    agency: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Request:
    """One question. `address` is absolute or relative to the source's own, which it is when empty.

    `about` is for the source itself: it comes back with the answer. `read` replaces the source's reader.
    """

    address: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)
    about: str = ""
    read: Callable[[bytes, datetime], Any] | None = None


@dataclass(frozen=True, kw_only=True)
class Answer(Generic[Read]):
    """What a request gave, read."""

    request: Request
    value: Read


@dataclass(frozen=True, kw_only=True)
class Stored:
    """What storing did, and what it refused: a source of which something is refused is "partly" good.

    `refused` has what was wrong, each in a sentence, for as long as that is so; `news` those of it that nobody was told
    of before. The answers to `unread` count as not read: they are asked for again, so that they are not forgotten.
    """

    did: str
    refused: tuple[str, ...] = ()
    news: tuple[str, ...] = ()
    unread: tuple[Request, ...] = ()


def but_for(did: str, faults: Sequence[str]) -> str:
    """What was done, and what of single records had to be left out.

    >>> but_for("3 prices", ["data[3].unit is missing", "data[7].unit is missing"])
    '3 prices; left out: data[3].unit is missing (and 1 more)'
    """
    more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
    return f"{did}; left out: {faults[0]}{more}" if faults else did


def partly_read(did: str, answers: Sequence[Answer[Any]]) -> Stored:
    """What was done by a source of dangers, none of which may be lost: while a record of it cannot be read, an answer
    counts as unread and the source as partly good. Its values have `faults`."""
    faulty = [each for each in answers if each.value.faults]
    return Stored(
        did=did,
        refused=tuple(fault for each in faulty for fault in each.value.faults),
        unread=tuple(each.request for each in faulty),
    )


def own_address(_session: Session, _visit: Visit) -> Sequence[Request]:
    """The source's own address, as it stands in the settings."""
    return (Request(),)


def nothing_more(_session: Session, _answers: Sequence[Answer[Any]], _visit: Visit) -> Sequence[Request]:
    """For a source that needs no second look."""
    return ()


def as_they_are(_session: Session, answers: Sequence[Answer[Any]], _visit: Visit) -> Sequence[Answer[Any]]:
    """For a source that has nothing to look up."""
    return answers


@dataclass(frozen=True, kw_only=True)
class Source(Generic[Read]):
    """An outside source. `url` and the credentials are names of settings (`tmd_cap_url`); an empty one turns it off.

    A source that nobody needs to point elsewhere may have the address itself as `url`.

    `dated` gives the newest time that an answer's data are of: their age is shown, and data older than `stale_after`
    put the source in the state "stale". `asked` gives the address under which an answer was had, relative to the
    source's own, for recordings that do not say so. `query_credentials` maps parameters of the address to settings,
    `bearer` is the setting of a token for the Authorization header. `also_hosts` are further hosts that requests and
    redirects may go to. `total_seconds` is for one request with all its retries.
    """

    name: str
    url: str
    read: Callable[[bytes, datetime], Read]
    store: Callable[[Session, Sequence[Answer[Read]], Visit], str | Stored]
    requests: Callable[[Session, Visit], Sequence[Request]] = own_address
    resolve: Callable[[Session, Sequence[Answer[Read]], Visit], Sequence[Answer[Read]]] = as_they_are
    follow: Callable[[Session, Sequence[Answer[Read]], Visit], Sequence[Request]] = nothing_more
    dated: Callable[[Read], datetime | None] = lambda _: None
    asked: Callable[[bytes], str] = lambda _: ""
    stale_after: timedelta | None = None
    query_credentials: Mapping[str, str] = field(default_factory=dict)
    bearer: str = ""
    also_hosts: tuple[str, ...] = ()
    connect_seconds: float = 5.0
    total_seconds: float = 30.0
    most_bytes: int = 4_000_000
    accept: str = "application/json, application/xml, text/xml, */*;q=0.1"

    @property
    def settings(self) -> tuple[str, ...]:
        """The settings without which it is off."""
        named = (self.url, *self.query_credentials.values(), self.bearer)
        return tuple(each for each in named if each and "://" not in each)


def newest(times: Sequence[datetime | None]) -> datetime | None:
    """The latest of the times that are known.

    >>> newest([None, datetime.fromisoformat("2026-01-02T00:00Z"), datetime.fromisoformat("2026-01-01T00:00Z")]).day
    2
    """
    return max((each for each in times if each is not None), default=None)
