"""krajai places."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from storage.database import Database
from storage.place_shapes import place_at
from tests.bot.commands.running import krajai
from tests.storage.boundaries import collection, feature, mae_sai, square

LINES: tuple[tuple[bytes, list[str]], ...] = (
    ("แม่สาย".encode(), ["5709", "570901"]),
    (b"", []),
    (b"50", ["50"]),
    (b"TH-83", ["83"]),
    (b"57090603", ["57090603"]),
    (b"\xff\xfe", []),
    ("ก".encode() * 10_000, []),
    ("ขอราคายางที่ตรังหน่อย".encode(), ["92", "940503"]),
    ("แม่สาย ภูเก็ต".encode(), []),
    ("แมสาย เชียงลาย\r".encode(), ["5709", "570901"]),
    (b"\x00 nul", []),
    (b"live in mae sot", ["6306", "630601"]),
)


def test_each_line_is_answered_by_a_line() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "bot", "places", "find", "--stdin", "--json"],
        input=b"\n".join(line for line, _ in LINES) + b"\n",
        capture_output=True,
        timeout=300,
        cwd=Path(__file__).resolve().parents[3],
    )
    answers = [json.loads(line) for line in ran.stdout.splitlines()]
    assert (ran.returncode, ran.stderr) == (0, b"")
    assert [set(each) for each in answers] == [{"text", "codes"}] * len(LINES)
    assert [each["codes"] for each in answers] == [codes for _, codes in LINES]


def test_several_places_are_at_most_five() -> None:
    assert len(krajai("places", "find", "เมือง", "--json").json["codes"]) == 5


@pytest.mark.parametrize("arguments", [(), ("แม่สาย", "--stdin")])
def test_a_text_or_stdin_is_wanted(arguments: tuple[str, ...]) -> None:
    ran = krajai("places", "find", *arguments)
    assert (ran.status, "either a text or --stdin" in ran.complained) == (2, True)


def test_boundaries_are_imported(installation: Path) -> None:
    file = installation / "mae-sai.geojson"
    file.write_bytes(mae_sai())
    assert krajai("places", "import-boundaries", str(file)).said == "3 boundaries are stored\n"
    assert krajai("places", "import-boundaries", str(file), "--json").json == {"boundaries": 3, "unknown": []}
    database = Database(f"sqlite:///{installation / 'krajai.db'}")
    with database.read() as session:
        assert place_at(session, 20.45, 99.85) == "570901"
    database.close()


def test_a_wrong_file_changes_nothing(installation: Path) -> None:
    right, wrong = installation / "right.geojson", installation / "wrong.geojson"
    right.write_bytes(mae_sai())
    wrong.write_bytes(collection(feature("570906", square(99.8)), feature("x", square(99.8))))
    assert krajai("places", "import-boundaries", str(right)).status == 0
    ran = krajai("places", "import-boundaries", str(wrong))
    assert ran.status == 1
    assert "feature 2: c is 'x'" in ran.complained
    assert "Nothing was stored" in ran.complained
    assert krajai("places", "import-boundaries", str(installation / "none")).status == 2
    database = Database(f"sqlite:///{installation / 'krajai.db'}")
    with database.read() as session:
        assert place_at(session, 20.45, 99.85) == "570901"
    database.close()
