"""A departure that is to be had, or not, as a test says."""

from dataclasses import dataclass, field

from broadcasts.delivery.channel import NotNow


@dataclass
class ScriptedDeparture:
    """Refuses the calls whose numbers are in `missed`, counted from 1; `journal` tells what was asked and what left."""

    missed: frozenset[int] | range = frozenset()
    journal: list[str] = field(default_factory=list)
    _asked: int = 0

    async def due(self) -> None:
        self._asked += 1
        if self._asked in self.missed:
            self.journal.append("missed")
            raise NotNow("others go first", retry_after_seconds=0.2)
        self.journal.append("due")

    def left(self) -> None:
        self.journal.append("left")
