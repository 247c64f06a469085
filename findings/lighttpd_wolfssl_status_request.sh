#!/usr/bin/env bash
# lighttpd with mod_wolfssl ends the connection, without an alert, when a client asks for a stapled OCSP response.
#
# Seen with Debian 12: lighttpd 1.4.69-1, lighttpd-mod-wolfssl 1.4.69-1, libwolfssl35 5.5.4. RFC 6066 section 8: a server
# that has no response "MAY" ignore the request; every other TLS module of the same lighttpd does. Browsers ask, so that
# they cannot connect, and curl and OpenSSL's own client do not ask, so that they can.
#
# Fails if one of the two outcomes changes. Needs Debian 12, apt-get, dpkg-deb, openssl. Nothing is installed.
set -euo pipefail
work=$(mktemp -d)
trap 'kill "${server:-}" 2>/dev/null || true; rm -rf "$work"' EXIT
cd "$work"
for package in lighttpd=1.4.69-1 lighttpd-mod-wolfssl=1.4.69-1 libwolfssl35 libxxhash0 libnettle8 libpcre2-8-0; do
    apt-get download -qq "$package" 2>/dev/null || apt-get download -qq "${package%%=*}"
done
for file in *.deb; do dpkg-deb -x "$file" root; done
export LD_LIBRARY_PATH="$work/root/usr/lib/$(uname -m)-linux-gnu"
openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 30 -subj /CN=localhost 2>/dev/null
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
cat > lighttpd.conf <<CONF
server.document-root = "$work"
server.bind = "127.0.0.1"
server.port = $port
server.modules = ("mod_wolfssl")
ssl.engine = "enable"
ssl.pemfile = "$work/cert.pem"
ssl.privkey = "$work/key.pem"
CONF
root/usr/sbin/lighttpd -v
root/usr/sbin/lighttpd -D -f lighttpd.conf -m root/usr/lib/lighttpd & server=$!
for _ in $(seq 50); do (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && break; sleep 0.1; done
ask() { unset LD_LIBRARY_PATH; openssl s_client -connect "127.0.0.1:$port" -servername localhost "$@" </dev/null 2>&1 | grep -E '^New,' || echo "New, nothing"; }
without=$(ask -tls1_2) with=$(ask -tls1_2 -status)
echo "without status_request: $without"
echo "with status_request:    $with"
[[ $without == *"Cipher is ECDHE"* ]] || { echo "CHANGED: the plain handshake fails"; exit 1; }
[[ $with == *"NONE"* || $with == *"nothing"* ]] || { echo "CHANGED: a client that asks for a staple is served"; exit 1; }
echo "as seen"
