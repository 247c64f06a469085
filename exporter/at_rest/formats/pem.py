"""PEM (RFC 7468): certificates among explanatory text, private keys, and whatever else stands in the file.

Only blocks that hold certificates are decoded; a private key is passed over and never looked at.
"""

import base64
import binascii
import re
from collections.abc import Iterator
from typing import NamedTuple

from exporter.at_rest.formats.entry import (
    MAX_CERTIFICATES,
    Contents,
    Entry,
    EntryKind,
    UnreadableError,
    checked,
    name_of,
)
from exporter.at_rest.formats.pkcs7 import certificates_of_pkcs7_untrusted
from exporter.certificates.der import SEQUENCE, DERError, element_untrusted
from exporter.net.reason import Reason

BEGIN, END = b"-----BEGIN ", b"-----END "
_DASHES = b"-----"
_MAX_LABEL = 64
_MAX_BLOCKS = 10_000
_CERTIFICATE = frozenset({b"CERTIFICATE", b"X509 CERTIFICATE", b"X.509 CERTIFICATE"})
_TRUSTED = b"TRUSTED CERTIFICATE"  # OpenSSL's: a certificate followed by what it is trusted for
_PKCS7 = frozenset({b"PKCS7", b"PKCS #7 SIGNED DATA", b"CMS"})
_FRIENDLY_NAME = re.compile(rb"friendlyName: ([^\r\n]{1,1000})")  # what `openssl pkcs12` writes before a block
_MAX_TEXT = 4096  # of what stands before a block is looked at


class Block(NamedTuple):
    """One block: its label, what stands between its lines, and the text before it."""

    label: bytes
    body: bytes
    before: bytes


def read_pem_untrusted(data: bytes) -> Contents:
    """Read every certificate of a PEM file, in the file's order. Raises UnreadableError."""
    entries: list[Entry] = []
    certificates: list[bytes] = []
    alias, others = "", set()
    for block in blocks_untrusted(data):
        if block.label in _CERTIFICATE or block.label == _TRUSTED:
            named = _alias(block.before)
            if named and certificates:
                entries.append(_entry(certificates, alias))
                certificates = []
            alias = named or alias
            certificates.append(_certificate(block))
            if len(certificates) > MAX_CERTIFICATES:
                raise UnreadableError(Reason.TOO_LARGE, f"more than {MAX_CERTIFICATES} certificates")
        elif block.label in _PKCS7:
            entries += [Entry(chain) for chain in certificates_of_pkcs7_untrusted(_decoded(block))]
        else:
            others.add(block.label.decode("ascii", "replace").lower())
    if certificates:
        entries.append(_entry(certificates, alias))
    if not entries:
        raise UnreadableError(Reason.NO_CERTIFICATE, f"no certificate: it holds {', '.join(sorted(others)[:4])}")
    checked(der for entry in entries for der in entry.certificates)
    return Contents("PEM", tuple(entries))


def blocks_untrusted(data: bytes) -> Iterator[Block]:
    """Yield the blocks of a file; time is linear in its length. Raises UnreadableError."""
    offset, count = 0, 0
    while (start := data.find(BEGIN, offset)) >= 0:
        count += 1
        label_end = data.find(_DASHES, start + len(BEGIN), start + len(BEGIN) + _MAX_LABEL)
        if label_end < 0 or count > _MAX_BLOCKS:
            raise UnreadableError(Reason.MALFORMED, "a line that begins a PEM block is not complete")
        label = data[start + len(BEGIN) : label_end]
        body_start = label_end + len(_DASHES)
        body_end = data.find(b"-----", body_start)
        if body_end < 0:
            raise UnreadableError(Reason.TRUNCATED, f"the last block ({_shown(label)}) has no end")
        ending = END + label + _DASHES
        if not data.startswith(ending, body_end):
            if len(data) - body_end < len(ending):
                raise UnreadableError(Reason.TRUNCATED, f"the last block ({_shown(label)}) has no end")
            raise UnreadableError(Reason.MALFORMED, f"the block {_shown(label)} is not ended by a line of its own")
        yield Block(label, data[body_start:body_end], data[max(offset, start - _MAX_TEXT) : start])
        offset = body_end + len(ending)


def _entry(certificates: list[bytes], alias: str) -> Entry:
    return Entry(tuple(certificates), EntryKind.CERTIFICATE, alias)


def _alias(before: bytes) -> str:
    found = _FRIENDLY_NAME.findall(before)
    return name_of(found[-1].decode("utf-8", "replace").strip()) if found else ""


def _certificate(block: Block) -> bytes:
    der = _decoded(block)
    if block.label != _TRUSTED:
        return der
    try:
        return element_untrusted(der, SEQUENCE).encoding
    except DERError as error:
        raise UnreadableError(Reason.MALFORMED, f"a trusted certificate is none: {error}") from None


def _decoded(block: Block) -> bytes:
    try:
        return base64.b64decode(b"".join(block.body.split()), validate=True)
    except binascii.Error:
        raise UnreadableError(Reason.MALFORMED, f"a block ({_shown(block.label)}) is not valid base64") from None


def _shown(label: bytes) -> str:
    return label.decode("ascii", "replace")
