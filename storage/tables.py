"""Every table, for migrations and for tests that need them all: importing this module registers them."""

from sqlmodel import SQLModel

from storage import (  # noqa: F401
    alerts,
    audit,
    batches,
    broadcasts,
    cases,
    dialogs,
    groups,
    inbox,
    local_phones,
    officers,
    outbox,
    pace,
    people,
    receipts,
    safety,
    schedule,
    subscriptions,
)

metadata = SQLModel.metadata
