"""Where TLSA records of a service are, and whether a client may use them (RFC 7671 section 7, RFC 7672 section 2)."""

from contextlib import suppress

from dns.rdatatype import RdataType

from exporter.published.dane import Support, TLSARecords, read_tlsa_untrusted
from exporter.published.dns_answer import Answer, DNSError, DNSFailure, Status
from exporter.published.lookup import Lookup


async def look_up_tlsa(
    lookup: Lookup, host: str, port: int, transport: str, *, smtp: bool, mail_domain: str | None
) -> tuple[TLSARecords, float]:
    """Return the TLSA records of a host and port, and for how many seconds they hold. Raises DNSError.

    With an alias the records stand at its end, else at its beginning. Mail clients look only where the host's
    addresses are signed: records under an unsigned name protect nobody.
    """
    address = await _look_up_address(lookup, host)
    names = [address.name, address.asked] if address.is_alias and address.secure else [address.asked]
    support, unsigned, ttl = Support.SECURE, (host, RdataType.A), address.ttl
    found: Answer | None = None
    for name in names:
        try:
            answer = await lookup.look_up(f"_{port}._{transport}.{name}", RdataType.TLSA)
        except DNSError as error:
            if error.reason is not DNSFailure.BOGUS:
                raise
            support = Support.BOGUS
            return TLSARecords(f"_{port}._{transport}.{name}", (), support), ttl
        ttl = min(ttl, answer.ttl)
        found = answer
        if answer.status is Status.FOUND:
            break
    assert found is not None
    if smtp and not address.secure:
        support, unsigned = Support.ADDRESS_UNSIGNED, (address.asked, RdataType.A)
    elif not found.secure:
        support, unsigned = Support.UNSIGNED, (found.asked, RdataType.TLSA)
    if support is not Support.SECURE and found.status is Status.FOUND:
        await lookup.check_unsigned(*unsigned)
    references = await _references(lookup, host, address, mail_domain if smtp else None)
    return TLSARecords(found.asked, read_tlsa_untrusted(found.records), support, references), ttl


async def _look_up_address(lookup: Lookup, host: str) -> Answer:
    """Return the host's IPv4 addresses, else its IPv6 ones. Their security decides, not their values."""
    first = await lookup.look_up(host, RdataType.A)
    return first if first.status is Status.FOUND else await lookup.look_up(host, RdataType.AAAA)


async def _references(lookup: Lookup, host: str, address: Answer, mail_domain: str | None) -> tuple[str, ...]:
    """Return the names that a leaf under a trust anchor may have (RFC 7672 section 3.2.2)."""
    names = [host, *([address.name] if address.is_alias and address.secure else [])]
    if mail_domain is not None:
        with suppress(DNSError):  # the host's own name is enough where it matches
            exchanges = await lookup.look_up(mail_domain, RdataType.MX)
            if exchanges.secure:
                names += [mail_domain, *([exchanges.name] if exchanges.is_alias else [])]
    return tuple(dict.fromkeys(names))
