"""Articles written by a test."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

GOOD = """
checked_on = 2026-11-03

[source]
name_th = "กรมการปกครอง"
name_en = "Department of Provincial Administration"
address = "https://www.dopa.go.th"

[th]
title = "เช่าเรือ"
label = "เช่าเรือ"
office = "ท่าเรือ"
answer = "เช่าเรือได้ที่ท่าเรือ"
documents = "บัตรประชาชน"
fee = "20 บาท"
time = "1 วัน"
where = "ท่าเรือ"
steps = ["ไปที่ท่าเรือ", "บอกวันที่อยากเช่า"]

[en]
title = "Boat hire"
label = "Boat hire"
office = "the pier"
answer = "Boats are hired at the pier"
documents = "ID card"
fee = "20 baht"
time = "1 day"
where = "the pier"
steps = ["Go to the pier", "Name the day"]

[synonyms]
th = ["เช่าเรือ", "ยืมเรือ", "ขอเรือ", "เรือเช่า", "เรือเทศบาล", "เช่าแพ", "ขอยืมเรือ", "เรือให้เช่า"]
en = ["boat hire", "rent a boat", "borrow a boat", "boat rental", "hire a boat"]
"""


def raw(**changes: Any) -> Mapping[str, Any]:
    """A good article with whole tables or keys in the place of its own; None takes one away."""
    made = {**tomllib.loads(GOOD), **changes}
    return {key: value for key, value in made.items() if value is not None}


def folder_with(path: Path, **texts: str) -> Path:
    """A folder with articles, by slug (an underscore is a hyphen)."""
    path.mkdir(exist_ok=True)
    for name, text in texts.items():
        (path / f"{name.replace('_', '-')}.toml").write_text(text, "utf-8")
    return path
