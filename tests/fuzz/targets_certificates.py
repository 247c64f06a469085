"""Certificates, chains, OCSP responses and lists: facts or problems, and verdicts, whatever the bytes."""

# ruff: noqa: D401 - a target says what it proves

import contextlib
import hashlib

from support import der as encoding
from support.pki import DAY, NOW, Extension, ec_key, intermediate, leaf, root, rsa_key, spki_of
from support.revocation import REVOKED, ocsp_response, revocation_list
from support.trust import store_of

from exporter.certificates import der, distinguished_name, extensions, signatures, transparency
from exporter.certificates.certificate import read_certificate_untrusted
from exporter.certificates.chain_cache import ChainAssessor
from exporter.certificates.ct_policy import assess_transparency
from exporter.certificates.der import DERError
from exporter.certificates.log_list import Log
from exporter.certificates.names import matches_name
from exporter.certificates.weak_keys import rsa_weakness_untrusted
from exporter.posture.active_messages import _rsa_key_untrusted as read_rsa_key_untrusted
from exporter.posture.evidence import Unanswered
from exporter.revocation.crl import read_crl_untrusted
from exporter.revocation.ocsp import ocsp_request, read_ocsp_untrusted
from tests.fuzz.target import FuzzTarget

TOP = root()
MIDDLE = intermediate(TOP)
LEAF = leaf(MIDDLE)
READ_LEAF = read_certificate_untrusted(LEAF.der)
READ_MIDDLE = read_certificate_untrusted(MIDDLE.der)
STORE = store_of(TOP, public=True)
_LOG_KEY = spki_of(ec_key())
LOGS = {hashlib.sha256(_LOG_KEY).digest(): Log("a log", "one", _LOG_KEY, "usable", 0.0)}


def certificate(data: bytes) -> None:
    """A certificate has facts or problems, all of them printable; it can be compared with any name."""
    read = read_certificate_untrusted(data)
    texts = (read.subject, read.issuer, read.key, read.signature_algorithm, *read.dns_names, *read.problems)
    assert all(text.isprintable() for text in texts)
    for name in ("example.com", "192.0.2.1", "xn--a", "ß.example", *read.dns_names[:3]):
        matches_name(read, name)
    ocsp_request(read, READ_MIDDLE)
    ocsp_request(READ_LEAF, read)
    extensions.authority_issuer_untrusted(read.parsed)
    rsa_weakness_untrusted(read.spki_der)
    with contextlib.suppress(Unanswered):
        read_rsa_key_untrusted((data,))


def _certificate_seeds() -> list[bytes]:
    return [LEAF.der, MIDDLE.der, TOP.der, leaf(None, subject="CN=a\nb,O=\u202e", key=rsa_key()).der]


def pieces_of_certificates(data: bytes) -> None:
    """The readers of names, extensions, times and numbers let out their one error."""
    readers = (
        lambda: list(der.elements_untrusted(data)),
        lambda: der.oid_untrusted(data),
        lambda: der.time_untrusted(der.Element(data[0] if data else 0x17, data[1:], data)),
        lambda: der.string_untrusted(der.Element(data[0] if data else 0, data[1:], data)),
        lambda: distinguished_name.text_untrusted(data),
        lambda: distinguished_name.common_names_untrusted(data),
        lambda: extensions.extension_facts_untrusted(extensions.extensions_untrusted(der.element_untrusted(data))),
        lambda: transparency.count_scts_untrusted(data),
        lambda: signatures.pss_parameters_untrusted(der.element_untrusted(data)),
    )
    for read in readers:
        with contextlib.suppress(DERError):
            read()


def _pieces_seeds() -> list[bytes]:
    names = read_certificate_untrusted(LEAF.der).issuer_der
    times = [b"\x17260101000000Z", b"\x1899991231235959Z", b"\x1820160229235960Z"]
    return [LEAF.der, names[2:], bytes.fromhex("2a864886f70d01010b"), *times, _pss()]


def _pss() -> bytes:
    """Return RSASSA-PSS with SHA-256 and a salt of 32 octets (RFC 4055 section 3.1)."""
    digest = encoding.sequence(encoding.oid("2.16.840.1.101.3.4.2.1"))
    mask = encoding.sequence(encoding.oid("1.2.840.113549.1.1.8"), digest)
    parameters = ((0xA0, digest), (0xA1, mask), (0xA2, encoding.integer(32)))
    named = encoding.oid("1.2.840.113549.1.1.10")
    return encoding.sequence(named, encoding.sequence(*(encoding.element(*one) for one in parameters)))


def timestamps(data: bytes) -> None:
    """No bytes are a timestamp that a log signed, in a certificate as in the handshake."""
    for certificate, sent in ((read_certificate_untrusted(data), ()), (READ_LEAF, (data,))):
        judged = assess_transparency(certificate, READ_MIDDLE, sent, 0, LOGS)
        assert judged.valid == 0
        assert judged.compliant is not True


def _timestamp_seeds() -> list[bytes]:
    signed = b"\x04\x03\x00\x08" + bytes(8)
    sct = b"\x00" + next(iter(LOGS)) + (NOW * 1000).to_bytes(8) + b"\x00\x00" + signed
    listed = (len(sct) + 2).to_bytes(2) + len(sct).to_bytes(2) + sct
    return [sct, leaf(MIDDLE, extra=[Extension("1.3.6.1.4.1.11129.2.4.2", encoding.octets(listed))]).der]


def chain(data: bytes) -> None:
    """Each verifier that has a verdict on a chain of which one certificate is anything gives its reasons."""
    presented = ((data, MIDDLE.der), (LEAF.der, data))[len(data) % 2]
    judged = ChainAssessor().assess_chain(presented, STORE, NOW)
    for verdict in judged.verdicts:
        assert verdict.trusted is not bool(verdict.errors)
        assert all(error.name and error.subject.isprintable() for error in verdict.errors)
    assert judged.presented_not_after is not None


def ocsp(data: bytes) -> None:
    """No response that the issuer did not sign says anything of a certificate."""
    for issuer in (READ_MIDDLE, None):
        said = read_ocsp_untrusted(data, READ_LEAF, issuer, NOW, "responder")
        assert (said.status is None) == bool(said.failure)
        assert said.problem.isprintable()
        assert issuer is not None or said.status is None


def _ocsp_seeds() -> list[bytes]:
    responder = leaf(MIDDLE, subject="CN=Responder")
    return [
        ocsp_response(LEAF, MIDDLE),
        ocsp_response(LEAF, MIDDLE, REVOKED, by_name=True),
        ocsp_response(LEAF, MIDDLE, signer=responder, send_signer=True, next_update=None),
        b"\x30\x03\x0a\x01\x06",
    ]


def crl(data: bytes) -> None:
    """No list that the issuer did not sign says anything of a certificate."""
    found = read_crl_untrusted(data, READ_MIDDLE, "http://crl.example/a.crl")
    said = found.status(READ_LEAF, NOW)
    assert (said.status is None) == bool(said.failure)
    assert said.problem.isprintable()


def _crl_seeds() -> list[bytes]:
    return [revocation_list(MIDDLE, LEAF), revocation_list(MIDDLE), revocation_list(MIDDLE, next_update=NOW + DAY)]


TARGETS = {
    "certificate": FuzzTarget(certificate, _certificate_seeds),
    "pieces_of_certificates": FuzzTarget(pieces_of_certificates, _pieces_seeds),
    "timestamps": FuzzTarget(timestamps, _timestamp_seeds),
    "chain": FuzzTarget(chain, _certificate_seeds),
    "ocsp": FuzzTarget(ocsp, _ocsp_seeds),
    "crl": FuzzTarget(crl, _crl_seeds),
}
