"""What every test shares: the header names the OpenSSL in use, and a missing server is a failure in CI."""

from OpenSSL import SSL
from support.programs import need


def pytest_report_header():
    """Say which OpenSSL makes the handshakes."""
    return f"OpenSSL: {SSL.SSLeay_version(SSL.SSLEAY_VERSION).decode()}"


def pytest_addoption(parser):
    parser.addoption("--accept", action="store_true", help="write what was seen into the golden files")


def pytest_runtest_setup(item):
    """Skip a test whose server program is missing, with the name of its package; in CI that is a failure."""
    for mark in item.iter_markers("server"):
        for name in mark.args:
            need(name)
