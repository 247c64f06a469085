"""What of a list is asked for, as pages and the API read it. A parameter that makes no sense is ignored."""

from collections.abc import Mapping
from dataclasses import dataclass, fields

from multidict import MultiMapping

from exporter.policy import SEVERITIES
from exporter.web.pages import Parameters

MAX_FILTER = 200
_MAX_LABELS = 8
_MAX_PAGE_DIGITS = 6

LABEL_GROUP = "label."
"""Begins a `group` that is a label's name: `label.team`."""


@dataclass(frozen=True, slots=True)
class ListQuery:
    """Filters, order and page. Words of `text` must all be found; `page` counts from 1; "" is no filter.

    `fingerprint` begins a SHA-256 fingerprint, `serial` is a whole serial number, both without colons in lower case;
    `issuer` and `san` are parts of a name. A label is `name=value`, or a name alone.
    """

    text: str = ""
    show: str = ""
    module: str = ""
    issuer: str = ""
    fingerprint: str = ""
    serial: str = ""
    san: str = ""
    labels: tuple[str, ...] = ()
    severity: str = ""
    finding: str = ""
    state: str = ""
    week: str = ""
    group: str = ""
    sort: str = ""
    descending: bool = False
    page: int = 1

    @property
    def parameters(self) -> Parameters:
        """The query as parameters of an address, without those that say nothing."""
        found: Parameters = {name: getattr(self, field) for field, name in _NAMES.items()}
        found["order"] = "desc" if self.descending else None
        found["page"] = self.page if self.page > 1 else None
        return {name: value for name, value in found.items() if value}

    @property
    def filters(self) -> tuple[tuple[str, str], ...]:
        """The filters in force except text, tab and module: the parameter and its value."""
        single = ((name, getattr(self, field)) for field, name in _NAMES.items() if field in _FILTERS)
        return (*((name, value) for name, value in single if value), *(("label", one) for one in self.labels))

    @property
    def needs_certificates(self) -> bool:
        """Whether certificates must be looked at."""
        return bool(self.text or self.issuer or self.fingerprint or self.serial or self.san)


_NAMES = {one.name: one.name for one in fields(ListQuery) if one.name not in ("descending", "page")}
_NAMES |= {"text": "q", "labels": "label"}
_FILTERS = ("issuer", "fingerprint", "serial", "san", "severity", "finding", "state", "week")
FILTER_PARAMETERS = ("q", "show", "module", *_FILTERS, "label")


def read_query(query: "MultiMapping[str]", shown: Mapping[str, object], sorts: Mapping[str, object]) -> ListQuery:
    """Read a query. `shown` and `sorts` have the choices that there are."""

    def text(name: str) -> str:
        return query.get(name, "").strip()[:MAX_FILTER]

    def chosen(name: str, known: Mapping[str, object] | tuple[str, ...]) -> str:
        return text(name) if text(name) in known else ""

    number = query.get("page", "1")
    is_number = number.isascii() and number.isdigit() and len(number) <= _MAX_PAGE_DIGITS
    return ListQuery(
        text=text("q"),
        show=chosen("show", shown),
        module=text("module"),
        issuer=text("issuer"),
        fingerprint=_hexadecimal(text("fingerprint")),
        serial=_hexadecimal(text("serial")).lstrip("0"),
        san=text("san"),
        labels=tuple(one.strip()[:MAX_FILTER] for one in query.getall("label", [])[:_MAX_LABELS] if one.strip()),
        severity=chosen("severity", SEVERITIES),
        finding=text("finding"),
        state=text("state"),
        week=text("week"),
        group=text("group"),
        sort=chosen("sort", sorts),
        descending=query.get("order") == "desc",
        page=max(1, int(number)) if is_number else 1,
    )


def _hexadecimal(text: str) -> str:
    """Return a number as it is pasted from elsewhere, with colons or spaces, in lower case without them."""
    return text.lower().replace(":", "").replace(" ", "").removeprefix("0x")
