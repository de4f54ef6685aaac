"""Visiting an outside source: what is asked for is fetched, read and stored, and `krajai sources` shows how it went.

No database session is open while the network is waited for. The store step, what is known of the answers, the source's
state and the end of the scheduled run are one transaction: a visit happened as a whole or it did not.
"""

import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlencode, urljoin

from pydantic import SecretStr
from sqlmodel import Session

from bot.addresses import AddressRefused, Allowed, allowed_by, parted
from bot.fetching import Fetched, Fetcher, FetchRefused, Limits
from bot.settings import Settings
from bot.source_health import Alarm, Findings, Visited, conclude, count_failure, log_change
from broadcasts.delivery.faults import kind_and_place
from broadcasts.sources import Answer, AutomaticRelease, Request, SchemaDrift, Source, Visit
from storage import sources
from storage.database import Database
from storage.schedule import RunOutcome
from storage.sources import SourceAnswer, SourceHost

MOST_REQUESTS = 100
MOST_VISIT_SECONDS = 600.0
# What a programming error in a reader looks like when an answer is of another shape than anybody thought of.
_MISREAD = (ValueError, TypeError, LookupError, ArithmeticError, AttributeError, RecursionError)

Finish = Callable[[Session, RunOutcome, str], bool]
"""Ends the scheduled run within the store's transaction; False when somebody else has taken the run over."""


class TakenOver(Exception):
    """Another process runs this slot now: nothing of this visit is kept."""


@dataclass(frozen=True, kw_only=True)
class Visitor:
    """Visits sources with the credentials and addresses of the settings."""

    database: Database
    settings: Settings
    fetcher: Fetcher = field(default_factory=Fetcher)
    alarm: Alarm = log_change
    seconds: Callable[[], float] = time.monotonic

    def turned_off(self, source: Source[Any]) -> str:
        """Why a source is not visited; empty when it is."""
        if self.settings.sources == "off":
            return "KRAJAI_SOURCES is off"
        empty = [f"KRAJAI_{name.upper()}" for name in source.settings if not self._setting(name)]
        return f"{' and '.join(empty)} not set" if empty else ""

    def visit(self, source: Source[Any], finish: Finish | None = None) -> Visited:
        """Fetch, read and store what a source has. Raises TakenOver; whatever else fails is in the source's state."""
        if off := self.turned_off(source):
            visited = Visited(outcome=RunOutcome.DONE, result=f"off: {off}")
            with self.database.write() as session:
                _end(session, visited, finish)
            return visited
        found = Findings()
        ends = self.seconds() + MOST_VISIT_SECONDS
        try:
            self._gather(source, found, ends)
            with self.database.write() as session:
                visit = self._circumstances(session)
                summary = self._store(session, source, visit, found) if found.answers else ""
                visited = conclude(session, source, found, visit.at, summary, self.alarm)
                _end(session, visited, finish)
            return visited
        except TakenOver:
            raise
        except Exception as fault:  # noqa: BLE001 - the process's edge: the source's state says that it failed
            found.wrong.insert(0, str(fault) if isinstance(fault, SchemaDrift) else kind_and_place(fault))
            found.answers, found.known, found.unchanged, found.news = [], [], 0, ()
            with self.database.write() as session:
                visited = conclude(session, source, found, self.database.now(session), "", self.alarm)
                _end(session, visited, finish)
            return visited

    def _gather(self, source: Source[Any], found: Findings, ends: float) -> None:
        with self.database.read() as session:
            visit = self._circumstances(session)
            requests = source.requests(session, visit)
        self._ask_for(source, requests, visit, found, ends)
        with self.database.read() as session:
            more = source.follow(session, tuple(found.answers), visit) if found.answers else ()
        first, faults = list(found.known), len(found.faults)
        self._ask_for(source, more, visit, found, ends)
        if len(found.faults) > faults:
            # What led to a document that could not be had counts as unread, so that it is followed again.
            found.known = [each for each in found.known if each not in first]
        if found.answers:
            with self.database.read() as session:
                found.answers = list(source.resolve(session, tuple(found.answers), visit))

    def _store(self, session: Session, source: Source[Any], visit: Visit, found: Findings) -> str:
        done = source.store(session, found.answers, visit)
        if isinstance(done, str):
            return done
        found.wrong += done.refused
        found.news = done.news
        unread = {_name(self._setting(source.url), each) for each in done.unread}
        found.known = [each for each in found.known if each.request not in unread]
        return done.did

    def _ask_for(
        self, source: Source[Any], requests: Sequence[Request], visit: Visit, found: Findings, ends: float
    ) -> None:
        base = self._setting(source.url)
        try:
            allowed = allowed_by([base], source.also_hosts)
        except AddressRefused as refused:
            found.failing.append(f"the address in the settings ({source.url}) {refused}")
            return
        names = [_name(base, request) for request in requests]
        with self.database.read() as session:
            known = sources.answers(session, source.name, names)
        for request, name in zip(requests[:MOST_REQUESTS], names, strict=False):
            if self.seconds() > ends:
                found.failing.append(f"took longer than {MOST_VISIT_SECONDS:g} seconds in all")
                return
            asking = _Asking(
                source=source,
                request=request,
                address=urljoin(base, request.address),
                allowed=allowed,
                before=known.get(name) or SourceAnswer(source=source.name, request=name, at=visit.at),
                at=visit.at,
            )
            self._ask(asking, found)
        if len(requests) > MOST_REQUESTS:
            found.failing.append(f"asks for {len(requests)} documents; {MOST_REQUESTS} were taken")

    def _ask(self, asking: "_Asking", found: Findings) -> None:
        try:
            _, name, _port = parted(asking.address)
        except AddressRefused as refused:
            found.failing.append(f"{asking.subject}{refused}")
            return
        host = self._host(name, found)
        if host.rests_until is not None and host.rests_until > asking.at:
            found.failing.append(
                f"{asking.subject}{name} is given a rest until {host.rests_until:%H:%M} UTC"
                f" after {host.failures} failures"
            )
            return
        try:
            fetched = self._fetch(asking)
        except FetchRefused as refused:
            if refused.transient:
                count_failure(host, asking.at)
            found.failing.append(f"{asking.subject}{refused}")
            return
        host.failures, host.rests_until = 0, None
        _take(asking, fetched, found)

    def _fetch(self, asking: "_Asking") -> Fetched:
        source = asking.source
        home = parted(asking.address)[:2] == parted(self._setting(source.url))[:2]
        headers = {"Accept": source.accept}
        parameters = dict(asking.request.parameters)
        if home:
            # Credentials are for the source's own host and for no other.
            parameters |= {name: self._setting(each) for name, each in source.query_credentials.items()}
            if source.bearer:
                headers["Authorization"] = f"Bearer {self._setting(source.bearer)}"
        return self.fetcher.fetch(
            asking.address,
            asking.allowed,
            Limits(
                connect_seconds=source.connect_seconds,
                read_seconds=source.total_seconds,
                total_seconds=source.total_seconds,
                most_bytes=source.most_bytes,
            ),
            headers=headers,
            parameters=parameters,
            etag=asking.before.etag,
            last_modified=asking.before.last_modified,
        )

    def _host(self, name: str, found: Findings) -> SourceHost:
        if name not in found.hosts:
            with self.database.read() as session:
                found.hosts[name] = sources.host(session, name)
        return found.hosts[name]

    def _circumstances(self, session: Session) -> Visit:
        rules = (
            AutomaticRelease(feed=feed, sender=sender, severity=severity)
            for feed, sender, severity in self.settings.release_rules
        )
        return Visit(
            at=self.database.now(session),
            zone=self.settings.zone,
            automatic=frozenset(rules),
            agency={"th": self.settings.agency_name_th, "en": self.settings.agency_name_en},
        )

    def _setting(self, name: str) -> str:
        if "://" in name:
            return name
        value = getattr(self.settings, name)
        return value.get_secret_value() if isinstance(value, SecretStr) else str(value)


@dataclass(frozen=True, kw_only=True)
class _Asking:
    """One question of a visit at a time, where it goes, and what is known of its last answer."""

    source: Source[Any]
    request: Request
    address: str
    allowed: Allowed
    before: SourceAnswer
    at: datetime

    @property
    def subject(self) -> str:
        """What a fault is said to be of."""
        return f"{self.request.about}: " if self.request.about else ""


def _take(asking: _Asking, fetched: Fetched, found: Findings) -> None:
    """Read an answer, unless it is what was stored before."""
    before = asking.before
    digest = before.digest if fetched.data is None else hashlib.sha256(fetched.data).hexdigest()
    if fetched.data is None or digest == before.digest:
        found.unchanged += 1
        return
    try:
        value = (asking.request.read or asking.source.read)(fetched.data, asking.at)
    except SchemaDrift as drift:
        found.wrong.append(f"{asking.subject}{drift}")
    except _MISREAD as fault:
        found.wrong.append(f"{asking.subject}the answer cannot be read ({kind_and_place(fault)})")
    else:
        found.answers.append(Answer(request=asking.request, value=value))
        found.known.append(
            SourceAnswer(
                source=asking.source.name,
                request=before.request,
                etag=fetched.etag,
                last_modified=fetched.last_modified,
                digest=digest,
                at=asking.at,
            )
        )


def _name(base: str, request: Request) -> str:
    """What a request is known by: its address without any credential."""
    address = urljoin(base, request.address)
    return f"{address}?{urlencode(sorted(request.parameters.items()))}" if request.parameters else address


def _end(session: Session, visited: Visited, finish: Finish | None) -> None:
    if finish is not None and not finish(session, visited.outcome, visited.result):
        raise TakenOver(visited.result)
