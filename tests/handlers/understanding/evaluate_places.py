"""How well places are found as they are typed: `python -m tests.handlers.understanding.evaluate_places`.

The set, `sets/places.jsonl`, has a message a line: its style, the codes that may come first (none where nothing may be
taken as certain: a foreign, contradictory or missing place), `certain` false where several places must be offered, and
its half. `tuned` was used while the reader was made; `kept` was written before it and not looked at, so its figure is
the one that counts. With `--misses` the lines of the tuned half are shown that went wrong.
"""

import json
import sys
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from handlers.understanding.places import places_in

SET = Path(__file__).parent / "sets" / "places.jsonl"


@dataclass(frozen=True, kw_only=True)
class Line:
    """One message and what is right for it."""

    text: str
    style: str
    half: str
    codes: list[str] = field(default_factory=list)
    certain: bool | None = None

    def is_right(self) -> bool:
        """Whether the reader gets it right.

        A place is right as the first of the codes; of several namesakes all are offered, none as certain; for no place
        nothing is certain.
        """
        found = places_in(self.text)
        if not self.codes:
            return not found.certain
        if self.certain is False:
            return not found.certain and not set(self.codes).isdisjoint(found.codes)
        return found.codes[:1] != () and found.codes[0] in self.codes


def lines(half: str) -> list[Line]:
    """The lines of a half of the set."""
    read = (Line(**json.loads(line)) for line in SET.read_text(encoding="utf-8").splitlines())
    return [line for line in read if line.half == half]


def main(arguments: list[str]) -> int:
    """Write the share of right answers by half and style."""
    for half in ("tuned", "kept"):
        right: dict[str, list[bool]] = defaultdict(list)
        for line in lines(half):
            right[line.style].append(line.is_right())
            if not right[line.style][-1] and half == "tuned" and "--misses" in arguments:
                found = places_in(line.text)
                _write(f"  {line.text!r} should be {line.codes}, is {found.codes[:5]} ({found.why})")
        _write(f"{half}: {_share([each for style in right.values() for each in style])}")
        for style, answers in right.items():
            _write(f"  {style:14} {_share(answers)}")
    return 0


def _share(answers: list[bool]) -> str:
    return f"{sum(answers) / len(answers):.3f} of {len(answers)}"


def _write(line: str) -> None:
    sys.stdout.write(line + "\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
