"""Encrypted Client Hello (RFC 9849): published configurations, a hello that offers one, the server's answer. Pure.

The hello is never completed to a handshake. Eight bytes of the ServerHello show whether the server has opened it: a
server that has not cannot know them.
"""

import hashlib
import hmac
import struct
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from exporter.wire import hpke
from exporter.wire.cursor import Cursor
from exporter.wire.records import HANDSHAKE, Message, WireError, handshake_message, record
from exporter.wire.serverhello import ServerHello, read_server_hello_untrusted

VERSION = 0xFE0D  # of a configuration, and the number of the extension
MAX_CONFIGS = 16
_CLIENT_HELLO, _SERVER_HELLO = 1, 2
_SERVER_NAME, _GROUPS, _SIGNATURES, _ALPN, _VERSIONS, _KEY_SHARE = 0, 10, 13, 16, 43, 51
_TLS_1_2, _TLS_1_3, _TLS_1_0 = 0x0303, 0x0304, 0x0301
_X25519 = 0x001D
_SUITES = (0x1301, 0x1302, 0x1303)
_SIGNATURE_SCHEMES = (0x0403, 0x0503, 0x0603, 0x0804, 0x0805, 0x0806, 0x0807, 0x0401, 0x0501, 0x0601)
_SIGNAL_LENGTH = 8
_MANDATORY = 0x8000  # the bit of an extension that a client must understand
_PADDING = 32


@dataclass(frozen=True, slots=True)
class Config:
    """One usable configuration. `encoding` is the whole of it, which the key derivation takes in."""

    encoding: bytes
    config_id: int
    public_key: bytes
    aead: int
    maximum_name_length: int
    public_name: str


def read_configs_untrusted(data: bytes) -> tuple[Config, ...]:
    """Return the configurations of a list that can be used here, in the server's order. Raises WireError.

    Those of other versions, with algorithms that are not known here or with unknown mandatory extensions are left out
    (section 4).
    """
    cursor = Cursor(data)
    entries = Cursor(cursor.vector_untrusted(2))
    if cursor.left:
        raise WireError("bytes after a list of ECH configurations")
    found: list[Config] = []
    for _ in range(MAX_CONFIGS):
        if not entries.left:
            break
        version = entries.number_untrusted(2)
        contents = entries.vector_untrusted(2)
        if version == VERSION and (config := _config_untrusted(contents)) is not None:
            found.append(config)
    return tuple(found)


def _config_untrusted(contents: bytes) -> Config | None:
    cursor = Cursor(contents)
    config_id, kem = cursor.number_untrusted(1), cursor.number_untrusted(2)
    public_key, suites = cursor.vector_untrusted(2), Cursor(cursor.vector_untrusted(2))
    maximum, name, extensions = (
        cursor.number_untrusted(1),
        cursor.vector_untrusted(1),
        Cursor(cursor.vector_untrusted(2)),
    )
    aead = None
    while suites.left:
        kdf, offered = suites.number_untrusted(2), suites.number_untrusted(2)
        if aead is None and hpke.is_supported(kem, kdf, offered):
            aead = offered
    mandatory = False
    while extensions.left:
        mandatory |= bool(extensions.number_untrusted(2) & _MANDATORY)
        extensions.vector_untrusted(2)
    usable = aead is not None and not mandatory and len(public_key) == hpke.PUBLIC_KEY_LENGTH
    if not usable or aead is None or not name.isascii():
        return None
    encoding = struct.pack("!HH", VERSION, len(contents)) + contents
    return Config(encoding, config_id, public_key, aead, maximum, name.decode("ascii"))


@dataclass(frozen=True, slots=True)
class Offer:
    """A hello that offers a configuration. `record` goes to the server, `inner` is what is hidden in it."""

    record: bytes
    inner: bytes
    inner_random: bytes


def offer(config: Config, server_name: str, alpn: tuple[str, ...], random: bytes) -> Offer:
    """Return a hello for a server behind a configuration. `random` are 160 bytes that nobody can guess.

    Raises ValueError for a configuration whose key is none.
    """
    outer_random, inner_random, session = random[:32], random[32:64], random[64:96]
    share = X25519PrivateKey.from_private_bytes(random[96:128])
    common = _common(alpn, share.public_key().public_bytes_raw())
    inner_extensions = _extension(VERSION, b"\x01") + _name(server_name) + common
    inner = _hello(inner_random, session, inner_extensions)
    encoded = _padded(_hello(inner_random, b"", inner_extensions), config.maximum_name_length - len(server_name))
    ephemeral = X25519PrivateKey.from_private_bytes(random[128:160])
    sender = hpke.setup_sender(config.public_key, b"tls ech\x00" + config.encoding, config.aead, ephemeral)

    def outer(payload: bytes) -> bytes:
        algorithms = struct.pack("!BHHB", 0, hpke.HKDF_SHA256, config.aead, config.config_id)
        content = algorithms + _vector(2, sender.encapsulated_key) + _vector(2, payload)
        return _hello(outer_random, session, _name(config.public_name) + common + _extension(VERSION, content))

    associated = outer(bytes(len(encoded) + hpke.TAG_LENGTH))  # section 5.2: the payload counts as zeros
    sealed = outer(sender.seal(encoded, associated))
    message = record(HANDSHAKE, _TLS_1_0, handshake_message(_CLIENT_HELLO, sealed))
    return Offer(message, handshake_message(_CLIENT_HELLO, inner), inner_random)


def is_accepted_untrusted(made: Offer, message: Message) -> bool | None:
    """Tell from a ServerHello whether the server has opened the hello (section 7.2); None for another message.

    A HelloRetryRequest leaves it open. Raises WireError.
    """
    if message.type != _SERVER_HELLO:
        return None
    hello: ServerHello = read_server_hello_untrusted(message.body)
    if hello.is_hello_retry_request:
        return None
    if hello.version != _TLS_1_3:
        return False
    digest = "sha384" if hello.cipher_suite == 0x1302 else "sha256"  # noqa: PLR2004 - TLS_AES_256_GCM_SHA384
    body = message.body[: 34 - _SIGNAL_LENGTH] + bytes(_SIGNAL_LENGTH) + message.body[34:]
    transcript = hashlib.new(digest, made.inner + handshake_message(_SERVER_HELLO, body)).digest()
    secret = hmac.digest(bytes(len(transcript)), made.inner_random, digest)
    label = b"tls13 ech accept confirmation"
    info = struct.pack("!HB", _SIGNAL_LENGTH, len(label)) + label + _vector(1, transcript) + b"\x01"
    expected = hmac.digest(secret, info, digest)[:_SIGNAL_LENGTH]
    return hmac.compare_digest(expected, hello.random[-_SIGNAL_LENGTH:])


def _hello(random: bytes, session: bytes, extensions: bytes) -> bytes:
    suites = b"".join(number.to_bytes(2) for number in _SUITES)
    start = _TLS_1_2.to_bytes(2) + random + _vector(1, session) + _vector(2, suites) + b"\x01\x00"
    return start + _vector(2, extensions)


def _padded(encoded: bytes, missing: int) -> bytes:
    """Hide the length of the name (section 6.1.3)."""
    length = len(encoded) + max(missing, 0)
    return encoded + bytes(length + -length % _PADDING - len(encoded))


def _common(alpn: tuple[str, ...], share: bytes) -> bytes:
    schemes = b"".join(number.to_bytes(2) for number in _SIGNATURE_SCHEMES)
    names = b"".join(_vector(1, name.encode("latin-1")) for name in alpn)
    return (
        _extension(_GROUPS, _vector(2, _X25519.to_bytes(2)))
        + _extension(_SIGNATURES, _vector(2, schemes))
        + (_extension(_ALPN, _vector(2, names)) if names else b"")
        + _extension(_VERSIONS, _vector(1, _TLS_1_3.to_bytes(2)))
        + _extension(_KEY_SHARE, _vector(2, _X25519.to_bytes(2) + _vector(2, share)))
    )


def _name(name: str) -> bytes:
    return _extension(_SERVER_NAME, _vector(2, b"\x00" + _vector(2, name.encode("ascii"))))


def _vector(width: int, content: bytes) -> bytes:
    return len(content).to_bytes(width) + content


def _extension(number: int, content: bytes) -> bytes:
    return number.to_bytes(2) + _vector(2, content)
