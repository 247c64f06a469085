"""Endpoints whose certificates name hosts of revocation, honest ones among them, and the configuration for all."""

import json

from hostile.after_handshake import OK, TLSAttack, TLSPeer, hold

from exporter.demo.scripts import Answer, Await, Hold
from tests.support import der
from tests.support.pki import Extension, intermediate, key_pem, leaf, root
from tests.support.revocation import ocsp_response, revocation_list

TOP = root()
MIDDLE = intermediate(TOP)


def leaf_naming(ocsp=None, crl=None):
    """Return a leaf that names a responder and a host of lists, each by its address or name and port."""
    extra = []
    if ocsp is not None:
        access = der.sequence(der.oid("1.3.6.1.5.5.7.48.1"), der.element(0x86, f"http://{ocsp}/ocsp".encode()))
        extra.append(Extension("1.3.6.1.5.5.7.1.1", der.sequence(access)))
    if crl is not None:
        name = der.element(0xA0, der.element(0xA0, der.element(0x86, f"http://{crl}/crl".encode())))
        extra.append(Extension("2.5.29.31", der.sequence(der.sequence(name))))
    return leaf(MIDDLE, extra=extra)


class Honest:
    """A host that says of one leaf, by both ways, that it is good."""

    def __init__(self):
        self._documents = {}
        self.script = (Await(), Answer(self._answer), Hold())

    def speak_of(self, one):
        self._documents = {b"POST": ocsp_response(one, MIDDLE), b"GET ": revocation_list(MIDDLE)}

    def _answer(self, request):
        if not request:
            return b""
        document = self._documents[request[:4]]
        return OK + b"Content-Length: %d\r\n\r\n" % len(document) + document


class Endpoints:
    """TLS servers of one authority, for as long as a stack of contexts."""

    def __init__(self, stack, folder):
        self._stack, self._folder = stack, folder
        self._targets = []
        (folder / "root.pem").write_bytes(TOP.pem)

    def serve(self, name, one, address="127.0.0.1", **revocation):
        """Serve a leaf, to be watched with these settings."""
        file = self._folder / f"{name}.pem"
        file.write_bytes(one.pem + MIDDLE.pem + key_pem(one.key))
        peer = TLSPeer(TLSAttack(name, hold), file, address)
        self._stack.callback(peer.close)
        self._targets.append((name, f"{address}:{peer.port}", revocation))

    def add(self, name, target):
        """Watch a target that is not served here, too."""
        self._targets.append((name, target, None))

    def write(self):
        """Write the configuration; return its path."""
        trusting = {"ca_file": str(self._folder / "root.pem"), "server_name": "example.com"}
        modules = {
            name: {"timeout": "5s", "tls_config": trusting}
            | ({"revocation": revocation} if revocation is not None else {})
            for name, _, revocation in self._targets
        }
        targets = [{"targets": [target], "module": name, "labels": {"host": name}} for name, target, _ in self._targets]
        path = self._folder / "config.yaml"
        path.write_text(json.dumps({"modules": modules, "targets": targets}), encoding="utf-8")
        return path
