"""Where a certificate violates DER (X.690) or the syntax of RFC 5280, by a parser of the exporter's own.

A library that cannot parse a certificate has not shown that the certificate is wrong: it may not support what the
RFCs allow. So `certificate_malformed` rests on these checks alone. They are about the encoding and the syntax; what a
CA should or a client will do is said by the rules of `webpki` and `clients`.

The work is linear in the length of the certificate.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from exporter.certificates import der
from exporter.certificates.der import DERError, Element, element_untrusted, elements_untrusted, oid_untrusted
from exporter.certificates.extension_syntax import SYNTAX

_CONSTRUCTED = 0x20
_CLASS = 0xC0  # no bit of it: a universal tag
_STRUCTURED = frozenset((der.SEQUENCE, der.SET))
_MAX_DEPTH = 32
_VERSION, _ISSUER_UNIQUE_ID, _SUBJECT_UNIQUE_ID, _EXTENSIONS = 0xA0, 0x81, 0x82, 0xA3
_PRINTABLE = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 '()+,-./:=?")
_PADDED_ARC = re.compile(rb"(?:\A|[\x00-\x7f])\x80", re.DOTALL)  # an arc that begins with an octet of no bits
_V3 = 2
_BODY_FIELDS = 6  # serial number, signature, issuer, validity, subject, key


@dataclass(frozen=True, slots=True)
class Fault:
    """One broken rule: `kind` is from a closed list, `text` says what and where."""

    kind: str
    text: str


def faults_untrusted(certificate: bytes) -> tuple[Fault, ...]:
    """Return every rule of DER and of RFC 5280's syntax that a certificate breaks. Never raises."""
    found: dict[str, Fault] = {}
    for fault in _faults(certificate):
        found.setdefault(fault.text, fault)
    return tuple(found.values())


def _faults(certificate: bytes) -> Iterator[Fault]:
    try:
        outer = element_untrusted(certificate, der.SEQUENCE)
        if len(outer.encoding) != len(certificate):
            yield Fault("structure", "bytes follow the certificate")
        yield from _encoding(certificate[: len(outer.encoding)])
        yield from _certificate(outer)
    except DERError as error:
        yield Fault("structure", f"not a certificate: {error}")


def _certificate(outer: Element) -> Iterator[Fault]:
    """Section 4.1: Certificate ::= SEQUENCE { tbsCertificate, signatureAlgorithm, signatureValue }."""
    parts = list(elements_untrusted(outer.body))
    if [part.tag for part in parts] != [der.SEQUENCE, der.SEQUENCE, der.BIT_STRING]:
        raise DERError("it is not a body, an algorithm and a signature")
    fields = list(elements_untrusted(parts[0].body))
    version = 0
    if fields and fields[0].tag == _VERSION:
        version = der.integer_untrusted(element_untrusted(fields.pop(0).body, der.INTEGER).body)
        if version == 0:
            yield Fault("default", "version 1 is written out, which DER forbids")
        elif version not in (1, _V3):
            yield Fault("version", f"there is no version {version + 1}")
    if len(fields) < _BODY_FIELDS:
        raise DERError("fields are missing")
    if [field.tag for field in fields[:_BODY_FIELDS]] != [der.INTEGER, *[der.SEQUENCE] * (_BODY_FIELDS - 1)]:
        raise DERError("the fields of its body have other tags than in RFC 5280 section 4.1")
    serial, algorithm, issuer, validity, subject, key = fields[:_BODY_FIELDS]
    if serial.body[:1] >= b"\x80":
        yield Fault("serial_negative", "the serial number is negative (RFC 5280 section 4.1.2.2)")
    if algorithm.encoding != parts[1].encoding:
        yield Fault("algorithm_mismatch", "the two signature algorithms differ (RFC 5280 section 4.1.1.2)")
    yield from _name("issuer", issuer)
    yield from _validity(validity)
    yield from _name("subject", subject)
    parts = list(elements_untrusted(key.body))
    if [part.tag for part in parts] != [der.SEQUENCE, der.BIT_STRING]:
        yield Fault("structure", "public key: it is not an algorithm and a BIT STRING (RFC 5280 section 4.1.2.7)")
    yield from _optional_fields(fields[_BODY_FIELDS:], version)


def _name(which: str, name: Element) -> Iterator[Fault]:
    """Section 4.1.2.4: Name ::= SEQUENCE OF SET SIZE (1..MAX) OF SEQUENCE { type OBJECT IDENTIFIER, value }."""
    for relative in elements_untrusted(name.body):
        attributes = list(elements_untrusted(relative.body))
        shapes = [(one.tag, len(list(elements_untrusted(one.body)))) for one in attributes]
        if relative.tag != der.SET or not shapes or set(shapes) != {(der.SEQUENCE, 2)}:
            yield Fault("structure", f"{which}: a name that is not of RFC 5280 section 4.1.2.4")
            return


def _validity(validity: Element) -> Iterator[Fault]:
    """Section 4.1.2.5: UTCTime through the year 2049, with seconds and Z."""
    times = list(elements_untrusted(validity.body))
    if len(times) != 2:  # noqa: PLR2004 - notBefore and notAfter
        yield Fault("time", "validity: two times belong here")
    for time in times:
        try:
            der.time_untrusted(time)
        except DERError as error:
            yield Fault("time", f"validity: {error}")
            continue
        if not der.is_canonical_time(time):
            yield Fault("time", "validity: a time that is not in the form of RFC 5280 section 4.1.2.5")
        elif time.tag == der.GENERALIZED_TIME and b"1950" <= time.body[:4] < b"2050":
            yield Fault("time_type", "validity: GeneralizedTime before 2050 (RFC 5280 section 4.1.2.5)")


def _optional_fields(fields: list[Element], version: int) -> Iterator[Fault]:
    tags = [field.tag for field in fields]
    if tags != sorted(set(tags)) or not {_ISSUER_UNIQUE_ID, _SUBJECT_UNIQUE_ID, _EXTENSIONS}.issuperset(tags):
        yield Fault("structure", "the body has fields that are not of RFC 5280 section 4.1")
    if _EXTENSIONS in tags:
        if version != _V3:
            yield Fault("version_with_extensions", f"version {version + 1} with extensions (RFC 5280 section 4.1.2.1)")
        yield from _extensions(fields[tags.index(_EXTENSIONS)])


def _extensions(field: Element) -> Iterator[Fault]:
    """Section 4.2: Extension ::= SEQUENCE { extnID, critical BOOLEAN DEFAULT FALSE, extnValue OCTET STRING }."""
    seen: set[str] = set()
    sequence = element_untrusted(field.body, der.SEQUENCE)
    if not sequence.body:
        yield Fault("empty", "an empty list of extensions (RFC 5280 section 4.1)")
    for item in elements_untrusted(sequence.body):
        parts = list(elements_untrusted(item.body))
        tags = [part.tag for part in parts]
        is_known_shape = tags in ([der.OID, der.OCTET_STRING], [der.OID, der.BOOLEAN, der.OCTET_STRING])
        if item.tag != der.SEQUENCE or not is_known_shape:
            yield Fault("structure", "an extension that is not of RFC 5280 section 4.1.2.9")
            continue
        if parts[1].tag == der.BOOLEAN and parts[1].body == b"\x00":
            yield Fault("default", "an extension says that it is not critical, which DER leaves out")
        oid = oid_untrusted(parts[0].body)
        if oid in seen:
            kind = "duplicate_known" if oid in SYNTAX else "duplicate_unknown"
            yield Fault(kind, f"extension {oid} occurs twice (RFC 5280 section 4.2)")
        seen.add(oid)
        yield from _extension(oid, parts[-1].body)


def _extension(oid: str, value: bytes) -> Iterator[Fault]:
    if oid not in SYNTAX:
        return
    name, check = SYNTAX[oid]
    try:
        whole = element_untrusted(value)
        if len(whole.encoding) != len(value):
            yield Fault(f"extension_{name}", f"{name}: bytes follow it")
            return
        yield from (Fault(fault.kind, f"{name}: {fault.text}") for fault in _encoding(value))
        for text in check(whole):
            yield Fault(f"extension_{name}", f"{name}: {text}")
    except DERError as error:
        yield Fault(f"extension_{name}", f"{name}: {error}")


def _encoding(data: bytes) -> Iterator[Fault]:
    """Walk every element of a value (X.690 sections 8, 10 and 11). Iterative: nesting costs no stack.

    It is written without an object for each element: this is most of what reading a certificate costs.
    """
    waiting = [(0, len(data), 0)]
    while waiting:
        at, end, depth = waiting.pop()
        if depth > _MAX_DEPTH:
            raise DERError(f"nested deeper than {_MAX_DEPTH}")
        while at < end:
            tag, start, length = der.header_untrusted(data, at)
            if start - at != _shortest_header(length):
                yield Fault("length", "a length that is not in its shortest form (X.690 section 10.1)")
            at = start + length
            if at > end:
                raise DERError("element longer than what holds it")
            if tag & _CONSTRUCTED:
                waiting.append((start, at, depth + 1))
                if not tag & _CLASS and tag not in _STRUCTURED:
                    yield Fault("structure", f"a string in parts, tag 0x{tag:02x} (X.690 section 10.2)")
            elif tag in _CHECKS and (text := _CHECKS[tag](data[start:at])) is not None:
                yield Fault(_KINDS.get(tag, "value"), text)


def _shortest_header(length: int) -> int:
    return 2 if length < 0x80 else 2 + (length.bit_length() + 7) // 8  # noqa: PLR2004 - the short form ends there


def _boolean(body: bytes) -> str | None:
    return None if body in (b"\x00", b"\xff") else "a BOOLEAN that is neither 00 nor FF (X.690 section 11.1)"


def _integer(body: bytes) -> str | None:
    if not body:
        return "an empty INTEGER"
    padded = len(body) > 1 and (body[0], body[1] >> 7) in ((0x00, 0), (0xFF, 1))
    return "an INTEGER with superfluous octets (X.690 section 8.3.2)" if padded else None


def _bit_string(body: bytes) -> str | None:
    if not body or body[0] > 7 or (body[0] and len(body) == 1):  # noqa: PLR2004 - unused bits of an octet
        return "a bad BIT STRING"
    unused = body[-1] & ((1 << body[0]) - 1) if body[0] else 0
    return "a BIT STRING whose unused bits are set (X.690 section 11.2.1)" if unused else None


def _null(body: bytes) -> str | None:
    return "a NULL that is not empty" if body else None


def _oid(body: bytes) -> str | None:
    padded = _PADDED_ARC.search(body)
    return "a bad object identifier (X.690 section 8.19)" if not body or body[-1] & 0x80 or padded else None


def _utf8(body: bytes) -> str | None:
    return None if _decodes(body, "utf-8") else "a UTF8String that is not UTF-8"


def _printable(body: bytes) -> str | None:
    return None if _PRINTABLE.issuperset(body) else "a PrintableString with other characters (X.680 section 41.4)"


def _ia5(body: bytes) -> str | None:
    return None if body.isascii() else "an IA5String that is not ASCII"


def _numeric(body: bytes) -> str | None:
    return None if frozenset(b"0123456789 ").issuperset(body) else "a NumericString with other characters"


def _universal(body: bytes) -> str | None:
    return None if _decodes(body, "utf-32-be") else "a bad UniversalString"


def _bmp(body: bytes) -> str | None:
    return None if len(body) % 2 == 0 and _decodes(body, "utf-16-be") else "a bad BMPString"


def _decodes(body: bytes, encoding: str) -> bool:
    try:
        body.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


_CHECKS: Mapping[int, Callable[[bytes], str | None]] = {
    der.BOOLEAN: _boolean,
    der.INTEGER: _integer,
    der.BIT_STRING: _bit_string,
    0x05: _null,
    der.OID: _oid,
    der.UTF8_STRING: _utf8,
    der.PRINTABLE_STRING: _printable,
    der.IA5_STRING: _ia5,
    der.NUMERIC_STRING: _numeric,
    der.VISIBLE_STRING: _ia5,
    der.UNIVERSAL_STRING: _universal,
    der.BMP_STRING: _bmp,
}
_KINDS: Mapping[int, str] = {
    der.INTEGER: "integer_padded",
    der.PRINTABLE_STRING: "printable_string",
    der.BMP_STRING: "bmp_string",
}
