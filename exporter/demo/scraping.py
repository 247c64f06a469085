"""Stands in for Prometheus in the demo: nothing is probed without a scrape. The answers are thrown away.

An exporter that asks for a password or speaks TLS itself is not scraped: it refuses, and that is all.
"""

from contextlib import closing, suppress
from http.client import HTTPConnection, HTTPException
from threading import Event

INTERVAL_SECONDS = 30.0
_TIMEOUT_SECONDS = 60.0


def scrape_until(stop: Event, address: str, path: str, seconds: float = INTERVAL_SECONDS) -> None:
    """Scrape at once and then regularly, until stopped."""
    while not stop.is_set():
        with suppress(OSError, HTTPException), closing(HTTPConnection(address, timeout=_TIMEOUT_SECONDS)) as connection:
            connection.request("GET", path)
            connection.getresponse().read()
        stop.wait(seconds)
