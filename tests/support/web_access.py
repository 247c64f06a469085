"""A real server behind a web configuration, with certificates for it and its clients."""

import asyncio
import base64
import json
import ssl

import bcrypt
from aiohttp import web
from cryptography.x509.oid import ExtendedKeyUsageOID

from tests.support import pki

HASH = bcrypt.hashpw(b"engine", bcrypt.gensalt(4)).decode()
ROOT = pki.root()
PAGE = "the metrics\n"


def write(path, data):
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return path


def issue(tmp_path, name, *, names=("localhost",), client=False, issuer=ROOT):
    usage = ExtendedKeyUsageOID.CLIENT_AUTH if client else ExtendedKeyUsageOID.SERVER_AUTH
    alternative = pki.alternative_names(*map(pki.dns, names), pki.ip("::1" if client else "127.0.0.1"))
    leaf = pki.leaf(issuer, eku=pki.extended_key_usage(usage), san=alternative)
    write(tmp_path / f"{name}.pem", leaf.pem)
    write(tmp_path / f"{name}.key", pki.key_pem(leaf.key))
    return leaf


def config_file(tmp_path, **sections):
    return write(tmp_path / "web.yml", json.dumps(sections))


class Server:
    """An application behind a web configuration."""

    def __init__(self, config):
        self.config = config
        self.handled = 0

    async def start(self):
        async def page(_):
            self.handled += 1
            return web.Response(text=PAGE)

        app = web.Application()
        app.router.add_get("/metrics", page)
        self.config.install(app)
        self.runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await self.runner.setup()
        site = web.TCPSite(self.runner, "127.0.0.1", 0, ssl_context=self.config.ssl_context)
        await site.start()
        self.port = self.runner.addresses[0][1]
        scheme = "https" if self.config.ssl_context else "http"
        self.url = f"{scheme}://127.0.0.1:{self.port}/metrics"


def trusting(certificate=None, maximum=None):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=ROOT.pem.decode())
    if certificate:
        context.load_cert_chain(f"{certificate}.pem", f"{certificate}.key")
    if maximum:
        context.maximum_version = maximum
    return context


def credentials(password):
    if password is None:
        return {}
    return {"Authorization": "Basic " + base64.b64encode(f"ada:{password}".encode()).decode()}


async def status(client, server, password=None, **options):
    async with client.get(server.url, headers=credentials(password), **options) as response:
        await response.read()
        return response.status


async def presented(server):
    """Return the certificate that a new connection is shown."""
    _, writer = await asyncio.open_connection("127.0.0.1", server.port, ssl=trusting(), server_hostname="localhost")
    certificate = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    writer.close()
    await writer.wait_closed()
    return certificate
