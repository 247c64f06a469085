"""What a scrape answered, by name and labels, read by prometheus_client's own parsers."""

from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client.parser import text_string_to_metric_families


class Exposition:
    """Samples of one scrape. A wrong format raises when it is read."""

    def __init__(self, text, *, open_metrics=False):
        parse = openmetrics.text_string_to_metric_families if open_metrics else text_string_to_metric_families
        self.text = text
        self.families = {family.name: family for family in parse(text)}
        self._samples = {}
        for family in self.families.values():
            for sample in family.samples:
                self._samples.setdefault(sample.name, []).append(sample)

    def samples(self, name, **labels):
        """Return the samples of a name that have these labels."""
        found = self._samples.get(name, [])
        return [sample for sample in found if all(sample.labels.get(key) == value for key, value in labels.items())]

    def values(self, name, **labels):
        """Return the values of a name that have these labels."""
        return [sample.value for sample in self.samples(name, **labels)]

    def value(self, name, **labels):
        """Return the one value there must be."""
        (value,) = self.values(name, **labels)
        return value

    def findings(self, **labels):
        """Return the findings that are present."""
        return {sample.labels["finding"] for sample in self.samples("tls_finding", **labels)}

    def failure(self, **labels):
        """Return (phase, reason), or None."""
        found = self.samples("tls_probe_failure_info", **labels)
        assert len(found) <= 1
        return (found[0].labels["phase"], found[0].labels["reason"]) if found else None
