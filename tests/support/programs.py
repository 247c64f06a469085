"""Programs that a test needs: their path, or a skip that says which one is missing. In CI a missing one fails."""

import os
import shutil
import subprocess

import pytest

DEBIAN = {  # the package of a program, where it is not the program's own name
    "amtool": "prometheus-alertmanager",
    "apache2": "apache2-bin",
    "cc": "gcc libwolfssl-dev",
    "danted": "dante-server",
    "dovecot": "dovecot-imapd dovecot-pop3d dovecot-lmtpd dovecot-managesieved",
    "escript": "erlang-ssl",
    "gnutls-serv": "gnutls-bin",
    "ip": "iproute2",
    "java": "default-jdk-headless",
    "javac": "default-jdk-headless",
    "mariadbd": "mariadb-server-core",
    "nginx": "nginx-light",
    "nghttpd": "nghttp2-server",
    "node": "nodejs",
    "perl": "libio-socket-ssl-perl",
    "php": "php-cli",
    "promtool": "prometheus",
    "selfserv": "libnss3-tools",
    "systemd-analyze": "systemd",
}


def need(*names: str) -> str:
    """Return the path of the first of these programs that is installed."""
    path = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
    for name in names:
        if found := shutil.which(name, path=path):
            return found
    return missing(f"{' or '.join(names)} is not installed (Debian: apt-get install {DEBIAN.get(names[0], names[0])})")


def missing(reason: str) -> str:
    """Skip the test, or fail it in CI, where everything must be there."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"in CI this must be there: {reason}")
    pytest.skip(reason)


def run(*command: str, timeout: float = 120, **options: object) -> str:
    """Run a program to its end and return what it printed; fail with that if it does not exit with 0."""
    done = subprocess.run(  # type: ignore[call-overload]
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=timeout, check=False, **options
    )
    assert done.returncode == 0, f"{' '.join(command)} exited with {done.returncode}:\n{done.stdout}"
    return done.stdout
