"""PKCS#12 (RFC 7292): .p12 and .pfx. The certificates alone: no private key is decrypted.

A file is a sequence of safes, each plain or encrypted with the password, under a MAC. Bags with certificates carry a
friendly name and, where the file has their key, an identifier that the key's bag has as well. OpenSSL, Java, NSS,
GnuTLS and Windows differ in algorithms, in the encoding (BER or DER) and in how they write an empty password.
"""

import hmac
from collections.abc import Iterator
from dataclasses import dataclass, field

from exporter.at_rest.formats.ber import definite_untrusted, fields_untrusted
from exporter.at_rest.formats.entry import (
    MAX_CERTIFICATES,
    Contents,
    Entry,
    EntryKind,
    UnreadableError,
    chains,
    chains_from,
    checked,
    name_of,
    names_untrusted,
)
from exporter.at_rest.formats.password_based import (
    Password,
    Work,
    decrypt_untrusted,
    hmac_digest,
    mac_key_untrusted,
    passwords,
)
from exporter.certificates.der import (
    INTEGER,
    OCTET_STRING,
    OID,
    SEQUENCE,
    SET,
    DERError,
    Element,
    element_untrusted,
    elements_untrusted,
    integer_untrusted,
    oid_untrusted,
)
from exporter.net.reason import Reason

_PKCS7 = "1.2.840.113549.1.7."
_DATA, _ENCRYPTED, _ENVELOPED = _PKCS7 + "1", _PKCS7 + "6", _PKCS7 + "3"
_BAG = "1.2.840.113549.1.12.10.1."
_KEY_BAGS = (_BAG + "1", _BAG + "2")
_CERTIFICATE_BAG, _SAFE_BAG = _BAG + "3", _BAG + "6"
_X509 = "1.2.840.113549.1.9.22.1"
_FRIENDLY_NAME, _LOCAL_KEY_ID = "1.2.840.113549.1.9.20", "1.2.840.113549.1.9.21"
_TRUSTED_KEY_USAGE = "2.16.840.1.113894.746875.1.1"  # Java's mark of an entry that is trusted
_CONTEXT_0, _CONTEXT_0_PRIMITIVE = 0xA0, 0x80
_MAX_DEPTH = 4  # of bags within bags
_MAX_BAGS = 4 * MAX_CERTIFICATES
_MAX_SAFES = 64


@dataclass(slots=True)
class _Bags:
    """What the safes hold: certificates with their attributes, and the identifiers of private keys."""

    certificates: list[tuple[bytes, str, bytes, bool]] = field(default_factory=list)  # DER, name, identifier, trusted
    keys: set[bytes] = field(default_factory=set)
    count: int = 0


def read_pkcs12_untrusted(data: bytes, password: str | None) -> Contents:
    """Read the certificates of a PKCS#12 file. Raises UnreadableError."""
    try:
        safes, mac = _outlines(definite_untrusted(data))
        work, bags = Work(), _Bags()
        for safe in _safes(safes, _opening(safes, mac, password, work), work, has_password=bool(password)):
            _read_bags(safe, bags, 0)
        return Contents("PKCS#12", _entries(bags))
    except DERError as error:
        raise UnreadableError(Reason.MALFORMED, f"PKCS#12: {error}") from None


def _outlines(der: bytes) -> tuple[bytes, Element | None]:
    """Return the safes' encoding, which the MAC is over, and the MAC (section 4)."""
    version, content, *mac = fields_untrusted(element_untrusted(der, SEQUENCE).body, 2, 3)
    if version.tag != INTEGER or integer_untrusted(version.body[:8]) != 3:  # noqa: PLR2004
        raise DERError("not of version 3")
    oid, body = _content(content)
    if oid != _DATA:
        raise UnreadableError(Reason.UNSUPPORTED, "protected by a public key instead of a password")
    return body, mac[0] if mac else None


def _content(element: Element) -> tuple[str, bytes]:
    """Return the type and content of a ContentInfo; an octet string is unwrapped, and read if it is BER."""
    parts = fields_untrusted(element.body, 2)
    if element.tag != SEQUENCE or parts[0].tag != OID or parts[1].tag != _CONTEXT_0:
        raise DERError("a safe without content")
    inner = element_untrusted(parts[1].body)
    return oid_untrusted(parts[0].body), inner.body if inner.tag == OCTET_STRING else inner.encoding


def _opening(safes: bytes, mac: Element | None, password: str | None, work: Work) -> tuple[Password, ...]:
    """Return the passwords that may open the file: by its MAC, else all that the written one may stand for."""
    candidates = passwords(password)
    if mac is None:
        return candidates
    digest_info, salt, *iterations = fields_untrusted(mac.body, 2, 3)
    algorithm, digest = fields_untrusted(digest_info.body, 2)
    count = integer_untrusted(iterations[0].body[:9]) if iterations else 1
    for candidate in candidates:
        key = mac_key_untrusted(algorithm, salt.body, count, candidate, work)
        if key is None or hmac.compare_digest(hmac_digest(*key, safes), digest.body):
            return (candidate,)
    raise _refused(has_password=bool(password))


def _refused(*, has_password: bool) -> UnreadableError:
    if has_password:
        return UnreadableError(Reason.WRONG_PASSWORD, "the password does not open it, or the file is damaged")
    return UnreadableError(Reason.PASSWORD_REQUIRED, "it is locked by a password: write password_file")


def _safes(safes: bytes, candidates: tuple[Password, ...], work: Work, *, has_password: bool) -> Iterator[bytes]:
    """Yield the contents of each safe, decrypted where they are encrypted with the password (section 4.1)."""
    for number, safe in enumerate(elements_untrusted(element_untrusted(definite_untrusted(safes), SEQUENCE).body)):
        if number >= _MAX_SAFES:
            raise DERError("too many safes")
        oid, body = _content(safe)
        if oid == _DATA:
            yield body
        elif oid == _ENCRYPTED:
            yield _decrypted(body, candidates, work, has_password=has_password)
        elif oid == _ENVELOPED:
            raise UnreadableError(Reason.UNSUPPORTED, "encrypted for a public key instead of a password")


def _decrypted(body: bytes, candidates: tuple[Password, ...], work: Work, *, has_password: bool) -> bytes:
    """Decrypt EncryptedData (RFC 2315 section 13) by the first password that makes sense of it."""
    _, info, *_ = fields_untrusted(element_untrusted(body, SEQUENCE).body, 2, 3)
    parts = fields_untrusted(info.body, 3)
    if parts[2].tag not in (_CONTEXT_0, _CONTEXT_0_PRIMITIVE):
        raise DERError("an encrypted safe without content")
    encrypted = parts[2].body
    if parts[2].tag == _CONTEXT_0:  # in segments
        encrypted = b"".join(segment.body for segment in elements_untrusted(encrypted))
    for candidate in candidates:
        try:
            plain = decrypt_untrusted(parts[1], encrypted, candidate, work)
            element_untrusted(definite_untrusted(plain), SEQUENCE)
        except (UnreadableError, DERError) as error:
            if isinstance(error, UnreadableError) and error.reason is not Reason.WRONG_PASSWORD:
                raise
            continue
        return plain
    raise _refused(has_password=has_password)


def _read_bags(safe: bytes, bags: _Bags, depth: int) -> None:
    """Collect the bags of a safe (section 4.2)."""
    if depth > _MAX_DEPTH:
        raise DERError("bags nested too deep")
    for bag in elements_untrusted(element_untrusted(definite_untrusted(safe), SEQUENCE).body):
        bags.count += 1
        if bags.count > _MAX_BAGS:
            raise UnreadableError(Reason.TOO_LARGE, f"more than {_MAX_BAGS} bags")
        kind, value, *attributes = fields_untrusted(bag.body, 2, 3)
        oid = oid_untrusted(kind.body)
        if oid == _SAFE_BAG:
            _read_bags(value.body, bags, depth + 1)
            continue
        if oid != _CERTIFICATE_BAG and oid not in _KEY_BAGS:
            continue
        known = _attributes(attributes[0]) if attributes else {}
        identifier = known.get(_LOCAL_KEY_ID, b"")
        if oid in _KEY_BAGS:
            bags.keys.add(identifier)
        elif (der := _certificate(value)) is not None:
            name = known.get(_FRIENDLY_NAME, b"").decode("utf-16-be", "replace")
            bags.certificates.append((der, name_of(name), identifier, _TRUSTED_KEY_USAGE in known))


def _attributes(attributes: Element) -> dict[str, bytes]:
    """Return the first value of each attribute of a bag."""
    if attributes.tag != SET:
        raise DERError("bad attributes of a bag")
    found = {}
    for attribute in elements_untrusted(attributes.body):
        oid, values = fields_untrusted(attribute.body, 2)
        first = next(elements_untrusted(values.body), None)
        found[oid_untrusted(oid.body)] = first.body if first is not None else b""
    return found


def _certificate(value: Element) -> bytes | None:
    """Return the X.509 certificate of a bag, None for one of another kind (section 4.2.3)."""
    oid, wrapped = fields_untrusted(element_untrusted(value.body, SEQUENCE).body, 2)
    if oid_untrusted(oid.body) != _X509:
        return None
    return element_untrusted(wrapped.body, OCTET_STRING).body


def _entries(bags: _Bags) -> tuple[Entry, ...]:
    """Put certificates with their chains; what belongs to no key stands for itself."""
    if not bags.certificates:
        raise UnreadableError(Reason.NO_CERTIFICATE, "no certificate in the PKCS#12 file")
    ders = checked(dict.fromkeys(der for der, *_ in bags.certificates))
    named = {der: names_untrusted(der) for der in ders}
    leaves = {
        der: name
        for der, name, identifier, trusted in bags.certificates
        if not trusted and (identifier in bags.keys if identifier else False)
    }
    entries = [Entry(chain, EntryKind.KEY, leaves[chain[0]]) for chain in chains_from(leaves, named)]
    linked = {der for entry in entries for der in entry.certificates}
    rest = {der: (name, trusted) for der, name, _, trusted in bags.certificates if der not in linked}
    trusted_ones = [der for der, (_, trusted) in rest.items() if trusted]
    entries += [Entry((der,), EntryKind.TRUSTED, rest[der][0]) for der in trusted_ones]
    unknown = [der for der, (_, trusted) in rest.items() if not trusted]
    return (*entries, *(Entry(chain, EntryKind.CERTIFICATE, rest[chain[0]][0]) for chain in chains(unknown)))
