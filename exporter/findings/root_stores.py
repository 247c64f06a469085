"""The findings on root stores: roots that browsers have dropped, and data that is too old to know."""

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


RULES = (
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
