"""Reconciling: from the rows of the database, find what waits and feed it to the queue again.

The queue is only a hint of what to do; this is where a lost job is found, a worker that died is missed, and, on
SQLite, where all jobs come from.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

import structlog
from sqlmodel import Session

from broadcasts.delivery.claiming import finish_complete
from broadcasts.delivery.receipts import apply_early
from broadcasts.delivery.settling import recover_batch, recover_message
from storage import batches, broadcasts, inbox, outbox
from storage.broadcasts import DELIVERY_WORK
from storage.clock_seen import look_at_clock
from storage.jobs import Job, Work
from storage.outbox_hold import is_held
from storage.people import Contact

log = structlog.get_logger()

LONGEST_LEASE = timedelta(days=1)


def recover(
    session: Session, honours_retry_key: Mapping[int, bool], at: datetime, *, nobody_else_works: bool = False
) -> int:
    """Take back what workers did not finish in time, and end what is complete; how many batches and messages.

    `nobody_else_works`: this process owns the database and has just started, so that every lease is void.
    """
    back = look_at_clock(session, at)
    if back is not None:
        log.warning("the clock was set back; what waited is due again", seconds=round(back.total_seconds()))
    overdue_at = at + LONGEST_LEASE if nobody_else_works else at
    lapsed = batches.lapsed(session, overdue_at)
    for batch in lapsed:
        recover_batch(session, batch, at, honours_retry_key=honours_retry_key.get(batch.account_id, False))
        apply_early(session, f"b{batch.id}.", at)
    messages = outbox.lapsed_leases(session, overdue_at)
    for message in messages:
        contact = session.get_one(Contact, message.contact_id)
        keyed = honours_retry_key.get(contact.account_id, False)
        recover_message(session, message, at, honours_retry_key=keyed)
        apply_early(session, f"m{message.id}", at)
    session.flush()
    finish_complete(session, at)
    return len(lapsed) + len(messages)


def waiting_jobs(session: Session, at: datetime) -> tuple[Job, ...]:
    """A job for everything that could be worked on now, the most urgent first; nothing to send while it is held."""
    handle = (
        Job(work=Work.HANDLE_URGENT if urgent else Work.HANDLE, key=key)
        for key, urgent in inbox.waiting_senders(session, at)
    )
    held = is_held(session)
    contacts = () if held else outbox.waiting_contacts(session, at)
    converse = (Job(work=Work.CONVERSE, key=str(contact_id)) for contact_id in contacts)
    plan = (Job(work=Work.PLAN, key=str(broadcast_id)) for broadcast_id in broadcasts.unplanned(session))
    deliver = (
        Job(work=DELIVERY_WORK[priority], key=str(account_id))
        for account_id, priority in (() if held else batches.waiting_accounts(session, at))
    )
    order = list(Work)
    return tuple(sorted((*handle, *converse, *plan, *deliver), key=lambda job: order.index(job.work)))
