"""How much: few enough for every commit, as many as the promise says with KRAJAI_TEST_FULL=1; chance by a seed."""

import os
import random

from tests.failures.servers import say

FULL = os.environ.get("KRAJAI_TEST_FULL") == "1"


def size(usual: int, full: int) -> int:
    """How many recipients, events or rounds a test takes."""
    return full if FULL else usual


def seeded() -> random.Random:
    """Chance that can be had again: its seed is printed, and KRAJAI_TEST_SEED names it."""
    seed = int(os.environ.get("KRAJAI_TEST_SEED") or random.randrange(10**9))
    say("seed", seed)
    return random.Random(seed)
