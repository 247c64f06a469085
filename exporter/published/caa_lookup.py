"""The CAA set that counts for a name: asked for at the name and then at its ancestors (RFC 8659 section 3)."""

from dns.rdatatype import RdataType

from exporter.published.caa import RelevantSet, climb, read_caa_untrusted
from exporter.published.dns_answer import Status
from exporter.published.lookup import Lookup


async def look_up_caa(lookup: Lookup, name: str) -> tuple[RelevantSet, float]:
    """Return the relevant set and for how many seconds it holds. Raises DNSError: one failed step leaves all unknown.

    The resolver follows aliases; the climb goes on from the name itself, as RFC 8659 says and RFC 6844 did not.
    """
    ttl = float("inf")
    for ancestor in climb(name):
        answer = await lookup.look_up(ancestor, RdataType.CAA)
        ttl = min(ttl, answer.ttl)
        if answer.status is Status.FOUND:
            return RelevantSet(ancestor, read_caa_untrusted(answer.records)), ttl
    return RelevantSet(), ttl
