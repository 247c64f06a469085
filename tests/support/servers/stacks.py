# ruff: noqa: E501 - other languages have their own lines
"""TLS stacks in their default configuration: how each is started, and what it then accepts.

A row is a program as a package gives it, with the little configuration that it needs. {port}, {cert}, {key},
{both} (key and certificate in one file) and {folder} stand for what a test gives it. The truth of a row was measured
with hand-made hellos, `openssl s_client` and `gnutls-cli`; it is that of the version that `measured` names.
"""

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.programs import need, run
from tests.support.servers.credential import Credential
from tests.support.servers.process import free_port, serving

OLD = frozenset(("TLSv1.0", "TLSv1.1", "TLSv1.2"))
CURRENT = frozenset(("TLSv1.2", "TLSv1.3"))
NIST = frozenset(("secp256r1", "secp384r1", "secp521r1"))
COMMON = NIST | {"x25519"}
OPENSSL = frozenset(("cbc", "rsa_key_exchange"))
WITH_DHE = OPENSSL | {"dhe"}


@dataclass(frozen=True)
class Stack:
    """A server, and what is true of it. `build` is run once before `command`; `files` are written before both."""

    name: str
    program: str
    package: str
    measured: str
    command: str
    versions: frozenset[str] = CURRENT
    classes: frozenset[str] = OPENSSL
    groups: frozenset[str] = COMMON
    weak_curve: bool = False
    files: Mapping[str, str] = field(default_factory=dict)
    build: str = ""


def _lighttpd(module: str, extra: str = "", **truth: object) -> Stack:
    settings = f"""
        server.document-root = "{{folder}}"
        server.bind = "127.0.0.1"
        server.port = {{port}}
        server.modules = ("{module}")
        ssl.engine = "enable"
        ssl.pemfile = "{{cert}}"
        ssl.privkey = "{{key}}"
        {extra}
    """
    package = "lighttpd" if module == "mod_openssl" else f"lighttpd-{module.replace('_', '-')}"
    return Stack(
        f"lighttpd-{module.removeprefix('mod_')}",
        "lighttpd",
        package,
        "1.4.69",
        "lighttpd -D -f {folder}/lighttpd.conf",
        files={"lighttpd.conf": settings},
        **truth,  # type: ignore[arg-type]
    )


_PYTHON = """
import socket, ssl, threading
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("{cert}", "{key}")
def serve(peer):
    try:
        with context.wrap_socket(peer, server_side=True) as session: session.recv(1)
    except OSError: pass
listener = socket.create_server(("127.0.0.1", {port}), backlog=64)
while True: threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
"""
_RUBY = """
require 'openssl'
require 'socket'
context = OpenSSL::SSL::SSLContext.new
context.cert = OpenSSL::X509::Certificate.new(File.read('{cert}'))
context.key = OpenSSL::PKey.read(File.read('{key}'))
server = OpenSSL::SSL::SSLServer.new(TCPServer.new('127.0.0.1', {port}), context)
server.start_immediately = false
loop {{ peer = server.accept rescue next; Thread.new {{ begin; peer.accept; peer.read(1); rescue StandardError; end; peer.close rescue nil }} }}
"""
_NODE = """
const server = require('tls').createServer({{cert: require('fs').readFileSync('{cert}'), key: require('fs').readFileSync('{key}')}}, peer => peer.resume());
server.on('tlsClientError', () => {{}});
server.listen({port}, '127.0.0.1');
"""
_PHP = """<?php
$context = stream_context_create(['ssl' => ['local_cert' => '{both}']]);
$server = stream_socket_server('tcp://127.0.0.1:{port}', $code, $text, STREAM_SERVER_BIND | STREAM_SERVER_LISTEN, $context);
while (true) {{ $peer = @stream_socket_accept($server, 60); if ($peer) {{ @stream_socket_enable_crypto($peer, true, STREAM_CRYPTO_METHOD_TLS_SERVER); fclose($peer); }} }}
"""
_PERL = """
use IO::Socket::INET; use IO::Socket::SSL;
my $server = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => {port}, Listen => 64, ReuseAddr => 1) or die;
while (1) {{ my $peer = $server->accept or next;
  IO::Socket::SSL->start_SSL($peer, SSL_server => 1, SSL_cert_file => '{cert}', SSL_key_file => '{key}', Timeout => 5) and $peer->close(SSL_no_shutdown => 1);
  close $peer; }}
"""
_ERLANG = """%% a server with the defaults of Erlang's ssl
main([]) ->
    {{ok, _}} = application:ensure_all_started(ssl),
    {{ok, Listener}} = ssl:listen({port}, [{{certfile, "{cert}"}}, {{keyfile, "{key}"}}, {{reuseaddr, true}}, {{active, false}},
        {{ip, {{127, 0, 0, 1}}}}, {{log_level, none}}]),
    accept(Listener).
accept(Listener) ->
    {{ok, Socket}} = ssl:transport_accept(Listener),
    Pid = spawn(fun() -> receive go -> ok end,
        case ssl:handshake(Socket, 10000) of {{ok, Tls}} -> ssl:recv(Tls, 0, 5000), ssl:close(Tls); _ -> ok end end),
    ssl:controlling_process(Socket, Pid), Pid ! go, accept(Listener).
"""
_WOLFSSL = """
#include <wolfssl/options.h>
#include <wolfssl/ssl.h>
#include <arpa/inet.h>
#include <unistd.h>
int main(void) {{
    int one = 1, listener = socket(AF_INET, SOCK_STREAM, 0); char byte;
    struct sockaddr_in address = {{.sin_family = AF_INET, .sin_port = htons({port})}};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    bind(listener, (struct sockaddr *)&address, sizeof address); listen(listener, 64);
    wolfSSL_Init();
    WOLFSSL_CTX *context = wolfSSL_CTX_new(wolfSSLv23_server_method());
    wolfSSL_CTX_use_certificate_chain_file(context, "{cert}");
    wolfSSL_CTX_use_PrivateKey_file(context, "{key}", WOLFSSL_FILETYPE_PEM);
    for (;;) {{
        int peer = accept(listener, 0, 0);
        struct timeval limit = {{5, 0}};
        setsockopt(peer, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
        WOLFSSL *session = wolfSSL_new(context);
        wolfSSL_set_fd(session, peer);
        if (wolfSSL_accept(session) == WOLFSSL_SUCCESS) wolfSSL_read(session, &byte, 1);
        wolfSSL_free(session); close(peer);
    }}
}}
"""
_GO = """package main
import ("crypto/tls"; "net")
func main() {{
	pair, _ := tls.LoadX509KeyPair("{cert}", "{key}")
	listener, err := net.Listen("tcp", "127.0.0.1:{port}")
	if err != nil {{ panic(err) }}
	for {{
		peer, _ := listener.Accept()
		go func() {{ session := tls.Server(peer, &tls.Config{{Certificates: []tls.Certificate{{pair}}}}); session.Handshake(); session.Read(make([]byte, 1)); session.Close() }}()
	}}
}}
"""
_APACHE = """
ServerRoot {folder}
PidFile {folder}/pid
Listen 127.0.0.1:{port}
ServerName localhost
ErrorLog {folder}/error.log
LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
LoadModule ssl_module /usr/lib/apache2/modules/mod_ssl.so
SSLEngine on
SSLCertificateFile {cert}
SSLCertificateKeyFile {key}
"""
_HAPROXY = """
global
defaults
  mode http
  timeout client 5s
  timeout server 5s
  timeout connect 5s
frontend one
  bind 127.0.0.1:{port} ssl crt {both}
  http-request return status 204
"""

STACKS = (
    Stack(
        "openssl-s_server", "openssl", "openssl", "3.0.19",
        "openssl s_server -accept 127.0.0.1:{port} -cert {cert} -key {key} -www -quiet", classes=WITH_DHE,
    ),
    Stack("python", "python3", "python3", "3.11", "/usr/bin/python3 {folder}/server.py", files={"server.py": _PYTHON}),
    Stack("node", "node", "nodejs", "20.20", "node {folder}/server.js", files={"server.js": _NODE}),
    Stack("ruby", "ruby", "ruby", "3.1.2", "ruby {folder}/server.rb", classes=WITH_DHE, files={"server.rb": _RUBY}),
    Stack("php", "php", "php-cli", "8.2", "php {folder}/server.php", files={"server.php": _PHP}),
    Stack(
        "perl-io-socket-ssl", "perl", "libio-socket-ssl-perl", "2.081", "perl {folder}/server.pl", classes=WITH_DHE,
        files={"server.pl": _PERL},
    ),
    Stack(
        "socat", "socat", "socat", "1.7.4.4",
        "socat OPENSSL-LISTEN:{port},bind=127.0.0.1,fork,reuseaddr,verify=0,cert={both} SYSTEM:true",
        classes=WITH_DHE, groups=frozenset(("secp256r1",)),
    ),
    Stack(
        "haproxy", "haproxy", "haproxy", "2.6.12", "haproxy -db -f {folder}/haproxy.cfg",
        files={"haproxy.cfg": _HAPROXY},
    ),
    Stack(
        "stunnel", "stunnel4", "stunnel4", "5.68", "stunnel4 {folder}/stunnel.conf",
        files={
            "stunnel.conf": "foreground = yes\npid =\nsyslog = no\n[one]\naccept = 127.0.0.1:{port}\ncert = {both}\n"
            "exec = /bin/true\n"
        },
    ),
    Stack(
        "hitch", "hitch", "hitch", "1.7.2", "hitch --config={folder}/hitch.conf", classes=frozenset(("cbc",)),
        files={
            "hitch.conf": 'frontend = "[127.0.0.1]:{port}"\nbackend = "[127.0.0.1]:9"\npem-file = "{both}"\n'
            "workers = 1\ndaemon = off\nuser = nobody\n"
        },
    ),
    Stack(
        "apache", "apache2", "apache2-bin", "2.4", "apache2 -X -f {folder}/apache.conf", classes=WITH_DHE,
        files={"apache.conf": _APACHE},
    ),
    Stack(
        "redis", "redis-server", "redis-server", "7.0.15",
        "redis-server --port 0 --bind 127.0.0.1 --tls-port {port} --tls-cert-file {cert} --tls-key-file {key}"
        " --tls-auth-clients no --tls-ca-cert-file {cert} --save ''",
        classes=WITH_DHE,
    ),
    Stack(
        "mosquitto", "mosquitto", "mosquitto", "2.0.11", "mosquitto -c {folder}/mosquitto.conf", classes=WITH_DHE,
        files={"mosquitto.conf": "listener {port} 127.0.0.1\ncertfile {cert}\nkeyfile {key}\nallow_anonymous true\n"
                                 "user root\n"},
    ),
    Stack(
        "nghttpd", "nghttpd", "nghttp2-server", "1.52.0", "nghttpd -a 127.0.0.1 {port} {key} {cert}",
        classes=frozenset(), groups=frozenset(("secp256r1",)),
    ),
    _lighttpd("mod_openssl", classes=frozenset(("dhe",))),
    _lighttpd("mod_gnutls", classes=WITH_DHE),
    _lighttpd("mod_mbedtls", versions=frozenset(("TLSv1.2",)), classes=frozenset(("dhe",)), weak_curve=True),
    _lighttpd("mod_wolfssl", classes=frozenset(("dhe",))),
    Stack(
        "erlang", "escript", "erlang-ssl", "25.2.3", "escript {folder}/server.erl",
        classes=frozenset(("cbc", "dhe")), weak_curve=True, files={"server.erl": _ERLANG},
    ),
    Stack(
        "wolfssl", "cc", "libwolfssl-dev", "5.5.4", "{folder}/server",
        versions=CURRENT | {"TLSv1.1"}, classes=frozenset(("null", "rc4", "3des", "cbc", "dhe")),
        files={"server.c": _WOLFSSL}, build="cc -o {folder}/server {folder}/server.c -lwolfssl",
    ),
    Stack(
        "go", "go", "golang", "1.26", "{folder}/server", classes=frozenset(("cbc",)),
        groups=COMMON | {"X25519MLKEM768", "SecP256r1MLKEM768", "SecP384r1MLKEM1024"},
        files={"server.go": _GO}, build="go build -o {folder}/server {folder}/server.go",
    ),
)  # fmt: skip


@contextlib.contextmanager
def stack(one: Stack, folder: Path, credential: Credential) -> Iterator[int]:
    """Start a stack; yield its port. Skips, with the package's name, where the program is missing."""
    need(one.program)
    port = free_port()
    places = {
        "port": str(port),
        "cert": str(credential.certificate),
        "key": str(credential.key),
        "both": str(credential.both),
        "folder": str(folder),
    }
    for name, text in one.files.items():
        (folder / name).write_text(text.format(**places))
    if one.build:
        run(*one.build.format(**places).split())
    command = [part for part in one.command.format(**places).split(" ") if part]
    command[0] = need(command[0]) if "/" not in command[0] else command[0]
    command = ["" if part == "''" else part for part in command]
    with serving(command, folder, port):
        yield port
