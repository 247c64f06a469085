"""The server under test: nginx with one worker, a port for each kind of chain and version, on many loopback addresses.

Many addresses, because both exporters are used on many hosts, and ours opens few connections to one address at once.
"""

import os
import pwd
import shutil
import socket
from pathlib import Path

from bench.pki import Chain
from bench.process import Child

ADDRESSES = tuple(f"127.0.{high}.{low}" for high in range(2) for low in range(1, 51))
PROTOCOLS = {"1.2": "TLSv1.2", "1.3": "TLSv1.3"}

_CONFIGURATION = """\
daemon off;
worker_processes 1;
user {user};
pid {folder}/nginx.pid;
error_log {folder}/nginx-error.log crit;
worker_rlimit_nofile 16384;
events {{ worker_connections 8192; }}
http {{
    access_log off;
    client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
    uwsgi_temp_path {folder}; scgi_temp_path {folder};
    {servers}
}}
"""
_SERVER = """
    server {{
        {listens}
        server_name _;
        ssl_certificate {chain.chain};
        ssl_certificate_key {chain.key};
        ssl_protocols {protocol};
        add_header Strict-Transport-Security "max-age=31536000" always;
        location / {{ return 200 "ok"; }}
    }}
"""


def start_nginx(ports: dict[tuple[str, str], int], chains: dict[str, Chain], folder: Path) -> Child:
    """Start nginx; `ports` are by kind of chain and TLS version."""
    program = shutil.which("nginx") or "/usr/sbin/nginx"
    servers = "".join(
        _SERVER.format(
            listens="\n        ".join(f"listen {address}:{port} ssl backlog=1024;" for address in ADDRESSES),
            chain=chains[kind],
            protocol=PROTOCOLS[version],
        )
        for (kind, version), port in ports.items()
    )
    path = folder / "nginx.conf"
    path.write_text(
        _CONFIGURATION.format(folder=folder, servers=servers, user=pwd.getpwuid(os.getuid()).pw_name), encoding="utf-8"
    )
    return Child(
        [program, "-c", str(path), "-p", str(folder), "-e", str(folder / "nginx-start.log")], folder / "nginx.log"
    )


def target_names(port: int, count: int) -> list[str]:
    """Return targets with distinct names that need no resolver, spread over the server's addresses."""
    return [f"https://{ADDRESSES[index % len(ADDRESSES)]}:{port}/{index}" for index in range(count)]


def free_port() -> int:
    """Return a port that was free a moment ago."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
