"""Releasing prices to many: words for each variant, in as few broadcasts as these fit into, under the quota."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session

from storage import quota
from storage.audit import record
from storage.broadcasts import (
    EVERY_PLACE,
    Broadcast,
    BroadcastKind,
    Form,
    Priority,
    release,
    variant_name,
    words_of,
)
from storage.replies import Bubble
from storage.wording import LANGUAGES

MOST_VARIANTS = 400
"""Of one broadcast: its words are looked over before each batch."""

LIVES = timedelta(hours=6)

Say = Callable[[str, str, Form], Sequence[Bubble]]
"""(variant, language, form) to what is said."""


@dataclass(frozen=True, kw_only=True)
class Released:
    """What went out, and why what did not."""

    broadcasts: tuple[Broadcast, ...]
    refused: tuple[str, ...]


def release_variants(
    session: Session,
    *,
    kind: BroadcastKind,
    topic: str,
    listed: Mapping[str, Any],
    needed: Counter[tuple[str, int]],
    say: Say,
    at: datetime,
) -> Released:
    """Release words to a list. `needed` counts the copies by (variant, account id).

    An account without room for them in its quota is left out, and that is written into the audit log.
    """
    by_account: Counter[int] = Counter()
    for (_, account_id), copies in needed.items():
        by_account[account_id] += copies
    refused = {each: quota.refusal(session, each, copies, at) for each, copies in by_account.items()}
    allowed = {each for each, reason in refused.items() if not reason}
    for account_id, reason in refused.items():
        if reason:
            record(
                session,
                at,
                actor="clock",
                action=f"{kind.value}.refused",
                subject=f"account/{account_id}",
                detail={"reason": reason},
            )
        else:
            quota.spend(session, account_id, by_account[account_id])
    variants = sorted({variant for variant, account_id in needed if account_id in allowed})
    released = [
        _release(session, kind, topic, {**listed, "accounts": sorted(allowed)}, some, say, at)
        for some in _some(variants)
    ]
    return Released(broadcasts=tuple(released), refused=tuple(filter(None, refused.values())))


def _release(
    session: Session,
    kind: BroadcastKind,
    topic: str,
    listed: Mapping[str, Any],
    variants: Sequence[str],
    say: Say,
    at: datetime,
) -> Broadcast:
    words: dict[str, dict[str, Sequence[Bubble]]] = {language: {} for language in LANGUAGES}
    for language in LANGUAGES:
        for variant in variants:
            for form in (Form.CHAT, Form.SMS):
                words[language][variant_name(form, variant)] = say(variant, language, form)
        # Nobody is of this variant; whoever reads a broadcast's words without a variant sees one of them.
        words[language][EVERY_PLACE] = say(variants[0], language, Form.CHAT)
    return release(
        session,
        kind=kind,
        priority=Priority.ROUTINE,
        words=words_of(words),
        places=(),
        topic=topic,
        expires_at=at + LIVES,
        by="clock",
        at=at,
        listed=listed,
    )


def _some(variants: Sequence[str]) -> Iterable[tuple[str, ...]]:
    for first in range(0, len(variants), MOST_VARIANTS):
        yield tuple(variants[first : first + MOST_VARIANTS])
