"""The signature of a TLS 1.3 server: each scheme with its kind of key, its hash and its salt, and no other."""

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding

from exporter.config.model import TLSConfig
from exporter.probe.fast_path import Offers
from exporter.probe.openssl_contexts import make_context
from exporter.wire.records import WireError
from exporter.wire.tls13.client import Client
from tests.support.pki import ec_key, leaf, root, rsa_key
from tests.support.tls13_server import Server

TOP = root()
OFFER = Offers().get(make_context(TLSConfig(), (), None), 0.0)


def test_keys_of_another_kind_than_the_scheme():
    for key, scheme in ((rsa_key(2048), 0x0403), (ed25519.Ed25519PrivateKey.generate(), 0x0808)):
        hello = OFFER.hello("a.example")
        with pytest.raises(WireError, match="is not for this key"):
            Client(hello).receive_untrusted(Server(leaf(TOP, key=key), scheme=scheme, signature=b"x").flight(hello))


def pss(digest, salt):
    return (padding.PSS(padding.MGF1(digest), salt), digest)


@pytest.mark.parametrize(
    ("key", "scheme", "signing"),
    [
        (rsa_key(2048), 0x0804, pss(hashes.SHA256(), 32)),
        (rsa_key(2048), 0x0805, pss(hashes.SHA384(), 48)),
        (rsa_key(2048), 0x0806, pss(hashes.SHA512(), 64)),
        (ec_key(ec.SECP384R1), 0x0503, (ec.ECDSA(hashes.SHA384()),)),
        (ec_key(ec.SECP521R1), 0x0603, (ec.ECDSA(hashes.SHA512()),)),
        (ed25519.Ed25519PrivateKey.generate(), 0x0807, ()),
        (ed448.Ed448PrivateKey.generate(), 0x0808, ()),
    ],
)
def test_each_scheme_signs_with_its_hash_and_salt(key, scheme, signing):
    hello = OFFER.hello("a.example")
    client = Client(hello)
    client.receive_untrusted(Server(leaf(TOP, key=key), scheme=scheme, signing=signing).flight(hello))
    assert client.completed


def test_a_salt_of_another_length_is_no_signature_of_the_scheme():
    hello, key = OFFER.hello("a.example"), rsa_key(2048)
    for scheme, signing in ((0x0804, pss(hashes.SHA256(), 20)), (0x0805, pss(hashes.SHA256(), 32))):
        server = Server(leaf(TOP, key=key), scheme=scheme, signing=signing)
        with pytest.raises(WireError, match="does not verify"):
            Client(hello).receive_untrusted(server.flight(hello))
