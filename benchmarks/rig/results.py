"""What was measured: figures by name, tables for people, why a figure is missing; written as JSON and as pictures."""

import json
import os
import platform
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.rig.plots import bars, lines
from benchmarks.rig.targets import TARGETS, Target

FOLDER = Path(__file__).resolve().parents[1] / "results"

Figure = float | int | None


@dataclass(frozen=True, kw_only=True)
class Row:
    """One who was measured in a table."""

    who: str
    per_second: float
    cpu_seconds: float | None = None
    remark: str = ""


@dataclass(kw_only=True)
class Results:
    """Filled by the benchmarks of a run, one after the other."""

    figures: dict[str, Figure] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    tables: dict[str, dict[str, Any]] = field(default_factory=dict)
    curves: dict[str, dict[str, Any]] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)

    def put(self, **figures: Figure) -> None:
        """Figures by name."""
        self.figures |= figures

    def leave_out(self, name: str, why: str) -> None:
        """A figure that cannot be had here: null, with the reason."""
        self.figures[name] = None
        self.missing[name] = why

    def table(self, title: str, unit: str, rows: Iterable[Row]) -> None:
        """Show who did how much a second; keep it for JSON and a plot."""
        kept = list(rows)
        self.tables[title] = {"unit": unit, "rows": [vars(row) for row in kept]}
        shown = Table("", unit, "to the first", "CPU s", "", box=None, title=title, title_justify="left")
        for row in kept:
            ratio = row.per_second / kept[0].per_second if kept[0].per_second else 0.0
            cpu = "" if row.cpu_seconds is None else f"{row.cpu_seconds:.1f}"
            shown.add_row(row.who, f"{row.per_second:,.0f}", f"{ratio:.2f}", cpu, row.remark)
        console.print(shown)

    def curve(self, title: str, unit: str, named: Mapping[str, Sequence[tuple[float, float]]]) -> None:
        """Keep what changed over time, by seconds, for JSON and a plot."""
        self.curves[title] = {"unit": unit, "lines": {name: list(points) for name, points in named.items()}}

    def require(self, holds: bool, what: str) -> None:
        """Something that must be so whatever the speed: when it is not, the run fails at its end."""
        if not holds:
            self.wrong.append(what)
            console.print(f"[bold]WRONG: {what}[/bold]")

    def judge(self) -> None:
        """Show every figure beside its target; a promise that is broken whatever the speed is wrong."""
        shown = Table("figure", "measured", "target", "", box=None)
        for name, value in self.figures.items():
            target = TARGETS.get(name)
            verdict = _verdict(value, target)
            shown.add_row(name, _shown(value, self.missing.get(name, "")), str(target or ""), verdict)
            if target is not None and target.always and value is not None and not target.met(value):
                self.wrong.append(f"{name} is {value}")
        console.print(shown)

    def write(self, name: str, *, quick: bool) -> Path:
        """Write `name`.json and the plots beside it; the JSON's path."""
        FOLDER.mkdir(exist_ok=True)
        path = FOLDER / f"{name}.json"
        written = {
            **self.figures,
            "missing": self.missing,
            "wrong": self.wrong,
            "tables": self.tables,
            "curves": self.curves,
            "about": {"quick": quick, **about()},
        }
        path.write_text(json.dumps(written, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        for title, table in self.tables.items():
            values = [(row["who"], row["per_second"]) for row in table["rows"]]
            picture = bars(title, table["unit"], values)
            (FOLDER / f"{name}-{_file(title)}.svg").write_text(picture, encoding="utf-8")
        for title, curve in self.curves.items():
            picture = lines(title, curve["unit"], curve["lines"])
            (FOLDER / f"{name}-{_file(title)}.svg").write_text(picture, encoding="utf-8")
        return path


console = Console()


def about() -> dict[str, Any]:
    """When and on what this was measured, and how busy the machine was with other things."""
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        "",
    )
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "processor": model,
        "cores": os.cpu_count(),
        "load_average": os.getloadavg()[0],
    }


def _verdict(value: Figure, target: Target | None) -> str:
    if target is None or value is None:
        return ""
    return "reached" if target.met(value) else "[bold]below[/bold]"


def _shown(value: Figure, why: str) -> str:
    if value is None:
        return f"none: {why}"
    return f"{value:,}" if isinstance(value, int) else f"{value:,.3f}"


def _file(title: str) -> str:
    return "-".join("".join(c if c.isalnum() else " " for c in title.lower()).split())
