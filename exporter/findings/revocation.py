"""The findings on revocation. A missing or unusable answer is no finding: unknown is not bad."""

from exporter.findings.finding import Detail, Finding, Rule, utc
from exporter.findings.observation import Observation
from exporter.revocation.status import STAPLE


def _revoked(observation: Observation) -> Detail | None:
    for one in observation.revocations:
        if one.is_revoked:
            reason = f", reason {one.reason}" if one.reason else ""
            when = f" at {utc(one.revoked_at)}" if one.revoked_at is not None else ""
            return Detail(f"revoked{when}{reason}, says the {one.source}", 0)
    return None


def _must_staple_missing(observation: Observation) -> str | None:
    """Present when the certificate asks for a staple (RFC 7633) and a completed handshake brought none."""
    leaf = observation.certificates[0] if observation.certificates else None
    if leaf is None or not leaf.must_staple or not observation.result.success or observation.result.staple is not None:
        return None
    return "the certificate has the feature status_request and no OCSP response was stapled"


def _staple_stale(observation: Observation) -> str | None:
    for one in observation.revocations:
        if one.source == STAPLE and one.is_stale:
            when = f"was good until {utc(one.next_update)}" if one.next_update is not None else "is out of date"
            return f"the stapled response {when}"
    return None


RULES = (
    Rule(
        Finding(
            "certificate_revoked",
            "critical",
            "The certificate has been revoked",
            "Its issuer has withdrawn the certificate, by OCSP or in a CRL. Clients that check revocation "
            "refuse it, and the reason may be that the private key is known to others.",
            "Find out why it was revoked before anything else: a stolen key calls for a new key and an inquiry. "
            "Then issue a new certificate with a new key and install it everywhere the old one is used.",
        ),
        _revoked,
    ),
    Rule(
        Finding(
            "ocsp_must_staple_missing",
            "high",
            "The certificate demands a staple and none is sent",
            "The certificate carries the TLS feature status_request (must-staple, RFC 7633), but the server "
            "sends no OCSP response with it. Firefox and other clients that honour it refuse the connection.",
            "Turn stapling on in the server and make sure that it can reach its CA's responder. If the CA has "
            "ended OCSP, issue the certificate again without must-staple.",
        ),
        _must_staple_missing,
    ),
    Rule(
        Finding(
            "ocsp_staple_stale",
            "high",
            "The stapled OCSP response has expired",
            "The server staples a response whose nextUpdate has passed. Firefox refuses the connection, others "
            "ignore the staple.",
            "The server cannot refresh its staple: look for errors about OCSP in its log, and check its way out "
            "to the responder, its resolver and its clock. A reload makes most servers fetch at once.",
        ),
        _staple_stale,
    ),
)
