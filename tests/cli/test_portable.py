"""The command and a probe need no Linux: without epoll, the portable watcher does its work."""

import asyncio
import sys

import pytest

from tests.support.pki import intermediate, leaf, root
from tests.support.tls_server import presenting

PROGRAM = """
import sys
sys.modules["exporter.net.epoll"] = None  # as on a system without epoll(7): importing it fails
from exporter.__main__ import main
main()
"""


async def probed(*arguments):
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PROGRAM, "probe", *arguments, stdout=asyncio.subprocess.PIPE
    )
    output, _ = await process.communicate()
    return process.returncode, output.decode()


@pytest.mark.parametrize("arguments", [(), ("--posture",)])
async def test_a_probe_without_epoll(arguments):
    top = root()
    issuer = intermediate(top)
    async with presenting([leaf(issuer), issuer]) as port:
        status, text = await probed(f"127.0.0.1:{port}", *arguments)
    assert status == 3  # the root is not trusted
    assert "TLSv1.3" in text


async def test_a_closed_port_without_epoll():
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    status, text = await probed(f"127.0.0.1:{port}")
    assert status == 1
    assert "refused" in text
