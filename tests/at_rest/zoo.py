"""Files as the real tools make them: OpenSSL, keytool of two versions, GnuTLS, NSS, kubeconfigs; and broken ones."""

import base64
import json
import shutil
import subprocess
from pathlib import Path

import pytest

from exporter.at_rest.formats.ber import encode
from exporter.certificates.der import SEQUENCE, element_untrusted, elements_untrusted

PASSWORD = "secret"
JAVA_PASSWORD = "changeit"
AUTHORITY = "certificate-authority"
KEYTOOL = "keytool"
NEW_KEYTOOL = "/usr/lib/jvm/temurin-25-jdk-amd64/bin/keytool"
GNUTLS_TEMPLATE = 'cn = "gnutls.example.com"\ndns_name = "gnutls.example.com"\nexpiration_days = 90\n'
KUBECONFIG = """\
apiVersion: v1
kind: Config
clusters:
- name: production
  cluster: {{server: "https://10.0.0.1:6443", certificate-authority-data: {ca}}}
- name: insecure
  cluster: {{server: "https://10.0.0.2:6443", insecure-skip-tls-verify: true}}
contexts:
- {{name: admin@production, context: {{cluster: production, user: admin}}}}
current-context: admin@production
users:
- name: admin
  user: {{client-certificate-data: {leaf}, client-key-data: {key}}}
- name: by-file
  user: {{client-certificate: pki/client.pem, client-key: pki/client.key}}
- name: by-token
  user: {{token: abc}}
"""


class Zoo:
    """A folder of files; `run` and the methods after it write into it. A tool that is missing skips."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def read(self, name: str) -> bytes:
        return (self.folder / name).read_bytes()

    def write(self, name: str, data: bytes | str) -> None:
        (self.folder / name).write_bytes(data if isinstance(data, bytes) else data.encode())

    def run(self, *command: str, stdin: str = "") -> None:
        done = subprocess.run(command, cwd=self.folder, input=stdin, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"

    def openssl(self, command: str) -> None:
        self.run("openssl", *command.split())

    def keytool(self, command: str, program: str = KEYTOOL) -> None:
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
        self.run(program, *command.split(), "-noprompt", "-storepass", JAVA_PASSWORD)

    def certtool(self, command: str) -> None:
        self.run("certtool", *command.split())


def basics(zoo: Zoo) -> None:
    """Write a root, an intermediate and a leaf with their keys."""
    new = "req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes"
    zoo.openssl(
        f"{new} -x509 -keyout root.key -out root.pem -days 3650 -subj /CN=Root -addext basicConstraints=CA:TRUE"
    )
    zoo.write("ca.ext", "basicConstraints=critical,CA:TRUE\n")
    zoo.write("leaf.ext", "subjectAltName=DNS:www.example.com\n")
    for name, subject, signer, extensions in (
        ("issuing", "/CN=Issuing", "root", "ca.ext"),
        ("leaf", "/CN=www.example.com", "issuing", "leaf.ext"),
    ):
        zoo.openssl(f"{new} -keyout {name}.key -out {name}.csr -subj {subject}")
        signing = f"-CA {signer}.pem -CAkey {signer}.key -CAcreateserial -days 90 -extfile {extensions}"
        zoo.openssl(f"x509 -req -in {name}.csr {signing} -out {name}.pem")
    zoo.write("fullchain.pem", zoo.read("leaf.pem") + zoo.read("issuing.pem"))
    zoo.write("bundle.pem", zoo.read("root.pem") + zoo.read("issuing.pem"))
    zoo.openssl("x509 -in leaf.pem -outform DER -out leaf.der")
    zoo.openssl("x509 -in leaf.pem -trustout -addtrust serverAuth -out trusted.pem")
    zoo.write("two.der", zoo.read("leaf.der") + zoo.read("leaf.der"))
    zoo.write("with_key.pem", zoo.read("leaf.key") + zoo.read("fullchain.pem"))
    zoo.write("crlf.pem", zoo.read("fullchain.pem").replace(b"\n", b"\r\n"))
    zoo.write("x509.pem", zoo.read("leaf.pem").replace(b" CERTIFICATE", b" X509 CERTIFICATE"))
    zoo.write("one_line.pem", _one_line(zoo.read("leaf.pem")))
    zoo.write("bom.pem", b"\xef\xbb\xbf" + zoo.read("leaf.pem"))
    zoo.write("padded.der", zoo.read("leaf.der") + b"\0\0\0\n")


def _one_line(pem: bytes) -> bytes:
    begin, *body, end = pem.strip().split(b"\n")
    return b"\n".join((begin, b"".join(body), end))


def pkcs7(zoo: Zoo) -> None:
    """Write bags of certificates, one of them in BER, as streaming writers make them."""
    bags = "-nocrl -certfile leaf.pem -certfile issuing.pem"
    zoo.openssl(f"crl2pkcs7 {bags} -out bag.p7b")
    zoo.openssl(f"crl2pkcs7 {bags} -outform DER -out bag.p7c")
    zoo.openssl("cms -sign -stream -binary -signer leaf.pem -inkey leaf.key -in leaf.ext -outform DER -out ber.p7s")
    zoo.openssl("cms -encrypt -in leaf.ext -outform DER -out enveloped.p7m leaf.pem")
    zoo.certtool("--p7-generate --load-certificate leaf.pem --outder --outfile gnutls.p7b")


def _without_mac(p12: bytes) -> bytes:
    """Return a PKCS#12 file without its MAC, its safes still encrypted."""
    outer = element_untrusted(p12, SEQUENCE)
    return encode(SEQUENCE, b"".join(part.encoding for part in list(elements_untrusted(outer.body))[:2]))


OPENSSL_CIPHERS = (
    "PBE-SHA1-RC4-128",
    "PBE-SHA1-RC4-40",
    "PBE-SHA1-3DES",
    "PBE-SHA1-2DES",
    "PBE-SHA1-RC2-128",
    "PBE-SHA1-RC2-40",
    "aes-128-cbc",
    "aes-192-cbc",
    "des-ede3-cbc",
    "rc2-cbc",
    "camellia-128-cbc",
)


def openssl_pkcs12(zoo: Zoo) -> None:
    """Write PKCS#12 as OpenSSL 3 does, as OpenSSL 1.0 and Windows do (`-legacy`), and with every cipher."""
    export = "pkcs12 -export -in leaf.pem -inkey leaf.key"
    whole = f"{export} -certfile issuing.pem -name web -passout pass:{PASSWORD}"
    zoo.openssl(f"{whole} -out openssl3.p12")
    zoo.openssl(f"{whole} -legacy -out openssl1.p12")
    zoo.openssl(f"{whole} -legacy -CSP CryptoAPI -LMK -out windows.pfx")
    zoo.openssl(f"{whole} -macalg sha512 -iter 10000 -out sha512.p12")
    zoo.openssl(f"{whole} -noiter -nomaciter -out noiter.p12")
    zoo.openssl(f"{whole} -iter 9000000 -nomaciter -certpbe aes-256-cbc -keypbe NONE -out expensive.p12")
    for cipher in OPENSSL_CIPHERS:
        zoo.openssl(f"{whole} -legacy -certpbe {cipher} -out {cipher}.p12")
    zoo.openssl(f"{export} -passout pass: -out empty_password.p12")
    zoo.openssl(f"{export} -nomac -keypbe NONE -certpbe NONE -passout pass: -out plain.p12")
    zoo.openssl(f"{export} -nomac -passout pass:{PASSWORD} -out nomac_open.p12")  # which leaves certificates plain
    zoo.write("nomac.p12", _without_mac(zoo.read("openssl3.p12")))
    zoo.openssl(f"pkcs12 -export -nokeys -in fullchain.pem -passout pass:{PASSWORD} -out nokeys.p12")
    zoo.openssl(f"pkcs12 -export -nocerts -inkey leaf.key -in leaf.pem -passout pass:{PASSWORD} -out only_key.p12")
    zoo.openssl(f"pkcs12 -in openssl3.p12 -passin pass:{PASSWORD} -nodes -out from_pkcs12.pem")
    zoo.openssl(f"{export} -name w\u00e9b\u4e2d -passout pass:p\u00e4ss\u4e2d -out unicode.p12")


def gnutls_and_nss(zoo: Zoo) -> None:
    """Write PKCS#12 as GnuTLS and NSS do."""
    zoo.write("gnutls.cfg", GNUTLS_TEMPLATE)
    zoo.certtool("--generate-privkey --key-type ecdsa --outfile gnutls.key")
    zoo.certtool("--generate-self-signed --load-privkey gnutls.key --template gnutls.cfg --outfile gnutls.pem")
    export = "--to-p12 --load-privkey gnutls.key --load-certificate gnutls.pem --p12-name=gnu --outder"
    for name, options in (
        ("gnutls_aes.p12", f"--pkcs-cipher=aes-256 --password={PASSWORD}"),
        ("gnutls_3des.p12", f"--pkcs-cipher=3des-pkcs12 --password={PASSWORD}"),
        ("gnutls_null.p12", "--null-password"),
        ("gnutls_empty.p12", "--empty-password"),
    ):
        zoo.certtool(f"{export} {options} --outfile {name}")
    (zoo.folder / "nss").mkdir()
    zoo.run("certutil", "-N", "-d", "sql:nss", "--empty-password")
    zoo.run("pk12util", "-i", "openssl3.p12", "-d", "sql:nss", "-W", PASSWORD, "-K", "")
    zoo.run("pk12util", "-o", "nss.p12", "-n", "web", "-d", "sql:nss", "-W", PASSWORD, "-K", "")


def java(zoo: Zoo) -> None:
    """Write key stores with keytool: a key, a trusted certificate, and a secret key where there may be one."""
    for kind, program in (("JKS", KEYTOOL), ("JCEKS", KEYTOOL), ("PKCS12", KEYTOOL), ("PKCS12", NEW_KEYTOOL)):
        name = f"{'new' if program is NEW_KEYTOOL else 'java'}.{kind.lower()}"
        store = f"-keystore {name} -storetype {kind}"
        zoo.keytool(f"-genkeypair {store} -alias web -keyalg EC -dname CN=java.example.com", program)
        zoo.keytool(f"-importcert {store} -alias anchor -file root.pem", program)
        if kind != "JKS":
            for alias in ("a", "zz"):
                zoo.keytool(f"-genseckey {store} -alias {alias} -keyalg AES -keysize 256", program)
    store = "-importkeystore -srckeystore openssl3.p12 -srcstorepass secret -deststorepass changeit"
    zoo.keytool(f"{store} -destkeystore chain.jks -deststoretype JKS -destkeypass changeit")
    zoo.keytool("-genseckey -keystore secret.jceks -storetype JCEKS -alias only -keyalg AES -keysize 128")
    options = "-J-Dkeystore.pkcs12.macAlgorithm=NONE -J-Dkeystore.pkcs12.certProtectionAlgorithm=NONE"
    zoo.keytool(f"-importcert -keystore open.p12 -storetype PKCS12 -alias anchor -file root.pem {options}", NEW_KEYTOOL)


def kubernetes(zoo: Zoo) -> None:
    """Write kubeconfigs as kubeadm does."""
    encoded = {
        name: base64.b64encode(zoo.read(file)).decode()
        for name, file in (("ca", "root.pem"), ("leaf", "fullchain.pem"), ("key", "leaf.key"))
    }
    text = KUBECONFIG.format(**encoded)
    zoo.write("admin.conf", text)
    zoo.write(
        "json.conf",
        json.dumps({"kind": "Config", "clusters": [{"name": "c", "cluster": {f"{AUTHORITY}-data": encoded["ca"]}}]}),
    )
    zoo.write("bad_base64.conf", text.replace(encoded["ca"], "%%%"))
    zoo.write("no_certificates.conf", "apiVersion: v1\nkind: Config\nusers:\n- {name: a, user: {token: b}}\n")
    zoo.write("not_kubeconfig.yaml", "apiVersion: v1\nkind: Secret\ndata: {}\n")
    zoo.write(
        "bomb.conf",
        "kind: &a [x, x]\nclusters: &b [*a, *a]\n"
        + "".join(
            f"k{n}: &c{n} [{', '.join([f'*{chr(99) if n else chr(98)}{n - 1 if n else chr(32)}'] * 9)}]\n"
            for n in range(9)
        ),
    )


def hostile(zoo: Zoo) -> None:
    """Write what is cut, changed, or not a certificate at all."""
    pem, der, jks, p12 = (zoo.read(name) for name in ("fullchain.pem", "leaf.der", "java.jks", "openssl3.p12"))
    end = pem.index(b"-----END")
    begin = pem.index(b"\n") + 1
    for name, data in {
        "empty.pem": b"",
        "blank.pem": b"\n \n",
        "half.pem": pem[: end - 100],
        "half_end.pem": pem[: end + 12],
        "half_second.pem": pem[:-40],
        "lost_end.pem": pem[:end] + pem[end + len(b"-----END CERTIFICATE-----") :],
        "bad_base64.pem": pem[:begin] + b"!!!!" + pem[begin:],
        "cut_inside.pem": b"-----BEGIN CERTIFICATE-----\n"
        + base64.b64encode(der[:200])
        + b"\n-----END CERTIFICATE-----\n",
        "other_end.pem": pem.replace(b"-----END CERTIFICATE", b"-----END CERTIFICATES"),
        "many_begins.pem": b"-----BEGIN CERTIFICATE-----\n" * 50_000,
        "utf16.pem": pem.decode().encode("utf-16"),
        "bare.b64": b"".join(pem[begin:end].split()),
        "text.txt": b"hello\n",
        "half.der": der[: len(der) // 2],
        "one_byte.der": der[:1],
        "trailing.der": der + b"garbage",
        "sequence.der": b"\x30\x03\x02\x01\x05",
        "empty_sequence.der": b"\x30\x00",
        "nested.der": _nested(500),
        "long_length.der": b"\x30\x89" + b"\xff" * 30,
        "half.jks": jks[: len(jks) // 2],
        "no_digest.jks": jks[:-20],
        "longer.jks": jks + b"x",
        "changed.jks": jks[:-1] + bytes((jks[-1] ^ 1,)),
        "count.jks": jks[:8] + b"\xff\xff\xff\xff" + jks[12:],
        "version.jks": jks[:4] + b"\0\0\0\x09" + jks[8:],
        "kind.jks": jks[:12] + b"\0\0\0\x09" + jks[16:],
        "half.p12": p12[: len(p12) // 2],
        "changed.p12": p12[: len(p12) // 2] + bytes((p12[len(p12) // 2] ^ 1,)) + p12[len(p12) // 2 + 1 :],
        "big.pem": zoo.read("leaf.pem") * 20_000,
        "thousand.pem": zoo.read("leaf.pem") * 1001,
    }.items():
        zoo.write(name, data)


def _nested(depth: int) -> bytes:
    """Return ContentInfo of signed data with indefinite lengths, one in the other."""
    return b"\x30\x80\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02" + b"\xa0\x80" * depth


def make(folder: Path) -> Zoo:
    """Write every file."""
    zoo = Zoo(folder)
    for part in (basics, pkcs7, openssl_pkcs12, gnutls_and_nss, java, kubernetes, hostile):
        part(zoo)
    return zoo
