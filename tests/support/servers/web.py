"""nginx and `openssl s_server` with a certificate from the gallery's infrastructure."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from support.programs import need
from support.servers.process import free_port, serving

from exporter.demo.pki import Credential

_NGINX = """
daemon off; master_process off; pid {folder}/nginx.pid; error_log stderr warn;
events {{ worker_connections 64; }}
http {{
  access_log off;
  client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
  uwsgi_temp_path {folder}; scgi_temp_path {folder};
  server {{
    listen 127.0.0.1:{port} ssl;
    ssl_certificate {files.whole}; ssl_certificate_key {files.key};
    {extra}
    location / {{ return 200 "hello"; }}
  }}
}}
"""


@dataclass(frozen=True, slots=True)
class Files:
    """A certificate, what follows it, both, and the key."""

    leaf: Path
    chain: Path
    whole: Path
    key: Path


def write_files(folder: Path, leaf: Credential, *chain: Credential) -> Files:
    files = Files(*(folder / name for name in ("leaf.pem", "chain.pem", "whole.pem", "key.pem")))
    following = b"".join(credential.pem for credential in chain)
    contents = leaf.pem, following, leaf.pem + following, leaf.key_pem
    for path, content in zip((files.leaf, files.chain, files.whole, files.key), contents, strict=True):
        path.write_bytes(content)
    return files


@contextlib.contextmanager
def nginx(folder: Path, files: Files, extra: str = "") -> Iterator[int]:
    """Run nginx; yield its port."""
    port = free_port()
    config = folder / "nginx.conf"
    config.write_text(_NGINX.format(folder=folder, port=port, files=files, extra=extra), encoding="utf-8")
    with serving([need("nginx"), "-c", str(config), "-p", str(folder)], folder, port):
        yield port


@contextlib.contextmanager
def openssl_s_server(folder: Path, files: Files, *options: str) -> Iterator[int]:
    """Run `openssl s_server`; yield its port."""
    port = free_port()
    command = [need("openssl"), "s_server", "-accept", f"127.0.0.1:{port}", "-cert", str(files.leaf)]
    command += ["-cert_chain", str(files.chain), "-key", str(files.key), "-www", *options]
    with serving(command, folder, port):
        yield port
