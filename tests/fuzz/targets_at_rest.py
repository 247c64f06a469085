"""Files of certificates at rest: every reader gives entries or its one error, whatever the bytes."""

# ruff: noqa: D401 - a target says what it proves

import base64
import contextlib
import json
from pathlib import Path

from exporter.at_rest.formats.ber import definite_untrusted
from exporter.at_rest.formats.der_file import read_der_untrusted
from exporter.at_rest.formats.entry import MAX_CERTIFICATES, MAX_NAME, UnreadableError
from exporter.at_rest.formats.java_serialization import MAGIC, SerializationError, end_of_object_untrusted
from exporter.at_rest.formats.jks import JCEKS_MAGIC, read_jks_untrusted
from exporter.at_rest.formats.kubeconfig import read_kubeconfig_untrusted
from exporter.at_rest.formats.password_based import Work, decrypt_untrusted, passwords
from exporter.at_rest.formats.reader import read_contents_untrusted
from exporter.certificates.der import SEQUENCE, DERError, element_untrusted, elements_untrusted
from tests.fuzz.target import FuzzTarget

SEEDS = Path(__file__).parents[1] / "at_rest" / "seeds"
PASSWORD = "secret"


def _seeds(*suffixes: str) -> list[bytes]:
    return [file.read_bytes() for file in sorted(SEEDS.iterdir()) if file.suffix in suffixes]


def stored_file(data: bytes) -> None:
    """A file has certificates under names of bounded length, or a reason; with the password and without."""
    for password in (PASSWORD, None):
        with contextlib.suppress(UnreadableError):
            contents = read_contents_untrusted(data, password)
            assert contents.entries or contents.references
            assert all(one.certificates and len(one.alias) <= MAX_NAME for one in contents.entries)
            assert len({der for one in contents.entries for der in one.certificates}) <= MAX_CERTIFICATES


def each_format(data: bytes) -> None:
    """A reader that is handed a file of another format has its one error for it."""
    for read in (
        lambda: read_der_untrusted(data, PASSWORD),
        lambda: read_jks_untrusted(JCEKS_MAGIC + data[4:], PASSWORD),
        lambda: read_kubeconfig_untrusted(data),
    ):
        with contextlib.suppress(UnreadableError):
            read()


def definite(data: bytes) -> None:
    """What has definite lengths keeps them the second time."""
    with contextlib.suppress(DERError):
        once = definite_untrusted(data)
        assert definite_untrusted(once) == once


def serialized(data: bytes) -> None:
    """An object ends within the data, or is none."""
    with contextlib.suppress(SerializationError):
        assert 0 < end_of_object_untrusted(data, 0) <= len(data)


def decrypted(data: bytes) -> None:
    """An algorithm, whatever it is, opens what follows it or has an error; its work is bounded."""
    with contextlib.suppress(DERError, UnreadableError):
        algorithm = element_untrusted(data, SEQUENCE)
        decrypt_untrusted(algorithm, data[len(algorithm.encoding) :], passwords(PASSWORD)[0], Work(10_000))


def _algorithm_seeds() -> list[bytes]:
    """Return the algorithm of each encrypted safe with what it encrypts."""
    found = []
    for data in _seeds(".p12"):
        pending = [data]
        while pending:
            with contextlib.suppress(DERError):
                parts = list(elements_untrusted(pending.pop()))
                if len(parts) == 3 and parts[2].tag in (0x80, 0xA0) and parts[1].tag == SEQUENCE:
                    found.append(parts[1].encoding + parts[2].body)
                pending += [part.body for part in parts if part.tag in (0x30, 0xA0, 0x04)]
    return found


def kubernetes_answers(data: bytes) -> None:
    """A page or a change of the Kubernetes API has objects or one of the errors that end a watch."""
    from exporter.at_rest.kubernetes.objects import CA_BUNDLES, CONFIG_MAPS, SECRETS
    from exporter.at_rest.kubernetes.watch import ObjectWatch, RefusedError, reader

    for kind in (SECRETS, CONFIG_MAPS, CA_BUNDLES[0], *CA_BUNDLES[2:]):
        one = ObjectWatch(kind, "", {}, reader(("*",), PASSWORD))
        for read in (one._page_untrusted, one._take_untrusted):
            with contextlib.suppress(ValueError, KeyError, TypeError, AttributeError, RecursionError, RefusedError):
                read(data)
        for stored in one.stored().values():
            assert stored.failure is not None or stored.certificates


def _answer_seeds() -> list[bytes]:
    pem = base64.b64encode((SEEDS / "leaf.pem").read_bytes()).decode()
    metadata = {"name": "a", "namespace": "b", "resourceVersion": "7"}
    secret = {"metadata": metadata, "type": "kubernetes.io/tls", "data": {"tls.crt": pem}}
    hook = {"metadata": metadata, "webhooks": [{"name": "x", "clientConfig": {"caBundle": pem}}]}
    service = {"metadata": metadata, "spec": {"caBundle": pem}}
    answers = [{"type": "ADDED", "object": one} for one in (secret, hook, service)]
    answers += [{"type": "ERROR", "object": {"code": 410}}, {"metadata": {"resourceVersion": "1"}, "items": [secret]}]
    return [json.dumps(one).encode() for one in answers]


TARGETS = {
    "kubernetes_answers": FuzzTarget(kubernetes_answers, _answer_seeds),
    "stored_file": FuzzTarget(
        stored_file, lambda: _seeds(".p12", ".jks", ".jceks", ".pem", ".der", ".p7b", ".p7s", "")
    ),
    "each_format": FuzzTarget(each_format, lambda: _seeds(".der", ".jks", ".jceks", "")),
    "definite": FuzzTarget(definite, lambda: _seeds(".der", ".p12", ".p7s")),
    "serialized": FuzzTarget(serialized, lambda: [data[data.index(MAGIC) :] for data in _seeds(".jceks")]),
    "decrypted": FuzzTarget(decrypted, _algorithm_seeds),
}
