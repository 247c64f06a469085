"""The findings on what browsers ask of public CAs: roots that they trust, timestamps of their certificates."""

from exporter.certificates.mozilla_roots import MAX_AGE_SECONDS, read_facts
from exporter.findings.finding import Detail, Finding, Rule, utc
from exporter.findings.observation import Observation


def _root_distrusted(observation: Observation) -> Detail | None:
    """Present when the system trusts the chain by a root that Mozilla has dropped, and no other path is trusted."""
    chain = observation.chain
    if not observation.root_distrusted or chain is None:
        return None
    root = chain.trusted_chain[-1]
    after = read_facts().distrust_after.get(root.fingerprint_sha256)
    since = f" for what was issued after {utc(after)}" if after is not None else ""
    return Detail(f"Mozilla no longer trusts {root.subject}{since}, the system does")


def _store_outdated(observation: Observation) -> str | None:
    """Present when a module judges by Mozilla's roots, and the file that holds them is a year old."""
    if not any(store.store == "mozilla" for store in observation.stores):
        return None
    date = read_facts().date
    return f"the roots are of {utc(date)}" if observation.now - date > MAX_AGE_SECONDS else None


def _ct_noncompliant(observation: Observation) -> Detail | None:
    """Present under a public root, where Chrome asks for timestamps, and a list of logs shows that they do not do."""
    chain, ct = observation.chain, observation.ct
    if chain is None or chain.trust is None or ct is None or ct.compliant is not False or not chain.trusted_chain:
        return None
    if chain.trusted_chain[-1].fingerprint_sha256 not in chain.trust.public:
        return None
    return Detail(ct.reason, 0)


RULES = (
    Rule(
        Finding(
            "ct_noncompliant",
            "high",
            "Chrome asks for more certificate timestamps",
            "The certificate is from a public CA, and its signed certificate timestamps (SCTs) do not satisfy Chrome's "
            "policy: two logs of two operators, three logs for more than 180 days. Chrome refuses it.",
            "Have the certificate issued again: every public CA embeds enough timestamps by default. If it was issued "
            "without them on purpose, the server must send them in the TLS extension.",
        ),
        _ct_noncompliant,
    ),
    Rule(
        Finding(
            "root_distrusted",
            "high",
            "Browsers no longer trust the root",
            "The system trusts the chain by a root that Mozilla has removed, or trusts only for certificates issued "
            "before a date. Browsers refuse the certificate or will after their next update; programs that use the "
            "system's roots follow when its ca-certificates package is updated.",
            "Have the certificate issued by an authority that browsers trust. Do not wait for the system's roots to "
            "be updated: then every client refuses at once.",
        ),
        _root_distrusted,
    ),
    Rule(
        Finding(
            "root_store_outdated",
            "low",
            "The exporter's list of Mozilla's roots is a year old",
            "The module judges by the store `mozilla`, which comes with the exporter, and that list is older than a "
            "year. Roots that were added or distrusted since then are not known.",
            "Update the exporter. In a checkout, `make roots` fetches the current list.",
        ),
        _store_outdated,
    ),
)
