"""Write the roots that Mozilla trusts for TLS servers, with their dates of distrust: `make roots` (needs go).

They come from the Go module golang.org/x/crypto/x509roots/fallback, which is made from NSS. A root that has left since
the last time is listed as removed. Older bundles in PEM can be given, to list what they held and Mozilla removed.
"""

import argparse
import base64
import json
import re
import subprocess
import textwrap
from pathlib import Path

from exporter.certificates.certificate import Certificate, read_certificate_untrusted
from exporter.certificates.mozilla_roots import FILE, HEADER, read_facts
from exporter.certificates.pem import pem_blocks_untrusted

MODULE = "golang.org/x/crypto/x509roots/fallback"
ENTRY = re.compile(
    r'sha256Hash:\s+"([0-9a-f]{64})",\s+certStartOff:\s+(\d+),\s+certLength:\s+(\d+),(?:\s+distrustAfter:\s+"([^"]+)",)?'
)


def bundle() -> tuple[str, list[tuple[bytes, str]]]:
    """Return the module's version, and each root with its date of distrust or ""."""
    command = ["go", "mod", "download", "-json", f"{MODULE}@latest"]
    found = json.loads(subprocess.run(command, capture_output=True, check=True, text=True).stdout)
    folder = Path(found["Dir"]) / "bundle"
    data = (folder / "bundle.der").read_bytes()
    entries = ENTRY.findall((folder / "bundle.go").read_text(encoding="utf-8"))
    return found["Version"], [(data[int(start) :][: int(length)], date) for _, start, length, date in entries]


def day_of(version: str) -> str:
    """Return the day of a pseudo-version: v0.0.0-20261030153154-30a33513ff6d."""
    digits = version.split("-")[1]
    return f"{digits[:4]}-{digits[4:6]}-{digits[6:8]}"


def pem(root: Certificate, distrust_after: str) -> str:
    """Return one root with a comment that names it."""
    text = "\n".join(textwrap.wrap(base64.b64encode(root.der).decode("ascii"), 64))
    date = f"# distrust-after: {root.fingerprint_sha256} {distrust_after}\n" if distrust_after else ""
    return f"\n# {root.subject}\n{date}-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n"


def main() -> None:
    """Write the file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--removed-from", type=Path, action="append", default=[], metavar="PEM")
    arguments = parser.parse_args()
    version, entries = bundle()
    roots = [(read_certificate_untrusted(der), date) for der, date in entries]
    current = {root.spki_der for root, _ in roots}  # a root may be issued again: its key stays trusted
    removed = dict(read_facts().removed) if FILE.exists() else {}
    former = [FILE] if FILE.exists() else []
    for path in (*former, *arguments.removed_from):
        held = [read_certificate_untrusted(der) for der in pem_blocks_untrusted(path.read_bytes(), b"CERTIFICATE")]
        gone = [one for one in held if one.spki_der not in current]
        removed |= {one.fingerprint_sha256: one.subject for one in gone}
    lines = [HEADER, f"# date: {day_of(version)}\n# source: {MODULE} {version}\n"]
    lines += [f"# removed: {mark} {name}\n" for mark, name in sorted(removed.items())]
    FILE.write_text("".join((*lines, *(pem(root, date) for root, date in roots))), encoding="utf-8")


if __name__ == "__main__":
    main()
