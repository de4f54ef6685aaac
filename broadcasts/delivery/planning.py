"""Planning: a released broadcast's audience becomes batches, streaming and resumable.

Each page's batches commit together with the cursor, so a crash repeats nothing and leaves nobody out; sending starts
with the first page. Half-filled groups travel in the cursor until they fill a batch or the audience ends.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import insert
from sqlalchemy import select as sql_select
from sqlmodel import Session, col, select

from broadcasts.audience.selection import AudienceRule, Span, first_key, page, spans
from storage.batches import Batch, new_batch, unpack
from storage.broadcasts import DELIVERY_WORK, Addressed, Broadcast, Form, Priority, variant_for
from storage.jobs import Job, announce
from storage.lifecycles import BatchState, BroadcastState, ContactState, Outcome
from storage.people import GROUP_CONTACT, Contact, Person

PAGE_RECIPIENTS = 4000
PAGE_BATCHES = 8
UNSETTLED_WAIT_SECONDS = 0.5

_MAY_HAVE_GOT_IT = {ord(each.value) for each in (Outcome.ACCEPTED, Outcome.IN_FLIGHT, Outcome.UNKNOWN)}


def plan_page(
    session: Session,
    broadcast_id: int,
    at: datetime,
    batch_sizes: Mapping[int, int],
    forms: Mapping[int, Form] | None = None,
) -> float | None:
    """Write one page of a broadcast's audience into batches.

    `batch_sizes` gives recipients a batch by account id, `forms` how words are put there (as in a chat unless said).
    Returns the seconds to wait before the next page, None when
    there is nothing more to plan or another worker is planning it.
    """
    query = select(Broadcast).where(Broadcast.id == broadcast_id).with_for_update(skip_locked=True)
    broadcast = session.exec(query).first()
    if broadcast is None or broadcast.state != BroadcastState.RELEASED or broadcast.planned_at is not None:
        return None
    page_plan = _Page(session, broadcast, at, batch_sizes, forms or {})
    wait_seconds = page_plan.take()
    broadcast.plan = page_plan.cursor
    if wait_seconds is None:
        broadcast.planned_at = at
    session.add(broadcast)
    return wait_seconds


class _Page:
    """One step of the plan. The cursor: `stage` reached | unsettled | places, where in it, and the unfilled groups."""

    def __init__(
        self,
        session: Session,
        broadcast: Broadcast,
        at: datetime,
        batch_sizes: Mapping[int, int],
        forms: Mapping[int, Form],
    ) -> None:
        self._session = session
        self._broadcast = broadcast
        self._at = at
        self._sizes = batch_sizes
        self._forms = forms
        self._rows: list[dict[str, Any]] = []
        self.cursor: dict[str, Any] = dict(broadcast.plan) or {
            "stage": "reached" if broadcast.audience["reached"] else "places",
            "batch": 0,
            "unsettled": [],
            "span": 0,
            "after": None,
            "pending": {},
        }
        self._pending: dict[str, list[int]] = {key: list(ids) for key, ids in self.cursor["pending"].items()}

    def take(self) -> float | None:
        stages = {
            "reached": self._take_reached,
            "unsettled": self._take_unsettled,
            "places": self._take_places,
        }
        wait_seconds = stages[self.cursor["stage"]]()
        if wait_seconds is None:
            for key in list(self._pending):
                self._write(key, self._pending.pop(key))
        self.cursor["pending"] = self._pending
        self._flush()
        return wait_seconds

    def _take_reached(self) -> float | None:
        """Those whom the earlier broadcasts reached or may have reached."""
        query = (
            select(Batch)
            .where(
                col(Batch.broadcast_id).in_(self._broadcast.audience["reached"]),
                col(Batch.id) > self.cursor["batch"],
            )
            .order_by(col(Batch.id))
            .limit(PAGE_BATCHES)
        )
        batches = list(self._session.exec(query))
        if not batches:
            self.cursor["stage"] = "unsettled"
            return 0.0
        self.cursor["batch"] = batches[-1].id
        # What is in flight this moment is addressed when it has settled: a correction must not overtake it.
        sending = [batch.id for batch in batches if batch.state == BatchState.SENDING]
        self.cursor["unsettled"] = [*self.cursor["unsettled"], *sending]
        self._address(batch for batch in batches if batch.state != BatchState.SENDING)
        return 0.0

    def _take_unsettled(self) -> float | None:
        query = select(Batch).where(col(Batch.id).in_(self.cursor["unsettled"]))
        batches = list(self._session.exec(query))
        self._address(batch for batch in batches if batch.state != BatchState.SENDING)
        left = [batch.id for batch in batches if batch.state == BatchState.SENDING]
        self.cursor["unsettled"] = left
        if left:
            return UNSETTLED_WAIT_SECONDS
        self.cursor["stage"] = "places"
        return 0.0

    def _take_places(self) -> float | None:
        """Those who subscribed to the area."""
        audience = self._broadcast.audience
        ranges = spans(audience["places"])
        if self.cursor["span"] >= len(ranges):
            return None
        span: Span = ranges[self.cursor["span"]]
        rule = AudienceRule(
            topic=audience["topic"],
            places=tuple(audience["places"]),
            at=self._broadcast.released_at,
            addressed_by=self._broadcast.id if audience["reached"] else None,
        )
        place, contact_id = self.cursor["after"] or first_key(span)
        chosen = page(self._session, rule, span, (place, contact_id), PAGE_RECIPIENTS)
        for one in chosen:
            variant = self._variant(one.language, one.account_id, one.place[:2], in_group=one.in_group)
            self._add(one.account_id, one.language, variant, one.contact_id)
        if len(chosen) < PAGE_RECIPIENTS:
            self.cursor["span"] += 1
            self.cursor["after"] = None
            return 0.0 if self.cursor["span"] < len(ranges) else None
        self.cursor["after"] = [chosen[-1].place, chosen[-1].contact_id]
        return 0.0

    def _address(self, batches: Iterable[Batch]) -> None:
        variants: dict[int, str] = {}
        for batch in batches:
            ids = unpack(batch.recipients)
            reached = (
                i for i, outcome in zip(ids, batch.outcomes, strict=True) if outcome in _MAY_HAVE_GOT_IT
            )
            variants.update(dict.fromkeys(reached, batch.variant))
        if not variants:
            return
        query = (
            sql_select(
                col(Contact.id),
                col(Contact.person_id),
                col(Contact.account_id),
                col(Person.language),
                col(Contact.kind),
            )
            .join(Person, col(Person.id) == col(Contact.person_id))
            .where(col(Contact.id).in_(variants), col(Contact.state) == ContactState.ACTIVE.value)
            .order_by(col(Contact.id))
        )
        rows = list(self._session.connection().execute(query))
        known = select(Addressed.person_id).where(
            Addressed.broadcast_id == self._broadcast.id,
            col(Addressed.person_id).in_({row[1] for row in rows}),
        )
        addressed = set(self._session.exec(known))
        new: list[dict[str, int]] = []
        for contact_id, person_id, account_id, language, kind in rows:
            assert contact_id is not None
            assert self._broadcast.id is not None
            if person_id in addressed:
                continue
            addressed.add(person_id)
            new.append({"broadcast_id": self._broadcast.id, "person_id": person_id})
            province = variants[contact_id].rpartition("/")[2]
            variant = self._variant(language, account_id, province, in_group=kind == GROUP_CONTACT)
            self._add(account_id, language, variant, contact_id)
        if new:
            self._session.connection().execute(insert(Addressed), new)

    def _variant(self, language: str, account_id: int, province: str, *, in_group: bool) -> str:
        form = Form.GROUP if in_group else self._forms.get(account_id, Form.CHAT)
        return variant_for(self._broadcast.words, language, form, province)

    def _add(self, account_id: int, language: str, variant: str, contact_id: int) -> None:
        key = f"{account_id}|{language}|{variant}"
        group = self._pending.setdefault(key, [])
        group.append(contact_id)
        if len(group) >= self._sizes[account_id]:
            self._write(key, self._pending.pop(key))

    def _write(self, key: str, contact_ids: list[int]) -> None:
        account_id, language, variant = key.split("|")
        assert self._broadcast.id is not None
        self._rows.append(
            new_batch(self._broadcast.id, int(account_id), language, variant, contact_ids, self._at)
        )

    def _flush(self) -> None:
        if not self._rows:
            return
        self._session.connection().execute(insert(Batch), self._rows)
        work = DELIVERY_WORK[Priority(self._broadcast.priority)]
        for account_id in dict.fromkeys(row["account_id"] for row in self._rows):
            announce(self._session, Job(work=work, key=str(account_id)))
