"""What every test shares: what is under the tests is told in the header, a missing server is a failure in CI."""

import os
import shutil

import pytest
from OpenSSL import SSL


def pytest_report_header():
    """Say which OpenSSL makes the handshakes."""
    return f"OpenSSL: {SSL.SSLeay_version(SSL.SSLEAY_VERSION).decode()}"


def pytest_addoption(parser):
    parser.addoption("--accept", action="store_true", help="write what was seen into the golden files")


def pytest_runtest_setup(item):
    """Skip a test whose server program is missing, with its name; in CI that is a failure."""
    for mark in item.iter_markers("server"):
        for name in mark.args:
            if shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin") is None:
                missing = f"{name} is not installed"
                if os.environ.get("CI") == "true":
                    pytest.fail(missing)
                pytest.skip(missing)
