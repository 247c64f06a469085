"""The findings on the chain as it is sent, where ordinary clients accept it: order, additions, strict rules."""

from exporter.findings.finding import Detail, Finding, Rule
from exporter.findings.observation import Observation
from exporter.findings.trust import verdict


def _webpki_noncompliant(observation: Observation) -> str | None:
    """Present when OpenSSL accepts the chain: otherwise the other findings say what is wrong."""
    openssl, webpki, chain = verdict(observation, "openssl"), verdict(observation, "webpki"), observation.chain
    if openssl is None or webpki is None or chain is None or not openssl.trusted:
        return None
    refusing: dict[str, list[str]] = {}
    for one in chain.clients:
        for error in one.errors:
            refusing.setdefault(error.name, []).append(one.client)
    refused = [f"{e.name}: {e.message}, refused by {' '.join(refusing.get(e.name, ()))}" for e in webpki.errors]
    advice = [f"{error.name}: {error.message}" for error in webpki.advice]
    return "; ".join((*refused, *advice)) or None


def _root_sent(observation: Observation) -> Detail | None:
    for index, certificate in enumerate(observation.certificates[1:], 1):
        if certificate.is_self_signed:
            return Detail(f"the self-signed {certificate.subject} is sent", index)
    return None


def _misordered(observation: Observation) -> Detail | None:
    """RFC 5246 section 7.4.2: each following certificate MUST directly certify the one preceding it."""
    if observation.chain is None or observation.chain.unrelated is None:
        return None
    index = observation.chain.unrelated
    before, unrelated = observation.certificates[index - 1], observation.certificates[index]
    text = f"{unrelated.subject or 'a certificate'} follows {before.subject or 'another'}, which it did not sign"
    return Detail(text, index)


def _addresses_disagree(observation: Observation) -> str | None:
    return "the addresses of the name present different certificates" if observation.addresses_disagree else None


RULES = (
    Rule(
        Finding(
            "certificate_webpki_noncompliant",
            "low",
            "The chain does not comply with the Web PKI's profile",
            "OpenSSL's clients accept the chain, but it breaks a rule of browsers or of the CA/Browser Forum's "
            "profile. The detail names each rule, and the clients that refuse the chain for it. A rule without "
            "clients binds CAs alone: no client asks for it today, and `tls_certificate_trusted` stays 1.",
            "Where a client is named that you serve, issue the certificate again without the fault: a private CA "
            "usually omits subjectAltName or basicConstraints, or uses a key that browsers do not know. Otherwise mend "
            "the CA's profile at the next occasion.",
        ),
        _webpki_noncompliant,
    ),
    Rule(
        Finding(
            "certificate_root_sent",
            "low",
            "The root certificate is sent along",
            "The chain contains its own trust anchor. Clients ignore it, since they only trust their own copy; "
            "it costs about a kilobyte in every handshake.",
            "Remove the last, self-signed certificate from the chain file.",
        ),
        _root_sent,
    ),
    Rule(
        Finding(
            "certificate_chain_misordered",
            "low",
            "The chain is out of order or has unrelated parts",
            "The certificates are not sent leaf first with each one signed by the next, or some belong to no "
            "chain at all. TLS 1.2 demands the order; tolerant clients sort it out, strict and old ones fail.",
            "Write the file in order: leaf, its issuer, that one's issuer. Remove certificates left over from a "
            "former CA.",
        ),
        _misordered,
    ),
    Rule(
        Finding(
            "addresses_disagree",
            "medium",
            "The addresses of the name do not answer alike",
            "The target's addresses present different certificates or fail on some of them. Clients get one or "
            "the other by chance, so that faults come and go.",
            "Find the address that differs in the series' `address` label and bring it in line. It is usually a "
            "node that a roll-out or a reload has missed, or a stale DNS record.",
        ),
        _addresses_disagree,
    ),
)
