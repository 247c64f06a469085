"""Which exposition format an Accept header asks for (RFC 9110 section 12.5.1), out of those that are written here.

An offer of a version that is not written is passed over: the answer never names a version that it is not.
Prometheus writes the order of its `scrape_protocols` as weights, so the heaviest offer wins, and the first of equals.
"""

from dataclasses import dataclass
from functools import lru_cache

from prometheus_client.openmetrics.exposition import ALLOWUTF8, DOTS, UNDERSCORES, VALUES, escape_label_name

_ESCAPINGS = (ALLOWUTF8, UNDERSCORES, DOTS, VALUES)
_MAX_ACCEPT = 4096  # characters of the header that are read: Prometheus sends less than 400


@dataclass(frozen=True, slots=True)
class Format:
    """One exposition format, by what differs between them.

    `is_open_metrics`: metadata of units, the type `unknown`, and `# EOF` at the end.
    `strips_total`: the name of a counter's family lacks the `_total` of its samples.
    `quotes_names`: names beyond the old character set can be written, in quotes.
    `start_timestamps`: a counter's line has the time at which it began to count.
    """

    media_type: str
    version: str
    is_open_metrics: bool = False
    strips_total: bool = False
    quotes_names: bool = True
    start_timestamps: bool = False


_TEXT, _OPEN_METRICS = "text/plain", "application/openmetrics-text"
TEXT_0_0_4 = Format(_TEXT, "0.0.4", quotes_names=False)
TEXT_1_0_0 = Format(_TEXT, "1.0.0")
OPEN_METRICS_1 = Format(_OPEN_METRICS, "1.0.0", is_open_metrics=True, strips_total=True)
OPEN_METRICS_2 = Format(_OPEN_METRICS, "2.0.0", is_open_metrics=True, start_timestamps=True)

_FORMATS = {(one.media_type, one.version): one for one in (TEXT_0_0_4, TEXT_1_0_0, OPEN_METRICS_1, OPEN_METRICS_2)}
_WITHOUT_VERSION = {_TEXT: TEXT_0_0_4, "text/*": TEXT_0_0_4, "*/*": TEXT_0_0_4, _OPEN_METRICS: OPEN_METRICS_1}


@dataclass(frozen=True, slots=True)
class Negotiated:
    """The format to write, and how names beyond the old character set are written in it."""

    format: Format = TEXT_0_0_4
    escaping: str = UNDERSCORES
    names_escaping: bool = False

    @property
    def content_type(self) -> str:
        """The Content-Type of the answer. Parsers before Prometheus 3 know no `escaping`; it is named if asked for."""
        escaping = f"; escaping={self.escaping}" if self.names_escaping else ""
        return f"{self.format.media_type}; version={self.format.version}; charset=utf-8{escaping}"

    def label_name(self, name: str) -> str:
        """Return a label's name as it is written in this format."""
        return str(escape_label_name(name, self.escaping))


@lru_cache(maxsize=64)
def negotiated(accept: str) -> Negotiated:
    """Return what an Accept header asks for. A header that cannot be read asks for nothing: text 0.0.4."""
    best, best_weight = Negotiated(), 0.0
    for offer in accept[:_MAX_ACCEPT].lower().split(","):
        media_type, parameters = _parse_offer_untrusted(offer)
        try:
            weight = float(parameters.get("q", "1"))
        except ValueError:
            return Negotiated()
        if weight > best_weight and (found := _written(media_type, parameters)) is not None:
            best, best_weight = found, weight
    return best


def _parse_offer_untrusted(offer: str) -> tuple[str, dict[str, str]]:
    media_type, *parameters = (part.strip() for part in offer.split(";"))
    pairs = (parameter.partition("=") for parameter in parameters)
    return media_type, {name.strip(): value.strip().strip('"') for name, _, value in pairs}


def _written(media_type: str, parameters: dict[str, str]) -> Negotiated | None:
    """Return what answers an offer, or None if nothing here does."""
    version = parameters.get("version")
    written = _FORMATS.get((media_type, version)) if version else _WITHOUT_VERSION.get(media_type)
    if written is None:
        return None
    escaping = parameters.get("escaping", "")
    if escaping not in _ESCAPINGS:
        return Negotiated(written, names_escaping=written.is_open_metrics or written is TEXT_1_0_0)
    if escaping == ALLOWUTF8 and not written.quotes_names:
        escaping = UNDERSCORES
    return Negotiated(written, escaping, names_escaping=True)
