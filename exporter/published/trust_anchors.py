"""The keys that DNSSEC validation begins with: the root's as IANA publishes them, or those of a file."""

from collections.abc import Mapping
from pathlib import Path

import dns.dnssec
import dns.exception
import dns.name
import dns.rdata
import dns.zonefile
from dns.name import Name
from dns.rdatatype import RdataType
from dns.rdtypes.ANY.DS import DS

Anchors = Mapping[Name, tuple[DS, ...]]

# https://data.iana.org/root-anchors/root-anchors.xml, both keys, as of 2026-11: KSK-2017 and KSK-2024.
_ROOT = """
. 0 IN DS 20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D
. 0 IN DS 38696 8 2 683D2D0ACB8C9B712A1948B27F741219298D0A450D612C483AF444A4C0FB2B16
"""


class TrustAnchorError(Exception):
    """A file that holds no usable anchors; the message says why."""


def read_anchors(text: str) -> Anchors:
    """Read DS and DNSKEY records in the form of a zone file (RFC 1035 section 5.1), as Unbound's trust-anchor-file.

    Raises TrustAnchorError.
    """
    try:
        sets = dns.zonefile.read_rrsets(text, rdclass=None, default_ttl=0)
    except (dns.exception.DNSException, ValueError) as error:
        raise TrustAnchorError(f"the trust anchors cannot be read: {error}"[:200]) from None
    anchors: dict[Name, tuple[DS, ...]] = {}
    for one in sets:
        for record in one:
            if record.rdtype == RdataType.DNSKEY:
                found = dns.dnssec.make_ds(one.name, record, "SHA256")
            elif record.rdtype == RdataType.DS:
                found = record
            else:
                continue
            anchors[one.name] = (*anchors.get(one.name, ()), found)
    if not anchors:
        raise TrustAnchorError("there is no DS or DNSKEY record in the file of trust anchors")
    return anchors


def load_anchors(file: str | None) -> Anchors:
    """Return the anchors of a file, or the root's. Raises TrustAnchorError."""
    if file is None:
        return read_anchors(_ROOT)
    try:
        return read_anchors(Path(file).read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise TrustAnchorError(f"the trust anchors cannot be read: {error}") from None
