"""Chromium as a client: which chains it accepts, by live connections to Go servers, with its own store of roots."""

import json
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import sync_playwright

_ARGUMENTS = (
    *("--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--host-resolver-rules=MAP * 127.0.0.1"),
    "--disable-features=LocalNetworkAccessChecks,BlockInsecurePrivateNetworkRequests",
)
_FETCH_ALL = """async addresses => {
  const found = [];
  for (let at = 0; at < addresses.length; at += 16)
    found.push(...await Promise.all(addresses.slice(at, at + 16).map(address =>
      fetch(address, {mode: "no-cors", signal: AbortSignal.timeout(10000)}).then(() => true, () => false))));
  return found;
}"""


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


def accepts(program: str, home: Path, addresses: Sequence[str]) -> list[bool]:
    """Return for each address whether the browser accepts the certificate that is served there.

    The requests are made by a page's script: an error page for each refused one would take seconds.
    """
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(_ARGUMENTS), env={"HOME": str(home)})
        page = browser.new_page()
        found: list[bool] = page.evaluate(_FETCH_ALL, list(addresses))
        browser.close()
    return found
