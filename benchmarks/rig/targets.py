"""What Krajai promises of its figures: reached or not is shown; what must hold at any speed fails the run."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Target:
    """`least` and `most` are bounds; `always`: no slow machine is an excuse."""

    least: float | None = None
    most: float | None = None
    always: bool = False

    def met(self, value: float) -> bool:
        """Whether a figure is within the bounds.

        >>> Target(least=0.97).met(0.96), Target(most=0, always=True).met(0)
        (False, True)
        """
        above = self.least is None or value >= self.least
        return above and (self.most is None or value <= self.most)

    def __str__(self) -> str:
        least = "" if self.least is None else f">= {self.least:,g}"
        most = "" if self.most is None else f"<= {self.most:,g}"
        return " ".join(filter(None, (least, most)))


NEVER = Target(most=0, always=True)

TARGETS = {
    "line_limited_fraction": Target(least=0.97, most=1.0),
    "line_limit_exceeded": NEVER,
    "line_unlimited_vs_sdk": Target(least=0.8),
    "telegram_limited_fraction": Target(least=0.97, most=1.0),
    "telegram_limit_exceeded": NEVER,
    "telegram_unlimited_vs_aiogram": Target(least=0.7),
    "telegram_unlimited_vs_ptb_default": Target(least=3.0),
    "sms_kannel_vs_bare": Target(least=0.8),
    "sms_smpp_lost": NEVER,
    "emergency_first_message_seconds": Target(most=1.0),
    "emergency_95_percent_beyond_count_by_limit_seconds": Target(most=2.0),
    "emergency_recipients_sent_twice": NEVER,
    "emergency_limit_exceeded": NEVER,
    "bulk_recipients_sent_twice": NEVER,
    "replies_in_time_fraction": Target(least=1.0),
    "webhooks_vs_bare": Target(least=0.5),
    "webhooks_p99_seconds_at_half": Target(most=0.2),
    "webhooks_lost": NEVER,
    "digest_seconds_sqlite": Target(most=60),
    "digest_seconds_postgresql": Target(most=60),
    "digest_memory_megabytes_sqlite": Target(most=50),
    "digest_memory_megabytes_postgresql": Target(most=50),
    "thresholds_seconds_sqlite": Target(most=2),
    "thresholds_seconds_postgresql": Target(most=2),
    "planning_ids_per_second": Target(least=150_000),
    "worker_memory_growth": Target(least=0.8, most=1.2),
    "line_seconds_per_recipient_growth": Target(most=1.2),
    **{f"workers_{count}_limited_fraction": Target(least=0.97, most=1.0) for count in (1, 2, 4)},
    "quick_run_seconds": Target(most=180),
}
