"""GET /api/v1/...: targets, certificates and findings as JSON or CSV, with the filters of the pages. It probes nothing.

An unknown parameter is an error, so that a filter that is misspelt does not return everything.
"""

import asyncio
import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from aiohttp import web

from exporter.text import clean, escaped, rfc3339
from exporter.web import certificate_list, target_list
from exporter.web.api_columns import (
    CERTIFICATE_COLUMNS,
    FINDING_COLUMNS,
    SCHEMA_VERSION,
    TARGET_COLUMNS,
    Column,
    FindingEntry,
    TargetEntry,
)
from exporter.web.context import SITE, WebContext
from exporter.web.error_page import error_page
from exporter.web.list_query import FILTER_PARAMETERS, ListQuery, read_query
from exporter.web.openapi import document

Answer = Callable[[WebContext, ListQuery], Iterable[Any]]
PARAMETERS = (*FILTER_PARAMETERS, "sort", "order", "format")
_IGNORED = ("group", "page")  # of the pages, whose addresses the export links carry on
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_HEADERS = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}


def _targets(site: WebContext, query: ListQuery) -> Iterator[TargetEntry]:
    reports = site.engine.last
    for row in target_list.ordered(_rows(site, query), query):
        yield TargetEntry(row, reports.get(row.target))


def _rows(site: WebContext, query: ListQuery) -> list[target_list.Row]:
    engine = site.engine
    return target_list.matching_rows(
        engine.config.targets, engine.history.histories, engine.last, query, engine.clock()
    )


def _certificates(site: WebContext, query: ListQuery) -> list[certificate_list.CertificateRow]:
    engine = site.engine
    rows = certificate_list.distinct(engine.config.targets, engine.last, query, engine.clock())
    return certificate_list.ordered(rows, query)


def _findings(site: WebContext, query: ListQuery) -> Iterator[FindingEntry]:
    for entry in _targets(site, query):
        for assessment in entry.report.assessments if entry.report is not None else ():
            for found in (*assessment.findings, *assessment.accepted):
                is_meant = query.severity in ("", found.finding.severity) and query.finding in ("", found.finding.id)
                if is_meant and (query.show != "accepted" or found.acceptance is not None):
                    yield FindingEntry(entry.row, found)


KINDS: Mapping[str, tuple[Sequence[Column[Any]], Answer, Any]] = {
    "targets": (TARGET_COLUMNS, _targets, target_list),
    "certificates": (CERTIFICATE_COLUMNS, _certificates, certificate_list),
    "findings": (FINDING_COLUMNS, _findings, target_list),
}
"""Each list: its fields, what makes its rows, and whose tabs and orders it has."""


async def openapi(_: web.Request) -> web.Response:
    """Answer with the description of the API."""
    text = json.dumps(document({kind: columns for kind, (columns, _, _) in KINDS.items()}), indent=2)
    return web.Response(text=text, content_type="application/json", headers=_HEADERS)


async def answer(request: web.Request) -> web.StreamResponse:
    """Answer with one of the lists."""
    kind = request.match_info["kind"]
    if kind not in KINDS:
        return error_page(request, 404, f"there is no list {clean(kind, 80)!r}: known are {', '.join(KINDS)}")
    columns, rows, listed = KINDS[kind]
    unknown = set(request.query) - {*PARAMETERS, *_IGNORED}
    if unknown:
        known = ", ".join(PARAMETERS)
        return error_page(request, 400, f"unknown parameter {clean(min(unknown), 80)!r}: known are {known}")
    form = request.query.get("format", "json")
    if form not in ("json", "csv"):
        return error_page(request, 400, f"unknown format {clean(form, 80)!r}: known are json and csv")
    query, site = read_query(request.query, listed.SHOWN, listed.ORDERS), request.app[SITE]
    made = await asyncio.to_thread(lambda: [_read(columns, row) for row in rows(site, query)])
    if form == "json":
        text = await asyncio.to_thread(as_json, kind, made, site.engine.clock())
        return web.Response(text=text, content_type="application/json", headers=_HEADERS)
    text = await asyncio.to_thread(as_csv, columns, made)
    headers = {**_HEADERS, "Content-Disposition": f'attachment; filename="{kind}.csv"'}
    return web.Response(text=text, content_type="text/csv", charset="utf-8", headers=headers)


def _read(columns: Sequence[Column[Any]], row: Any) -> dict[str, Any]:
    return {column.name: column.read(row) for column in columns}


def as_json(kind: str, rows: Sequence[Mapping[str, Any]], now: float) -> str:
    """Return a list as JSON. What a peer said is made valid text by escapes, as on the pages."""
    whole = {"schema_version": SCHEMA_VERSION, "generated_at": rfc3339(now), "count": len(rows), kind: rows}
    return json.dumps(whole, default=str) + "\n"


def as_csv(columns: Sequence[Column[Any]], rows: Sequence[Mapping[str, Any]]) -> str:
    """Return a list as CSV (RFC 4180): a column for each label, lists separated by spaces."""
    labels = sorted({name for row in rows for name in row.get("labels", ())})
    names = [one.name for one in columns if one.name != "labels"]
    output = io.StringIO()
    writer = csv.writer(output)
    writer.writerow([*names, *(f"label_{name}" for name in labels)] if labels else names)
    for row in rows:
        cells = [_cell(row[name]) for name in names]
        writer.writerow([*cells, *(_cell(row["labels"].get(name)) for name in labels)] if labels else cells)
    return output.getvalue()


def _cell(value: Any) -> str:
    """Return a value as a cell. A text that a spreadsheet would take for a formula gets an apostrophe in front."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        value = " ".join(map(str, value))
    if not isinstance(value, str):
        return str(value)
    text = escaped(value)
    return f"'{text}" if text.startswith(_FORMULA) else text
