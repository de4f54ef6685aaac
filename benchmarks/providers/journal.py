"""Who was accepted for what, and when: the oracle of every measurement."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

BIN_SECONDS = 0.05


@dataclass(slots=True)
class Entry:
    """All accepted sends of the same words."""

    at: list[float] = field(default_factory=list)
    to: list[Sequence[str]] = field(default_factory=list)

    def summary(self) -> dict[str, Any]:
        """Times are of the machine's monotonic clock; `late_at` is when 95 % of the recipients were accepted.

        `twice` counts recipients who got it more than once, `bins` recipients by number of `BIN_SECONDS`.
        """
        copies = Counter(each for to in self.to for each in to)
        bins: Counter[int] = Counter()
        for at, to in zip(self.at, self.to, strict=True):
            bins[int(at / BIN_SECONDS)] += len(to)
        recipients = copies.total()
        return {
            "requests": len(self.at),
            "recipients": recipients,
            "different": len(copies),
            "twice": sum(1 for count in copies.values() if count > 1),
            "first_of": len(self.to[0]),
            "first_at": self.at[0],
            "last_at": self.at[-1],
            "late_at": self._reached_at(recipients * 0.95),
            "bins": {str(key): count for key, count in sorted(bins.items())},
        }

    def _reached_at(self, recipients: float) -> float:
        count = 0
        for at, to in zip(self.at, self.to, strict=True):
            count += len(to)
            if count >= recipients:
                return at
        return self.at[-1]


class Journal:
    """Entries by the beginning of their words."""

    NAME_LENGTH = 60

    def __init__(self) -> None:
        self._entries: dict[str, Entry] = {}

    def note(self, words: str, to: Sequence[str], at: float) -> None:
        entry = self._entries.get(words)
        if entry is None:
            entry = self._entries[words] = Entry()
        entry.at.append(at)
        entry.to.append(to)

    def times(self, words: str) -> list[tuple[str, float]]:
        """The first recipient of each request of these words, and when it came."""
        entry = self._entries.get(words, Entry())
        return [(to[0], at) for to, at in zip(entry.to, entry.at, strict=True)]

    def recipients(self) -> dict[str, int]:
        return {words: sum(map(len, entry.to)) for words, entry in self._entries.items()}

    def summary(self) -> dict[str, Any]:
        return {words: entry.summary() for words, entry in self._entries.items()}
