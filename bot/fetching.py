"""Fetching a document that an operator named: bounded in time and size, without a detour."""

import requests

MOST_BYTES = 1_000_000
CONNECT_SECONDS = 5.0
READ_SECONDS = 15.0


class FetchRefused(Exception):
    """The document could not be had; the message says why."""


def fetch_document(address: str) -> bytes:
    """The bytes at `address`. Raises FetchRefused: no answer, an error, a redirect, or more than 1 MB."""
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
            for chunk in response.iter_content(65536):
                data += chunk
                if len(data) > MOST_BYTES:
                    raise FetchRefused("is larger than 1 MB, so it is no CAP alert")
            return data
    except requests.RequestException as fault:
        raise FetchRefused(f"cannot be fetched ({type(fault).__name__})") from fault
