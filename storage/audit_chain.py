"""The chain of the audit log: what the hash of an entry is made of. Pure functions; `storage.audit` keeps the rows.

An entry's hash is the SHA-256 of the hash before it and of all that the entry says, as one JSON text. Whoever changes,
removes or inserts a row breaks every hash after it; who keeps a hash elsewhere can tell that the end was cut off.
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

FORM = 1
"""The form of what is hashed, hashed with it: another form gets another number."""

BEGINNING = "0" * 64
"""What stands for the hash before the first entry."""


def hash_of(
    previous: str,
    *,
    number: int,
    at: datetime,
    actor: str,
    action: str,
    subject: str,
    detail: Mapping[str, Any] | None,
) -> str:
    """The hash of one entry, 64 hexadecimal digits.

    >>> when = datetime(2026, 11, 21, 12, 40, tzinfo=UTC)
    >>> hash_of(BEGINNING, number=1, at=when, actor="a", action="b", subject="c/1", detail=None)[:16]
    'd44c84f16bf4a277'
    """
    said = [FORM, previous, number, at.astimezone(UTC).isoformat(), actor, action, subject, detail]
    written = json.dumps(plain(said), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(written.encode("utf-8", "surrogatepass")).hexdigest()


def plain(value: Any) -> Any:
    """The value as both databases give it back from JSON: keys are texts, 2.0 and 2 are one number.

    >>> plain({1: (2.0, 0.5), "a": None})
    {'1': [2, 0.5], 'a': None}
    """
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value
