"""The life of the process: start, reload, drain, stop, seen from outside."""

import asyncio
import contextlib
import os
import re
import signal
import sys
from contextlib import asynccontextmanager

import pytest
from aiohttp import ClientError, ClientSession, ClientTimeout

from exporter.daemon.listeners import StartError, parse_listen_address
from exporter.daemon.service import Daemon, Settings


@asynccontextmanager
async def exporter(config, *flags):
    """Run the exporter on a configuration file; yield its URL, its process and the lines of its log."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "exporter", f"--config.file={config}", "--web.listen-address=127.0.0.1:0", *flags),
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONWARNINGS": "default"},
    )
    lines = []
    address = asyncio.get_running_loop().create_future()

    async def read():
        async for line in process.stderr:
            lines.append(line.decode())
            found = re.search(r"msg=serving.*addresses=(\S+)", line.decode())
            if found:
                address.set_result(found[1])
        if not address.done():
            address.set_exception(AssertionError("".join(lines)))

    reader = asyncio.create_task(read())
    try:
        async with asyncio.timeout(30):
            yield f"http://{await address}", process, lines
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        await reader


async def get(url, path, method="GET"):
    async with ClientSession() as session, session.request(method, url + path) as response:
        return response.status, await response.text()


async def metric(url, name):
    _, text = await get(url, "/metrics")
    return next(float(line.rpartition(" ")[2]) for line in text.splitlines() if line.startswith(f"{name} "))


async def until(condition):
    async with asyncio.timeout(20):
        while not await condition():
            await asyncio.sleep(0.05)


async def test_a_reload_is_all_or_nothing(tmp_path):
    config = tmp_path / "config.yaml"
    config.write_text("targets:\n  - targets: ['127.0.0.1:1']\n")
    async with exporter(config) as (url, process, lines):
        config.write_text("targets:\n  - targets: ['127.0.0.1:2']\n    modul: tls\n")
        status, text = await get(url, "/-/reload", "POST")
        assert status == 500
        assert f"{config}:3:5: targets[0].modul: unknown key" in text
        assert "did you mean 'module'?" in text
        assert await metric(url, "tls_exporter_config_last_reload_successful") == 0
        assert 'target="127.0.0.1:1"' in (await get(url, "/metrics"))[1]

        config.write_text("targets:\n  - targets: ['127.0.0.1:2']\n")
        process.send_signal(signal.SIGHUP)

        async def reloaded():
            return 'target="127.0.0.1:2"' in (await get(url, "/metrics"))[1]

        await until(reloaded)
        text = (await get(url, "/metrics"))[1]
        assert 'target="127.0.0.1:1"' not in text, "the series of a removed target are gone at the next scrape"
        assert await metric(url, "tls_exporter_config_last_reload_successful") == 1
        assert sum("configuration reloaded" in line for line in lines) == 1


async def test_a_reload_ends_though_nobody_waits_for_it(tmp_path):
    """Half a reload would leave the old configuration in force, and the new one taken for known."""
    config = tmp_path / "config.yaml"
    config.write_text("targets:\n  - targets: ['127.0.0.1:1']\n")
    async with exporter(config) as (url, _, lines):
        many = ", ".join(f"'127.0.0.1:{port}'" for port in range(1, 20_000))  # takes a while to read
        config.write_text(f"targets:\n  - targets: [{many}]\n")
        async with ClientSession(timeout=ClientTimeout(total=0.1)) as session:
            with contextlib.suppress(TimeoutError):  # a fast machine may have answered by then
                await session.post(url + "/-/reload")

        async def reloaded():
            return any("targets=19999" in line for line in lines)

        await until(reloaded)


async def test_changed_files_are_read_without_being_asked(tmp_path):
    (tmp_path / "targets").mkdir()
    found = tmp_path / "targets" / "a.json"
    found.write_text('[{"targets": ["127.0.0.1:3"]}]')
    config = tmp_path / "config.yaml"
    config.write_text("target_files: ['targets/*.json']\n")
    async with exporter(config) as (url, _, _):
        assert 'target="127.0.0.1:3"' in (await get(url, "/metrics"))[1]
        found.write_text('[{"targets": ["127.0.0.1:4"]}]')

        async def followed():
            return 'target="127.0.0.1:4"' in (await get(url, "/metrics"))[1]

        await until(followed)
        found.write_text('[{"targets": ')

        async def reported():
            return await metric(url, "tls_exporter_target_file_errors") == 1

        await until(reported)
        assert 'target="127.0.0.1:4"' in (await get(url, "/metrics"))[1], "the last good targets stay"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_lets_the_scrape_in_flight_end(tmp_path, number):
    asked, drained = asyncio.Event(), asyncio.Event()

    async def slow(reader, writer):
        await reader.read(10)
        asked.set()
        await drained.wait()
        writer.close()

    server = await asyncio.start_server(slow, "127.0.0.1", 0)
    config = tmp_path / "config.yaml"
    config.write_text(f"targets:\n  - targets: ['127.0.0.1:{server.sockets[0].getsockname()[1]}']\n")
    async with exporter(config) as (url, process, lines):
        scrape = asyncio.create_task(get(url, "/metrics"))
        await asked.wait()
        process.send_signal(number)

        async def draining():
            return any("draining" in line for line in lines)

        await until(draining)
        drained.set()
        status, text = await scrape
        assert status == 200
        assert 'reason="closed"' in text
        assert await process.wait() == 0
        assert not [line for line in lines if "Warning" in line or "Traceback" in line]
    server.close()


async def test_a_scrape_that_takes_too_long_is_not_waited_for(tmp_path):
    """The service manager kills the exporter when it has not stopped in time."""
    asked, addresses = asyncio.Event(), asyncio.get_running_loop().create_future()

    async def mute(reader, writer):
        asked.set()
        await reader.read()
        writer.close()

    server = await asyncio.start_server(mute, "127.0.0.1", 0)
    config = tmp_path / "config.yaml"
    config.write_text(f"targets:\n  - targets: ['127.0.0.1:{server.sockets[0].getsockname()[1]}']\n")
    daemon = Daemon(Settings(str(config), ("127.0.0.1:0",), drain_seconds=1), addresses.set_result)
    running = asyncio.create_task(daemon.run())
    scrape = asyncio.create_task(get(f"http://{(await addresses)[0]}", "/metrics"))
    await asked.wait()
    daemon._stop.set()
    await running  # the peer never answers: without a bound on draining this would wait for the scrape's deadline
    with pytest.raises(ClientError):
        await scrape
    server.close()


async def test_it_does_not_start_with_a_bad_configuration(tmp_path):
    config = tmp_path / "config.yaml"
    config.write_text("targetz: []\n")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "exporter", f"--config.file={config}"), stderr=asyncio.subprocess.PIPE
    )
    _, text = await process.communicate()
    assert process.returncode == 1
    assert f"{config}:1:1: targetz: unknown key, did you mean 'targets'?" in text.decode()


@pytest.mark.parametrize(
    ("text", "address"),
    [
        (":10054", (None, 10054)),
        ("127.0.0.1:0", ("127.0.0.1", 0)),
        ("[::1]:443", ("::1", 443)),
        ("a.example:1", ("a.example", 1)),
    ],
)
def test_listen_addresses(text, address):
    assert parse_listen_address(text) == address


@pytest.mark.parametrize("text", ["", "10054", "host", "host:", "host:port", ":65536", ":-1"])
def test_a_bad_listen_address_is_refused(text):
    with pytest.raises(StartError, match="write host:port or :port"):
        parse_listen_address(text)
