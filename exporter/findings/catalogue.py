"""The catalogue of findings: every rule of every topic, once.

It feeds the metric, the pages, the `findings` command, the runbooks and the configuration's `accept` and `severity`.
A new finding is one row in the file of its topic; a new topic is one line here.
"""

from collections.abc import Mapping
from types import MappingProxyType

from exporter.findings import (
    certificate,
    chain,
    http,
    posture,
    protocol,
    published,
    refused,
    revocation,
    root_stores,
    serving,
    trust,
    validity,
)
from exporter.findings.finding import SEVERITIES, Finding, Rule

__all__ = ["CATALOGUE", "RULES", "SEVERITIES", "Finding"]

RULES: tuple[Rule, ...] = (
    *validity.RULES,
    *certificate.RULES,
    *trust.RULES,
    *refused.RULES,
    *root_stores.RULES,
    *chain.RULES,
    *revocation.RULES,
    *protocol.RULES,
    *posture.RULES,
    *http.RULES,
    *serving.RULES,
    *published.RULES,
)

CATALOGUE: Mapping[str, Finding] = MappingProxyType({rule.finding.id: rule.finding for rule in RULES})
