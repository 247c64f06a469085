"""Timestamps are verified with the keys of the list, and held against Chrome's policy, each rule by a case."""

import base64
import hashlib
import json
import struct
from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from exporter.certificates.certificate import read_certificate_untrusted
from exporter.certificates.ct_policy import assess_transparency
from exporter.certificates.log_list import LogListError, read_log_list
from tests.support import der, pki
from tests.support.pki import DAY, NOW, Extension

SCT_LIST = "1.3.6.1.4.1.11129.2.4.2"
ISSUER = pki.root()
ISSUER_FACTS = read_certificate_untrusted(ISSUER.der)


class Log:
    """A log that signs, and its entry in a list."""

    def __init__(self, operator, state="usable", since=NOW - 900 * DAY, key=None):
        self.key = key or pki.ec_key()
        self.operator, self.state, self.since = operator, state, since
        self.id = hashlib.sha256(pki.spki_of(self.key)).digest()

    def entry(self):
        stamp = x509_time(self.since)
        encoded = {"log_id": self.id, "key": pki.spki_of(self.key)}
        return {name: base64.b64encode(value).decode() for name, value in encoded.items()} | {
            "description": "a log",
            "state": {self.state: {"timestamp": stamp}},
        }

    def timestamp(self, kind, body, at=NOW - 20 * DAY):
        signed = struct.pack("!BBQH", 0, 0, at * 1000, kind) + body + b"\0\0"
        if isinstance(self.key, rsa.RSAPrivateKey):
            algorithm, signature = 1, self.key.sign(signed, padding.PKCS1v15(), hashes.SHA256())
        else:
            algorithm, signature = 3, self.key.sign(signed, ec.ECDSA(hashes.SHA256()))
        head = struct.pack("!B32sQH", 0, self.id, at * 1000, 0)
        return head + struct.pack("!BBH", 4, algorithm, len(signature)) + signature


def x509_time(seconds):

    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def listed(*logs):
    operators = {}
    for log in logs:
        operators.setdefault(log.operator, []).append(log.entry())
    document = {"operators": [{"name": name, "logs": entries} for name, entries in operators.items()]}
    return read_log_list(json.dumps(document).encode())


def vector(*timestamps):
    body = b"".join(len(one).to_bytes(2, "big") + one for one in timestamps)
    return len(body).to_bytes(2, "big") + body


def issued(*logs, days=90, at=NOW - 20 * DAY):
    """Make a certificate with a timestamp of each log in it: they sign its body without the timestamps."""
    fixed = {"key": pki.ec_key(), "serial": 7, "not_before": NOW - 10 * DAY, "not_after": NOW + (days - 10) * DAY - 1}
    with_none = [Extension(SCT_LIST, der.octets(vector(bytes(50))))]
    body = x509.load_der_x509_certificate(pki.leaf(ISSUER, **fixed, extra=with_none).der).tbs_precertificate_bytes
    entry = hashlib.sha256(ISSUER_FACTS.spki_der).digest() + len(body).to_bytes(3, "big") + body
    timestamps = vector(*(log.timestamp(1, entry, at) for log in logs))
    made = pki.leaf(ISSUER, **fixed, extra=[Extension(SCT_LIST, der.octets(timestamps))] if logs else [])
    return read_certificate_untrusted(made.der)


ONE, SAME, TWO, THREE = Log("one"), Log("one"), Log("two"), Log("three")
RSA_LOG = Log("rsa", key=pki.rsa_key())
RETIRED_LATER, RETIRED_BEFORE = Log("late", "retired", NOW - DAY), Log("early", "retired", NOW - 60 * DAY)
REJECTED = Log("rejected", "rejected")
EVERY = (ONE, SAME, TWO, THREE, RSA_LOG, RETIRED_LATER, RETIRED_BEFORE, REJECTED)


@pytest.mark.parametrize(
    ("logs", "days", "compliant"),
    [
        ((ONE, TWO), 90, True),
        ((ONE, RSA_LOG), 90, True),
        ((ONE, SAME), 90, False),
        ((ONE,), 90, False),
        ((), 90, False),
        ((ONE, TWO), 200, False),
        ((ONE, TWO, THREE), 200, True),
        ((ONE, RETIRED_LATER), 90, True),
        ((ONE, RETIRED_BEFORE), 90, False),
        ((RETIRED_LATER, Log("later", "retired", NOW - DAY)), 90, False),
        ((ONE, REJECTED), 90, False),
    ],
)
def test_the_policy_of_chrome(logs, days, compliant):
    verdict = assess_transparency(issued(*logs, days=days), ISSUER_FACTS, (), 0, listed(*EVERY, *logs))
    assert verdict.compliant is compliant
    assert bool(verdict.reason) is not compliant
    assert verdict.valid == len(logs)


def test_a_timestamp_of_another_certificate_does_not_verify():
    other = issued(ONE, TWO)
    stolen = [
        Extension(
            SCT_LIST, next(e for e in other.parsed.extensions if e.oid.dotted_string == SCT_LIST).value.public_bytes()
        )
    ]
    verdict = assess_transparency(
        read_certificate_untrusted(pki.leaf(ISSUER, extra=stolen).der), ISSUER_FACTS, (), 0, listed(*EVERY)
    )
    assert (verdict.valid, verdict.compliant) == (0, False)


def test_timestamps_of_the_handshake_count_too():
    leaf = issued()
    entry = len(leaf.der).to_bytes(3, "big") + leaf.der
    sent = tuple(log.timestamp(0, entry) for log in (ONE, TWO))
    assert assess_transparency(leaf, ISSUER_FACTS, sent, 0, listed(*EVERY)).compliant is True
    assert assess_transparency(leaf, ISSUER_FACTS, sent[:1], 0, listed(*EVERY)).compliant is False


def test_what_cannot_be_verified_is_unknown():
    """Timestamps of a staple are not read here, and embedded ones need the issuer's key."""
    assert assess_transparency(issued(ONE), ISSUER_FACTS, (), 1, listed(*EVERY)).compliant is None
    assert assess_transparency(issued(ONE, TWO), None, (), 0, listed(*EVERY)).compliant is None


@pytest.mark.parametrize("junk", [b"", b"\0" * 44, b"\x01" + bytes(60), bytes(47)])
def test_junk_in_a_handshake_is_no_timestamp(junk):
    assert assess_transparency(issued(ONE, TWO), ISSUER_FACTS, (junk,), 0, listed(*EVERY)).valid == 2


@pytest.mark.parametrize(
    "data", [b"", b"[]", b"{}", b'{"operators": [{"name": "x", "logs": [{}]}]}', b'{"operators": []}']
)
def test_a_list_that_is_none_is_refused(data):
    with pytest.raises(LogListError):
        read_log_list(data)
