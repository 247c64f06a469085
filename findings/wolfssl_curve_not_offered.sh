#!/usr/bin/env bash
# wolfSSL answers a TLS 1.2 hello that offers only curves which it has not with a curve that was not offered.
#
# Seen with Debian 12's libwolfssl35 5.5.4: a hello with sect163k1 and ffdhe2048 alone, and ECDHE suites, gets a
# ServerKeyExchange with secp256r1. RFC 8422 section 5.1: a server that cannot complete the exchange with the curves
# offered MUST NOT negotiate an ECC suite. OpenSSL, GnuTLS, NSS, Go and BoringSSL send handshake_failure. A scanner that
# takes any ECDHE answer for the curve it asked for reports every curve as accepted.
#
# Fails if that changes. Needs Debian 12, apt-get, dpkg-deb, cc with the headers of libc, openssl, python3.
set -euo pipefail
work=$(mktemp -d)
trap 'kill "${server:-}" 2>/dev/null || true; rm -rf "$work"' EXIT
cd "$work"
apt-get download -qq libwolfssl35 libwolfssl-dev
for file in *.deb; do dpkg-deb -x "$file" root; done
ls ./*.deb | grep -o '_[^_]*_' | tr -d _ | sort -u
libraries="$work/root/usr/lib/$(uname -m)-linux-gnu"
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 30 -subj /CN=localhost 2>/dev/null
cat > server.c <<'C'
#include <wolfssl/options.h>
#include <wolfssl/ssl.h>
#include <arpa/inet.h>
#include <stdlib.h>
#include <unistd.h>
int main(int count, char **arguments) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(atoi(arguments[count - 1]))};
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    bind(listener, (struct sockaddr *)&address, sizeof address);
    listen(listener, 8);
    wolfSSL_Init();
    WOLFSSL_CTX *context = wolfSSL_CTX_new(wolfSSLv23_server_method());
    wolfSSL_CTX_use_certificate_file(context, "cert.pem", WOLFSSL_FILETYPE_PEM);
    wolfSSL_CTX_use_PrivateKey_file(context, "key.pem", WOLFSSL_FILETYPE_PEM);
    for (;;) {
        WOLFSSL *session = wolfSSL_new(context);
        int peer = accept(listener, 0, 0);
        wolfSSL_set_fd(session, peer);
        wolfSSL_accept(session);
        wolfSSL_free(session);
        close(peer);
    }
}
C
cc -I root/usr/include -o server server.c -L "$libraries" -l:libwolfssl.so.35 -Wl,-rpath,"$libraries"
./server "$port" & server=$!
for _ in $(seq 50); do (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && break; sleep 0.1; done
cat > ask.py <<'P'
import os, socket, struct, sys
def vector(width, content): return len(content).to_bytes(width, "big") + content
def extension(number, content): return number.to_bytes(2, "big") + vector(2, content)
groups = struct.pack("!2H", 0x0001, 0x0100)  # sect163k1, ffdhe2048
extensions = extension(10, vector(2, groups)) + extension(11, b"\x01\x00") + extension(13, vector(2, bytes.fromhex("040105010804")))
suites = struct.pack("!2H", 0xC02F, 0xC030)  # ECDHE with RSA alone
body = b"\x03\x03" + os.urandom(32) + b"\x00" + vector(2, suites) + b"\x01\x00" + vector(2, extensions)
peer = socket.create_connection(("127.0.0.1", int(sys.argv[1])), 5)
peer.sendall(b"\x16\x03\x01" + vector(2, b"\x01" + vector(3, body)))
data, messages = b"", b""
while True:
    while len(data) >= 5 and len(data) >= 5 + int.from_bytes(data[3:5], "big"):
        end = 5 + int.from_bytes(data[3:5], "big")
        if data[0] == 21: sys.exit(print(f"alert {data[6]}"))
        messages, data = messages + data[5:end], data[end:]
    while len(messages) >= 4 and len(messages) >= 4 + int.from_bytes(messages[1:4], "big"):
        end = 4 + int.from_bytes(messages[1:4], "big")
        if messages[0] == 12: sys.exit(print(f"ServerKeyExchange, curve {int.from_bytes(messages[5:7], 'big')}"))
        messages = messages[end:]
    more = peer.recv(65536)
    if not more: sys.exit(print("end"))
    data += more
P
answer=$(python3 ask.py "$port")
echo "offered sect163k1 (1) and ffdhe2048 (256): $answer"
[ "$answer" = "ServerKeyExchange, curve 23" ] || { echo "CHANGED"; exit 1; }
echo "as seen"
