"""What a certificate says: facts read from untrusted DER, whatever state it is in.

Every field is read by the lenient reader, so that a certificate that strict parsers refuse still shows its
dates and names. `faults` lists what the exporter's own parser finds wrong; that `cryptography` cannot parse it is
no fault of the certificate, only `parsed` is None then. Nothing here decides whether a certificate is to be trusted.
"""

import base64
import hashlib
import threading
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TypeVar

from cryptography import x509

from exporter.certificates.algorithms import (
    Key,
    SignatureAlgorithm,
    read_key_untrusted,
    read_signature_algorithm_untrusted,
)
from exporter.certificates.conformance import Fault, faults_untrusted
from exporter.certificates.der import (
    INTEGER,
    SEQUENCE,
    DERError,
    Element,
    contents_untrusted,
    element_untrusted,
    first_untrusted,
    integer_untrusted,
    time_untrusted,
)
from exporter.certificates.distinguished_name import MAX_ATTRIBUTES, text_untrusted
from exporter.certificates.extensions import (
    MAX_ENTRIES,
    MAX_EXTENSIONS,
    ExtensionFacts,
    extension_facts_untrusted,
    extensions_untrusted,
)
from exporter.certificates.measure import Measure, measure_untrusted, work_of
from exporter.certificates.signatures import is_signed_by

_VERSION, _EXTENSIONS = 0xA0, 0xA3  # context tags of TBSCertificate
_MOST_FIELDS = 16  # of TBSCertificate
_UNREAD = ExtensionFacts(san_count=None, sct_count=None)
_NO_TIMES: tuple[Element | None, Element | None] = (None, None)
_Source = TypeVar("_Source")
_Value = TypeVar("_Value")
_warnings_lock = threading.Lock()  # the filters of `warnings` belong to the whole process


@dataclass(frozen=True, slots=True)
class _Most:
    """How many of each are read."""

    attributes: int
    extensions: int
    entries: int


_WHOLE = _Most(MAX_ATTRIBUTES, MAX_EXTENSIONS, MAX_ENTRIES)
_BRIEF = _Most(attributes=8, extensions=16, entries=8)
_BRIEF_VALUES = 100
_WEIGHT, _WEIGHT_OF_VALUE = 3_000, 200  # bytes: what an object takes, and what each value in it (traced, rounded up)
_COPIES = 6  # of what it holds: encoded, parsed, as names, as text that is escaped


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Certificate:
    """One certificate. A field that could not be read is empty or None, and `faults` says why."""

    der: bytes
    fingerprint_sha256: str
    subject: str = ""  # RFC 4514, made printable
    issuer: str = ""
    serial_number: str = ""  # hex
    not_before: int | None = None  # Unix seconds
    not_after: int | None = None
    key: str = ""  # "RSA 2048", "EC secp256r1", "Ed25519"
    key_type: str = ""
    key_size: int | None = None
    signature_algorithm: str = ""
    signature_hash: str | None = None
    dns_names: tuple[str, ...] = ()
    ip_addresses: tuple[str, ...] = ()
    san_count: int | None = None  # None: its names could not be read
    spki_sha256: str = ""  # base64, as the pins of RFC 7469
    is_self_issued: bool = False
    is_self_signed: bool | None = None  # None: it names itself as issuer, but its signature cannot be checked
    is_ca: bool | None = None
    sct_count: int | None = None
    must_staple: bool = False
    ocsp_urls: tuple[str, ...] = ()
    crl_urls: tuple[str, ...] = ()
    ca_issuer_urls: tuple[str, ...] = ()
    faults: tuple[Fault, ...] = ()
    subject_der: bytes = b""
    issuer_der: bytes = b""
    spki_der: bytes = b""
    parsed: x509.Certificate | None = None  # None: `cryptography` cannot read all of it
    is_brief: bool = False  # only its beginnings were read, because it or its chain holds too much
    measure: Measure = field(default_factory=Measure, compare=False, repr=False)
    weight: int = 0  # bytes that this takes in memory, estimated from above

    @property
    def problems(self) -> tuple[str, ...]:
        """What is wrong with the encoding or the syntax, as sentences."""
        return tuple(fault.text for fault in self.faults)


def read_certificate_untrusted(der: bytes) -> Certificate:
    """Read a certificate. Never raises: what cannot be read is missing, and `faults` says so.

    One that holds more than may be computed with is read in brief.
    """
    measure = measure_untrusted(der)
    return read_measured_untrusted(der, measure, in_brief=bool(work_of((measure,)).excess))


def read_measured_untrusted(der: bytes, measure: Measure, *, in_brief: bool = False) -> Certificate:
    """Read a certificate that was measured.

    In brief: the beginnings of its names, nothing parsed strictly and no signature checked. `faults` is then empty.
    """
    if in_brief:
        certificate = replace(_read_untrusted(der, None, (), _BRIEF), faults=(), is_brief=True)
        if measure.extensions > _BRIEF.extensions:  # what was not read is not known to be missing
            certificate = replace(certificate, san_count=certificate.san_count or None, sct_count=None, is_ca=None)
        values = min(measure.values, _BRIEF_VALUES)
    else:
        certificate = _read_untrusted(der, _parsed(der), faults_untrusted(der), _WHOLE)
        values = measure.values
    measure = replace(measure, subject=certificate.subject_der, issuer=certificate.issuer_der)  # bytes that are shared
    return replace(certificate, measure=measure, weight=_WEIGHT + _COPIES * len(der) + _WEIGHT_OF_VALUE * values)


def _read_untrusted(
    der: bytes, parsed: x509.Certificate | None, faults: tuple[Fault, ...], most: "_Most"
) -> Certificate:
    fingerprint = hashlib.sha256(der).hexdigest()
    try:
        body = _body_untrusted(der)
    except DERError as error:
        return Certificate(der, fingerprint, faults=(*faults, *_unless_known(faults, f"not a certificate: {error}")))
    serial, algorithm, issuer, validity, subject, spki = body[:6]
    problems: list[str] = []
    extensions = _read(problems, "extensions", partial(_extensions, most), body[6:], _UNREAD)
    name_text = partial(text_untrusted, most=most.attributes)
    key = _read(problems, "public key", read_key_untrusted, spki, Key())
    signature = _read(problems, "signature", read_signature_algorithm_untrusted, algorithm, SignatureAlgorithm())
    not_before, not_after = (
        _read(problems, "validity", time_untrusted, time, None) if time is not None else None
        for time in _read(problems, "validity", _validity, validity, _NO_TIMES)
    )
    is_self_issued = subject.encoding == issuer.encoding
    certificate = Certificate(
        der=der,
        fingerprint_sha256=fingerprint,
        subject=_read(problems, "subject", name_text, subject.body, ""),
        issuer=_read(problems, "issuer", name_text, issuer.body, ""),
        serial_number=_hexadecimal(integer_untrusted(serial.body)),
        not_before=not_before,
        not_after=not_after,
        key=key.text,
        key_type=key.type,
        key_size=key.size,
        signature_algorithm=signature.name,
        signature_hash=signature.hash,
        spki_sha256=base64.b64encode(hashlib.sha256(spki.encoding).digest()).decode("ascii"),
        is_self_issued=is_self_issued,
        is_self_signed=_is_self_signed(der, spki, most) if is_self_issued else False,
        subject_der=subject.encoding,
        issuer_der=issuer.encoding,
        spki_der=spki.encoding,
        parsed=parsed,
    )
    unread = (Fault("structure", problem) for problem in (*problems, *extensions.problems) if not faults)
    return _with_extensions(certificate, extensions, (*faults, *unread))


def _hexadecimal(number: int) -> str:
    """Return a serial number in whole bytes, as every other program writes it."""
    digits = f"{abs(number):x}"
    return f"{'-' if number < 0 else ''}{'0' * (len(digits) % 2)}{digits}"


def _unless_known(faults: tuple[Fault, ...], problem: str) -> tuple[Fault, ...]:
    return () if faults else (Fault("structure", problem),)


def _is_self_signed(der: bytes, spki: Element, most: _Most) -> bool | None:
    return is_signed_by(der, spki.encoding) if most is _WHOLE else None


def _with_extensions(certificate: Certificate, extensions: ExtensionFacts, faults: tuple[Fault, ...]) -> Certificate:
    """Return a certificate with what its extensions say, and with every fault once."""
    return replace(
        certificate,
        dns_names=extensions.dns_names,
        ip_addresses=extensions.ip_addresses,
        san_count=extensions.san_count,
        is_ca=extensions.is_ca,
        sct_count=extensions.sct_count,
        must_staple=extensions.must_staple,
        ocsp_urls=extensions.ocsp_urls,
        crl_urls=extensions.crl_urls,
        ca_issuer_urls=extensions.ca_issuer_urls,
        faults=tuple(dict.fromkeys(faults)),
    )


def _body_untrusted(der: bytes) -> list[Element]:
    """Return the fields of TBSCertificate without its version (RFC 5280 section 4.1)."""
    outer = element_untrusted(contents_untrusted(der, SEQUENCE), SEQUENCE)
    body = [element for element in first_untrusted(outer.body, _MOST_FIELDS) if element.tag != _VERSION]
    if len(body) < 6 or body[0].tag != INTEGER or any(e.tag != SEQUENCE for e in body[1:6]):  # noqa: PLR2004
        raise DERError("fields are missing")
    return body


def _read(
    problems: list[str], field: str, reader: Callable[[_Source], _Value], source: _Source, default: _Value
) -> _Value:
    """Read one field; note the problem and return the default if it cannot be read."""
    try:
        return reader(source)
    except DERError as error:
        problems.append(f"{field}: {error}")
        return default


def _validity(validity: Element) -> tuple[Element | None, Element | None]:
    times = first_untrusted(validity.body, 3)
    if len(times) != 2:  # noqa: PLR2004 - notBefore and notAfter
        raise DERError("two times belong here")
    return times[0], times[1]


def _extensions(most: _Most, rest: list[Element]) -> ExtensionFacts:
    for element in rest:
        if element.tag == _EXTENSIONS:
            found = extensions_untrusted(element_untrusted(element.body, SEQUENCE), most.extensions)
            return extension_facts_untrusted(found, most.entries)
    return ExtensionFacts()  # a certificate of version 1 does not say whether it is a CA


def _parsed(der: bytes) -> x509.Certificate | None:
    """Parse with `cryptography`; None if it cannot read every part, which it looks at only when asked."""
    with _warnings_lock, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter's own rules check what it warns about
        try:
            parsed = x509.load_der_x509_certificate(der)
            for attribute in ("subject", "issuer", "version", "extensions", "not_valid_after_utc"):
                getattr(parsed, attribute)
        except Exception:  # noqa: BLE001 - hostile input; its parser raises several kinds
            return None
    return parsed
