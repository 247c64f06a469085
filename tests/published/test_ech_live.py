"""Encrypted Client Hello: a server written in Go, with Go's own client as the judge; the seal against another HPKE."""

import asyncio
import base64
import os
import re
import shutil
import struct
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hpke as reference
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from support.programs import run
from support.servers.credential import make_credential
from support.servers.process import free_port, serving

from exporter.net.connect import connect
from exporter.net.resolve import Address
from exporter.probe.ech import is_accepted, make_offer
from exporter.wire import hpke
from exporter.wire.ech import is_accepted_untrusted, offer, read_configs_untrusted
from exporter.wire.records import Message, WireError

SOURCE = Path(__file__).parent.parent / "support" / "servers" / "scripts" / "ech"
PUBLIC, HIDDEN = "public.test", "hidden.test"


def vector(width, content):
    return len(content).to_bytes(width, "big") + content


def config_of(key, number=7, kem=0x0020, suites=((1, 1),), extensions=b"", name=PUBLIC):
    """Return an encoded configuration for a key."""
    contents = bytes((number,)) + kem.to_bytes(2, "big") + vector(2, key.public_key().public_bytes_raw())
    contents += vector(2, b"".join(struct.pack("!HH", *suite) for suite in suites))
    contents += bytes((32,)) + vector(1, name.encode()) + vector(2, extensions)
    return b"\xfe\x0d" + vector(2, contents)


def list_of(*configs):
    return vector(2, b"".join(configs))


KEY = X25519PrivateKey.generate()
CONFIG = config_of(KEY)


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    """Build the server. Not in CI: Debian's Go is older than 1.24."""
    go = shutil.which("go") or "/usr/local/go/bin/go"
    version = run(go, "env", "GOVERSION") if Path(go).exists() else "0.0"
    if tuple(map(int, re.findall(r"\d+", version)[:2])) < (1, 24):
        pytest.skip("go 1.24 or newer is not installed: no Debian package of this release has it")
    folder = tmp_path_factory.mktemp("go")
    built = folder / "ech"
    environment = {**os.environ, "GOTOOLCHAIN": "local", "GOCACHE": str(folder / "cache"), "GOFLAGS": "-mod=mod"}
    run(go, "build", "-o", str(built), ".", cwd=SOURCE, env=environment, timeout=300)
    return str(built)


@pytest.fixture(scope="module")
def ports(program, tmp_path_factory):
    """Run a server with the key, and one without ECH."""
    found = []
    first, second = (tmp_path_factory.mktemp("server") for _ in range(2))
    credential = make_credential(first, HIDDEN)
    files = [str(credential.certificate), str(credential.key)]
    encoded = [base64.b64encode(data).decode() for data in (CONFIG, KEY.private_bytes_raw())]
    found = [free_port(), free_port()]
    with (
        serving([program, "server", str(found[0]), *files, *encoded], first, found[0]),
        serving([program, "server", str(found[1]), *files, "-"], second, found[1]),
    ):
        yield found


async def tried(port, configs, alpn=("h2",)):
    made = make_offer(configs, HIDDEN, alpn)
    deadline = asyncio.get_running_loop().time() + 20
    stream, _ = await connect((Address("127.0.0.1", port, "ip4"),), deadline)
    try:
        return (await is_accepted(stream, made))[0]
    finally:
        stream.close()
        await asyncio.sleep(0)


def judged(program, port, configs):
    """Return what Go's own client finds."""
    command = [program, "client", str(port), HIDDEN, base64.b64encode(configs).decode()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    return done.stdout.startswith("accepted: true")


@pytest.mark.parametrize("suites", [((1, 1),), ((1, 2),), ((1, 3),), ((2, 1), (1, 3))])
@pytest.mark.parametrize("own", [True, False])
async def test_a_configuration_is_accepted_exactly_where_gos_client_finds_it_so(program, tmp_path, suites, own):
    config = config_of(KEY, suites=suites)
    published = list_of(config if own else config_of(X25519PrivateKey.generate(), suites=suites))
    credential, port = make_credential(tmp_path, HIDDEN), free_port()
    encoded = [base64.b64encode(data).decode() for data in (config, KEY.private_bytes_raw())]
    command = [program, "server", str(port), str(credential.certificate), str(credential.key), *encoded]
    with serving(command, tmp_path, port):
        assert await tried(port, published) is own
        assert await asyncio.to_thread(judged, program, port, published) is own


async def test_a_server_without_ech_does_not_accept_one(program, ports):
    assert await tried(ports[1], list_of(CONFIG)) is False
    assert await asyncio.to_thread(judged, program, ports[1], list_of(CONFIG)) is False


async def test_the_first_configuration_that_can_be_used_is_offered(ports):
    published = list_of(b"\xfe\x0a\x00\x03abc", config_of(KEY, kem=0x0099), CONFIG)
    assert await tried(ports[0], published) is True


@pytest.mark.parametrize(
    "config",
    [
        config_of(KEY, kem=0x0010),
        config_of(KEY, suites=((1, 9), (3, 1))),
        config_of(KEY, suites=()),
        config_of(KEY, extensions=b"\x80\x01\x00\x00"),
        b"\xfe\x0a" + CONFIG[2:],
    ],
)
def test_a_configuration_that_clients_ignore_is_not_offered(config):
    assert read_configs_untrusted(list_of(config)) == ()
    assert make_offer(list_of(config), HIDDEN, ()) is None


def test_a_key_of_small_order_is_not_offered():
    zero = CONFIG.replace(KEY.public_key().public_bytes_raw(), bytes(32))
    assert make_offer(list_of(zero), HIDDEN, ()) is None


@pytest.mark.parametrize("cut", [0, 1, 2, 5, 20, -1])
def test_a_cut_list_cannot_be_read(cut):
    with pytest.raises(WireError):
        read_configs_untrusted(list_of(CONFIG)[:cut])


def test_the_hidden_name_is_not_in_the_hello_and_its_length_is_padded():
    (config,) = read_configs_untrusted(list_of(CONFIG))
    names = ("a.test", HIDDEN, "a-longer-name.hidden.test")
    made = [offer(config, name, ("h2",), bytes(range(160))) for name in names]
    assert HIDDEN.encode() not in made[1].record
    assert PUBLIC.encode() in made[1].record
    assert len({len(one.record) for one in made}) == 1


@pytest.mark.parametrize(
    ("number", "aead"),
    [
        (1, reference.AEAD.AES_128_GCM),
        (2, reference.AEAD.AES_256_GCM),
        (3, reference.AEAD.CHACHA20_POLY1305),
    ],
)
def test_what_is_sealed_another_implementation_opens(number, aead):
    suite = reference.Suite(reference.KEM.X25519, reference.KDF.HKDF_SHA256, aead)
    public = KEY.public_key().public_bytes_raw()
    sender = hpke.setup_sender(public, b"info", number, X25519PrivateKey.generate())
    sealed = sender.encapsulated_key + sender.seal(b"plaintext", b"")
    assert suite.decrypt(sealed, KEY, info=b"info") == b"plaintext"


def server_hello(random=bytes(32), version=b"\x03\x04", suite=b"\x13\x01"):
    extensions = b"\x00\x2b" + vector(2, version)
    return Message(2, b"\x03\x03" + random + b"\x00" + suite + b"\x00" + vector(2, extensions))


RETRY = bytes.fromhex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c")


@pytest.mark.parametrize(
    ("message", "accepted"),
    [
        (server_hello(), False),
        (server_hello(suite=b"\x13\x02"), False),
        (server_hello(version=b"\x03\x03"), False),
        (server_hello(random=RETRY), None),
        (Message(11, b""), None),
    ],
)
def test_only_the_right_eight_bytes_are_an_acceptance(message, accepted):
    (config,) = read_configs_untrusted(list_of(CONFIG))
    assert is_accepted_untrusted(offer(config, HIDDEN, (), bytes(range(160))), message) is accepted


def test_a_server_hello_that_cannot_be_read_is_an_error():
    (config,) = read_configs_untrusted(list_of(CONFIG))
    with pytest.raises(WireError):
        is_accepted_untrusted(offer(config, HIDDEN, (), bytes(range(160))), Message(2, b"\x03\x03"))
