"""The catalogue of findings: every id with its severity and texts, once.

It feeds the metric, the status page, the `findings` command and the runbooks. Whether a finding is present is
judged by the conditions beside it, never here.
"""

from collections.abc import Mapping
from types import MappingProxyType

from exporter.findings.catalogue_certificate import CERTIFICATE_FINDINGS
from exporter.findings.catalogue_http import HTTP_FINDINGS
from exporter.findings.catalogue_protocol import CIPHER_FINDINGS, FLAW_FINDINGS, VERSION_FINDINGS
from exporter.findings.finding import SEVERITIES, Finding
from exporter.findings.serving import SERVING_FINDINGS

__all__ = ["CATALOGUE", "SEVERITIES", "Finding"]

CATALOGUE: Mapping[str, Finding] = MappingProxyType(
    {
        finding.id: finding
        for finding in (
            *CERTIFICATE_FINDINGS,
            *VERSION_FINDINGS,
            *CIPHER_FINDINGS,
            *FLAW_FINDINGS,
            *HTTP_FINDINGS,
            *SERVING_FINDINGS,
        )
    },
)
