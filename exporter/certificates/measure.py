"""How much work verifying a chain would be, estimated before any of it is done.

A chain may have 100 KiB and 100 certificates. The cost is in the number of things in it, and in their products: each
name is compared with each constraint, each certificate with each one that has its issuer's name. So the bytes are
scanned once, which takes at most about 0.1 microseconds for each byte, and the sum decides whether the chain is
verified at all. The weights are microseconds as measured on one core of 2020, rounded up: what reading, every verifier
and every rule together take for one thing more of a kind (`tests/hostile/shapes.py`).

Nothing is parsed, verified or kept here, and nothing is raised: what is broken counts as far as it can be read.
"""

from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field

from exporter.certificates.algorithms import MAX_RSA_BITS, Key, read_key_untrusted
from exporter.certificates.der import (
    INTEGER,
    SEQUENCE,
    DERError,
    Element,
    contents_untrusted,
    count_entries_untrusted,
    count_values_untrusted,
    element_untrusted,
    first_untrusted,
)

MAX_WORK = 40_000
"""Microseconds that judging one chain may be estimated to cost."""

PER_CERTIFICATE = 300
PER_KILOBYTE = 200
PER_NAME = 3
PER_ATTRIBUTE = 8
PER_EXTENSION = 3
PER_VALUE = 5
NAMES_TIMES_CONSTRAINT_BYTES = 70  # of these one microsecond
CHECKS = 4  # times that one signature is verified: by itself, in the path, by OpenSSL, by the rules of the Web PKI

_EXTENSIONS, _VERSION = 0xA3, 0xA0  # context tags of TBSCertificate
_MOST_FIELDS = 16  # of TBSCertificate
_MOST_EXTENSIONS = MAX_WORK // PER_EXTENSION  # with more of them nothing is verified
_SUBJECT_ALTERNATIVE_NAME, _NAME_CONSTRAINTS = bytes.fromhex("551d11"), bytes.fromhex("551d1e")


@dataclass(frozen=True, slots=True)
class Measure:
    """What stands in one certificate. `values` are all of its DER elements, those within extensions included."""

    size: int = 0  # bytes
    values: int = 0
    names: int = 0  # of subjectAltName
    attributes: int = 0  # of subject and issuer
    extensions: int = 0
    constraint_bytes: int = 0  # of nameConstraints
    key: Key = field(default_factory=Key)
    subject: bytes = b""
    issuer: bytes = b""


def measure_untrusted(der: bytes) -> Measure:
    """Count what stands in a certificate. Never raises."""
    values = count_values_untrusted(der)
    try:
        outer = element_untrusted(contents_untrusted(der, SEQUENCE), SEQUENCE)
        body = [element for element in first_untrusted(outer.body, _MOST_FIELDS) if element.tag != _VERSION]
    except DERError:
        return Measure(len(der), values)
    if len(body) < 6 or body[0].tag != INTEGER or any(e.tag != SEQUENCE for e in body[1:6]):  # noqa: PLR2004
        return Measure(len(der), values)
    issuer, subject, spki = body[2], body[4], body[5]
    extensions = next((element.body for element in body[6:] if element.tag == _EXTENSIONS), b"")
    count, found = _extensions(extensions)
    return Measure(
        len(der),
        values,
        names=_entries(found.get(_SUBJECT_ALTERNATIVE_NAME, b"")),
        attributes=_attributes(issuer) + (_attributes(subject) if subject.encoding != issuer.encoding else 0),
        extensions=count,
        constraint_bytes=len(found.get(_NAME_CONSTRAINTS, b"")),
        key=_key(spki),
        subject=subject.encoding,
        issuer=issuer.encoding,
    )


def _entries(value: bytes) -> int:
    """Return how many elements stand in the SEQUENCE that a value is."""
    try:
        sequence = element_untrusted(value, SEQUENCE) if value else None
    except DERError:
        return 0
    return count_entries_untrusted(sequence.body) if sequence is not None else 0


def _extensions(data: bytes) -> tuple[int, dict[bytes, bytes]]:
    """Return how many extensions there are, and the values of those whose entries are counted."""
    found: dict[bytes, bytes] = {}
    count = 0
    with suppress(DERError, IndexError):
        sequence = element_untrusted(data, SEQUENCE).body if data else b""
        count = count_entries_untrusted(sequence)
        for extension in first_untrusted(sequence, _MOST_EXTENSIONS):
            oid = extension.body[2:5]
            if oid in (_SUBJECT_ALTERNATIVE_NAME, _NAME_CONSTRAINTS):
                found.setdefault(oid, first_untrusted(extension.body, 3)[-1].body)
    return count, found


def _attributes(name: Element) -> int:
    """Return how many attributes a Name has: three elements each, below a SET of its own or one that is shared."""
    sets = count_entries_untrusted(name.body)
    return max(sets, (count_values_untrusted(name.body) - sets) // 3)


def _key(spki: Element) -> Key:
    try:
        return read_key_untrusted(spki)
    except DERError:
        return Key()


@dataclass(frozen=True, slots=True)
class Work:
    """What judging a chain would cost, in microseconds by kind; `largest` says of what there is most."""

    by_kind: dict[str, int] = field(default_factory=dict)
    key: str = ""  # one that must not be computed with

    @property
    def total(self) -> int:
        """The estimate in microseconds."""
        return sum(self.by_kind.values())

    @property
    def excess(self) -> str:
        """Return why the chain is not verified; "" if it is."""
        if self.key:
            return f"the key {self.key} is too long to be computed with"
        if self.total <= MAX_WORK:
            return ""
        largest = max(self.by_kind, key=lambda kind: self.by_kind[kind])
        return f"too much to verify, most of all {largest}"


def work_of(measures: Iterable[Measure]) -> Work:
    """Return what judging a chain of such certificates would cost."""
    chain = tuple(measures)
    names = sum(one.names for one in chain)
    attributes = sum(one.attributes for one in chain)
    extensions = sum(one.extensions for one in chain)
    constraint_bytes = sum(one.constraint_bytes for one in chain)
    # A subject's attributes are held against constraints as names are (RFC 5280 section 4.2.1.10).
    products = (names + attributes) * constraint_bytes // NAMES_TIMES_CONSTRAINT_BYTES
    too_long = (one.key.text for one in chain if one.key.type.startswith("RSA") and (one.key.size or 0) > MAX_RSA_BITS)
    return Work(
        {
            f"{len(chain)} certificates": PER_CERTIFICATE * len(chain),
            f"{names} names": PER_NAME * names,
            f"{attributes} attributes of names": PER_ATTRIBUTE * attributes,
            f"{extensions} extensions": PER_EXTENSION * extensions,
            "its size": PER_KILOBYTE * sum(one.size for one in chain) // 1024,
            "the values in it": PER_VALUE * sum(one.values for one in chain),
            f"{names + attributes} names under {constraint_bytes} bytes of name constraints": products,
            "signatures to be tried with the keys in it": CHECKS * _signature_work(chain),
        },
        next(too_long, ""),
    )


def _signature_work(chain: tuple[Measure, ...]) -> int:
    """Return the microseconds of verifying each certificate by each that has its issuer's name, once."""
    issued = Counter(one.issuer for one in chain if one.issuer)
    return sum(issued[one.subject] * one.key.work for one in chain if one.subject)
