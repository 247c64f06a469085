"""Documents fetched by the project's HTTPS fetcher, their hosts resolved by the module's name servers."""

import time

from exporter.net.https_fetch import HTTPSError, HTTPSReason, ResolveName, fetch_https, retry_after_seconds
from exporter.published.dns_answer import DNSError, DNSFailure
from exporter.published.documents import Document, DocumentError, Wanted
from exporter.published.lookup import Lookup


async def fetch_document(wanted: Wanted) -> Document:
    """Fetch a document. Raises DocumentError."""
    resolve = _resolver(wanted.lookup) if wanted.lookup is not None else None
    try:
        found = await fetch_https(wanted.url, wanted.max_bytes, wanted.roots, resolve, loopback=wanted.loopback)
    except HTTPSError as error:
        raise DocumentError(error.reason, error.detail, error.status) from None
    return Document(found.data, found.content_type, retry_after_seconds(found.retry_after, time.time()))


def _resolver(lookup: Lookup) -> ResolveName:
    async def resolve(host: str) -> list[str]:
        try:
            found = await lookup.addresses(host)
        except DNSError as error:
            reason = HTTPSReason.TIMEOUT if error.reason is DNSFailure.TIMEOUT else HTTPSReason.UNREACHABLE
            raise HTTPSError(reason, f"{host} cannot be looked up: {error.detail}") from None
        if not found:
            raise HTTPSError(HTTPSReason.NO_ADDRESS, f"{host} has no address")
        return found

    return resolve
