"""The rules of the clients against the programs: Chromium, Go, rustls, Java and OpenSSL, on the table of chains.

Each program gets every chain of the table whose name fits, with the roots that are trusted, and must say what the rules
say. Where they differ on purpose, `KNOWN` says why. `make clients` prints the whole matrix.
"""

import base64
import functools
import json
import os
import re
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

from exporter.certificates.certificate import read_certificate_untrusted
from exporter.certificates.chain_cache import ChainAssessor
from tests.support import pki
from tests.support.chains import CASES
from tests.support.programs import missing, need
from tests.support.trust import store_of

try:
    from tests.support import chromium
except ImportError:  # playwright has no wheel for this platform
    chromium = None

FOLDER = Path(__file__).parents[1] / "clients"
NAME_ONLY = {"international_name": "the host is written in Unicode, which these programs do not take"}
KNOWN = {
    "chromium": {},
    "go": NAME_ONLY,
    "rustls": NAME_ONLY,
    "java": {"constraint_on_another_branch": "JSSE tries one of the two authorities of the name, and no other"},
    "openssl": {},
    "openssl_strict": dict.fromkeys(
        (
            *("root_identifier_with_issuer", "root_identifier_with_serial_number"),
            *("root_with_uncritical_basic_constraints", "uncritical_names_without_subject"),
        ),
        "X509_STRICT asks for other things in OpenSSL 3.0, which the command line is, and in 4.0",
    ),
}
ADVANCED_GO = (1, 26)


def encoded(data):
    return base64.b64encode(data).decode("ascii")


@pytest.fixture(scope="module")
def chains():
    """Return (case, chain) of every case whose certificate is for its host; each root has a name of its own.

    Chromium searches among all roots of a name, and gives up after some.
    """
    defaults, made = pki.root.__defaults__, []
    for number, case in enumerate(case for case in CASES if case.matches):
        pki.root.__defaults__ = (f"CN=Test Root {number}",)
        made.append((case, case.make()))
    pki.root.__defaults__ = defaults
    return made


@pytest.fixture(scope="module")
def expected(chains):
    """Return what the rules say of each chain, by client."""
    found = []
    for _, made in chains:
        store = store_of(*made.roots)
        chain = ChainAssessor().assess_chain(tuple(one.der for one in made.chain), store, time.time())
        found.append({client.client: client.trusted for client in chain.clients})
    return found


@pytest.fixture(scope="module")
def matrix(chains, expected):
    """Collect what the programs say, and print all of it at the end."""
    seen = {}
    yield seen
    print("\ncase | " + " ".join(seen))
    for number, (case, _) in enumerate(chains):
        marks = []
        for client, answers in seen.items():
            known, answer = expected[number].get(client), answers.get(number)
            same = known is None or answer is None or known == answer
            marks.append("?" if answer is None else ("+" if answer else "-") + ("" if same else "!"))
        print(f"{case.name} | {' '.join(marks)}")


def compare(client, answers, chains, expected, matrix):
    """Fail with every chain on which rules and program differ; at least 150 must have been compared."""
    matrix[client] = answers
    wrong, compared = [], 0
    for number, answer in answers.items():
        known, name = expected[number].get(client), chains[number][0].name
        if known is None or name in KNOWN[client]:
            continue
        compared += 1
        if known != answer:
            wrong.append(f"{name}: the rules say {known}, the program {answer}")
    assert "\n".join(wrong) == ""
    assert compared >= 150


def queries(chains):
    return [
        {
            "chain": [encoded(one.der) for one in made.chain],
            "roots": [encoded(one.der) for one in made.roots],
            "name": case.host if case.host.isascii() else "example.com",
            "key": pki.key_pem(made.chain[0].key).decode("ascii"),
        }
        for case, made in chains
    ]


def asked(command, chains):
    lines = "".join(json.dumps(query) + "\n" for query in queries(chains))
    done = subprocess.run(command, input=lines, text=True, capture_output=True, timeout=120, check=True)
    return {number: line.startswith("accepts") for number, line in enumerate(done.stdout.splitlines())}


@functools.cache
def go_program():
    """Build the Go program. The rules are those of Go 1.26: older releases accept more."""
    go = shutil.which("go") or "/usr/local/go/bin/go"
    if not Path(go).exists():
        pytest.skip("go 1.26 or later is not installed (Debian 12 has 1.19; go.dev/dl)")
    version = subprocess.run([go, "env", "GOVERSION"], text=True, capture_output=True, check=True).stdout
    if tuple(map(int, re.findall(r"\d+", version)[:2])) < ADVANCED_GO:
        pytest.skip(f"{version.strip()} is installed, 1.26 or later is wanted (go.dev/dl)")
    program = Path(tempfile.mkdtemp()) / "verify"
    environment = {**os.environ, "GOFLAGS": "-mod=mod", "GOTOOLCHAIN": "local"}
    subprocess.run([go, "build", "-o", program, "."], cwd=FOLDER / "go", env=environment, check=True, timeout=300)
    return program


@functools.cache
def rustls_program():
    """Build the rustls program, once on a machine: it takes a minute."""
    cargo = shutil.which("cargo", path=f"{os.environ.get('PATH', '')}:{Path.home()}/.cargo/bin")
    if cargo is None:
        pytest.skip("cargo is not installed (rustup.rs; Debian's is too old for rustls 0.23)")
    target = Path(tempfile.gettempdir()) / "tls-exporter-rustls"
    environment = {**os.environ, "CARGO_TARGET_DIR": str(target)}
    built = subprocess.run(
        [cargo, "build", "--locked"],
        cwd=FOLDER / "rust",
        env=environment,
        capture_output=True,
        timeout=600,
        check=False,
    )
    if built.returncode != 0:
        pytest.skip(f"rustls cannot be built here: {built.stderr.decode(errors='replace')[-300:]}")
    return target / "debug" / "verify"


def test_go_says_what_the_rules_say(chains, expected, matrix):
    compare("go", asked([go_program()], chains), chains, expected, matrix)


def test_rustls_says_what_the_rules_say(chains, expected, matrix):
    compare("rustls", asked([rustls_program()], chains), chains, expected, matrix)


def test_java_says_what_the_rules_say(chains, expected, matrix):
    java = need("java")
    need("javac")  # a JRE alone does not run a source file
    lines = "".join(
        f"{query['name']}\t{','.join(query['chain'])}\t{','.join(query['roots'])}\n" for query in queries(chains)
    )
    program = str(FOLDER / "java" / "Verify.java")
    done = subprocess.run([java, program], input=lines, text=True, capture_output=True, timeout=120, check=True)
    answers = {number: line.startswith("accepts") for number, line in enumerate(done.stdout.splitlines())}
    compare("java", answers, chains, expected, matrix)


def test_chromium_says_what_the_rules_say(chains, expected, matrix, tmp_path):
    if chromium is None:
        missing("the package playwright is not installed")
    program, certutil, server = need("chromium", "chromium-browser"), need("certutil"), go_program()
    roots = {root.der: root for _, made in chains for root in made.roots}
    files = [tmp_path / f"root{number}.pem" for number in range(len(roots))]
    for file, root in zip(files, roots.values(), strict=True):
        file.write_bytes(root.pem)
    chromium.make_store(tmp_path, files, certutil)
    with chromium.serving(server, queries(chains)) as ports:
        served = {number: port for number, port in enumerate(ports) if port}
        hosts = {number: chains[number][0].host for number in served}
        addresses = [f"https://{f'[{h}]' if ':' in h else h}:{served[number]}/" for number, h in hosts.items()]
        answers = dict(zip(served, chromium.accepts(program, tmp_path, addresses), strict=True))
    compare("chromium", answers, chains, expected, matrix)


@pytest.mark.parametrize(
    ("client", "options"), [("openssl", []), ("openssl_strict", ["-partial_chain", "-x509_strict"])]
)
def test_openssl_says_what_the_verifier_says(chains, expected, matrix, tmp_path, client, options):
    """The command line's OpenSSL is another release than the one that this program carries."""
    openssl, answers = need("openssl"), {}
    for number, (_, made) in enumerate(chains):
        roots, sent, leaf = (tmp_path / name for name in ("roots.pem", "sent.pem", "leaf.pem"))
        roots.write_bytes(b"".join(root.pem for root in made.roots))
        sent.write_bytes(b"".join(one.pem for one in made.chain[1:]))
        leaf.write_bytes(made.chain[0].pem)
        command = [openssl, "verify", "-purpose", "sslserver", "-auth_level", "2", "-trusted", str(roots), *options]
        command += ["-untrusted", str(sent)] if made.chain[1:] else []
        done = subprocess.run([*command, str(leaf)], capture_output=True, timeout=20, check=False)
        answers[number] = done.returncode == 0
    compare(client, answers, chains, expected, matrix)


def test_every_client_has_a_verdict_on_an_ordinary_chain(chains, expected):
    plain = next(number for number, (case, _) in enumerate(chains) if not case.webpki and not case.openssl)
    assert set(expected[plain]) >= {"chromium", "firefox", "go", "rustls", "java", "openssl", "openssl_strict"}
    assert read_certificate_untrusted(chains[plain][1].chain[0].der).faults == ()
