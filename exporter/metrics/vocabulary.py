"""What the configuration must know of findings and metrics, from their catalogues: see `config.vocabulary`."""

from exporter.config.vocabulary import Vocabulary
from exporter.findings.catalogue import CATALOGUE
from exporter.metrics.catalogue import FAMILIES, IDENTITY_LABELS

_OF_THE_FORMATS = ("le", "quantile")  # of histograms and summaries

VOCABULARY = Vocabulary(
    findings=tuple(CATALOGUE),
    reserved_labels=frozenset(
        (*IDENTITY_LABELS, *_OF_THE_FORMATS, *(label for family in FAMILIES for label in family.labels))
    ),
)
