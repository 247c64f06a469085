"""Caddy: HTTP/3 by quic-go, and HTTPS on the TCP port of the same number."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from support.programs import need
from support.servers.credential import NAME, Credential
from support.servers.process import free_port, serving


@contextlib.contextmanager
def caddy(folder: Path, credential: Credential) -> Iterator[int]:
    program, port, config = need("caddy"), free_port(), folder / "Caddyfile"
    config.write_text(
        f"""{{
  admin off
  auto_https off
  default_sni {NAME}
  storage file_system {folder}
}}
https://:{port} {{
  bind 127.0.0.1
  tls {credential.certificate} {credential.key}
  header Strict-Transport-Security "max-age=31536000; includeSubDomains"
  respond "hello"
}}
"""
    )
    home = {"HOME": str(folder), "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
    command = [program, "run", "--config", str(config), "--adapter", "caddyfile"]
    with serving(command, folder, port, environment=home):
        yield port
