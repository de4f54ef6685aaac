"""The words of a broadcast once more, to recipients who are fixed by whoever asks for it."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from sqlmodel import Session, insert

from storage import broadcasts
from storage.batches import Batch, new_batch
from storage.broadcasts import DELIVERY_WORK, Broadcast, Priority
from storage.jobs import Job, announce


def send_again(
    session: Session,
    original: Broadcast,
    root: int,
    contacts: Mapping[tuple[int, str, str], Sequence[int]],
    size_of: Callable[[int], int],
    at: datetime,
    *,
    by: str,
    instead: str = "",
) -> Broadcast:
    """A broadcast of its own, which a stop or a correction of the original finds.

    `root`: the first one of them all. `contacts`: ids by account, language and variant; `size_of`: how many of an
    account go into a batch; `instead`: the channel, where it stands in for another one.
    """
    repeated = Broadcast(
        kind=original.kind,
        priority=original.priority,
        words=original.words,
        audience={
            "topic": original.audience["topic"],
            "places": [],
            "reached": [],
            "retry_of": root,
            **({"instead": instead} if instead else {}),
        },
        content_hash="",
        expires_at=original.expires_at,
        released_at=at,
        released_by=by,
        planned_at=at,
    )
    broadcasts.enter(session, repeated, at, by=by)
    assert repeated.id is not None
    rows = [
        new_batch(repeated.id, account_id, language, variant, ids[first : first + size], at)
        for (account_id, language, variant), ids in sorted(contacts.items())
        for size in (size_of(account_id),)
        for first in range(0, len(ids), size)
    ]
    session.connection().execute(insert(Batch), rows)
    work = DELIVERY_WORK[Priority(original.priority)]
    accounts = dict.fromkeys(row["account_id"] for row in rows)
    announce(session, *(Job(work=work, key=str(each)) for each in accounts))
    return repeated
