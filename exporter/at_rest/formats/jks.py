"""Java key stores JKS and JCEKS: certificates of their entries. No private or secret key is decrypted.

A store is a sequence of entries and a SHA-1 over the password and all of it, in Java's DataOutputStream format
(sun.security.provider.JavaKeyStore, com.sun.crypto.provider.JceKeyStore). Certificates are not encrypted: without
a password they are read as Java does, and only whether the store is whole remains unchecked.
"""

import hashlib
import hmac
import struct

from exporter.at_rest.formats.entry import (
    MAX_CERTIFICATES,
    Contents,
    Entry,
    EntryKind,
    UnreadableError,
    checked,
    name_of,
)
from exporter.at_rest.formats.java_serialization import SerializationError, end_of_object_untrusted
from exporter.net.reason import Reason

JKS_MAGIC, JCEKS_MAGIC = b"\xfe\xed\xfe\xed", b"\xce\xce\xce\xce"
_WHITENER = b"Mighty Aphrodite"
_DIGEST = 20
_PRIVATE_KEY, _TRUSTED, _SECRET_KEY = 1, 2, 3
_MAX_ENTRIES = 4 * MAX_CERTIFICATES
_INT, _SHORT = struct.Struct(">I"), struct.Struct(">H")


def read_jks_untrusted(data: bytes, password: str | None) -> Contents:
    """Read the certificates of a JKS or JCEKS store. Raises UnreadableError."""
    kind = "JCEKS" if data.startswith(JCEKS_MAGIC) else "JKS"
    store = _Store(data)
    entries = store.entries()
    if password:
        digest = hashlib.sha1(password.encode("utf-16-be", "surrogatepass") + _WHITENER, usedforsecurity=False)
        digest.update(data[:-_DIGEST])
        if not hmac.compare_digest(digest.digest(), data[-_DIGEST:]):
            raise UnreadableError(Reason.WRONG_PASSWORD, "the password does not open it, or the file is damaged")
    if not entries:
        raise UnreadableError(Reason.NO_CERTIFICATE, f"no certificate in the {kind} store")
    checked(der for entry in entries for der in entry.certificates)
    return Contents(kind, tuple(entries))


class _Store:
    """Reads a store from its begin to its end."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._offset = len(JKS_MAGIC)
        self._certificates = 0

    def _take(self, size: int) -> bytes:
        taken = self._data[self._offset : self._offset + size]
        if len(taken) != size:
            raise UnreadableError(Reason.TRUNCATED, "the key store ends in the middle of an entry")
        self._offset += size
        return taken

    def _number(self, form: struct.Struct = _INT) -> int:
        number: int = form.unpack(self._take(form.size))[0]
        return number

    def _text(self) -> str:
        """Read modified UTF-8 (java.io.DataInput), which differs from UTF-8 in what is no text here."""
        return self._take(self._number(_SHORT)).decode("utf-8", "replace")

    def entries(self) -> list[Entry]:
        """Return every entry that has certificates."""
        version, count = self._number(), self._number()
        if version not in (1, 2):
            raise UnreadableError(Reason.UNSUPPORTED, f"a key store of version {version}")
        if count > _MAX_ENTRIES:
            raise UnreadableError(Reason.TOO_LARGE, f"more than {_MAX_ENTRIES} entries")
        entries = [entry for _ in range(count) if (entry := self._entry(version)) is not None]
        left = len(self._data) - self._offset
        if left != _DIGEST:
            reason = Reason.TRUNCATED if left < _DIGEST else Reason.MALFORMED
            raise UnreadableError(reason, f"{left} bytes are left of the key store where {_DIGEST} belong")
        return entries

    def _entry(self, version: int) -> Entry | None:
        tag, alias = self._number(), name_of(self._text())
        self._take(8)  # when it was made
        if tag == _PRIVATE_KEY:
            self._take(self._number())  # the encrypted key
            chain = tuple(self._certificate(version) for _ in range(self._bounded(self._number())))
            return Entry(chain, EntryKind.KEY, alias) if chain else None
        if tag == _TRUSTED:
            self._bounded(1)
            return Entry((self._certificate(version),), EntryKind.TRUSTED, alias)
        if tag == _SECRET_KEY:
            self._skip_secret_key()
            return None
        raise UnreadableError(Reason.MALFORMED, f"an entry of kind {tag}")

    def _bounded(self, count: int) -> int:
        self._certificates += count
        if self._certificates > MAX_CERTIFICATES:
            raise UnreadableError(Reason.TOO_LARGE, f"more than {MAX_CERTIFICATES} certificates")
        return count

    def _certificate(self, version: int) -> bytes:
        kind = self._text() if version > 1 else "X.509"
        if kind not in ("X.509", "X509"):
            raise UnreadableError(Reason.UNSUPPORTED, "a certificate that is no X.509 certificate")
        return self._take(self._number())

    def _skip_secret_key(self) -> None:
        try:
            self._offset = end_of_object_untrusted(self._data, self._offset)
        except SerializationError as error:
            raise UnreadableError(Reason.MALFORMED, str(error)) from None
