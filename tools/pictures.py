"""Take the pictures of the README that are no pages of the exporter: the command `probe`, and the overview dashboard.

`probe` is shown as a terminal shows it. The dashboard is drawn from its JSON: every panel with the answer that a real
Prometheus, which scrapes the gallery, gives to its queries. Needs Debian's prometheus and chromium.
"""

# ruff: noqa: E501 - HTML and CSS in lines of their own length

import html
import io
import json
import math
import re
import sys
import time
from contextlib import redirect_stdout
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from playwright.sync_api import sync_playwright  # noqa: E402
from support.alerting import alertmanager, prometheus, receiving  # noqa: E402
from support.exporter_process import running_exporter  # noqa: E402

from exporter.cli.flags import parse  # noqa: E402
from exporter.cli.probe import probe_once  # noqa: E402
from exporter.demo.gallery import Gallery  # noqa: E402

PICTURES = ROOT / "docs" / "pictures"
WATCHED_SECONDS = 90
COLOURS = ("#5794f2", "#73bf69", "#fade2a", "#ff9830", "#f2495c", "#b877d9", "#8ab8ff", "#96d98d")
NAMED = {"green": "#73bf69", "yellow": "#fade2a", "orange": "#ff9830", "red": "#f2495c", "blue": "#5794f2"}
ANSI = {
    "1;31": "#ff6b6b;font-weight:bold",
    "31": "#ff6b6b",
    "32": "#8bd17c",
    "33": "#e5c07b",
    "36": "#6cc3d5",
    "2": "#8a919c",
    "1": "#fff;font-weight:bold",
}
STYLE = """
body{margin:0;background:#111217;color:#ccccdc;font:13px sans-serif;width:1400px}
.row{padding:10px 12px 0;font-size:15px}.grid{display:grid;grid-template-columns:repeat(24,1fr);gap:8px;padding:8px 12px}
.panel{background:#181b1f;border:1px solid #2c3036;border-radius:3px;padding:8px;overflow:hidden;min-height:70px}
h3{margin:0 0 6px;font-size:13px;font-weight:600}.big{font-size:34px;text-align:center;padding-top:8px}
.bar{display:flex;gap:8px;align-items:center;margin:3px 0}.bar b{width:46%;font-weight:400;text-align:right;white-space:nowrap;overflow:hidden}
.bar i{display:block;height:13px}.bar u{text-decoration:none}table{width:100%;border-collapse:collapse}td,th{text-align:left;padding:2px 6px;border-bottom:1px solid #2c3036}
.legend span{display:block}.pie{display:flex;gap:12px;align-items:center}pre{margin:0;padding:18px;background:#14171c;font:14px monospace}
"""


def main() -> int:
    """Take both pictures."""
    with TemporaryDirectory() as folder, Gallery() as gallery:
        terminal, dashboard = _terminal(gallery), _dashboard(gallery, Path(folder))
    with sync_playwright() as player:
        browser = player.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1400, "height": 900})
        _take(page, terminal, PICTURES / "probe.png", "pre")
        _take(page, dashboard, PICTURES / "overview.png", "body")
        browser.close()
    return 0


def _take(page: Any, body: str, path: Path, selector: str) -> None:
    page.set_content(f"<style>{STYLE}</style>{body}")
    page.locator(selector).screenshot(path=str(path))


def _terminal(gallery: Gallery) -> str:
    words = ["probe", "--config.file", str(gallery.config_file), gallery.targets["expired"]]
    with redirect_stdout(io.StringIO()):
        text, _ = probe_once(parse(words), colour=True)
    shown = html.escape(
        f"$ tls-exporter probe shop.example.com\n{text}".replace(
            gallery.targets["expired"], "shop.example.com"
        ).replace("localhost", "shop.example.com")
    )
    shown = re.sub(
        "\x1b\\[([0-9;]+)m",
        lambda code: "</span>" if code[1] == "0" else f'<span style="color:{ANSI[code[1]]}">',
        shown,
    )
    return f"<pre>{shown}</pre>"


def _dashboard(gallery: Gallery, folder: Path) -> str:
    model = json.loads((ROOT / "mixin" / "dashboards" / "tls-overview.json").read_text())
    rules = [ROOT / "mixin" / "rules.yaml"]
    with (
        receiving() as receiver,
        alertmanager(folder, receiver) as manager,
        running_exporter(config_file=gallery.config_file) as exporter,
        prometheus(folder, exporter.address, manager, rules) as server,
    ):
        time.sleep(WATCHED_SECONDS)
        parts, cells = [], []
        for panel in model["panels"]:
            if panel["type"] == "row":
                parts.append(_grid(cells))
                cells = []
                parts.append(f'<div class="row">{html.escape(panel["title"])}</div>')
                continue
            cells.append((panel["gridPos"]["w"], f"<h3>{html.escape(panel['title'])}</h3>{_drawn(panel, server)}"))
    text = "".join(parts[:13])  # what fits on a screen
    for scenario, target in gallery.targets.items():
        text = text.replace(target, f"{scenario}.example.com:443")
    return text


def _grid(cells: list[tuple[int, str]]) -> str:
    inner = "".join(f'<div class="panel" style="grid-column:span {width}">{text}</div>' for width, text in cells)
    return f'<div class="grid">{inner}</div>' if cells else ""


def _drawn(panel: dict[str, Any], server: Any) -> str:
    answers = []
    for one in panel["targets"]:
        expression = re.sub(r"\$(job|instance|module)", ".+", one["expr"]).replace("$__rate_interval", "30s")
        for labels, value in server.query(expression):
            answers.append((_legend(one["legendFormat"], labels), labels, value))
    steps = panel["fieldConfig"]["defaults"]["thresholds"]["steps"]
    unit = panel["fieldConfig"]["defaults"]["unit"]
    kind = panel["type"]
    if kind == "stat":
        value = answers[0][2] if answers else 0.0
        return f'<div class="big" style="color:{_colour(steps, value)}">{_number(value, unit)}</div>'
    if kind in ("bargauge", "timeseries"):
        return _bars(answers[:10], steps if kind == "bargauge" else None, unit)
    if kind == "piechart":
        return _pie(answers)
    rows = "".join(
        f"<tr><td>{html.escape(labels.get('target', ''))}</td><td>{html.escape(labels.get('module', ''))}</td>"
        f"<td>{_number(value, 'dtdurations')}</td></tr>"
        for _, labels, value in answers[:9]
    )
    return f"<table><tr><th>Target</th><th>Module</th><th>Time left</th></tr>{rows}</table>"


def _legend(pattern: str, labels: dict[str, str]) -> str:
    if pattern == "__auto":
        return ", ".join(f"{value}" for name, value in labels.items() if name != "__name__")
    return re.sub(r"\{\{(\w+)\}\}", lambda name: labels.get(name[1], ""), pattern)


def _colour(steps: list[dict[str, Any]], value: float) -> str:
    return NAMED[[step["color"] for step in steps if step["value"] is None or value >= step["value"]][-1]]


def _number(value: float, unit: str) -> str:
    if unit == "percentunit":
        return f"{value:.0%}"
    if unit == "dtdurations":
        return f"{value / 86400:.1f} days"
    return f"{value:.3g}" if value % 1 else f"{value:.0f}"


def _bars(answers: list[tuple[str, Any, float]], steps: list[dict[str, Any]] | None, unit: str) -> str:
    most = max((value for *_, value in answers), default=1) or 1
    text = ""
    for index, (name, _, value) in enumerate(answers):
        colour = _colour(steps, value) if steps else COLOURS[index % len(COLOURS)]
        width = max(1, 40 * value / most)
        text += f'<div class="bar"><b>{html.escape(name)}</b><i style="width:{width:.0f}%;background:{colour}"></i><u>{_number(value, unit)}</u></div>'
    return text


def _pie(answers: list[tuple[str, Any, float]]) -> str:
    answers = sorted(answers, key=lambda one: -one[2])[:8]
    whole = sum(value for *_, value in answers) or 1
    at, slices, legend = 0.0, "", ""
    for index, (name, _, value) in enumerate(answers):
        length = 2 * math.pi * 40 * value / whole
        colour = COLOURS[index % len(COLOURS)]
        slices += f'<circle r="40" cx="60" cy="60" fill="none" stroke="{colour}" stroke-width="22" stroke-dasharray="{length} 999" stroke-dashoffset="{-at}"/>'
        legend += f'<span><font color="{colour}">■</font> {html.escape(name)} {value:.0f}</span>'
        at += length
    return f'<div class="pie"><svg width="120" height="120">{slices}</svg><div class="legend">{legend}</div></div>'


if __name__ == "__main__":
    sys.exit(main())
