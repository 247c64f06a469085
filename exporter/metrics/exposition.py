"""The page that Prometheus reads: targets' lines by family, then the exporter's own metrics, in pieces.

A large exposition is written in pieces, so that the event loop is never blocked for long. One writer serves every
format: a sample's line is the same in all of them, except for label names beyond the old character set and the start
timestamps of counters.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from prometheus_client import CollectorRegistry, Metric
from prometheus_client.utils import floatToGoString

from exporter.metrics.catalogue import FAMILIES, Family
from exporter.metrics.collect import Lines
from exporter.metrics.labels import QUOTED_NAME, label
from exporter.metrics.negotiation import Negotiated, negotiated

PIECE_CHARACTERS = 256 * 1024
END_OF_OPENMETRICS = "# EOF\n"
UNITS = ("seconds", "bytes")
"""The units that names end in: base units, as Prometheus wants them."""
_TOTAL = "_total"


def content_type(accept: str) -> str:
    """Return the content type of what `pages` writes for an Accept header."""
    return negotiated(accept).content_type


def pages(
    accept: str,
    targets: Sequence[Lines],
    registries: Sequence[CollectorRegistry],
    families: Iterable[Family] = FAMILIES,
) -> Iterator[bytes]:
    """Yield the exposition in pieces of UTF-8, in the format that `content_type` names."""
    writer = _Writer(negotiated(accept))
    for piece in _in_pieces(writer.targets(targets, families)):
        yield piece.encode("utf-8")
    for registry in registries:
        yield "".join(writer.registry(registry)).encode("utf-8")
    if writer.chosen.format.is_open_metrics:
        yield END_OF_OPENMETRICS.encode()


def unit(name: str) -> str:
    """Return the unit that a family's name ends in, "" for none. Counters' `_total` stands behind it."""
    return next((one for one in UNITS if name.removesuffix(_TOTAL).endswith(f"_{one}")), "")


@dataclass(frozen=True, slots=True)
class _Writer:
    """Writes families in one format."""

    chosen: Negotiated

    def targets(self, targets: Sequence[Lines], families: Iterable[Family]) -> Iterator[str]:
        """Yield the text of targets' lines, family by family."""
        rename = partial(QUOTED_NAME.sub, lambda match: self.chosen.label_name(match[1]))
        present: set[str] = set().union(*targets)  # to look for what none has would take long and yield nothing
        for family in families:
            name = family.name
            if name not in present:
                continue
            yield self._head(name, family.type, family.help)
            for lines in targets:
                text = lines.get(name)
                if text is not None:
                    yield rename(text) if "\0" in text else text

    def registry(self, registry: CollectorRegistry) -> Iterator[str]:
        """Yield the text of a registry's families."""
        metrics = list(registry.collect())
        since = ""
        if self.chosen.format.start_timestamps:
            starts = [one.samples[0].value for one in metrics if one.name == "process_start_time_seconds"]
            since = f" st@{starts[0]:.3f}" if starts else ""
        for metric in metrics:
            yield from self._metric(metric, since)

    def _metric(self, metric: Metric, since: str) -> Iterator[str]:
        is_counter = metric.type == "counter"
        name = f"{metric.name}{_TOTAL}" if is_counter else metric.name
        yield self._head(name, metric.type, metric.documentation)
        for sample in metric.samples:
            labels = ",".join(label(key, value) for key, value in sorted(sample.labels.items()))
            braces = f"{{{labels}}}" if labels else ""
            value = floatToGoString(sample.value)  # type: ignore[no-untyped-call]
            yield f"{sample.name}{braces} {value}{since if is_counter else ''}\n"

    def _head(self, name: str, kind: str, text: str) -> str:
        """Return the metadata of a family; `name` is that of its samples."""
        written = self.chosen.format
        family = name.removesuffix(_TOTAL) if written.strips_total and kind == "counter" else name
        if kind == "unknown" and not written.is_open_metrics:
            kind = "untyped"
        text = text.replace("\\", "\\\\").replace("\n", "\\n")
        text = text.replace('"', '\\"') if written.is_open_metrics else text
        head = f"# HELP {family} {text}\n# TYPE {family} {kind}\n"
        if written.is_open_metrics and (known := unit(name)):
            return f"{head}# UNIT {family} {known}\n"
        return head


def _in_pieces(texts: Iterable[str]) -> Iterator[str]:
    collected: list[str] = []
    size = 0
    for text in texts:
        collected.append(text)
        size += len(text)
        if size >= PIECE_CHARACTERS:
            yield "".join(collected)
            collected.clear()
            size = 0
    if collected:
        yield "".join(collected)
