"""Certificates for tests: roots, intermediates and leaves of any profile, well-formed or not.

The defaults satisfy RFC 5280 and the CA/Browser Forum's profile; each test changes what it is about. Certificates
are encoded here and not by a library, so that nothing is too wrong to be written.
"""

import base64
import ipaddress
import itertools
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, padding, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from tests.support import der

DAY = 86_400
NOW = int(time.time())
_serials = itertools.count(0x1000000000000001)
_SIGNATURES = {
    ("rsa", "sha256"): "1.2.840.113549.1.1.11",
    ("rsa", "sha1"): "1.2.840.113549.1.1.5",
    ("rsa", "md5"): "1.2.840.113549.1.1.4",
    ("ec", "sha256"): "1.2.840.10045.4.3.2",
    ("ec", "sha384"): "1.2.840.10045.4.3.3",
    ("ec", "sha1"): "1.2.840.10045.4.1",
    ("dsa", "sha256"): "2.16.840.1.101.3.4.3.2",
    ("ed25519", ""): "1.3.101.112",
    ("ed448", ""): "1.3.101.113",
}
_OIDS = {
    "ski": "2.5.29.14",
    "ku": "2.5.29.15",
    "san": "2.5.29.17",
    "bc": "2.5.29.19",
    "nc": "2.5.29.30",
    "aki": "2.5.29.35",
    "eku": "2.5.29.37",
}
_CRITICAL = {"bc", "ku", "nc"}


@dataclass(frozen=True)
class Issued:
    """A certificate with its key."""

    der: bytes
    key: object
    subject: bytes  # encoded Name
    ski: bytes

    @property
    def parsed(self) -> x509.Certificate:
        return x509.load_der_x509_certificate(self.der)

    @property
    def pem(self) -> bytes:
        return pem(self.der)


@dataclass(frozen=True)
class Extension:
    """An extension as it will be encoded."""

    oid: str
    value: bytes
    critical: bool = False

    @property
    def encoding(self) -> bytes:
        return der.sequence(der.oid(self.oid), der.boolean(True) if self.critical else b"", der.octets(self.value))


def pem(data: bytes) -> bytes:
    text = base64.encodebytes(data).replace(b"\n", b"")
    lines = [text[i : i + 64] for i in range(0, len(text), 64)]
    return b"\n".join((b"-----BEGIN CERTIFICATE-----", *lines, b"-----END CERTIFICATE-----", b""))


def key_pem(key: object) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def ec_key(curve: type[ec.EllipticCurve] = ec.SECP256R1) -> object:
    return ec.generate_private_key(curve())


_cache: dict[object, object] = {}


def rsa_key(size: int = 2048) -> object:
    """Make an RSA key, once for each size: they are slow to make."""
    return _cache.setdefault(size, None) or _cache.update({size: rsa.generate_private_key(65537, size)}) or _cache[size]


def dsa_key() -> object:
    return _cache.setdefault("dsa", None) or _cache.update({"dsa": dsa.generate_private_key(2048)}) or _cache["dsa"]


def spki_of(key: object) -> bytes:
    return key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def key_identifier(key: object) -> bytes:
    try:
        return x509.SubjectKeyIdentifier.from_public_key(key.public_key()).digest
    except ValueError:
        return b"\x01" * 20


def sign(key: object, data: bytes, digest: str) -> bytes:
    algorithm = {"sha256": hashes.SHA256, "sha384": hashes.SHA384, "sha1": hashes.SHA1, "md5": hashes.MD5}.get(digest)
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(data, padding.PKCS1v15(), algorithm())
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return key.sign(data, ec.ECDSA(algorithm()))
    if isinstance(key, dsa.DSAPrivateKey):
        return key.sign(data, algorithm())
    return key.sign(data)


def algorithm_of(key: object, digest: str) -> bytes:
    kinds = (
        (rsa.RSAPrivateKey, "rsa"),
        (ec.EllipticCurvePrivateKey, "ec"),
        (dsa.DSAPrivateKey, "dsa"),
        (ed25519.Ed25519PrivateKey, "ed25519"),
        (ed448.Ed448PrivateKey, "ed448"),
    )
    kind = next(name for cls, name in kinds if isinstance(key, cls))
    dotted = _SIGNATURES[kind, "" if kind.startswith("ed") else digest]
    return der.sequence(der.oid(dotted), der.element(0x05) if kind == "rsa" else b"")


@dataclass
class Recipe:
    """Everything that a certificate is made of. An extension that is None is left out."""

    subject: str
    issuer: Issued | None = None
    key: object = None
    issuer_name: str | None = None  # other than the issuer's subject
    extensions: dict[str, bytes | None] = field(default_factory=dict)
    critical: Mapping[str, bool] = field(default_factory=dict)
    extra: Sequence[Extension] = ()
    version: int | None = 2
    serial: int | None = None
    serial_encoding: bytes | None = None
    not_before: float = NOW - 10 * DAY
    not_after: float = NOW + 80 * DAY
    times: tuple[bytes, bytes] | None = None
    digest: str = "sha256"
    inner_algorithm: bytes | None = None  # other than the outer one
    spki: bytes | None = None

    def issue(self) -> Issued:
        key = self.key or ec_key()
        signer = self.issuer.key if self.issuer else key
        subject = der.name(self.subject)
        issuer = der.name(self.issuer_name) if self.issuer_name is not None else None
        algorithm = algorithm_of(signer, self.digest)
        listed = [
            Extension(_OIDS[name], value, self.critical.get(name, name in _CRITICAL))
            for name, value in self.extensions.items()
            if value is not None
        ]
        encoded = [extension.encoding for extension in (*listed, *self.extra)]
        serial = self.serial_encoding or der.integer(next(_serials) if self.serial is None else self.serial)
        begin, end = self.times or (der.time(self.not_before), der.time(self.not_after))
        body = der.sequence(
            der.element(0xA0, der.integer(self.version)) if self.version else b"",
            serial,
            self.inner_algorithm or algorithm,
            issuer if issuer is not None else (self.issuer.subject if self.issuer else subject),
            der.sequence(begin, end),
            subject,
            self.spki or spki_of(key),
            der.element(0xA3, der.sequence(*encoded)) if encoded else b"",
        )
        whole = der.sequence(body, algorithm, der.bits(sign(signer, body, self.digest)))
        return Issued(whole, key, subject, key_identifier(key))


def aki(identifier: bytes) -> bytes:
    return der.sequence(der.element(0x80, identifier))


def basic_constraints(ca: bool, pathlen: int | None = None) -> bytes:
    return der.sequence(der.boolean(True) if ca else b"", der.integer(pathlen) if pathlen is not None else b"")


def key_usage(*usages: str) -> bytes:
    names = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement")
    names += ("key_cert_sign", "crl_sign", "encipher_only", "decipher_only")
    return x509.KeyUsage(**{name: name in usages for name in names}).public_bytes()


def extended_key_usage(*oids: x509.ObjectIdentifier) -> bytes:
    return x509.ExtendedKeyUsage(oids or (ExtendedKeyUsageOID.SERVER_AUTH,)).public_bytes()


def dns(name: str) -> bytes:
    return der.element(0x82, name.encode())


def ip(address: str) -> bytes:
    """Encode an iPAddress, or with a slash the address and mask of a constraint."""
    if "/" in address:
        network = ipaddress.ip_network(address)
        return der.element(0x87, network.network_address.packed, network.netmask.packed)
    return der.element(0x87, ipaddress.ip_address(address).packed)


def directory(text: str) -> bytes:
    return der.element(0xA4, der.name(text))


def other_name() -> bytes:
    return der.element(0xA0, der.oid("1.3.6.1.4.1.55738.666.3"), der.element(0xA0, der.element(0x05)))


def alternative_names(*names: bytes) -> bytes:
    return der.sequence(*names)


def name_constraints(permitted: Sequence[bytes] = (), excluded: Sequence[bytes] = ()) -> bytes:
    def subtrees(tag: int, names: Sequence[bytes]) -> bytes:
        return der.element(tag, *(der.sequence(name) for name in names)) if names else b""

    return der.sequence(subtrees(0xA0, permitted), subtrees(0xA1, excluded))


def root(subject: str = "CN=Test Root", *, key: object = None, **changes: object) -> Issued:
    """Make a self-signed root."""
    key = key or ec_key()
    defaults = {
        "bc": basic_constraints(True),
        "ku": key_usage("key_cert_sign", "crl_sign"),
        "ski": der.octets(key_identifier(key)),
    }
    return _made(Recipe(subject, None, key, not_before=NOW - 1000 * DAY, not_after=NOW + 2000 * DAY), defaults, changes)


def intermediate(
    issuer: Issued,
    subject: str = "CN=Test Intermediate",
    *,
    key: object = None,
    pathlen: int | None = None,
    **changes: object,
) -> Issued:
    """Make an authority that another one certifies."""
    key = key or ec_key()
    defaults = {
        "bc": basic_constraints(True, pathlen),
        "ku": key_usage("key_cert_sign", "crl_sign"),
        "ski": der.octets(key_identifier(key)),
        "aki": aki(issuer.ski),
    }
    return _made(
        Recipe(subject, issuer, key, not_before=NOW - 500 * DAY, not_after=NOW + 1000 * DAY), defaults, changes
    )


def leaf(
    issuer: Issued | None, subject: str = "", *, names: Sequence[bytes] = (), key: object = None, **changes: object
) -> Issued:
    """Make a server's certificate; without an issuer it signs itself."""
    key = key or ec_key()
    defaults = {
        "ku": key_usage("digital_signature"),
        "eku": extended_key_usage(),
        "san": alternative_names(*(names or (dns("example.com"),))),
        "ski": der.octets(key_identifier(key)),
        "aki": aki(issuer.ski if issuer else key_identifier(key)),
    }
    recipe = Recipe(subject, issuer, key)
    if not subject:
        recipe.critical = {"san": True}
    return _made(recipe, defaults, changes)


def _made(recipe: Recipe, defaults: dict[str, bytes | None], changes: dict[str, object]) -> Issued:
    """Apply changes: extensions by their short names (None removes one), fields of the recipe by theirs."""
    extensions = dict(defaults)
    for name, value in changes.items():
        if name in _OIDS:
            extensions[name] = value
        elif name == "critical":
            recipe.critical = {**recipe.critical, **value}
        else:
            setattr(recipe, name, value)
    recipe.extensions = extensions
    return recipe.issue()
