"""aiohttp is imported without loading trusted roots, and other code still reads them from the environment."""

import os
import subprocess
import sys

import pytest

PROGRAM = """
import os, sys
import exporter.daemon.lean_aiohttp
from aiohttp import connector
assert connector._SSL_CONTEXT_VERIFIED.get_ca_certs() == []
print(os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"))
"""


@pytest.mark.parametrize("own", [{}, {"SSL_CERT_FILE": "/own/roots.pem"}])
def test_the_environment_is_as_it_was(own):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SSL_CERT")} | own
    done = subprocess.run([sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split() == [own.get("SSL_CERT_FILE", "None"), "None"]
