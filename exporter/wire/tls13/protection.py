"""Records under a traffic secret (RFC 8446 section 5.2): sealed and opened in order, one direction each."""

from cryptography.exceptions import InvalidTag

from exporter.wire.records import APPLICATION_DATA, WireError
from exporter.wire.tls13.schedule import IV_LENGTH, Suite, expand

_TAG_LENGTH = 16
_HEADER = bytes((APPLICATION_DATA, 3, 3))


class Protection:
    """The keys of one direction and the number of its next record."""

    __slots__ = ("_aead", "_iv", "_sequence")

    def __init__(self, suite: Suite, traffic_secret: bytes) -> None:
        self._aead = suite.aead(expand(suite, traffic_secret, "key", suite.key_length))
        self._iv = int.from_bytes(expand(suite, traffic_secret, "iv", IV_LENGTH))
        self._sequence = 0

    def _nonce(self) -> bytes:
        """Section 5.3: the record's number, padded, XOR the IV."""
        nonce = (self._iv ^ self._sequence).to_bytes(IV_LENGTH)
        self._sequence += 1
        return nonce

    def open_untrusted(self, header: bytes, content: bytes) -> tuple[int, bytes]:
        """Return the content type and content of a record; `header` are its five bytes. Raises WireError.

        TLSInnerPlaintext: content | type8 | zeros.
        """
        try:
            inner = self._aead.decrypt(self._nonce(), content, header).rstrip(b"\x00")
        except InvalidTag:
            raise WireError("a record that does not decrypt") from None
        if not inner:
            raise WireError("a record without a content type")
        return inner[-1], inner[:-1]

    def seal(self, content_type: int, content: bytes) -> bytes:
        """Return a record."""
        header = _HEADER + (len(content) + 1 + _TAG_LENGTH).to_bytes(2)
        return header + self._aead.encrypt(self._nonce(), content + bytes((content_type,)), header)
