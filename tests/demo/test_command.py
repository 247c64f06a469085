"""The demo's welcome: addresses that a browser can open, and a command that can be pasted."""

import pytest

from exporter.demo.command import _program, banner
from exporter.demo.gallery import Gallery
from exporter.demo.scenarios import SCENARIOS


@pytest.mark.parametrize(
    ("address", "url"),
    [
        ("127.0.0.1:10054", "http://127.0.0.1:10054/x/metrics"),
        ("0.0.0.0:10054", "http://localhost:10054/x/metrics"),
        ("[::]:10054", "http://localhost:10054/x/metrics"),
        ("[::1]:10054", "http://[::1]:10054/x/metrics"),
    ],
)
def test_the_banner_names_addresses_that_can_be_opened(address, url):
    with Gallery([scenario for scenario in SCENARIOS if scenario.name == "expired"]) as gallery:
        text = banner(gallery, [address], "/x/", "/x/metrics")
        assert f" {url}\n" in text
        assert f"tls-exporter probe {gallery.targets['expired']} --ca-file " in text
        assert str(gallery.config_file) in text


@pytest.mark.parametrize(
    ("called", "program"),
    [
        (".venv/bin/tls-exporter", ".venv/bin/tls-exporter"),
        ("/opt/tls-exporter/bin/tls-exporter", "/opt/tls-exporter/bin/tls-exporter"),
        ("/src/exporter/__main__.py", "tls-exporter"),
    ],
)
def test_the_command_is_the_one_that_was_called(called, program):
    """After `make demo` it is not on the path."""
    assert _program(called) == program
