"""The findings on what is published about an endpoint: DANE, CAA, HTTPS records, MTA-STS, renewal. Pure.

What is published is compared in `exporter.published`; here it becomes a sentence. What is not known is no finding.
"""

from exporter.findings.finding import Detail, Finding, Rule, utc
from exporter.findings.observation import Observation
from exporter.published.dane import Support

_UNUSABLE = {
    Support.UNSIGNED: "no DNSSEC signature covers the records at {owner}",
    Support.BOGUS: "the DNSSEC signatures of the records at {owner} do not hold",
    Support.ADDRESS_UNSIGNED: "no DNSSEC signature covers the host's addresses, so that clients do not look at {owner}",
}


def _dane_mismatch(observation: Observation) -> Detail | None:
    """Present when clients that use the records do not accept the chain; mail to such a host is not delivered."""
    dane = observation.published.dane if observation.published is not None else None
    if dane is None or dane.valid is not False:
        return None
    return Detail(dane.problem, 0, severity="critical" if observation.module.starttls == "smtp" else None)


def _dane_unsigned(observation: Observation) -> str | None:
    """Present when there are records and no client may use them."""
    dane = observation.published.dane if observation.published is not None else None
    if dane is None:
        return None
    if dane.support in _UNUSABLE:
        return _UNUSABLE[dane.support].format(owner=dane.owner)
    return dane.problem or None if dane.valid is None else None


def _dane_no_rollover(observation: Observation) -> str | None:
    """Present when every usable record is about the present leaf."""
    dane = observation.published.dane if observation.published is not None else None
    if dane is None or not dane.valid or not dane.depends_on_leaf:
        return None
    return f"all usable records at {dane.owner} are about the present certificate or key"


def _caa_forbids_issuer(observation: Observation) -> str | None:
    """Present when the CA of the present certificate may not issue the next one."""
    caa = observation.published.caa if observation.published is not None else None
    return caa.detail if caa is not None and caa.permits is False else None


def _https_record_mismatch(observation: Observation) -> str | None:
    """Present when the endpoint does not do what its HTTPS records promise."""
    https = observation.published.https if observation.published is not None else None
    return "; ".join(https.mismatches) if https is not None and https.mismatches else None


def _ech_config_stale(observation: Observation) -> str | None:
    """Present when the server does not accept the published configuration."""
    https = observation.published.https if observation.published is not None else None
    return https.ech_detail if https is not None and https.ech_accepted is False else None


def _mta_sts_mismatch(observation: Observation) -> str | None:
    """Present when a sender that honours the policy does not deliver to this host."""
    sts = observation.published.mta_sts if observation.published is not None else None
    return f"{sts.domain}: {sts.mismatch}" if sts is not None and sts.mismatch else None


def _mta_sts_unreachable(observation: Observation) -> str | None:
    """Present when a policy is announced and cannot be had."""
    sts = observation.published.mta_sts if observation.published is not None else None
    return f"{sts.domain}: {sts.unreachable}" if sts is not None and sts.unreachable else None


def _renewal_overdue(observation: Observation) -> Detail | None:
    """Present when the CA's renewal window is over and the certificate is still served."""
    renewal = observation.published.renewal if observation.published is not None else None
    if renewal is None or not renewal.is_overdue:
        return None
    window = renewal.window
    why = f"; the CA explains at {window.explanation_url}" if window.explanation_url else ""
    return Detail(f"the CA suggested to renew from {utc(window.start)} to {utc(window.end)}{why}", 0)


RULES = (
    Rule(
        Finding(
            "dane_mismatch",
            "high",
            "The certificate does not match the TLSA records",
            "DNSSEC-signed TLSA records say which certificate or key clients must find here (RFC 6698), and the "
            "chain presented is none of them. Clients that use DANE refuse the connection; mail servers do not "
            "deliver mail, so with STARTTLS for SMTP this is critical.",
            "Publish records for the certificate that is served, or serve one that the records name. The detail has "
            "the value of a 3 1 1 record for the present key. In future publish the next key's record before the "
            "certificate changes, and wait for the old records' TTL.",
        ),
        _dane_mismatch,
    ),
    Rule(
        Finding(
            "dane_unsigned",
            "medium",
            "TLSA records that no client may use",
            "TLSA records are published, but clients must not use them: the zone is not signed, its signatures do "
            "not hold, or the records' parameters are unknown to clients. They protect nobody. Where signatures do "
            "not hold, mail from servers that validate is delayed.",
            "Sign the zone and have its DS record put into the parent zone, or renew its signatures; check with "
            "`delv`. Use the parameters 3 1 1 or 2 1 1. Otherwise remove the records.",
        ),
        _dane_unsigned,
    ),
    Rule(
        Finding(
            "dane_no_rollover",
            "medium",
            "No TLSA record survives the next renewal",
            "Every usable TLSA record is about the present certificate or its key. When the certificate is renewed "
            "with a new key, none matches any more, until the new record has reached every resolver.",
            "Publish a second record beforehand: 3 1 1 for the next key (RFC 7671 section 8.1), or 2 1 1 for the "
            "issuing CA. Or keep the key at each renewal and publish 3 1 1 rather than 3 0 1.",
        ),
        _dane_no_rollover,
    ),
    Rule(
        Finding(
            "caa_forbids_issuer",
            "medium",
            "CAA records forbid the certificate's CA",
            "The CAA records of a name in the certificate do not let the CA that issued it issue again (RFC 8659). "
            "The present certificate goes on working, its renewal will fail.",
            'Add the CA to the records (`example.com. CAA 0 issue "letsencrypt.org"`), for a wildcard also to '
            "`issuewild`, or renew from a CA that they name. The detail says which name and records.",
        ),
        _caa_forbids_issuer,
    ),
    Rule(
        Finding(
            "https_record_mismatch",
            "medium",
            "The HTTPS record promises what the endpoint does not do",
            "Browsers follow the HTTPS record (RFC 9460) to a port, address or protocol that does not answer as "
            "promised. They lose time with a fallback, or do not connect at all.",
            "Bring the record in line with the server: alpn, port, ipv4hint and ipv6hint. Leave out of the record "
            "what is not certain to stay.",
        ),
        _https_record_mismatch,
    ),
    Rule(
        Finding(
            "ech_config_stale",
            "medium",
            "The published ECH configuration is not accepted",
            "The HTTPS record publishes an Encrypted Client Hello configuration (RFC 9849) that the server does not "
            "accept. Each browser's first connection fails and is made again with the server's retry configuration, "
            "or without ECH, so that the server name is visible.",
            "Publish the server's present configuration. When keys change, keep the old key on the server for "
            "longer than the record's TTL.",
        ),
        _ech_config_stale,
    ),
    Rule(
        Finding(
            "mta_sts_mismatch",
            "high",
            "The host does not fit its domain's MTA-STS policy",
            "Senders that honour the policy (RFC 8461) do not deliver to this host: no mx line fits its name, or its "
            "certificate is not trusted or not valid for it. With mode testing they deliver and report.",
            "Add the host to the policy's mx lines and change the id in the DNS record, or give the host a "
            "certificate from a public CA for its name.",
        ),
        _mta_sts_mismatch,
    ),
    Rule(
        Finding(
            "mta_sts_unreachable",
            "medium",
            "The MTA-STS policy cannot be fetched",
            "The domain announces an MTA-STS policy in the DNS and senders cannot get or read it. They go on with "
            "the last one that they know until its max_age is over, and then deliver without protection.",
            "Fetch https://mta-sts.DOMAIN/.well-known/mta-sts.txt: a trusted certificate for that name, status 200 "
            "without a redirect, media type text/plain, and one record `v=STSv1; id=...` at _mta-sts.DOMAIN.",
        ),
        _mta_sts_unreachable,
    ),
    Rule(
        Finding(
            "renewal_overdue",
            "high",
            "The CA's renewal window is over",
            "The CA has said by ACME renewal information (RFC 9773) when to renew this certificate, and that time is "
            "over. A window in the past is how a CA announces that it will revoke the certificate soon.",
            "Renew now. Look into the ACME client's log for why it did not, and use a client that follows ARI. If a "
            "new certificate is there, reload the server.",
        ),
        _renewal_overdue,
    ),
)
