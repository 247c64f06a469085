"""Chromium as a client: which chains it accepts, by live connections to Go servers, with its own store of roots."""

import asyncio
import json
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from playwright.async_api import Error, async_playwright

_ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--host-resolver-rules=MAP * 127.0.0.1")
_PAGES = 4


def make_store(home: Path, roots: Sequence[Path], certutil: str) -> None:
    """Make the store of a home directory trust roots (Chromium reads ~/.pki/nssdb on Linux)."""
    store = home / ".pki" / "nssdb"
    store.mkdir(parents=True)
    subprocess.run([certutil, "-N", "-d", f"sql:{store}", "--empty-password"], check=True)
    for root in roots:
        arguments = ["-A", "-d", f"sql:{store}", "-n", root.stem, "-t", "C,,", "-i", str(root)]
        subprocess.run([certutil, *arguments], check=False)  # a root that NSS cannot read is none


@contextmanager
def serving(server: Path, queries: Sequence[dict[str, object]]) -> Iterator[list[int]]:
    """Serve chains by the Go program; yield their ports, 0 for a key that Go cannot use."""
    lines = "".join(json.dumps(query) + "\n" for query in queries)
    with subprocess.Popen([server, "serve"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        process.stdin.write(lines)
        process.stdin.flush()
        yield [int(process.stdout.readline()) for _ in queries]
        process.kill()


async def visit(program: str, home: Path, addresses: Sequence[str]) -> list[str]:
    """Return for each address "" if the browser accepted the certificate, else its error (ERR_...)."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=program, args=list(_ARGUMENTS), env={"HOME": str(home)}
        )
        context = await browser.new_context()
        turns = asyncio.Semaphore(_PAGES)

        async def visited(address: str) -> str:
            async with turns:
                page = await context.new_page()  # one each: an error page is loaded late, and ends the next visit
                try:
                    await page.goto(address, timeout=20_000, wait_until="commit")
                except Error as error:
                    return str(error).partition("net::")[2].split(" ")[0] or str(error)[:100]
                finally:
                    await page.close()
                return ""

        found = await asyncio.gather(*map(visited, addresses))
        await browser.close()
    return found
