"""Who says it: the names of the agencies that issue warnings, as citizens know them."""

import re
from typing import Literal

from storage.wording.catalogue import say

# The catalogue's issuer keys with what the agency calls itself in CAP's `sender` and `senderName`: internet
# names (also the end of an address), abbreviations and full names.
_KNOWN_AS: dict[str, tuple[str, ...]] = {
    "tmd": ("tmd", "tmd.go.th", "tmd.mail.go.th", "กรมอุตุนิยมวิทยา", "thai meteorological department"),
    "ddpm": (
        "ddpm",
        "disaster.go.th",
        "ปภ.",
        "กรมป้องกันและบรรเทาสาธารณภัย",
        "department of disaster prevention and mitigation",
    ),
    "ndwc": ("ndwc", "ndwc.go.th", "ศูนย์เตือนภัยพิบัติแห่งชาติ", "national disaster warning center"),
    "hii": (
        "hii",
        "hii.or.th",
        "thaiwater.net",
        "สสน.",
        "สถาบันสารสนเทศทรัพยากรน้ำ",
        "hydro-informatics institute",
    ),
    "gistda": (
        "gistda",
        "gistda.or.th",
        "จิสด้า",
        "สำนักงานพัฒนาเทคโนโลยีอวกาศและภูมิสารสนเทศ",
        "geo-informatics and space technology development agency",
    ),
    "rid": ("rid", "rid.go.th", "กรมชลประทาน", "royal irrigation department"),
    "onwr": (
        "onwr",
        "onwr.go.th",
        "สทนช.",
        "สำนักงานทรัพยากรน้ำแห่งชาติ",
        "office of the national water resources",
    ),
    "dwr": ("dwr", "dwr.go.th", "กรมทรัพยากรน้ำ", "department of water resources"),
    "dmr": ("dmr", "dmr.go.th", "กรมทรัพยากรธรณี", "department of mineral resources"),
    "pcd": ("pcd", "pcd.go.th", "คพ.", "กรมควบคุมมลพิษ", "pollution control department"),
    "ddc": ("ddc", "ddc.moph.go.th", "กรมควบคุมโรค", "department of disease control"),
    "egat": (
        "egat",
        "egat.co.th",
        "กฟผ.",
        "การไฟฟ้าฝ่ายผลิตแห่งประเทศไทย",
        "electricity generating authority of thailand",
    ),
}
_CODES = {name: code for code, names in _KNOWN_AS.items() for name in names}


def issuer_name(
    sender: str, sender_name: str | None, language: str, form: Literal["chat", "sms"] = "chat"
) -> str:
    """The name of a warning's issuer: a known agency's own name, else the name given, else the sender itself.

    `sender` and `sender_name` as in CAP 1.2 (3.2.1, 3.2.2). The sender is looked at first, since that is what
    an allow-list of feeds trusts. `sms` gives the short name.
    """
    code = _code(sender) or _code(sender_name or "")
    if code is None:
        return " ".join((sender_name or sender).split())
    return say(language, f"issuer.{code}.short" if form == "sms" else f"issuer.{code}")


def _code(name: str) -> str | None:
    name = " ".join(name.split()).casefold()
    if name in _CODES:
        return _CODES[name]
    host = re.search(r"(?:@|://)([a-z0-9.-]+)", name)
    labels = (host[1] if host else name).rstrip(".").split(".")
    endings = (".".join(labels[start:]) for start in range(len(labels) - 1))
    return next((_CODES[ending] for ending in endings if ending in _CODES), None)
