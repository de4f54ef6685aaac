"""Who of the recipients of claimed batches may still get it, and at which address."""

import json
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, String, and_, bindparam, cast, exists, func
from sqlalchemy import select as sql_select
from sqlmodel import Session, col

from storage.broadcasts import Broadcast
from storage.columns import BigId, is_one_of, listed_ids
from storage.lifecycles import ContactState
from storage.people import Contact, Person
from storage.subscriptions import Subscription

_CLOSE = 2
"""Recipients whose ids are spread over less than so many times their number are read as one range."""

_MANY = 100
"""So many recipients are worth a query of their own."""


def addresses_of(
    session: Session, broadcast: Broadcast, account_id: int, batches: Sequence[Sequence[int]]
) -> dict[int, str]:
    """Addresses of those contacts who may still get this: reachable, not erased, and still wanting it.

    `batches` are contact ids of one account. Where planning found people side by side, as it does for a nation, a
    range of ids is read: a third of the work of looking each of them up. It may hold others of the account, too.
    """
    dialect, topic = session.get_bind().dialect.name, broadcast.audience["topic"]
    connection = session.connection()
    ranges, scattered = _ranges(batches)
    among = {"account": account_id}
    texts = [
        connection.execute(_in_range(topic), {"first": first, "last": last, **among}).scalar_one()
        for first, last in ranges
    ]
    if scattered:
        texts.append(connection.execute(_listed(dialect, topic), {"ids": json.dumps(scattered)}).scalar_one())
    found: dict[int, str] = {}
    for text in filter(None, texts):
        words = text.split("\n")
        found.update(zip(map(int, words[::2]), words[1::2], strict=True))
    return found


def _ranges(batches: Sequence[Sequence[int]]) -> tuple[list[tuple[int, int]], list[int]]:
    """First and last of the ranges that hold the recipients of most batches, and the recipients of the others.

    >>> _ranges([range(1, 300), range(300, 800), [20, 9000]])
    ([(1, 799)], [20, 9000])
    """
    together: list[list[int]] = []
    scattered: list[int] = []
    for first, last, ids in sorted((min(ids), max(ids), ids) for ids in batches):
        if last - first >= _CLOSE * len(ids):
            scattered += ids
        elif together and first - max(together[-1]) <= len(ids):
            together[-1] += ids
        else:
            together.append(list(ids))
    for few in [ids for ids in together if len(ids) < _MANY]:
        together.remove(few)
        scattered += few
    return [(min(ids), max(ids)) for ids in together], scattered


@lru_cache(maxsize=64)
def _in_range(topic: str) -> Any:
    inside = col(Contact.id).between(bindparam("first", type_=BigId), bindparam("last", type_=BigId))
    # By the range, not by the index of accounts: SQLite would read all contacts of one.
    return _texts(topic).where(inside, col(Contact.account_id) + 0 == bindparam("account"))


@lru_cache(maxsize=64)
def _listed(dialect: str, topic: str) -> Any:
    return _texts(topic).where(col(Contact.id).in_(listed_ids(dialect, "ids")))


def _texts(topic: str) -> Any:
    """All ids and addresses as one text: fetching hundreds of rows takes longer than finding them, and stops the
    sending meanwhile."""
    line = cast(col(Contact.id), String).concat("\n").concat(col(Contact.address))
    # Whoever is erased has no contact that is active; the person is not looked up where her subscription says it all.
    return (
        sql_select(func.aggregate_strings(line, "\n"))
        .select_from(Contact)
        .where(is_one_of(col(Contact.state), ContactState.ACTIVE), _still_listens(topic))
    )


def _still_listens(topic: str) -> ColumnElement[bool]:
    """Subscribed to the topic somewhere; for a list, not stopped, and for a topic of several kinds to any of them."""
    if not topic:
        return exists().where(col(Person.id) == col(Contact.person_id), col(Person.stopped_at).is_(None))
    of_topic = col(Subscription.topic) == topic
    if topic.endswith(":"):
        of_topic = and_(col(Subscription.topic) >= topic, col(Subscription.topic) < f"{topic[:-1]};")
    return exists().where(
        col(Subscription.person_id) == col(Contact.person_id), of_topic, col(Subscription.until).is_(None)
    )
