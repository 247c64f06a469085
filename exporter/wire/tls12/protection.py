"""Records under the keys of TLS 1.2's AEAD suites (RFC 5246 section 6.2.3.3): sealed and opened in order."""

from cryptography.exceptions import InvalidTag

from exporter.wire.records import WireError
from exporter.wire.tls12.key_schedule import Suite

_TAG_LENGTH = 16
_NONCE_LENGTH = 12
_VERSION = b"\x03\x03"


class Protection:
    """The keys of one direction and the number of its next record."""

    __slots__ = ("_aead", "_explicit", "_iv", "_sequence")

    def __init__(self, suite: Suite, key: bytes, iv: bytes) -> None:
        self._aead = suite.aead(key)
        self._iv = iv
        self._explicit = suite.explicit_length
        self._sequence = 0

    def _nonce(self, explicit: bytes) -> bytes:
        """RFC 5288 section 3: IV and explicit nonce. RFC 7905 section 2: the record's number, padded, XOR the IV."""
        if self._explicit:
            return self._iv + explicit
        return (int.from_bytes(self._iv) ^ self._sequence).to_bytes(_NONCE_LENGTH)

    def _additional(self, content_type: int, length: int) -> bytes:
        data = self._sequence.to_bytes(8) + bytes((content_type,)) + _VERSION + length.to_bytes(2)
        self._sequence += 1
        return data

    def open_untrusted(self, header: bytes, content: bytes) -> bytes:
        """Return the content of a record; `header` are its five bytes. Raises WireError."""
        length = len(content) - self._explicit - _TAG_LENGTH
        if length < 0 or header[1:3] != _VERSION:
            raise WireError("a record that is too short to be encrypted, or of another version")
        nonce = self._nonce(content[: self._explicit])
        try:
            return self._aead.decrypt(nonce, content[self._explicit :], self._additional(header[0], length))
        except InvalidTag:
            raise WireError("a record that does not decrypt") from None

    def seal(self, content_type: int, content: bytes) -> bytes:
        """Return a record. The explicit nonce is the record's number (RFC 5288 section 3)."""
        explicit = self._sequence.to_bytes(8)[: self._explicit]
        nonce = self._nonce(explicit)
        sealed = explicit + self._aead.encrypt(nonce, content, self._additional(content_type, len(content)))
        return bytes((content_type,)) + _VERSION + len(sealed).to_bytes(2) + sealed
