"""Fetching a document that an operator named: bounded in time and size, without a detour."""

import time

import requests
from urllib3.exceptions import HTTPError

MOST_BYTES = 1_000_000
CONNECT_SECONDS = 5.0
READ_SECONDS = 15.0
TOTAL_SECONDS = 30.0

_CHUNK_BYTES = 65_536


class FetchRefused(Exception):
    """The document could not be had; the message says why."""


def fetch_document(address: str) -> bytes:
    """The bytes at `address`. Raises FetchRefused: no answer, an error, a redirect, more than 1 MB or 30 seconds."""
    ends = time.monotonic() + TOTAL_SECONDS
    try:
        with requests.get(
            address,
            timeout=(CONNECT_SECONDS, READ_SECONDS),
            stream=True,
            allow_redirects=False,
            headers={"User-Agent": "Krajai", "Accept": "application/cap+xml, application/xml, text/xml"},
        ) as response:
            if response.status_code != requests.codes.ok:
                raise FetchRefused(
                    f"answered {response.status_code}: give the address of the document itself"
                )
            data = b""
            # What has arrived, however little: waiting for a full chunk would let a slow server hold us for hours.
            while chunk := response.raw.read1(_CHUNK_BYTES, decode_content=True):
                data += chunk
                if len(data) > MOST_BYTES:
                    raise FetchRefused("is larger than 1 MB, so it is no CAP alert")
                if time.monotonic() > ends:
                    raise FetchRefused(f"did not arrive within {TOTAL_SECONDS:.0f} seconds: try again later")
            return data
    except (requests.RequestException, HTTPError) as fault:
        raise FetchRefused(
            f"cannot be fetched ({type(fault).__name__}): check the address and try again"
        ) from fault
