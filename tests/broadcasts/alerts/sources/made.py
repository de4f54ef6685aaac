"""Answers made for tests in the shapes of the recorded ones; nobody ever gave them."""

import json
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from broadcasts.alerts.sources.air4thai import index_of_value

BANGKOK = ZoneInfo("Asia/Bangkok")


def air4thai(at: datetime, *values: float, **other: Any) -> bytes:
    """Stations in Din Daeng (Bangkok), Mueang Chiang Mai and Mae Sai with these values, measured at `at`."""
    stands = (
        ("54t", "การเคหะชุมชนดินแดง ", "ริมถนนดินแดง เขตดินแดง, กรุงเทพฯ", "Din Daeng, Bangkok", 13.7625, 100.5502),
        ("36t", "โรงเรียนยุพราชวิทยาลัย", "ต.ศรีภูมิ อ.เมือง, เชียงใหม่", "Mueang Chiang Mai", 18.7908, 98.9881),
        ("73t", "สาธารณสุขแม่สาย", "ต.เวียงพางคำ อ.แม่สาย, เชียงราย", "Mae Sai, Chiang Rai", 20.4271, 99.8836),
    )
    local = at.astimezone(BANGKOK)
    stations = [
        {
            "stationID": station,
            "nameTH": name,
            "nameEN": name_en,
            "areaTH": area,
            "areaEN": name_en,
            "stationType": "GROUND",
            "lat": str(latitude),
            "long": str(longitude),
            "AQILast": {
                "date": other.get("date", f"{local:%Y-%m-%d}"),
                "time": f"{local:%H:%M}",
                "PM25": {
                    "color_id": "3",
                    "aqi": other.get("aqi", f"{index_of_value(value) or 210:.0f}"),
                    "value": str(value),
                },
            },
        }
        for value, (station, name, area, name_en, latitude, longitude) in zip(values, stands, strict=False)
    ]
    return json.dumps({"stations": stations}).encode()


def thaiwater(
    at: datetime, *, level: str = "2.76", situation: int = 5, bank: float | None = 2.2, **other: Any
) -> bytes:
    """One station in Bang Khen, Bangkok."""
    station: dict[str, Any] = {
        "id": 1394808,
        "tele_station_name": {"th": "คลองลาดพร้าว วัดบางบัว "},
        "tele_station_lat": 13.85402,
        "tele_station_long": 100.58746,
    }
    record = {
        "waterlevel_datetime": f"{at.astimezone(BANGKOK):%Y-%m-%d %H:%M}",
        "waterlevel_msl": level,
        "situation_level": situation,
        "station": station | ({} if bank is None else {"min_bank": bank}),
        "geocode": {"province_name": {"th": "กรุงเทพมหานคร"}, "amphoe_name": {"th": "บางเขน"}},
    } | other
    return json.dumps({"waterlevel_data": {"result": "OK", "data": [record]}}).encode()


def usgs(at: datetime, magnitude: float | None, latitude: float, longitude: float, **other: Any) -> bytes:
    """One earthquake at `at`, reported at once."""
    milliseconds = int(at.timestamp() * 1000)
    properties = {
        "mag": magnitude,
        "time": milliseconds,
        "updated": milliseconds,
        "type": "earthquake",
    } | other
    return json.dumps(
        {
            "type": "FeatureCollection",
            "metadata": {"generated": milliseconds},
            "features": [
                {
                    "type": "Feature",
                    "id": "made",
                    "properties": properties,
                    "geometry": {"type": "Point", "coordinates": [longitude, latitude, 10.0]},
                }
            ],
        }
    ).encode()


def gdacs(at: datetime, magnitude: str, latitude: float, longitude: float, unit: str = "M") -> bytes:
    """One earthquake at `at`."""
    stamp = f"{at.astimezone(UTC):%a, %d %b %Y %H:%M:%S} GMT"
    return f"""\ufeff<?xml version="1.0" encoding="utf-8"?>
<rss version="2.0" xmlns:geo="http://www.w3.org/2003/01/geo/wgs84_pos#" xmlns:gdacs="http://www.gdacs.org"><channel>
<pubDate>{stamp}</pubDate>
<item><pubDate>{stamp}</pubDate><gdacs:fromdate>{stamp}</gdacs:fromdate><gdacs:eventtype>EQ</gdacs:eventtype>
<geo:Point><geo:lat>{latitude}</geo:lat><geo:long>{longitude}</geo:long></geo:Point>
<gdacs:severity unit="{unit}" value="{magnitude}">Magnitude {magnitude}M, Depth:10km</gdacs:severity></item>
<item><gdacs:eventtype>TC</gdacs:eventtype></item>
</channel></rss>""".encode()


def cap(
    identifier: str,
    sent: datetime,
    *,
    expires: datetime,
    message: str = "Alert",
    severity: str = "Severe",
    references: str = "",
    province: str = "57",
    sender: str = "TMD",
) -> bytes:
    """A document as the Thai Meteorological Department writes them, with its byte order mark."""
    refers = f"<references>{references}</references>" if references else ""
    return f"""\ufeff<?xml version="1.0" encoding="utf-8"?>
<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2">
<identifier>{identifier}</identifier><sender>{sender}</sender><sent>{_offset(sent)}</sent><status>Actual</status>
<msgType>{message}</msgType><scope>Public</scope>{refers}
<info><language>th-TH</language><category>Met</category><event>Heavy Rain</event><urgency>Immediate</urgency>
<severity>{severity}</severity><certainty>Likely</certainty><expires>{_offset(expires)}</expires>
<senderName>TMD</senderName><headline>ฝนตกหนัก</headline>
<area><areaDesc>เชียงราย</areaDesc><geocode><valueName>ISO3166-2</valueName><value>TH-{province}</value></geocode></area>
</info></alert>""".encode()


def cap_index(at: datetime, *identifiers: str, host: str = "https://www.tmd.go.th") -> bytes:
    """The department's list of alerts, with item times in UTC under the label of Thai time."""
    items = "".join(
        f"<item><title>ฝน</title><link>{host}/uploads/CAP/CAP{each}.xml</link><guid>{each}</guid>"
        f"<pubDate>{at.astimezone(UTC):%a, %d %b %Y %H:%M:%S} +0700</pubDate></item>"
        for each in identifiers
    )
    built = f"{at.astimezone(BANGKOK):%a, %d %b %Y %H:%M:%S} +0700"
    channel = f"<channel><lastBuildDate>{built}</lastBuildDate>{items}</channel>"
    return f'<?xml version="1.0"?><rss version="2.0">{channel}</rss>'.encode()


def tmd_warning(announced: str, ends: str, **other: str) -> bytes:
    """One announcement as XML."""
    fields = {
        "IssueNo": "5",
        "AnnounceDate": announced,
        "EffectStartDate": announced,
        "EffectEndDate": ends,
        "TitleThai": "ฝนตกหนักถึงหนักมาก",
        "TitleEnglish": "Heavy to very heavy rain",
        "HeadlineThai": "ประกาศ เรื่อง ฝนตกหนักถึงหนักมาก",
        "DescriptionThai": "ภาคเหนือ: จังหวัดเชียงราย พะเยา และน่าน ภาคตะวันออก: จังหวัดจันทบุรี และตราด",
    } | other
    inside = "".join(f"<{name}>{value}</{name}>" for name, value in fields.items() if value)
    return f"<WeatherWarnings><Warnings><Warning>{inside}</Warning></Warnings></WeatherWarnings>".encode()


def _index(value: float) -> str:
    return f"{index_of_value(value) or 210:.0f}"


def _offset(at: datetime) -> str:
    return at.astimezone(BANGKOK).isoformat()
