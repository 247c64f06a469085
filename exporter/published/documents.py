"""The documents that are fetched by HTTPS: an MTA-STS policy, an ACME directory, renewal information.

The fetcher is given: it applies the address policy to each address that it connects to. What comes back here is read
by the pure files next to this one.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from exporter.certificates.verdict import TrustStore
from exporter.published.ari import (
    MAX_DIRECTORY_BYTES,
    MAX_INFO_BYTES,
    ARIError,
    Window,
    read_directory_untrusted,
    read_window_untrusted,
)
from exporter.published.lookup import Lookup
from exporter.published.mta_sts import MAX_POLICY_BYTES, Policy, PolicyError, read_policy_untrusted
from exporter.published.refreshed import RefreshError

HOUR = 3600.0
DAY = 86_400.0
WINDOW_SECONDS = 6 * HOUR  # RFC 9773 section 4.3.3 leaves the interval to Retry-After; this is without one
SHORTEST_WINDOW_SECONDS = 60.0
NOT_FOUND = 404


@dataclass(frozen=True, slots=True)
class Document:
    """What was fetched. `retry_after` is in seconds, None where the server named no time."""

    data: bytes
    content_type: str = ""
    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be fetched by HTTPS. `lookup` resolves the name, None: the system does."""

    url: str
    max_bytes: int
    roots: TrustStore | None
    lookup: Lookup | None = None
    loopback: bool = False


class DocumentError(Exception):
    """No document. `reason` is of the fetcher's closed list, `status` the HTTP status if one came."""

    def __init__(self, reason: str, detail: str, status: int | None = None) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail
        self.status = status


FetchDocument = Callable[[Wanted], Awaitable[Document]]
INVALID = "invalid"


def policy_url(domain: str) -> str:
    """Return where a domain's MTA-STS policy is (RFC 8461 section 3.3)."""
    return f"https://mta-sts.{domain}/.well-known/mta-sts.txt"


async def fetch_policy(
    fetch: FetchDocument, domain: str, roots: TrustStore | None, lookup: Lookup | None, *, loopback: bool
) -> tuple[Policy, float]:
    """Fetch and read a policy. Raises RefreshError."""
    try:
        document = await fetch(Wanted(policy_url(domain), MAX_POLICY_BYTES, roots, lookup, loopback))
        policy = read_policy_untrusted(document.data, document.content_type)
    except DocumentError as error:
        raise RefreshError(error.reason, error.detail) from None
    except PolicyError as error:
        raise RefreshError(INVALID, str(error)) from None
    return policy, HOUR


async def fetch_directory(
    fetch: FetchDocument, url: str, roots: TrustStore | None, *, loopback: bool
) -> tuple[str | None, float]:
    """Fetch an ACME directory; return the renewalInfo URL, None if the CA has none. Raises RefreshError."""
    try:
        document = await fetch(Wanted(url, MAX_DIRECTORY_BYTES, roots, loopback=loopback))
        return read_directory_untrusted(document.data), DAY
    except DocumentError as error:
        raise RefreshError(error.reason, error.detail) from None
    except ARIError as error:
        raise RefreshError(INVALID, str(error)) from None


async def fetch_window(
    fetch: FetchDocument, url: str, roots: TrustStore | None, *, loopback: bool
) -> tuple[Window | None, float]:
    """Fetch the renewal window of a certificate; None if the CA does not know it. Raises RefreshError.

    Retry-After says when to ask again, within the exporter's bounds (RFC 9773 section 4.3.2 asks for bounds).
    """
    try:
        document = await fetch(Wanted(url, MAX_INFO_BYTES, roots, loopback=loopback))
        window = read_window_untrusted(document.data)
    except DocumentError as error:
        if error.status == NOT_FOUND:
            return None, WINDOW_SECONDS
        raise RefreshError(error.reason, error.detail) from None
    except ARIError as error:
        raise RefreshError(INVALID, str(error)) from None
    wait = document.retry_after if document.retry_after is not None else WINDOW_SECONDS
    return window, min(max(wait, SHORTEST_WINDOW_SECONDS), DAY)
