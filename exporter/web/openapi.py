"""The OpenAPI description of the API, made from its columns. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from exporter import __version__
from exporter.policy import SEVERITIES
from exporter.web.api_columns import SCHEMA_VERSION, Column

_TEXT = {"type": "string"}
_PARAMETERS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "q": ("Words that must all be found: in names, labels, issuers, serial numbers, fingerprints, findings.", _TEXT),
    "show": ("A tab of the page, as `down`, `expiring` or `leaf`.", _TEXT),
    "module": ("The module of the target.", _TEXT),
    "issuer": ("A part of the issuer's name.", _TEXT),
    "fingerprint": ("The beginning of a SHA-256 fingerprint; colons and case do not matter.", _TEXT),
    "serial": ("A whole serial number in hex; colons, case and leading zeros do not matter.", _TEXT),
    "san": ("A part of a subject alternative name.", _TEXT),
    "severity": ("Targets with a finding of this severity, or such findings.", {"type": "string", "enum": SEVERITIES}),
    "finding": ("Targets with this finding, or this finding.", _TEXT),
    "state": ("The state of the target.", _TEXT),
    "week": ("Certificates that end in the week that begins on this Monday.", {"type": "string", "format": "date"}),
    "label": ("`name=value`, or a name alone; may be repeated.", {"type": "array", "items": _TEXT}),
    "sort": ("A column of the page, as `expiry`.", _TEXT),
    "order": ("`desc` turns the order round.", {"type": "string", "enum": ["asc", "desc"]}),
    "format": ("JSON or CSV.", {"type": "string", "enum": ["json", "csv"], "default": "json"}),
}
_SUMMARIES = {
    "targets": "Every target with the worst that is true of it.",
    "certificates": "Each distinct certificate once.",
    "findings": "Every finding on every target, the accepted ones included.",
}


def document(kinds: Mapping[str, Sequence[Column[Any]]]) -> dict[str, Any]:
    """Return the description (OpenAPI 3.1.0), whose schemas are JSON Schema."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "tls-exporter", "version": __version__, "license": {"name": "Apache-2.0"}},
        "servers": [{"url": "../../"}],
        "paths": {f"/api/v1/{kind}": {"get": _operation(kind)} for kind in kinds},
        "components": {"schemas": {kind: _list(kind, columns) for kind, columns in kinds.items()}},
    }


def _operation(kind: str) -> dict[str, Any]:
    content = {
        "application/json": {"schema": {"$ref": f"#/components/schemas/{kind}"}},
        "text/csv": {"schema": {"type": "string"}},
    }
    return {
        "operationId": f"list_{kind}",
        "summary": _SUMMARIES[kind],
        "parameters": [
            {"name": name, "in": "query", "description": text, "schema": dict(schema)}
            for name, (text, schema) in _PARAMETERS.items()
        ],
        "responses": {
            "200": {"description": "What the last scrape saw.", "content": content},
            "400": {"description": "An unknown parameter or format.", "content": {"text/plain": {"schema": _TEXT}}},
        },
    }


def _list(kind: str, columns: Sequence[Column[Any]]) -> dict[str, Any]:
    item = {
        "type": "object",
        "required": [column.name for column in columns],
        "properties": {column.name: {**column.schema, "description": column.help} for column in columns},
        "additionalProperties": False,
    }
    return {
        "type": "object",
        "required": ["schema_version", "generated_at", "count", kind],
        "properties": {
            "schema_version": {"const": SCHEMA_VERSION},
            "generated_at": {"type": "string", "format": "date-time"},
            "count": {"type": "integer"},
            kind: {"type": "array", "items": item},
        },
        "additionalProperties": False,
    }
