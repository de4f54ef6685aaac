"""Planning: a released broadcast's audience becomes batches, streaming and resumable.

Each page's batches commit together with the cursor, so a crash repeats nothing and leaves nobody out; sending starts
with the first page. Half-filled groups travel in the cursor until they fill a batch or the audience ends.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import insert
from sqlalchemy import select as sql_select
from sqlmodel import Session, col, select

from broadcasts.audience import listed
from broadcasts.audience.by_index import by_index
from broadcasts.delivery.drawing import Drawn, cursor_of, draw
from storage import broadcasts
from storage.batches import Batch, insert_batches, new_batch, unpack
from storage.broadcasts import (
    DELIVERY_WORK,
    Addressed,
    Broadcast,
    BroadcastKind,
    Form,
    Priority,
    variant_for,
)
from storage.columns import is_one_of
from storage.jobs import Job, announce
from storage.lifecycles import BatchState, BroadcastState, ContactState, Outcome
from storage.people import GROUP_CONTACT, Contact, Person
from storage.quiet_hours import NONE as NO_WISHES
from storage.quiet_hours import Wishes, routine_may_go_at, wishes_of
from storage.wording.dates import BANGKOK

PAGE_BATCHES = 8
PAGE_LISTED = 10_000
"""People of a list a page: what waits for a full batch is written down with each page."""

UNSETTLED_WAIT_SECONDS = 0.5
LOCKED_WAIT_SECONDS = 0.2
BATCH_OF_AN_UNKNOWN_CHANNEL = 20
"""Recipients a batch on an account whose channel is switched off: they wait for it until the broadcast expires."""

_MAY_HAVE_GOT_IT = {ord(each.value) for each in (Outcome.ACCEPTED, Outcome.IN_FLIGHT, Outcome.UNKNOWN)}
_ONLY_KEPT_FROM_THE_NIGHT = (BroadcastKind.EXERCISE, BroadcastKind.TRAINING, BroadcastKind.MORNING_PRICES)


def plan_page(
    session: Session,
    broadcast_id: int,
    at: datetime,
    batch_sizes: Mapping[int, int],
    forms: Mapping[int, Form] | None = None,
    zone: ZoneInfo = BANGKOK,
    drawn: Drawn | None = None,
) -> float | None:
    """Write one page of a broadcast's audience into batches.

    `batch_sizes` gives recipients a batch by account id, `forms` how words are put there (as in a chat unless said).
    What is not urgent waits for the hours its recipients wish, which are hours of `zone`; an emergency never does.
    `drawn` is the page when it was read before. When the plan has moved on since, another one is at it and goes on.
    Returns the seconds to wait before the next page, None when there is nothing more to plan here.
    """
    # Whoever refers to the broadcast meanwhile (notes, split batches) is not in the way; whoever moves it is.
    query = select(Broadcast).where(Broadcast.id == broadcast_id)
    broadcast = session.exec(query.with_for_update(skip_locked=True, key_share=True)).first()
    if broadcast is None:
        return LOCKED_WAIT_SECONDS if broadcast_id in broadcasts.unplanned(session) else None
    if broadcast.state != BroadcastState.RELEASED or broadcast.planned_at is not None:
        return None
    if drawn is not None and drawn.after != cursor_of(broadcast)["after"]:
        return None
    page_plan = _Page(session, broadcast, at, batch_sizes, forms or {}, zone, drawn)
    wait_seconds = page_plan.take()
    broadcast.plan = page_plan.cursor
    if wait_seconds is None:
        broadcast.planned_at = at
    session.add(broadcast)
    return wait_seconds


class _Page:
    """One step of the plan.

    The cursor: `stage` reached | unsettled | places | listed, where in it, and the unfilled groups.
    """

    def __init__(
        self,
        session: Session,
        broadcast: Broadcast,
        at: datetime,
        batch_sizes: Mapping[int, int],
        forms: Mapping[int, Form],
        zone: ZoneInfo,
        drawn: Drawn | None,
    ) -> None:
        self._session = session
        self._broadcast = broadcast
        self._at = at
        self._sizes = batch_sizes
        self._forms = forms
        self._zone = zone
        self._drawn = drawn
        self._rows: list[dict[str, Any]] = []
        self.cursor = cursor_of(broadcast)
        self._pending: dict[str, list[int]] = {key: list(ids) for key, ids in self.cursor["pending"].items()}

    def take(self) -> float | None:
        stages = {
            "reached": self._take_reached,
            "unsettled": self._take_unsettled,
            "places": self._take_places,
            "listed": self._take_listed,
        }
        wait_seconds = stages[self.cursor["stage"]]()
        if wait_seconds is None:
            for key, ids in self._pending.items():
                if ids:
                    self._write(key, ids)
            self._pending.clear()
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
        self.cursor["unsettled"] = [*self.cursor["unsettled"], *self._address(batches)]
        return 0.0

    def _take_unsettled(self) -> float | None:
        """Batches of which somebody was in flight: a correction must not overtake what it corrects."""
        states = dict(
            self._session.exec(
                select(Batch.id, Batch.state).where(col(Batch.id).in_(self.cursor["unsettled"]))
            ).all()
        )
        settled = [each for each in self.cursor["unsettled"] if states[each] != BatchState.SENDING]
        looked_at, later = settled[:PAGE_BATCHES], settled[PAGE_BATCHES:]
        query = select(Batch).where(col(Batch.id).in_(looked_at)).order_by(col(Batch.id))
        held = self._address(self._session.exec(query).all())
        sending = [each for each in self.cursor["unsettled"] if states[each] == BatchState.SENDING]
        self.cursor["unsettled"] = [*later, *sending, *held]
        if later and len(held) < len(looked_at):
            return 0.0
        if self.cursor["unsettled"]:
            return UNSETTLED_WAIT_SECONDS
        self.cursor["stage"] = "places"
        return 0.0

    def _take_places(self) -> float | None:
        """Those who subscribed to the area."""
        drawn = self._drawn or draw(self._session, self._broadcast, self.cursor["after"])
        for alike in drawn.alike:
            variant = self._variant(alike.language, alike.account_id, alike.province, in_group=alike.in_group)
            self._add(
                alike.account_id,
                alike.language,
                variant,
                alike.contact_ids,
                alike.wishes,
                in_group=alike.in_group,
            )
        self.cursor["after"] = drawn.until
        return None if drawn.until is None else 0.0

    def _take_listed(self) -> float | None:
        """Those on a list, in words of their own; who has changed her mind since the release is passed over."""
        audience = self._broadcast.audience
        with by_index(self._session):
            found = listed.page(self._session, audience["listed"], self.cursor["after"] or 0, PAGE_LISTED)
        known = self._broadcast.words["th"]
        for one in found.people:
            if one.variant in known:
                name = self._variant(one.language, one.account_id, one.variant, in_group=one.in_group)
                ids = [one.contact_id]
                self._add(one.account_id, one.language, name, ids, one.wishes, in_group=one.in_group)
        self.cursor["after"] = found.after
        return None if found.after is None else 0.0

    def _address(self, batches: Sequence[Batch]) -> list[int]:
        """Address whom these batches reached or may have reached; the ids of batches that must be looked at again.

        Those are the ones that are being sent, and those with somebody whom another one is being sent to.
        """
        in_flight = self._in_flight()
        variants: dict[int, str] = {}
        again: list[int] = []
        for batch in batches:
            reached = {
                i
                for i, outcome in zip(unpack(batch.recipients), batch.outcomes, strict=True)
                if outcome in _MAY_HAVE_GOT_IT
            }
            if batch.state == BatchState.SENDING or reached & in_flight:
                assert batch.id is not None
                again.append(batch.id)
            if batch.state != BatchState.SENDING:
                variants.update(dict.fromkeys(reached - in_flight, batch.variant))
        if variants:
            self._add_reached(variants)
        return again

    def _in_flight(self) -> set[int]:
        """Contacts whom one of the earlier broadcasts is being sent to this moment."""
        query = select(Batch.recipients).where(
            col(Batch.broadcast_id).in_(self._broadcast.audience["reached"]),
            is_one_of(col(Batch.state), BatchState.SENDING),
        )
        return {contact_id for recipients in self._session.exec(query) for contact_id in unpack(recipients)}

    def _add_reached(self, variants: Mapping[int, str]) -> None:
        query = (
            sql_select(
                col(Contact.id),
                col(Contact.person_id),
                col(Contact.account_id),
                col(Person.language),
                col(Contact.kind),
                col(Person.quiet_from_hour),
                col(Person.quiet_until_hour),
                col(Person.routine_hour),
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
        for contact_id, person_id, account_id, language, kind, *hours in rows:
            assert contact_id is not None
            assert self._broadcast.id is not None
            if person_id in addressed:
                continue
            addressed.add(person_id)
            new.append({"broadcast_id": self._broadcast.id, "person_id": person_id})
            province = variants[contact_id].rpartition("/")[2]
            in_group = kind == GROUP_CONTACT
            variant = self._variant(language, account_id, province, in_group=in_group)
            self._add(account_id, language, variant, [contact_id], wishes_of(*hours), in_group=in_group)
        if new:
            self._session.connection().execute(insert(Addressed), new)

    def _variant(self, language: str, account_id: int, province: str, *, in_group: bool) -> str:
        form = Form.GROUP if in_group else self._forms.get(account_id, Form.CHAT)
        return variant_for(self._broadcast.words, language, form, province)

    def _add(
        self,
        account_id: int,
        language: str,
        variant: str,
        contact_ids: Sequence[int],
        wishes: Wishes,
        *,
        in_group: bool,
    ) -> None:
        """A group chat is a batch of its own: it is sent to alone, and what becomes of it is its own."""
        key = f"{account_id}|{language}|{variant}"
        if (later := self._later(wishes)) is not None:
            key += f"|{later.isoformat()}"
        if in_group:
            for contact_id in contact_ids:
                self._write(key, [contact_id])
            return
        group = self._pending.setdefault(key, [])
        group += contact_ids
        size = self._sizes.get(account_id, BATCH_OF_AN_UNKNOWN_CHANNEL)
        full = len(group) - len(group) % size
        for first in range(0, full, size):
            self._write(key, group[first : first + size])
        del group[:full]

    def _write(self, key: str, contact_ids: list[int]) -> None:
        account_id, language, variant, *later = key.split("|")
        assert self._broadcast.id is not None
        not_before = datetime.fromisoformat(later[0]) if later else self._at
        self._rows.append(
            new_batch(self._broadcast.id, int(account_id), language, variant, contact_ids, not_before)
        )

    def _later(self, wishes: Wishes) -> datetime | None:
        """When this may reach somebody with such wishes, None for at once.

        An exercise or training is only kept from the night, and so are prices that go out at her hour anyway.
        """
        if wishes is NO_WISHES or self._broadcast.priority == Priority.EMERGENCY:
            return None
        if self._broadcast.kind in _ONLY_KEPT_FROM_THE_NIGHT:
            wishes = replace(wishes, routine_hour=None)
        may_go_at = routine_may_go_at(wishes, self._at, self._zone)
        return may_go_at if may_go_at > self._at else None

    def _flush(self) -> None:
        if not self._rows:
            return
        insert_batches(self._session, self._rows)
        work = DELIVERY_WORK[Priority(self._broadcast.priority)]
        for account_id in dict.fromkeys(row["account_id"] for row in self._rows):
            announce(self._session, Job(work=work, key=str(account_id)))
