"""How much is measured: QUICK=1 asks for a run of a few minutes."""

import os
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """Limits are requests (LINE) or messages (Telegram) a second; `rounds` is how often rivals take turns.

    `line_parts`: broadcasts to one of so many come before that to all, to see what grows.
    """

    line_recipients: int
    line_parts: tuple[int, ...]
    line_limit: float
    line_ceiling_recipients: int
    telegram_limits: tuple[float, ...]
    telegram_seconds: float
    telegram_recipients: int
    telegram_peers_recipients: int
    sms_recipients: int
    smpp_limit: float
    smpp_recipients: int
    planning_people: int
    webhook_seconds: float
    rounds: int
    workers: tuple[int, ...]


QUICK = Sizes(
    line_recipients=120_000,
    line_parts=(10,),
    line_limit=22.0,
    line_ceiling_recipients=250_000,
    telegram_limits=(30.0, 200.0),
    telegram_seconds=10.5,
    telegram_recipients=1_200,
    telegram_peers_recipients=300,
    sms_recipients=10_000,
    smpp_limit=50.0,
    smpp_recipients=520,
    planning_people=100_000,
    webhook_seconds=1.5,
    rounds=2,
    workers=(),
)

LONG = Sizes(
    line_recipients=1_000_000,
    line_parts=(100, 10),
    line_limit=200.0,
    line_ceiling_recipients=1_000_000,
    telegram_limits=(30.0, 1000.0),
    telegram_seconds=30.0,
    telegram_recipients=20_000,
    telegram_peers_recipients=5_000,
    sms_recipients=20_000,
    smpp_limit=200.0,
    smpp_recipients=10_000,
    planning_people=1_000_000,
    webhook_seconds=10.0,
    rounds=3,
    workers=(1, 2, 4),
)


def sizes() -> Sizes:
    """What this run measures with."""
    return QUICK if is_quick() else LONG


def is_quick() -> bool:
    return bool(os.environ.get("QUICK"))
