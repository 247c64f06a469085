#!/usr/bin/env bash
# NSS' test server cannot make its own key for Encrypted Client Hello, which its help describes: it refuses what it made.
#
# Seen with Debian 12: libnss3-tools and libnss3 2:3.87.1. `selfserv -h` says of -X: "A string containing the ECH public
# name prefixed by the substring "publicname:". [...] In this mode, an ephemeral ECH keypair is generated and ECHConfigs
# are printed to stdout." Instead SSL_SetServerEchConfigs fails with -12112, "SSL received a malformed ESNI keys
# structure", for every name. Without -X the same server serves.
#
# Fails if one of the two outcomes changes. Needs Debian 12, apt-get, dpkg-deb, openssl. Nothing is installed.
set -euo pipefail
work=$(mktemp -d)
trap 'kill "${server:-}" 2>/dev/null || true; rm -rf "$work"' EXIT
cd "$work"
for package in libnss3-tools libnss3 libnspr4; do apt-get download -qq "$package"; done
for file in *.deb; do dpkg-deb -x "$file" root; done
ls ./*.deb
bin=$work/root/usr/bin
export LD_LIBRARY_PATH="$work/root/usr/lib/$(uname -m)-linux-gnu:$work/root/usr/lib/$(uname -m)-linux-gnu/nss"
(unset LD_LIBRARY_PATH
openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 30 -subj /CN=hidden.example 2>/dev/null
openssl pkcs12 -export -passout pass: -name server -in cert.pem -inkey key.pem -out server.p12)
mkdir nss
"$bin/certutil" -N -d sql:nss --empty-password
"$bin/pk12util" -i server.p12 -d sql:nss -W "" >/dev/null
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')

for name in example.com public.example a.example; do
    said=$(timeout 5 "$bin/selfserv" -d sql:nss -n server -p "$port" -V tls1.2:tls1.3 -X "publicname:$name" 2>&1) && status=0 || status=$?
    echo "publicname:$name: status $status, ${said%%$'\n'*}"
    [[ $said == *"SSL_SetServerEchConfigs failed returned error -12112"* ]] || { echo "CHANGED: the server takes its own key"; exit 1; }
done
"$bin/selfserv" -d sql:nss -n server -p "$port" -V tls1.2:tls1.3 >/dev/null 2>&1 & server=$!
for _ in $(seq 50); do (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && break; sleep 0.1; done
(exec 3<>"/dev/tcp/127.0.0.1/$port") || { echo "CHANGED: without -X nothing is served"; exit 1; }
echo "without -X: served"
echo "as seen"
