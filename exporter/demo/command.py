"""`tls-exporter demo`: the gallery and the exporter that watches it, in one process, until a signal ends both."""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Event, Thread
from typing import TextIO

from exporter.daemon.service import Settings, serve
from exporter.demo.gallery import Gallery
from exporter.demo.scraping import scrape_until


def run_demo(settings: Callable[[str], Settings], output: TextIO = sys.stdout) -> None:
    """Serve the gallery and watch it. `settings` makes the daemon's settings for a configuration file."""
    stop = Event()
    with Gallery(named=True) as gallery:
        chosen = settings(str(gallery.config_file))
        options = chosen.options
        paths = f"{options.route_prefix}/", f"{options.route_prefix}{options.telemetry_path}"

        def started(addresses: Sequence[str]) -> None:
            print(banner(gallery, addresses, *paths, _program(sys.argv[0])), file=output, flush=True)
            Thread(target=scrape_until, args=(stop, _reachable(addresses[0]), paths[1]), daemon=True).start()

        try:
            serve(chosen, started)
        finally:
            stop.set()


def banner(gallery: Gallery, addresses: Sequence[str], page: str, metrics: str, program: str = "tls-exporter") -> str:
    """Return what a person wants to know when the demo has started."""
    url = f"http://{_reachable(addresses[0])}"
    target = gallery.targets["expired"]
    ca_file = gallery.config_file.with_name("root.pem")
    return f"""
  The gallery is open: {len(gallery.scenarios)} endpoints on this machine, good and broken in known ways.

    status page     {url}{page}
    metrics         {url}{metrics}
    configuration   {gallery.config_file}
    one probe       {program} probe {target} --ca-file {ca_file} --server-name localhost

  Ctrl-C ends it, and nothing stays behind.
"""


def _program(called: str) -> str:
    """Return how this program was called, so that a command can be pasted where it is not on the path."""
    return called if Path(called).name == "tls-exporter" else "tls-exporter"


def _reachable(address: str) -> str:
    """Return an address that a browser can open, for one that means every address."""
    host, _, port = address.rpartition(":")
    return f"localhost:{port}" if host in ("0.0.0.0", "[::]", "") else address  # noqa: S104 - only compared
