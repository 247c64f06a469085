"""The source about renewal: what the CA suggests for the leaf (RFC 9773).

Only trusted chains are asked about: an untrusted leaf could make the exporter send any query to a CA, again and again.
A chain whose only fault is that it has expired counts as trusted.
"""

from ipaddress import ip_address
from urllib.parse import urlsplit

from exporter.certificates.openssl_errors import EXPIRED, NOT_YET_VALID, ONLY_PARTIAL
from exporter.certificates.verdict import Verdict as ChainVerdict
from exporter.published.ari import Window, certificate_id
from exporter.published.documents import fetch_directory, fetch_window
from exporter.published.facts import ARI, Renewal, SourceFailure
from exporter.published.source import FOREVER, Asking, Verdict, failure
from exporter.target import is_ip_literal


def assess_renewal(asking: Asking) -> Verdict | None:
    """Ask the named CAs in turn; the one that knows the leaf has issued it."""
    question = asking.question
    if question.ari is None or not question.ari.directories or not _is_vouched_for(question.chain.openssl):
        return None
    identifier = certificate_id(question.chain.certificates[0])
    if identifier is None:
        return None
    failures: tuple[SourceFailure, ...] = ()
    for directory in question.ari.directories:
        window, failed = _ask_one(asking, directory, identifier)
        if window is not None:
            is_overdue = asking.now >= window.end
            until = FOREVER if is_overdue else window.end
            return Verdict(ARI, {"renewal": Renewal(window, is_overdue)}, until=until)
        failures = failures or failed
    return Verdict(ARI, failures=failures)


def _ask_one(asking: Asking, directory: str, identifier: str) -> tuple[Window | None, tuple[SourceFailure, ...]]:
    roots, loopback = asking.reach().ari_roots, _is_loopback(directory)
    trust = roots.key if roots is not None else ""
    found = asking.get(
        (ARI, directory, trust), lambda: fetch_directory(asking.fetch, directory, roots, loopback=loopback)
    )
    if found is None or found.value is None:
        return None, failure(ARI, found)
    url = f"{found.value}/{identifier}"
    kept = asking.get((ARI, url, trust), lambda: fetch_window(asking.fetch, url, roots, loopback=loopback))
    return (kept.value if kept is not None else None), failure(ARI, kept)


def _is_vouched_for(verdict: ChainVerdict | None) -> bool:
    return verdict is not None and (
        verdict.trusted or {error.name for error in verdict.errors} <= EXPIRED | NOT_YET_VALID | ONLY_PARTIAL
    )


def _is_loopback(url: str) -> bool:
    """Whether the user names a CA on this machine, which may then be asked."""
    host = urlsplit(url).hostname or ""
    return host == "localhost" or (is_ip_literal(host) and ip_address(host).is_loopback)
