"""Under which address others reach this installation."""

from bot.wiring import Krajai


def public_url(krajai: Krajai) -> str:
    """What the operator has set, else the address this process listens on: never what a request claims."""
    settings = krajai.settings
    return settings.public_url.rstrip("/") or f"http://{settings.host}:{settings.port}"
