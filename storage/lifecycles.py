"""Every state a thing can be in and where it may go from there: one table a lifecycle, all of them here.

States only move along these tables. Queries put the allowed sources into their WHERE clause (`sources`), so that a
late worker changes nothing.
"""

from collections.abc import Mapping
from enum import StrEnum


class ForbiddenTransition(Exception):
    """Something was to move to a state that its lifecycle does not allow from where it is."""


class InboxState(StrEnum):
    WAITING = "waiting"
    HANDLED = "handled"
    PARKED = "parked"


class MessageState(StrEnum):
    WAITING = "waiting"
    SENDING = "sending"
    ACCEPTED = "accepted"
    FAILED = "failed"
    UNKNOWN = "unknown"
    EXPIRED = "expired"


class BatchState(StrEnum):
    WAITING = "waiting"
    SENDING = "sending"
    DONE = "done"
    STOPPED = "stopped"
    EXPIRED = "expired"


class BroadcastState(StrEnum):
    RELEASED = "released"
    PAUSED = "paused"
    DONE = "done"
    STOPPED = "stopped"
    EXPIRED = "expired"


class AlertState(StrEnum):
    DRAFT = "draft"
    RELEASED = "released"
    UPDATED = "updated"
    CANCELLED = "cancelled"
    STOPPED = "stopped"
    EXPIRED = "expired"


class DraftState(StrEnum):
    """An officer's draft of an alert, or her wish to release one that came in."""

    EDITING = "editing"
    SUBMITTED = "submitted"
    REJECTED = "rejected"
    RELEASED = "released"
    DROPPED = "dropped"


class EditState(StrEnum):
    """An agency's own words for a template."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    REJECTED = "rejected"
    REPLACED = "replaced"


class ContactState(StrEnum):
    ACTIVE = "active"
    BLOCKED = "blocked"
    LEAVING = "leaving"
    """Nothing is known of her but the address, which is kept until her farewell is out."""

    ERASED = "erased"


class CaseState(StrEnum):
    NEW = "new"
    TAKEN = "taken"
    IN_PROGRESS = "in_progress"
    REOPENED = "reopened"
    DONE = "done"
    """The agency says so; the citizen is asked."""

    CLOSED = "closed"
    CANCELLED = "cancelled"


class HelpState(StrEnum):
    """What became of somebody's cry for help."""

    NEW = "new"
    ASSIGNED = "assigned"
    """A team has taken it on, and she has been told."""

    REACHED = "reached"
    CLOSED = "closed"


class RelayState(StrEnum):
    """Somebody who announces warnings in her village."""

    ACTIVE = "active"
    LEFT = "left"


class RelayNoticeState(StrEnum):
    """What became of one warning with one relay."""

    TOLD = "told"
    HEARD = "heard"
    """She has announced it: her village has heard."""

    OVERTAKEN = "overtaken"
    """Another warning has taken its place before she announced it."""


class MediaState(StrEnum):
    WANTED = "wanted"
    KEPT = "kept"
    REFUSED = "refused"
    """Too large, or of a kind that is not taken."""

    GONE = "gone"
    """The channel could not give it, however often it was asked."""

    REMOVING = "removing"
    """Nobody may see it any more; its file is about to go."""

    REMOVED = "removed"


class Outcome(StrEnum):
    """What became of one recipient of a batch; one letter, kept as one byte beside the recipient's id."""

    WAITING = "."
    IN_FLIGHT = ">"
    ACCEPTED = "a"
    FAILED = "f"
    UNKNOWN = "u"
    SKIPPED = "s"


Lifecycle = Mapping[str, frozenset[str]]


WRITABLE = (ContactState.ACTIVE.value, ContactState.LEAVING.value)
"""States of a contact to whom a message may be sent."""


def _table(rows: dict[StrEnum, set[StrEnum]]) -> Lifecycle:
    return {source.value: frozenset(target.value for target in targets) for source, targets in rows.items()}


INBOX: Lifecycle = _table(
    {
        InboxState.WAITING: {InboxState.HANDLED, InboxState.PARKED},
        InboxState.PARKED: {InboxState.WAITING},
        InboxState.HANDLED: set(),
    }
)

MESSAGE: Lifecycle = _table(
    {
        # A receipt may say of one that is to be tried once more that it arrived.
        MessageState.WAITING: {
            MessageState.SENDING,
            MessageState.ACCEPTED,
            MessageState.FAILED,
            MessageState.EXPIRED,
        },
        MessageState.SENDING: {
            MessageState.WAITING,
            MessageState.ACCEPTED,
            MessageState.FAILED,
            MessageState.UNKNOWN,
            MessageState.EXPIRED,
        },
        # A receipt may resolve what nobody knew.
        MessageState.UNKNOWN: {MessageState.ACCEPTED, MessageState.FAILED},
        MessageState.ACCEPTED: {MessageState.FAILED},
        MessageState.FAILED: set(),
        MessageState.EXPIRED: set(),
    }
)

BATCH: Lifecycle = _table(
    {
        BatchState.WAITING: {BatchState.SENDING, BatchState.STOPPED, BatchState.EXPIRED},
        BatchState.SENDING: {BatchState.WAITING, BatchState.DONE, BatchState.STOPPED, BatchState.EXPIRED},
        BatchState.DONE: set(),
        BatchState.STOPPED: set(),
        BatchState.EXPIRED: set(),
    }
)

OUTCOME: Lifecycle = _table(
    {
        # Back to waiting only when it is certain that nothing left the house.
        Outcome.IN_FLIGHT: {Outcome.ACCEPTED, Outcome.FAILED, Outcome.UNKNOWN, Outcome.WAITING},
        Outcome.WAITING: {Outcome.IN_FLIGHT, Outcome.SKIPPED},
        # An emergency is tried at most once more; a receipt may resolve it.
        Outcome.UNKNOWN: {Outcome.IN_FLIGHT, Outcome.ACCEPTED, Outcome.FAILED},
        Outcome.ACCEPTED: set(),
        Outcome.FAILED: set(),
        Outcome.SKIPPED: set(),
    }
)

BROADCAST: Lifecycle = _table(
    {
        BroadcastState.RELEASED: {
            BroadcastState.PAUSED,
            BroadcastState.DONE,
            BroadcastState.STOPPED,
            BroadcastState.EXPIRED,
        },
        BroadcastState.PAUSED: {BroadcastState.RELEASED, BroadcastState.STOPPED, BroadcastState.EXPIRED},
        BroadcastState.DONE: set(),
        BroadcastState.STOPPED: set(),
        BroadcastState.EXPIRED: set(),
    }
)

ALERT: Lifecycle = _table(
    {
        AlertState.DRAFT: {AlertState.RELEASED, AlertState.EXPIRED},
        AlertState.RELEASED: {
            AlertState.UPDATED,
            AlertState.CANCELLED,
            AlertState.STOPPED,
            AlertState.EXPIRED,
        },
        AlertState.UPDATED: set(),
        AlertState.CANCELLED: set(),
        AlertState.STOPPED: set(),
        AlertState.EXPIRED: set(),
    }
)

ALERT_DRAFT: Lifecycle = _table(
    {
        DraftState.EDITING: {DraftState.SUBMITTED, DraftState.DROPPED},
        # An edit takes a submission back: what was to be approved is not what it was.
        DraftState.SUBMITTED: {
            DraftState.EDITING,
            DraftState.REJECTED,
            DraftState.RELEASED,
            DraftState.DROPPED,
        },
        DraftState.REJECTED: {DraftState.EDITING, DraftState.DROPPED},
        DraftState.RELEASED: set(),
        DraftState.DROPPED: set(),
    }
)

TEMPLATE_EDIT: Lifecycle = _table(
    {
        EditState.PROPOSED: {EditState.APPROVED, EditState.REJECTED},
        EditState.APPROVED: {EditState.REPLACED},
        EditState.REJECTED: set(),
        EditState.REPLACED: set(),
    }
)

CONTACT: Lifecycle = _table(
    {
        ContactState.ACTIVE: {ContactState.BLOCKED, ContactState.ERASED},
        ContactState.BLOCKED: {ContactState.ACTIVE, ContactState.ERASED},
        # She wrote before she was forgotten: a stranger, as any other.
        ContactState.LEAVING: {ContactState.ACTIVE, ContactState.ERASED},
        ContactState.ERASED: set(),
    }
)

CASE: Lifecycle = _table(
    {
        CaseState.NEW: {CaseState.TAKEN, CaseState.CANCELLED},
        # New again: it was forwarded to another agency.
        CaseState.TAKEN: {CaseState.IN_PROGRESS, CaseState.DONE, CaseState.CANCELLED, CaseState.NEW},
        CaseState.IN_PROGRESS: {CaseState.DONE, CaseState.CANCELLED, CaseState.NEW},
        CaseState.REOPENED: {
            CaseState.NEW,
            CaseState.TAKEN,
            CaseState.IN_PROGRESS,
            CaseState.DONE,
            CaseState.CANCELLED,
        },
        CaseState.DONE: {CaseState.CLOSED, CaseState.REOPENED},
        CaseState.CLOSED: {CaseState.REOPENED},
        CaseState.CANCELLED: set(),
    }
)

HELP: Lifecycle = _table(
    {
        HelpState.NEW: {HelpState.ASSIGNED, HelpState.REACHED, HelpState.CLOSED},
        # Another team takes it on, or none can.
        HelpState.ASSIGNED: {HelpState.ASSIGNED, HelpState.NEW, HelpState.REACHED, HelpState.CLOSED},
        # She cries again.
        HelpState.REACHED: {HelpState.NEW, HelpState.CLOSED},
        HelpState.CLOSED: set(),
    }
)

RELAY: Lifecycle = _table({RelayState.ACTIVE: {RelayState.LEFT}, RelayState.LEFT: set()})

RELAY_NOTICE: Lifecycle = _table(
    {
        RelayNoticeState.TOLD: {RelayNoticeState.HEARD, RelayNoticeState.OVERTAKEN},
        RelayNoticeState.HEARD: set(),
        RelayNoticeState.OVERTAKEN: set(),
    }
)

MEDIA: Lifecycle = _table(
    {
        MediaState.WANTED: {MediaState.KEPT, MediaState.REFUSED, MediaState.GONE, MediaState.REMOVED},
        MediaState.KEPT: {MediaState.REMOVING},
        MediaState.REMOVING: {MediaState.REMOVED},
        MediaState.REFUSED: {MediaState.REMOVED},
        MediaState.GONE: {MediaState.REMOVED},
        MediaState.REMOVED: set(),
    }
)

ALL: dict[str, Lifecycle] = {
    "inbox": INBOX,
    "message": MESSAGE,
    "batch": BATCH,
    "outcome": OUTCOME,
    "broadcast": BROADCAST,
    "alert": ALERT,
    "alert_draft": ALERT_DRAFT,
    "template_edit": TEMPLATE_EDIT,
    "contact": CONTACT,
    "case": CASE,
    "help": HELP,
    "relay": RELAY,
    "relay_notice": RELAY_NOTICE,
    "media": MEDIA,
}


def allowed(lifecycle: Lifecycle, source: str, target: str) -> bool:
    """True when `source` may become `target`."""
    return target in lifecycle[source]


def is_final(lifecycle: Lifecycle, state: str) -> bool:
    """True when nothing follows that state."""
    return not lifecycle[state]


def require(lifecycle: Lifecycle, source: str, target: str) -> None:
    """Raise ForbiddenTransition unless `source` may become `target`."""
    if not allowed(lifecycle, source, target):
        raise ForbiddenTransition(f"{source} cannot become {target}")


def sources(lifecycle: Lifecycle, target: str) -> tuple[str, ...]:
    """The states from which `target` may be reached, for a WHERE clause."""
    return tuple(source for source, targets in lifecycle.items() if target in targets)
