"""Every table, for migrations and for tests that need them all: importing this module registers them."""

from sqlmodel import SQLModel

from storage import (  # noqa: F401
    advising,
    alert_episodes,
    alerts,
    article_feedback,
    audit,
    batches,
    broadcasts,
    cases,
    cases_following,
    cases_timeline,
    dialogs,
    farming,
    forecasts,
    groups,
    inbox,
    local_phones,
    local_uploads,
    media,
    officers,
    outbox,
    own_places,
    pace,
    people,
    place_boundaries,
    price_thresholds,
    prices,
    receipts,
    safety,
    schedule,
    sms_pieces,
    sources,
    subscriptions,
)

metadata = SQLModel.metadata
