"""A DNS in memory: one host with an address and TLSA records, all of them secure."""

import hashlib

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from dns.rdatatype import RdataType

from exporter.published.dns_answer import Answer, Status
from exporter.published.dns_wire import make_generic


def tlsa(issued):
    """Return the data of a 3 1 1 record for a certificate."""
    spki = issued.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return b"\x03\x01\x01" + hashlib.sha256(spki).digest()


class FakeLookup:
    """Answers as `Lookup` does."""

    def __init__(self, ttl):
        self.ttl = ttl
        self.records = []
        self.asked = []

    async def look_up(self, name, kind):
        self.asked.append((name, kind))
        found = tuple(make_generic(kind, data) for data in self.records) if kind == RdataType.TLSA else (None,)
        status = Status.FOUND if found else Status.NO_DATA
        return Answer(name, name, status, found, True, self.ttl)
