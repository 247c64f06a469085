"""Every fact of a posture, against real servers whose configuration is the truth: nothing missed, nothing invented.

A row says how a server is started and all that is then true of it. What a row does not name is not accepted.
"""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from exporter.config.model import Module
from exporter.findings import posture as posture_findings
from exporter.findings import protocol
from exporter.findings.observation import Observation
from exporter.posture.checks import CHECKS
from exporter.posture.determine import determine
from exporter.posture.facts import Oracle, Posture
from exporter.probe.result import Result
from exporter.target import Target, parse_endpoint
from tests.support.findings import details
from tests.support.pki import ec_key, key_pem, leaf
from tests.support.programs import need
from tests.support.scanning import Loopback, posture_of
from tests.support.servers.credential import Credential, make_credential
from tests.support.servers.gnutls import LEGACY, gnutls_serv
from tests.support.servers.jsse import jsse
from tests.support.servers.namespace import own_network
from tests.support.servers.nss import selfserv
from tests.support.servers.own_process import python_server
from tests.support.servers.process import free_port, serving
from tests.support.servers.web import Files, nginx

Start = Callable[[Path, Credential], contextlib.AbstractContextManager[int]]

MODERN_CIPHERS = "ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-CHACHA20-POLY1305"
OLD = frozenset(("TLSv1.0", "TLSv1.1", "TLSv1.2"))
CURRENT = frozenset(("TLSv1.2", "TLSv1.3"))
CURVES = frozenset(("x25519", "secp256r1", "secp384r1", "secp521r1"))
HYBRIDS = frozenset(("X25519MLKEM768", "SecP256r1MLKEM768", "SecP384r1MLKEM1024"))
NO_PQ = "no_post_quantum_key_exchange"
OLD_VERSIONS = frozenset(("tls10_accepted", "tls11_accepted"))


@dataclass(frozen=True)
class Row:
    """A server, and what is true of it."""

    name: str
    start: Start
    versions: frozenset[str] = CURRENT
    classes: frozenset[str] = frozenset()
    groups: frozenset[str] = CURVES
    findings: frozenset[str] = frozenset()
    dh_bits: int | None = None
    fallback_scsv: bool | None = None
    downgrade_sentinel: bool | None = True
    secure_renegotiation: bool = True
    sha1_signature: bool | None = False
    heartbeat: bool = False
    client_renegotiation: bool | None = False
    early_data: bool | None = False
    robot: Oracle = Oracle.NONE


def web_server(extra: str) -> Start:
    @contextlib.contextmanager
    def start(folder: Path, credential: Credential) -> Iterator[int]:
        nothing = folder / "nothing.pem"
        nothing.write_bytes(b"")
        files = Files(credential.certificate, nothing, credential.certificate, credential.key)
        with nginx(folder, files, extra) as port:
            yield port

    return start


def s_server(*options: str) -> Start:
    @contextlib.contextmanager
    def start(folder: Path, credential: Credential) -> Iterator[int]:
        port = free_port()
        command = [need("openssl"), "s_server", "-accept", f"127.0.0.1:{port}", "-quiet"]
        command += ["-cert", str(credential.certificate), "-key", str(credential.key), *options]
        with serving(command, folder, port):
            yield port

    return start


def script(name: str, *options: str) -> Start:
    return lambda folder, credential: python_server(folder, credential, name, *options)


def in_own_network(start: Start) -> Start:
    @contextlib.contextmanager
    def started(folder: Path, credential: Credential) -> Iterator[int]:
        with own_network(), start(folder, credential) as port:
            yield port

    return started


ROWS = (
    Row(
        "nginx-modern",
        web_server(f"ssl_protocols TLSv1.2 TLSv1.3; ssl_ciphers {MODERN_CIPHERS};"),
        findings=frozenset((NO_PQ,)),
    ),
    Row(
        "nginx-default",
        web_server(""),  # of Debian's nginx 1.22, with OpenSSL 3 behind it: TLS 1.0 and 1.1 are on, and do not work
        versions=frozenset(("TLSv1.2",)),
        classes=frozenset(("cbc", "rsa_key_exchange")),
        downgrade_sentinel=None,
        findings=frozenset((NO_PQ, "rsa_key_exchange")),
    ),
    Row(
        "openssl-everything",
        s_server("-cipher", "ALL:eNULL:@SECLEVEL=0", "-client_renegotiation", "-www"),
        versions=OLD | CURRENT,
        classes=frozenset(("null", "anonymous", "cbc", "rsa_key_exchange", "dhe")),
        dh_bits=2048,  # with a certificate; anonymous suites get 1024 bits of the same server
        fallback_scsv=True,
        sha1_signature=True,
        client_renegotiation=True,
        findings=OLD_VERSIONS
        | {NO_PQ, "cipher_null", "cipher_anonymous", "rsa_key_exchange"}
        | {"sha1_handshake_signature", "client_renegotiation"},
    ),
    Row(
        "openssl-early-data",
        s_server("-tls1_3", "-early_data", "-max_early_data", "16384"),
        versions=frozenset(("TLSv1.3",)),
        downgrade_sentinel=None,
        early_data=True,
        sha1_signature=None,
        secure_renegotiation=None,
        heartbeat=None,
        findings=frozenset((NO_PQ, "early_data_accepted")),
    ),
    Row(
        "openssl-client-certificate",
        s_server("-Verify", "1", "-verify_return_error", "-www"),
        classes=frozenset(("cbc", "rsa_key_exchange", "dhe")),
        dh_bits=2048,
        client_renegotiation=None,  # no handshake is ever completed
        early_data=None,
        findings=frozenset((NO_PQ, "rsa_key_exchange")),
    ),
    Row(
        "openssl-4",
        script("pyopenssl"),
        classes=frozenset(("cbc", "rsa_key_exchange", "dhe")),  # DHE for clients that name an ffdhe group (RFC 7919)
        dh_bits=2048,
        groups=CURVES | {"X25519MLKEM768", "SecP256r1MLKEM768"},
        findings=frozenset(("rsa_key_exchange",)),
    ),
    Row(
        "openssl-4-modern",
        script("pyopenssl", MODERN_CIPHERS),
        groups=CURVES | {"X25519MLKEM768", "SecP256r1MLKEM768"},
    ),
    Row(
        "tlslite-legacy",
        script("tlslite_ng", "legacy"),
        versions=OLD | CURRENT | {"SSLv3"},
        classes=frozenset(("null", "rc4", "3des", "cbc", "rsa_key_exchange", "dhe")),
        groups=CURVES | HYBRIDS,
        dh_bits=2048,
        fallback_scsv=True,
        sha1_signature=True,
        heartbeat=True,
        findings=OLD_VERSIONS
        | {"sslv3_accepted", "cipher_null", "cipher_rc4", "cipher_3des", "rsa_key_exchange"}
        | {"sha1_handshake_signature"},
    ),
    Row(
        "tlslite-anonymous",
        script("tlslite_ng", "legacy", "anonymous"),
        versions=OLD | {"SSLv3"},
        classes=frozenset(("null", "anonymous", "rc4", "3des", "cbc")),
        fallback_scsv=True,
        downgrade_sentinel=None,
        heartbeat=True,
        findings=OLD_VERSIONS
        | {"sslv3_accepted", "cipher_null", "cipher_anonymous", "cipher_rc4", "cipher_3des", NO_PQ},
    ),
    *(
        Row(
            f"tlslite-{oracle}-oracle",
            script("tlslite_ng", oracle),
            versions=OLD,
            classes=frozenset(("3des", "cbc", "rsa_key_exchange")),
            groups=frozenset(),
            fallback_scsv=True,
            downgrade_sentinel=None,
            heartbeat=True,
            robot=Oracle(oracle),
            client_renegotiation=None,  # no handshake is ever completed
            findings=OLD_VERSIONS | {"cipher_3des", "rsa_key_exchange", "robot", NO_PQ},
        )
        for oracle in ("weak", "strong")
    ),
    Row(
        "gnutls-legacy",
        in_own_network(lambda folder, credential: gnutls_serv(folder, credential, LEGACY, heartbeat=True)),
        versions=OLD,
        classes=frozenset(("null", "anonymous", "rc4", "3des", "cbc", "rsa_key_exchange", "dhe")),
        dh_bits=2048,
        fallback_scsv=True,
        downgrade_sentinel=None,
        secure_renegotiation=False,
        sha1_signature=True,
        heartbeat=True,
        client_renegotiation=True,
        findings=OLD_VERSIONS
        | {"cipher_null", "cipher_anonymous", "cipher_rc4", "cipher_3des", "rsa_key_exchange", NO_PQ}
        | {"insecure_renegotiation", "sha1_handshake_signature", "client_renegotiation"},
    ),
    Row(
        "gnutls-default",
        in_own_network(gnutls_serv),
        versions=OLD | CURRENT,
        classes=frozenset(("cbc", "rsa_key_exchange", "dhe")),
        dh_bits=2048,
        fallback_scsv=True,
        sha1_signature=True,
        client_renegotiation=True,
        findings=OLD_VERSIONS | {"rsa_key_exchange", "sha1_handshake_signature", "client_renegotiation", NO_PQ},
    ),
    Row(
        "nss-old",
        in_own_network(lambda folder, credential: selfserv(folder, credential, "ssl3:tls1.2")),
        versions=OLD | {"SSLv3"},
        classes=frozenset(("null", "des", "rc4", "3des", "cbc", "rsa_key_exchange")),
        fallback_scsv=True,
        downgrade_sentinel=None,
        sha1_signature=True,
        client_renegotiation=True,
        findings=OLD_VERSIONS
        | {"sslv3_accepted", "cipher_null", "cipher_des", "cipher_rc4", "cipher_3des", "rsa_key_exchange", NO_PQ}
        | {"sha1_handshake_signature", "client_renegotiation"},
    ),
    Row(
        "nss-ssl3-only",
        in_own_network(lambda folder, credential: selfserv(folder, credential, "ssl3:ssl3")),
        versions=frozenset(("SSLv3",)),
        classes=frozenset(("null", "des", "rc4", "3des", "cbc", "rsa_key_exchange")),
        groups=frozenset(),
        downgrade_sentinel=None,
        sha1_signature=None,
        client_renegotiation=None,
        findings=frozenset(("sslv3_accepted", "tls12_not_accepted", NO_PQ))
        | {"cipher_null", "cipher_des", "cipher_rc4", "cipher_3des", "rsa_key_exchange"},
    ),
    Row(
        "java-everything",
        jsse,
        versions=OLD | CURRENT | {"SSLv3"},
        classes=frozenset(("null", "anonymous", "export", "des", "rc4", "3des", "cbc", "rsa_key_exchange", "dhe")),
        dh_bits=2048,
        fallback_scsv=False,
        sha1_signature=True,
        client_renegotiation=True,
        findings=OLD_VERSIONS
        | {"sslv3_accepted", "cipher_null", "cipher_anonymous", "cipher_export", "cipher_des", "cipher_rc4"}
        | {"cipher_3des", "rsa_key_exchange", "sha1_handshake_signature", "client_renegotiation", NO_PQ},
    ),
    Row(
        "java-default",
        lambda folder, credential: jsse(folder, credential, everything=False),
        classes=frozenset(("cbc", "rsa_key_exchange", "dhe")),
        dh_bits=2048,
        sha1_signature=True,
        client_renegotiation=True,
        findings=frozenset(("rsa_key_exchange", "sha1_handshake_signature", "client_renegotiation", NO_PQ)),
    ),
)

FACTS = (
    *("fallback_scsv", "downgrade_sentinel", "secure_renegotiation", "sha1_signature", "heartbeat"),
    *("client_renegotiation", "early_data"),
)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
async def test_every_fact_of_a_real_server(row, tmp_path):
    with row.start(tmp_path, make_credential(tmp_path)) as port:
        posture = await posture_of(port)
    assert posture.complete, posture.undetermined
    assert accepted(posture.versions) == row.versions
    assert accepted(posture.reported_classes) == row.classes
    assert accepted(posture.groups) & (CURVES | HYBRIDS) == row.groups
    for fact in FACTS:
        assert (fact, posture.features.get(fact)) == (fact, getattr(row, fact))
    assert (posture.dh_bits, posture.robot) == (row.dh_bits, row.robot)
    assert (posture.vulnerabilities["heartbleed"], posture.vulnerabilities["early_ccs"]) == (False, False)
    assert not posture.features.get("compression")
    assert findings(posture) == row.findings


async def test_sslv2_on_the_one_server_that_still_speaks_it(tmp_path):
    """Scapy's server takes one client at a time and any suite: only SSL 2.0 is asked for."""
    with python_server(tmp_path, make_credential(tmp_path), "scapy_sslv2") as port:
        skip = frozenset(check.name for check in CHECKS if check.name != "sslv2")
        posture = await determine(Loopback(port), server_name="localhost", seconds=5, skip=skip)
    assert posture.versions == {"SSLv2": True}
    assert findings(posture) == {"sslv2_accepted"}


MODERN = [row for row in ROWS if not row.classes and row.versions == CURRENT]


@pytest.mark.parametrize("row", MODERN, ids=lambda row: row.name)
async def test_a_clean_modern_server_costs_at_most_sixteen_connections_one_at_a_time(row, tmp_path):
    with row.start(tmp_path, make_credential(tmp_path)) as port:
        connect = Loopback(port)
        posture = await determine(connect, server_name="localhost", seconds=5)
    assert posture.complete
    assert connect.opened == posture.connections <= 16
    assert connect.most_at_once == 1


def accepted(facts: dict[str, bool]) -> frozenset[str]:
    return frozenset(name for name, is_accepted in facts.items() if is_accepted)


def findings(posture: Posture) -> frozenset[str]:
    target = Target("localhost", parse_endpoint("localhost:443"), "tls")
    seen = Observation(target, Module("tls"), Result(started_at=0, total_seconds=0), 0, posture=posture)
    return frozenset(details((*protocol.RULES, *posture_findings.RULES), seen))


@pytest.mark.server("openssl")
@pytest.mark.parametrize("curve", [ec.BrainpoolP256R1, ec.SECP224R1, ec.SECP256K1])
async def test_a_certificate_on_another_curve_refuses_no_group(curve, tmp_path):
    """Such a server refuses a hello without its certificate's curve (RFC 8422 section 5.1), whatever else is in it."""
    issued = leaf(None, key=ec_key(curve))
    files = (tmp_path / "leaf.pem", tmp_path / "leaf.key", tmp_path / "both.pem")
    credential = Credential(*files, issued.der)
    credential.certificate.write_bytes(issued.pem)
    credential.key.write_bytes(key_pem(issued.key))
    with s_server("-tls1_2")(tmp_path, credential) as port:
        posture = await posture_of(port, active=False)
    assert {group: posture.groups[group] for group in CURVES} == dict.fromkeys(CURVES, True)
