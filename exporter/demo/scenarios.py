"""Every scenario of the gallery, once: the demo serves them, the end-to-end tests check what is seen."""

from dataclasses import replace

from exporter.demo import flights
from exporter.demo.broken import BROKEN, NO_PQ, RAW_TLS12, SMTP
from exporter.demo.pki import PKI, SELF, Leaf, mistagged
from exporter.demo.scenario import Scenario, Seen, failed
from exporter.demo.scripts import Await, Hold, Script, Send
from exporter.demo.servers import Endpoint
from exporter.net.reason import Reason
from exporter.probe.result import Failure, Phase

HOSTILE_NAME = (
    'line\nfeed\r"quote" \\back\\slash\x00nul \x1b[31mred\x1b[0m <script>alert(1)</script> {a="b"} é\u202e'
    f"{'A' * 5000}"
)
ANY_CIPHER = "ALL:-aNULL:-eNULL"

_GOOD = Seen(certificates=2, trusted=True, name_match=True)
_SHA1 = "sha1_handshake_signature"
_OLD = ("tls12_not_accepted", NO_PQ)
_TLS12 = replace(_GOOD, version=1.2, posture_findings=(NO_PQ,))
_TLS13 = replace(_GOOD, version=1.3)
_UNTRUSTED = Seen(trusted=False, name_match=True)


def _refused_without_client_certificate(reason: Reason, version: float, *findings: str) -> Seen:
    failure = Failure(Phase.HANDSHAKE, reason)
    return replace(_GOOD, success=False, failure=failure, version=version, posture_findings=findings)


def _presents_a_malformed_certificate(pki: PKI) -> Script:
    chain = mistagged(pki.leaf(Leaf(key="rsa-2048")).der), pki.authority("intermediate").der
    return Await(), Send(flights.flight(chain)), Hold()


def _answers_in_ssl3(pki: PKI) -> Script:
    chain = pki.leaf(Leaf(key="rsa-2048")).der, pki.authority("intermediate").der
    return Await(), Send(flights.flight(chain, flights.SSL3, flights.RSA_RC4_128_SHA, b"")), Hold()


GOOD = (
    Scenario("valid", "A current server, nothing wrong.", Endpoint(), _TLS13),
    Scenario(
        "valid-rsa",
        "A current server with an RSA key.",
        Endpoint(Leaf(key="rsa-2048")),
        _TLS13,
    ),
    Scenario(
        "valid-ed25519",
        "A server with an Ed25519 key, which the Web PKI does not know.",
        Endpoint(Leaf(key="ed25519")),
        replace(_TLS13, findings=("certificate_webpki_noncompliant",)),
    ),
    Scenario("tls12-only", "A server that ends at TLS 1.2.", Endpoint(maximum="TLSv1.2"), _TLS12),
    Scenario(
        "tls13-only",
        "A server that speaks nothing below TLS 1.3.",
        Endpoint(minimum="TLSv1.3"),
        _TLS13,
    ),
    Scenario(
        "post-quantum",
        "A server that agrees on a post-quantum hybrid group.",
        Endpoint(Leaf(organization="Post-quantum")),
        _TLS13,
    ),
    Scenario(
        "renewed-not-served",
        "A server whose certificate was renewed on disk; in the demo a file says so.",
        Endpoint(Leaf(organization="Renewed", ends=25)),
        replace(_TLS13, findings=("renewed_but_not_served",)),
    ),
    Scenario(
        "ip-address",
        "A certificate for an IP address, which is never sent as SNI.",
        Endpoint(Leaf(names=(), addresses=("127.0.0.1",), common_name="127.0.0.1")),
        _TLS13,
        host="127.0.0.1",
    ),
    Scenario(
        "ipv6",
        "A server on the IPv6 loopback.",
        Endpoint(Leaf(names=(), addresses=("::1",), common_name="::1")),
        _TLS13,
        host="[::1]",
        bind="::1",
    ),
    Scenario(
        "many-names",
        "A certificate with 301 names.",
        Endpoint(Leaf(names=("localhost", *(f"shop-{number}.example.com" for number in range(300))))),
        _TLS13,
    ),
    Scenario(
        "https",
        "A web server that sends Strict-Transport-Security.",
        Endpoint(),
        _TLS13,
        module="demo-https",
    ),
    Scenario(
        "smtp-starttls",
        "A mail server that begins in plaintext and changes to TLS with STARTTLS.",
        Endpoint(preface=SMTP),
        _TLS13,
        module="demo-smtp",
    ),
    Scenario("good-staple", "A server that staples a good OCSP response.", Endpoint(staple="good"), _TLS13),
    Scenario(
        "expired-cross-signed",
        "A good chain with an expired cross-certificate of the root behind it, which no client needs.",
        Endpoint(sends=("intermediate", "cross")),
        replace(_TLS13, certificates=3),
    ),
)

CERTIFICATES = (
    Scenario(
        "expired",
        "The certificate ended three days ago.",
        Endpoint(Leaf(starts=-43, ends=-3)),
        replace(_TLS13, trusted=False, findings=("certificate_expired",)),
    ),
    Scenario(
        "almost-expired",
        "A certificate of 47 days with less than two left.",
        Endpoint(Leaf(starts=-45.2, ends=1.8)),
        replace(_TLS13, findings=("certificate_expiry_imminent",)),
    ),
    Scenario(
        "not-yet-valid",
        "The certificate begins in five days.",
        Endpoint(Leaf(starts=5, ends=45)),
        replace(_TLS13, trusted=False, findings=("certificate_not_yet_valid",)),
    ),
    Scenario(
        "wrong-name",
        "The certificate is for another host; the chain is good.",
        Endpoint(Leaf(names=("other.example.com",), common_name="other.example.com")),
        replace(_TLS13, name_match=False, findings=("certificate_name_mismatch",)),
    ),
    Scenario(
        "self-signed",
        "The certificate is signed with its own key.",
        Endpoint(Leaf(issuer=SELF), sends=()),
        replace(_UNTRUSTED, certificates=1, findings=("certificate_self_signed",)),
    ),
    Scenario(
        "unknown-issuer",
        "A chain of an authority that nobody trusts.",
        Endpoint(Leaf(issuer="unrelated"), sends=("unrelated",)),
        replace(_UNTRUSTED, certificates=2, findings=("certificate_untrusted_issuer",)),
    ),
    Scenario(
        "missing-intermediate",
        "The intermediate that links the certificate to its root is not sent.",
        Endpoint(sends=()),
        replace(_UNTRUSTED, certificates=1, findings=("certificate_chain_incomplete",)),
    ),
    Scenario(
        "expired-intermediate",
        "The certificate is good, its intermediate ended a week ago.",
        Endpoint(Leaf(issuer="expired-intermediate"), sends=("expired-intermediate",)),
        replace(_UNTRUSTED, certificates=2, findings=("certificate_expired",)),
    ),
    Scenario(
        "root-sent",
        "The root is sent along, for nothing.",
        Endpoint(sends=("intermediate", "root")),
        replace(_GOOD, certificates=3, findings=("certificate_root_sent",)),
    ),
    Scenario(
        "chain-out-of-order",
        "The root comes before the intermediate.",
        Endpoint(sends=("cross", "intermediate")),
        replace(_GOOD, certificates=3, findings=("certificate_chain_misordered",)),
    ),
    Scenario(
        "weak-key",
        "An RSA key of 1024 bits.",
        Endpoint(Leaf(key="rsa-1024"), security_level=0),
        replace(_GOOD, trusted=None, findings=("certificate_weak_key",), posture_findings=(_SHA1,)),
    ),
    Scenario(
        "sha1-signature",
        "A certificate signed with SHA-1.",
        Endpoint(Leaf(issuer="legacy", sha1=True), sends=("legacy",), security_level=0),
        replace(_GOOD, trusted=None, findings=("certificate_weak_signature",), posture_findings=(_SHA1,)),
    ),
    Scenario(
        "long-lived",
        "A certificate of ten years, where 90 days are allowed.",
        Endpoint(Leaf(starts=-10, ends=3640)),
        replace(_GOOD, findings=("certificate_lifetime_too_long",)),
        module="demo-lifetime",
    ),
    Scenario(
        "pin-mismatch",
        "A certificate whose key is not the pinned one.",
        Endpoint(),
        replace(_GOOD, findings=("certificate_pin_mismatch",)),
        module="demo-pins",
    ),
    Scenario(
        "hostile-subject",
        "A name with line feeds, quotes, NUL, escape sequences, markup and 5,000 characters.",
        Endpoint(Leaf(organization=HOSTILE_NAME)),
        replace(_TLS13, trusted=None),
    ),
    Scenario(
        "malformed-certificate",
        "A certificate that breaks the encoding rules, so that no TLS library takes it.",
        _presents_a_malformed_certificate,
        replace(
            failed(Phase.HANDSHAKE, Reason.PROTOCOL_ERROR, certificates=2),
            version=1.2,
            name_match=True,
            findings=("certificate_malformed",),
            posture_findings=RAW_TLS12,
        ),
    ),
    Scenario(
        "must-staple",
        "A certificate that demands a staple, from a server that sends none.",
        Endpoint(Leaf(must_staple=True)),
        replace(_GOOD, findings=("ocsp_must_staple_missing",)),
    ),
    Scenario(
        "revoked-by-staple",
        "The server itself staples the news that its certificate was revoked.",
        Endpoint(staple="revoked"),
        replace(_GOOD, findings=("certificate_revoked",)),
    ),
    Scenario(
        "stale-staple",
        "The stapled OCSP response is out of date.",
        Endpoint(staple="stale"),
        replace(_GOOD, findings=("ocsp_staple_stale",)),
    ),
)

PROTOCOLS = (
    Scenario(
        "tls10-only",
        "A server of 1999: TLS 1.0 and nothing else.",
        Endpoint(minimum="TLSv1.0", maximum="TLSv1.0", ciphers=ANY_CIPHER, security_level=0),
        replace(_GOOD, version=1.0, findings=("tls10_accepted",), posture_findings=_OLD),
    ),
    Scenario(
        "tls11-only",
        "TLS 1.1 and nothing else.",
        Endpoint(minimum="TLSv1.1", maximum="TLSv1.1", ciphers=ANY_CIPHER, security_level=0),
        replace(_GOOD, version=1.1, findings=("tls11_accepted",), posture_findings=_OLD),
    ),
    Scenario(
        "ssl3-only",
        "An appliance that answers in SSL 3.0 with RC4.",
        _answers_in_ssl3,
        replace(
            failed(Phase.HANDSHAKE, Reason.PROTOCOL_ERROR, certificates=2),
            trusted=True,
            name_match=True,
            findings=("sslv3_accepted",),
            posture_findings=("cipher_rc4", "insecure_renegotiation", "rsa_key_exchange", *_OLD),
        ),
    ),
    Scenario(
        "old-versions",
        "A current server that still accepts TLS 1.0 and 1.1.",
        Endpoint(minimum="TLSv1.0", ciphers=ANY_CIPHER, security_level=0),
        replace(_TLS13, posture_findings=("tls10_accepted", "tls11_accepted", _SHA1)),
    ),
    Scenario(
        "no-forward-secrecy",
        "A server that only knows RSA key exchange.",
        Endpoint(Leaf(key="rsa-2048"), maximum="TLSv1.2", ciphers="kRSA+AES"),
        replace(_TLS12, findings=("rsa_key_exchange",)),
    ),
    Scenario(
        "null-cipher",
        "A server that agrees to send everything in plaintext.",
        Endpoint(Leaf(key="rsa-2048"), maximum="TLSv1.2", ciphers="ECDHE+AESGCM:ECDHE-RSA-NULL-SHA", security_level=0),
        replace(_TLS12, posture_findings=("cipher_null", NO_PQ, _SHA1)),
    ),
    Scenario(
        "anonymous-cipher",
        "A server that agrees to go without a certificate.",
        Endpoint(Leaf(key="rsa-2048"), maximum="TLSv1.2", ciphers="ECDHE+AESGCM:AECDH:!eNULL", security_level=0),
        replace(_TLS12, posture_findings=("cipher_anonymous", NO_PQ, _SHA1)),
    ),
    Scenario(
        "no-post-quantum",
        "A TLS 1.3 server that only knows the curve secp256r1.",
        Endpoint(only_secp256r1=True),
        replace(_TLS13, posture_findings=(NO_PQ,)),
    ),
    Scenario(
        "demands-client-certificate",
        "TLS 1.3, only for those who have a certificate: the refusal comes after our side has finished.",
        Endpoint(minimum="TLSv1.3", client_certificate=True),
        _refused_without_client_certificate(Reason.ALERT_CERTIFICATE_REQUIRED, 1.3),
    ),
    Scenario(
        "demands-client-certificate-tls12",
        "TLS 1.2, only for those who have a certificate: the handshake ends with an alert.",
        Endpoint(maximum="TLSv1.2", client_certificate=True),
        _refused_without_client_certificate(Reason.ALERT_HANDSHAKE_FAILURE, 1.2, NO_PQ),
    ),
    Scenario(
        "hsts-missing",
        "A web server without Strict-Transport-Security.",
        Endpoint(headers=()),
        replace(_TLS13, findings=("hsts_missing",)),
        module="demo-https",
    ),
    Scenario(
        "hsts-too-short",
        "A web server whose Strict-Transport-Security lasts for five minutes.",
        Endpoint(headers=("Strict-Transport-Security: max-age=300",)),
        replace(_TLS13, findings=("hsts_too_short",)),
        module="demo-https",
    ),
)

SCENARIOS: tuple[Scenario, ...] = (*GOOD, *CERTIFICATES, *PROTOCOLS, *BROKEN)
