"""A small ACME client (RFC 8555) that gets one certificate from a server that takes every challenge for solved."""

import base64
import hashlib
import json
import ssl
import time
import urllib.request
from dataclasses import dataclass, field

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@dataclass
class Client:
    """An account. `context` trusts the server."""

    directory_url: str
    context: ssl.SSLContext
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    account: str = ""

    def __post_init__(self):
        self.directory = json.loads(self.get(self.directory_url))

    def get(self, url: str) -> bytes:
        with urllib.request.urlopen(url, context=self.context, timeout=20) as answer:
            return answer.read()

    def jwk(self) -> dict:
        numbers = self.key.public_key().public_numbers()
        x, y = (b64(value.to_bytes(32, "big")) for value in (numbers.x, numbers.y))
        return {"crv": "P-256", "kty": "EC", "x": x, "y": y}

    def post(self, url: str, payload: dict | None) -> tuple[bytes, str]:
        """Send a signed request; return the answer and its Location."""
        request = urllib.request.Request(self.directory["newNonce"], method="HEAD")
        with urllib.request.urlopen(request, context=self.context, timeout=20) as answer:
            nonce = answer.headers["Replay-Nonce"]
        who = {"kid": self.account} if self.account else {"jwk": self.jwk()}
        protected = b64(json.dumps({"alg": "ES256", "nonce": nonce, "url": url, **who}).encode())
        body = b64(json.dumps(payload).encode()) if payload is not None else ""
        r, s = decode_dss_signature(self.key.sign(f"{protected}.{body}".encode(), ec.ECDSA(hashes.SHA256())))
        signature = b64(r.to_bytes(32, "big") + s.to_bytes(32, "big"))
        data = json.dumps({"protected": protected, "payload": body, "signature": signature}).encode()
        request = urllib.request.Request(url, data, {"Content-Type": "application/jose+json"})
        try:
            with urllib.request.urlopen(request, context=self.context, timeout=20) as answer:
                return answer.read(), answer.headers.get("Location", "")
        except urllib.error.HTTPError as error:
            if b"badNonce" in error.read():
                return self.post(url, payload)
            raise

    def issue(self, name: str) -> tuple[bytes, ec.EllipticCurvePrivateKey]:
        """Return a certificate chain as PEM for a name, and its key."""
        _, self.account = self.post(self.directory["newAccount"], {"termsOfServiceAgreed": True})
        answer, order_url = self.post(self.directory["newOrder"], {"identifiers": [{"type": "dns", "value": name}]})
        order = json.loads(answer)
        for url in order["authorizations"]:
            authorization = json.loads(self.post(url, None)[0])
            self.post(authorization["challenges"][0]["url"], {})
            self._await(url, "valid")
        key = ec.generate_private_key(ec.SECP256R1())
        request = (
            x509.CertificateSigningRequestBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
            .sign(key, hashes.SHA256())
        )
        self.post(order["finalize"], {"csr": b64(request.public_bytes(Encoding.DER))})
        order = self._await(order_url, "valid")
        return self.post(order["certificate"], None)[0], key

    def _await(self, url: str, status: str) -> dict:
        for _ in range(200):
            found = json.loads(self.post(url, None)[0])
            if found["status"] == status:
                return found
            assert found["status"] != "invalid", found
            time.sleep(0.1)
        raise AssertionError(f"{url} does not become {status}: {hashlib.sha256(url.encode()).hexdigest()[:8]}")
