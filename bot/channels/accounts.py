"""The accounts of an installation: `main` of each vendor from the environment, more from the database."""

from collections.abc import Mapping
from dataclasses import dataclass

from bot.receiving import Courtesies, EventReader
from broadcasts.delivery.channel import Channel


@dataclass(frozen=True, kw_only=True)
class ConnectedAccount:
    """One account, ready to work. `credentials` by the names that its vendor's module documents; never logged."""

    id: int
    channel_name: str
    name: str
    channel: Channel
    read_event: EventReader
    credentials: Mapping[str, str]
    courtesies: Courtesies | None = None

    def __repr__(self) -> str:
        return f"<account {self.channel_name}/{self.name}>"
