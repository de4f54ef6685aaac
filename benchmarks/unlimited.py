"""As fast as it goes, on all three channels: LINE, Telegram and SMS through Kannel."""

from benchmarks import line, sms, telegram
from benchmarks.rig.measuring import in_turn
from benchmarks.rig.results import Results


def main(results: Results) -> None:
    """Start all, and measure one after the other."""
    in_turn(results, line.unlimited, telegram.unlimited, sms.through_kannel)
