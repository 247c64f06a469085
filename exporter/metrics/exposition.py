"""The page that Prometheus reads: targets' lines by family, then the exporter's own metrics, in pieces.

A large exposition is made in pieces, so that the event loop is never held up for long.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder

from exporter.metrics.catalogue import FAMILIES, Family
from exporter.metrics.collect import Lines

PIECE_CHARACTERS = 256 * 1024
END_OF_OPENMETRICS = "# EOF\n"
_OPENMETRICS = "application/openmetrics-text"


def content_type(accept: str) -> str:
    """Return the content type that the Accept header asks for: OpenMetrics or the Prometheus text format."""
    return _negotiated(accept)[1]


def _negotiated(accept: str) -> tuple[Callable[[CollectorRegistry], bytes], str]:
    """Return the encoder and its content type. What cannot be read asks for nothing (RFC 9110 section 12.5.1)."""
    try:
        encode, content = choose_encoder(_preferred(accept))
    except (TypeError, ValueError):  # the library compares versions that are no numbers
        encode, content = choose_encoder("")
    return encode, str(content)


def _preferred(accept: str) -> str:
    """Return the formats of an Accept header that are heaviest, for the library knows no weights.

    It takes OpenMetrics from wherever it stands: what is wanted less than the text format is left out.
    """
    offers = [(offer, *_read_offer(offer)) for offer in accept.split(",")]
    text = max((weight for _, kind, weight in offers if kind == "text/plain"), default=0.0)
    kept = (offer for offer, kind, weight in offers if weight > 0 and (kind != _OPENMETRICS or weight >= text))
    return ",".join(kept)


def _read_offer(offer: str) -> tuple[str, float]:
    """Return the media type of an offer, and its weight; ValueError if that is none."""
    kind, *parameters = (part.strip().lower() for part in offer.split(";"))
    weights = [float(parameter.removeprefix("q=")) for parameter in parameters if parameter.startswith("q=")]
    return kind, weights[0] if weights else 1.0


def pages(
    accept: str,
    targets: Sequence[Lines],
    registries: Sequence[CollectorRegistry],
    families: Iterable[Family] = FAMILIES,
) -> Iterator[bytes]:
    """Yield the exposition in pieces of UTF-8, in the format that `content_type` names."""
    encode, content = _negotiated(accept)
    open_metrics = "openmetrics" in content
    for piece in _in_pieces(_texts(targets, families, open_metrics)):
        yield piece.encode("utf-8")
    for registry in registries:
        own = encode(registry)
        yield own.removesuffix(END_OF_OPENMETRICS.encode()) if open_metrics else own
    if open_metrics:
        yield END_OF_OPENMETRICS.encode()


def _texts(targets: Sequence[Lines], families: Iterable[Family], open_metrics: bool) -> Iterator[str]:
    present: set[str] = set().union(*targets)  # to look for what none has would take long and yield nothing
    for family in families:
        name = family.name
        if name not in present:
            continue
        kind = "untyped" if family.type == "unknown" and not open_metrics else family.type
        first = True
        for lines in targets:
            text = lines.get(name)
            if text is None:
                continue
            if first:
                first = False
                yield f"# HELP {name} {family.help}\n# TYPE {name} {kind}\n"
            yield text


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
