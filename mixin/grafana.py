"""The parts that a Grafana dashboard is made of, as the JSON model of schemaVersion 41 wants them.

Plain dictionaries out; no query is written here. Every panel has a unit and a description, or it cannot be made.
"""

# ruff: noqa: INP001 - a folder of scripts, not a package

from typing import Any

Json = dict[str, Any]

SCHEMA_VERSION = 41
DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
RUNBOOKS = "http://localhost:10054/runbooks"
"""Where the exporter serves its runbooks, as a browser reaches it: the variable `runbooks` of every dashboard."""
GREEN, YELLOW, ORANGE, RED, BLUE = "green", "yellow", "orange", "red", "blue"


def query(expression: str, legend: str = "", *, ref: str = "A", table: bool = False, instant: bool = False) -> Json:
    """Return one Prometheus query of a panel; a table is always instant."""
    return {
        "refId": ref,
        "datasource": DATASOURCE,
        "editorMode": "code",
        "expr": expression,
        "legendFormat": legend or "__auto",
        "format": "table" if table else "time_series",
        "instant": instant or table,
        "range": not (instant or table),
    }


def thresholds(*steps: tuple[float | None, str]) -> Json:
    """Return absolute thresholds; the first step has no value."""
    return {"mode": "absolute", "steps": [{"value": value, "color": color} for value, color in steps]}


def _panel(kind: str, title: str, description: str, unit: str, targets: list[Json], **more: Any) -> Json:
    defaults = {"unit": unit, **more.pop("defaults", {})}
    defaults.setdefault("color", {"mode": "thresholds"})
    defaults.setdefault("thresholds", thresholds((None, GREEN)))
    defaults.setdefault("mappings", [])
    return {
        "type": kind,
        "title": title,
        "description": description,
        "datasource": DATASOURCE,
        "targets": targets,
        "fieldConfig": {"defaults": defaults, "overrides": more.pop("overrides", [])},
        **more,
    }


def _reduced(calculation: str = "lastNotNull") -> Json:
    return {"calcs": [calculation], "fields": "", "values": False}


def stat(
    title: str,
    description: str,
    unit: str,
    target: Json,
    steps: Json,
    *,
    mappings: tuple[Json, ...] = (),
    name: bool = False,
) -> Json:
    """Return one big figure; `name` shows the series' name in its place."""
    options = {
        "colorMode": "background",
        "graphMode": "none",
        "justifyMode": "auto",
        "orientation": "auto",
        "reduceOptions": _reduced(),
        "showPercentChange": False,
        "percentChangeColorMode": "standard",
        "textMode": "name" if name else "auto",
        "wideLayout": True,
    }
    defaults = {"thresholds": steps, "mappings": list(mappings)}
    return _panel("stat", title, description, unit, [target], defaults=defaults, options=options)


def timeseries(title: str, description: str, unit: str, targets: list[Json], *, stacked: bool = False) -> Json:
    """Return lines, or areas on top of each other."""
    custom = {
        "drawStyle": "line",
        "lineInterpolation": "stepAfter" if stacked else "linear",
        "lineWidth": 1,
        "fillOpacity": 40 if stacked else 10,
        "showPoints": "never",
        "spanNulls": False,
        "stacking": {"group": "A", "mode": "normal" if stacked else "none"},
    }
    options = {
        "legend": {"calcs": [], "displayMode": "list", "placement": "bottom", "showLegend": True},
        "tooltip": {"mode": "multi", "sort": "desc"},
    }
    defaults = {"custom": custom, "color": {"mode": "palette-classic"}, "min": 0}
    return _panel("timeseries", title, description, unit, targets, defaults=defaults, options=options)


def bars(
    title: str,
    description: str,
    unit: str,
    target: Json | list[Json],
    steps: Json,
    links: tuple[Json, ...] = (),
    **defaults: Any,
) -> Json:
    """Return horizontal bars, one for each series."""
    options = {
        "displayMode": "basic",
        "maxVizHeight": 300,
        "minVizHeight": 16,
        "minVizWidth": 8,
        "namePlacement": "auto",
        "orientation": "horizontal",
        "reduceOptions": _reduced(),
        "showUnfilled": True,
        "sizing": "auto",
        "valueMode": "color",
        "legend": {"calcs": [], "displayMode": "list", "placement": "bottom", "showLegend": False},
    }
    fields = {"thresholds": steps, "min": 0, "links": list(links), **defaults}
    targets = target if isinstance(target, list) else [target]
    return _panel("bargauge", title, description, unit, targets, defaults=fields, options=options)


def pie(title: str, description: str, target: Json) -> Json:
    """Return shares of a whole, counted in targets."""
    options = {
        "displayLabels": ["percent"],
        "legend": {
            "displayMode": "table",
            "placement": "right",
            "showLegend": True,
            "values": ["value"],
            "calcs": [],
        },
        "pieType": "donut",
        "reduceOptions": _reduced(),
        "sort": "desc",
        "tooltip": {"mode": "single", "sort": "none"},
    }
    defaults = {
        "color": {"mode": "palette-classic"},
        "custom": {"hideFrom": {"legend": False, "tooltip": False, "viz": False}},
    }
    return _panel("piechart", title, description, "short", [target], defaults=defaults, options=options)


def timeline(title: str, description: str, target: Json, mappings: tuple[Json, ...]) -> Json:
    """Return states over time, one row for each series."""
    options = {
        "alignValue": "left",
        "legend": {"calcs": [], "displayMode": "list", "placement": "bottom", "showLegend": False},
        "mergeValues": True,
        "rowHeight": 0.9,
        "showValue": "auto",
        "tooltip": {"mode": "single", "sort": "none"},
    }
    defaults = {"custom": {"fillOpacity": 70, "lineWidth": 0}, "mappings": list(mappings)}
    return _panel("state-timeline", title, description, "short", [target], defaults=defaults, options=options)


def table(title: str, description: str, targets: list[Json], columns: dict[str, str], **fields: Json) -> Json:
    """Return a table with these columns, renamed and in this order; `fields` sets properties of one.

    Everything else that the query returns is hidden.
    """
    keep = {"id": "filterFieldsByName", "options": {"include": {"names": list(columns)}}}
    order = {name: index for index, name in enumerate(columns)}
    organize = {"id": "organize", "options": {"excludeByName": {}, "indexByName": order, "renameByName": columns}}
    merge = [{"id": "merge", "options": {}}] if len(targets) > 1 else []
    overrides = [
        {
            "matcher": {"id": "byName", "options": columns[name]},
            "properties": [{"id": key, "value": value} for key, value in properties.items()],
        }
        for name, properties in fields.items()
    ]
    options = {
        "cellHeight": "sm",
        "frameIndex": 0,
        "showHeader": True,
    }
    custom = {"align": "auto", "cellOptions": {"type": "auto"}, "filterable": True, "inspect": False}
    return _panel(
        "table",
        title,
        description,
        "short",
        targets,
        defaults={"custom": custom},
        overrides=overrides,
        options=options,
        transformations=[*merge, keep, organize],
    )


def value_map(*entries: tuple[int, str, str]) -> tuple[Json, ...]:
    """Return a mapping of values to texts and colours."""
    options = {
        str(value): {"text": text, "color": color, "index": index} for index, (value, text, color) in enumerate(entries)
    }
    return ({"type": "value", "options": options},)


def link(title: str, url: str) -> Json:
    """Return a link from a value to elsewhere."""
    return {"title": title, "url": url, "targetBlank": False}


def variable(name: str, label: str, metric: str, *, multi: bool = True) -> Json:
    """Return a variable of the dashboard: the values of a label of this metric."""
    expression = f"label_values({metric}, {name})"
    return {
        "type": "query",
        "name": name,
        "label": label,
        "datasource": DATASOURCE,
        "query": {"query": expression, "refId": "PrometheusVariableQueryEditor-VariableQuery", "qryType": 1},
        "refresh": 2,
        "regex": "",
        "sort": 1,
        "hide": 0,
        "skipUrlSync": False,
        "multi": multi,
        "includeAll": multi,
        "options": [],
        **({"allValue": ".+", "current": {"selected": True, "text": "All", "value": "$__all"}} if multi else {}),
    }


def filters() -> Json:
    """Return a variable that narrows every query by any label, as the users' own."""
    return {
        "type": "adhoc",
        "name": "filters",
        "label": "Labels",
        "datasource": DATASOURCE,
        "hide": 0,
        "skipUrlSync": False,
    }


def _runbooks_variable() -> Json:
    return {
        "type": "textbox",
        "name": "runbooks",
        "label": "Runbooks",
        "query": RUNBOOKS,
        "current": {"selected": True, "text": RUNBOOKS, "value": RUNBOOKS},
        "options": [{"selected": True, "text": RUNBOOKS, "value": RUNBOOKS}],
        "hide": 2,
        "skipUrlSync": False,
    }


def annotation(name: str, expression: str, color: str, text: str) -> Json:
    """Return marks on every graph at the times when an expression has values."""
    return {
        "name": name,
        "datasource": DATASOURCE,
        "enable": True,
        "hide": False,
        "iconColor": color,
        "expr": expression,
        "step": "60s",
        "titleFormat": name,
        "textFormat": text,
        "useValueForTime": False,
    }


def _datasource_variable() -> Json:
    return {
        "type": "datasource",
        "name": "datasource",
        "label": "Data source",
        "query": "prometheus",
        "regex": "",
        "refresh": 1,
        "hide": 0,
        "skipUrlSync": False,
        "multi": False,
        "includeAll": False,
        "options": [],
    }


def row(title: str, height: int, *panels: tuple[int, Json]) -> tuple[str, int, tuple[tuple[int, Json], ...]]:
    """Return a row of panels, each with its width of 24."""
    return title, height, panels


def dashboard(
    uid: str,
    title: str,
    description: str,
    variables: list[Json],
    other: tuple[str, str],
    rows: list[Any],
    annotations: tuple[Json, ...] = (),
) -> Json:
    """Return a whole dashboard; `other` is the uid and title of the one that it links to."""
    panels: list[Json] = []
    y = 0
    for row_title, height, members in rows:
        panels.append(_row(row_title, y))
        y, x = y + 1, 0
        for width, panel in members:
            if x + width > 24:  # noqa: PLR2004 - Grafana's grid
                x, y = 0, y + height
            panels.append({**panel, "gridPos": {"h": height, "w": width, "x": x, "y": y}})
            x += width
        y += height
    for number, panel in enumerate(panels, start=1):
        panel["id"] = number
    return {
        "uid": uid,
        "title": title,
        "description": description,
        "tags": ["tls", "tls-exporter"],
        "schemaVersion": SCHEMA_VERSION,
        "version": 1,
        "editable": False,
        "graphTooltip": 1,
        "refresh": "1m",
        "time": {"from": "now-24h", "to": "now"},
        "timezone": "browser",
        "fiscalYearStartMonth": 0,
        "annotations": {"list": list(annotations)},
        "templating": {"list": [_datasource_variable(), *variables, _runbooks_variable()]},
        "links": [_to(f"/d/{other[0]}", other[1], keep=True), _to("${runbooks}", "Runbooks", keep=False)],
        "panels": panels,
    }


def _row(title: str, y: int) -> Json:
    return {
        "type": "row",
        "title": title,
        "collapsed": False,
        "panels": [],
        "gridPos": {"h": 1, "w": 24, "x": 0, "y": y},
    }


def _to(url: str, title: str, *, keep: bool) -> Json:
    return {
        "type": "link",
        "title": title,
        "url": url,
        "icon": "dashboard" if keep else "doc",
        "tooltip": "",
        "tags": [],
        "asDropdown": False,
        "includeVars": keep,
        "keepTime": keep,
        "targetBlank": not keep,
    }
