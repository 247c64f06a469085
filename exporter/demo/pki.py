"""A throwaway public-key infrastructure for the gallery: authorities, leaves, staples, good and bad.

Everything lives in memory, for one run, and is trusted by nobody but the gallery's own modules.
It refuses to be useful for anything else: no file is read, and no key outlives the process.
"""

import base64
import datetime as dt
import ipaddress
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey

SELF = "self"
_SHA256_WITH_RSA = bytes.fromhex("06092a864886f70d01010b")  # RFC 4055 section 5
_SHA1_WITH_RSA = bytes.fromhex("06092a864886f70d010105")
_SUBJECT_ALT_NAME = bytes.fromhex("0603551d11")  # RFC 5280 section 4.2.1.6

_KEYS: Mapping[str, Callable[[], PrivateKey]] = {
    "ec": lambda: ec.generate_private_key(ec.SECP256R1()),
    "ed25519": ed25519.Ed25519PrivateKey.generate,
    "rsa-1024": lambda: rsa.generate_private_key(65537, 1024),  # noqa: S505 - a weak key is what is shown
    "rsa-2048": lambda: rsa.generate_private_key(65537, 2048),
}


@dataclass(frozen=True, slots=True)
class Leaf:
    """What a server's certificate is made of. `starts` and `ends` are days from now."""

    names: tuple[str, ...] = ("localhost",)
    addresses: tuple[str, ...] = ()
    common_name: str = "localhost"
    organization: str = ""
    issuer: str = "intermediate"  # an authority's name, or SELF
    key: str = "ec"
    starts: float = -20
    ends: float = 60
    sha1: bool = False  # signed with SHA-1; the issuer must have an RSA key
    must_staple: bool = False  # RFC 7633


@dataclass(frozen=True, slots=True)
class Authority:
    """What an authority is made of. `holder` names the authority whose name and key it certifies instead."""

    common_name: str
    issuer: str = SELF
    key: str = "ec"
    starts: float = -1000
    ends: float = 2000
    holder: str = ""


AUTHORITIES: Mapping[str, Authority] = {
    "root": Authority("Demo Root CA"),
    "intermediate": Authority("Demo Intermediate CA", issuer="root"),
    "legacy": Authority("Demo Legacy CA", issuer="root", key="rsa-2048"),
    "expired-intermediate": Authority("Demo Expired CA", issuer="root", ends=-7),
    "unrelated-root": Authority("Unrelated Root CA"),
    "unrelated": Authority("Unrelated CA", issuer="unrelated-root"),
    "old-root": Authority("Demo Old Root CA", ends=-100),
    "cross": Authority("Demo Root CA", issuer="old-root", ends=-100, holder="root"),
}


@dataclass(frozen=True, slots=True)
class Credential:
    """A certificate with its private key."""

    certificate: x509.Certificate
    key: PrivateKey

    @property
    def der(self) -> bytes:
        """The certificate as it travels."""
        return self.certificate.public_bytes(serialization.Encoding.DER)

    @property
    def pem(self) -> bytes:
        """The certificate as it lies in files."""
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def key_pem(self) -> bytes:
        """The private key as it lies in files, not encrypted."""
        pkcs8, clear = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        return self.key.private_bytes(serialization.Encoding.PEM, pkcs8, clear)


class PKI:
    """One infrastructure, made at one moment. Authorities are made when they are first asked for."""

    def __init__(self, now: dt.datetime) -> None:
        self.now = now.replace(microsecond=0)
        self._authorities: dict[str, Credential] = {}
        self._leaves: dict[Leaf, Credential] = {}

    def authority(self, name: str) -> Credential:
        """Return an authority of AUTHORITIES."""
        if name not in self._authorities:
            self._authorities[name] = self._make_authority(AUTHORITIES[name])
        return self._authorities[name]

    def leaf(self, leaf: Leaf) -> Credential:
        """Return the certificate and key that a leaf describes; the same ones each time."""
        if leaf not in self._leaves:
            self._leaves[leaf] = self._make_leaf(leaf)
        return self._leaves[leaf]

    def staple(self, leaf: Leaf, *, revoked: bool = False, starts: float = -1, ends: float = 3) -> bytes:
        """Return an OCSP response (RFC 6960) about a leaf, signed by its issuer; times are days from now."""
        issuer = self.authority(leaf.issuer)
        builder = ocsp.OCSPResponseBuilder().add_response(
            cert=self.leaf(leaf).certificate,
            issuer=issuer.certificate,
            algorithm=hashes.SHA1(),  # noqa: S303 - CertID of RFC 5019, what responders answer with
            cert_status=ocsp.OCSPCertStatus.REVOKED if revoked else ocsp.OCSPCertStatus.GOOD,
            this_update=self._day(starts),
            next_update=self._day(ends),
            revocation_time=self._day(starts - 1) if revoked else None,
            revocation_reason=x509.ReasonFlags.key_compromise if revoked else None,
        )
        builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, issuer.certificate)
        response = builder.sign(issuer.key, hashes.SHA256())
        return response.public_bytes(serialization.Encoding.DER)

    def _day(self, days: float) -> dt.datetime:
        return self.now + dt.timedelta(days=days)

    def _make_authority(self, recipe: Authority) -> Credential:
        holder = self.authority(recipe.holder) if recipe.holder else None
        key = holder.key if holder else _KEYS[recipe.key]()
        subject = _name(recipe.common_name)
        issuer = None if recipe.issuer == SELF else self.authority(recipe.issuer)
        builder = self._builder(subject, key, issuer, recipe.starts, recipe.ends)
        path_length = None if issuer is None or recipe.holder else 0
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=path_length), critical=True)
        builder = builder.add_extension(_key_usage(key_cert_sign=True, crl_sign=True), critical=True)
        return Credential(_sign(builder, issuer.key if issuer else key), key)

    def _make_leaf(self, recipe: Leaf) -> Credential:
        key = _KEYS[recipe.key]()
        subject = _name(recipe.common_name, recipe.organization)
        issuer = None if recipe.issuer == SELF else self.authority(recipe.issuer)
        builder = self._builder(subject, key, issuer, recipe.starts, recipe.ends)
        sans: list[x509.GeneralName] = [x509.DNSName(name) for name in recipe.names]
        sans += [x509.IPAddress(ipaddress.ip_address(address)) for address in recipe.addresses]
        usage = _key_usage(digital_signature=True, key_encipherment=isinstance(key, rsa.RSAPrivateKey))
        builder = (
            builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(x509.SubjectAlternativeName(sans), critical=False)
        )
        if recipe.must_staple:
            feature = x509.TLSFeature([x509.TLSFeatureType.status_request])
            builder = builder.add_extension(feature, critical=False)
        certificate = _sign(builder, issuer.key if issuer else key)
        if recipe.sha1 and issuer is not None:
            certificate = _sign_again_with_sha1(certificate, issuer.key)
        return Credential(certificate, key)

    def _builder(
        self,
        subject: x509.Name,
        key: PrivateKey,
        issuer: Credential | None,
        starts: float,
        ends: float,
    ) -> x509.CertificateBuilder:
        public = issuer.key.public_key() if issuer else key.public_key()
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer.certificate.subject if issuer else subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(self._day(starts))
            .not_valid_after(self._day(ends))
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(public), critical=False)
        )


def spki_pin(credential: Credential) -> str:
    """Return the pin of a certificate's key, as RFC 7469 section 2.4 writes it."""
    public = credential.key.public_key()
    spki = public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    digest = hashes.Hash(hashes.SHA256())
    digest.update(spki)
    return base64.b64encode(digest.finalize()).decode()


def mistagged(der: bytes) -> bytes:
    """Return a certificate whose subjectAltName is a SET, not the SEQUENCE of X.509: parsers refuse the certificate."""
    oid = der.index(_SUBJECT_ALT_NAME)
    return der[: oid - 2] + b"\x31" + der[oid - 1 :]


def _name(common_name: str, organization: str = "") -> x509.Name:
    """Return a name. Nothing is checked: some break rules on purpose (RFC 5280: ub-common-name is 64)."""
    texts = ((NameOID.ORGANIZATION_NAME, organization), (NameOID.COMMON_NAME, common_name))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return x509.Name([x509.NameAttribute(oid, text, _validate=False) for oid, text in texts if text])


def _key_usage(
    *,
    digital_signature: bool = False,
    key_encipherment: bool = False,
    key_cert_sign: bool = False,
    crl_sign: bool = False,
) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        key_encipherment=key_encipherment,
        key_cert_sign=key_cert_sign,
        crl_sign=crl_sign,
        content_commitment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _sign(builder: x509.CertificateBuilder, key: PrivateKey) -> x509.Certificate:
    return builder.sign(key, None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256())


def _sign_again_with_sha1(certificate: x509.Certificate, key: PrivateKey) -> x509.Certificate:
    """Return the certificate with sha1WithRSAEncryption, which the builder refuses to write.

    Both object identifiers have the same length, and so have both signatures: nothing else moves.
    """
    assert isinstance(key, rsa.RSAPrivateKey)
    to_be_signed = certificate.tbs_certificate_bytes.replace(_SHA256_WITH_RSA, _SHA1_WITH_RSA)
    signature = key.sign(to_be_signed, padding.PKCS1v15(), hashes.SHA1())  # noqa: S303 - what is shown
    der = certificate.public_bytes(serialization.Encoding.DER)
    der = der.replace(certificate.tbs_certificate_bytes, to_be_signed)
    der = der.replace(_SHA256_WITH_RSA, _SHA1_WITH_RSA).replace(certificate.signature, signature)
    return x509.load_der_x509_certificate(der)
