"""Seven-day forecasts made in the shape of the recorded ones; nothing in them was ever forecast."""

import json
from typing import Any

NORTH = "ภาคเหนือ"


def seven_days(heading: str, *regions: tuple[str, str]) -> bytes:
    """An answer with this heading and the text of each region."""
    return as_bytes(document(heading, *regions))


def document(heading: str, *regions: tuple[str, str]) -> dict[str, Any]:
    return {
        "OverallForecast": {
            "Date": heading,
            "OverallDescriptionThai": "made for a test",
            "RegionForecast": [{"RegionNameThai": name, "DescriptionThai": text} for name, text in regions],
        }
    }


def as_bytes(made: Any) -> bytes:
    return json.dumps(made, ensure_ascii=False).encode()


def hours(day: str, count: int = 24, *, lat: float = 19.9, lon: float = 99.83, **data: float) -> bytes:
    """The hourly model's answer: the same values in each hour of a day."""
    forecasts = [{"time": f"{day}T{hour:02}:00:00+07:00", "data": data} for hour in range(count)]
    return as_bytes({"WeatherForecasts": [{"location": {"lat": lat, "lon": lon}, "forecasts": forecasts}]})
