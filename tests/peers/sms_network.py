"""The SMSC simulator of the SMS peers, asked over HTTP (`SIM_URL`): what arrived, what is to go wrong."""

import asyncio
import os
import time
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from broadcasts.delivery.channel import SendRequest
from storage.replies import Bubble

SIM_URL = os.environ.get("SIM_URL", "")
SIM_ONLY = os.environ.get("SIM_ONLY") == "1"
REQUIRED = os.environ.get("KRAJAI_PEERS") == "1"
PASSWORD = os.environ.get("SMS_PASSWORD", "secret")
PATIENCE_SECONDS = 120.0

THAI = "แจ้งเตือนน้ำท่วมฉับพลัน อ.แม่สาย จ.เชียงราย"
LONG = "ปภ. เตือน: น้ำป่ามาแล้วที่ ต.เวียงพางคำ แรงจนพัดคนและรถได้ หนีขึ้นที่สูงเดี๋ยวนี้ อย่าเก็บของ อย่าข้ามน้ำ " * 3


def needed(value: str, name: str) -> None:
    if not value and REQUIRED:
        pytest.fail(f"{name} is not set")
    if not value:
        pytest.skip(f"needs {name}")


def request(text: str, number: int = 1, *, reference: str = "", key: UUID | None = None) -> SendRequest:
    return SendRequest(
        addresses=(f"+66810{number:06d}",),
        bubbles=(Bubble(text=text),),
        retry_key=key or uuid4(),
        valid_seconds=3600.0,
        reference=reference,
    )


class Network:
    """The simulator's control."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def reset(self, **faults: str) -> None:
        await self._get("/reset")
        if faults:
            await self._get("/faults", **faults)

    async def drop(self) -> None:
        await self._get("/drop")

    async def phone_writes(self, text: str, *, source: str = "66811111111") -> None:
        await self._get("/mo", **{"from": source, "to": "1784", "text": text})

    async def stats(self) -> dict[str, Any]:
        found: dict[str, Any] = (await self._get("/stats")).json()
        return found

    async def arrived(self) -> list[dict[str, Any]]:
        messages: list[dict[str, Any]] = (await self.stats())["messages"]
        return messages

    async def until(self, enough: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The simulator's counters once they are as they should be."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not enough(stats := await self.stats()):
            assert time.monotonic() < deadline, stats
            await asyncio.sleep(0.1)
        return stats

    async def _get(self, path: str, **query: str) -> httpx.Response:
        answer = await self._client.get(f"{SIM_URL}{path}", params=query)
        answer.raise_for_status()
        return answer


async def until(happened: Callable[[], bool]) -> None:
    """Wait until something is true; what is looked at comes from other programs."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not happened():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)
