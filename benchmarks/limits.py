"""At the limit: LINE, Telegram, SMPP, and an emergency behind a broadcast on the LINE account just measured.

In a quick run those that leave the machine idle share ten seconds.
"""

from contextlib import ExitStack

from benchmarks import emergency, line, sms, telegram
from benchmarks.rig.measuring import side_by_side
from benchmarks.rig.results import Results
from benchmarks.rig.sizes import is_quick, sizes


def main(results: Results) -> None:
    """Measure all of them."""
    chosen = sizes()
    with ExitStack() as ending:
        on_line = ending.enter_context(line.at_limit(chosen))
        others = [ending.enter_context(each(results)) for each in (telegram.limited, sms.limited)]
        begun = [line.begun_at_limit(results, on_line, chosen), *others]
        for together in [begun] if is_quick() else [[each] for each in begun]:
            side_by_side(together)
        for each in others:
            each.end()
        emergency.behind_bulk(results, on_line, chosen)
