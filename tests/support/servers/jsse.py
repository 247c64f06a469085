"""Java's JSSE with everything enabled that it still has: SSL 3.0, export suites, no fallback signal."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from tests.support.programs import need, run
from tests.support.servers.credential import Credential
from tests.support.servers.process import free_port, serving

_PERMISSIVE = "".join(
    f"{name}=\n"
    for name in ("jdk.tls.disabledAlgorithms", "jdk.certpath.disabledAlgorithms", "jdk.tls.legacyAlgorithms")
)
_SOURCE = """
import java.io.FileInputStream;
import java.net.InetAddress;
import java.security.KeyStore;
import javax.net.ssl.*;

public class Server {
    public static void main(String[] arguments) throws Exception {
        char[] password = "changeit".toCharArray();
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(new FileInputStream(arguments[1]), password);
        KeyManagerFactory keys = KeyManagerFactory.getInstance("SunX509");
        keys.init(store, password);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(keys.getKeyManagers(), null, null);
        SSLServerSocket listener = (SSLServerSocket) context.getServerSocketFactory()
            .createServerSocket(Integer.parseInt(arguments[0]), 50, InetAddress.getByName("127.0.0.1"));
        if (arguments.length > 2) {
            listener.setEnabledProtocols(listener.getSupportedProtocols());
            listener.setEnabledCipherSuites(listener.getSupportedCipherSuites());
        }
        while (true) {
            SSLSocket peer = (SSLSocket) listener.accept();
            new Thread(() -> {
                try (peer) { peer.setSoTimeout(5000); peer.startHandshake(); peer.getInputStream().read(); }
                catch (Exception expected) { }
            }).start();
        }
    }
}
"""


@contextlib.contextmanager
def jsse(folder: Path, credential: Credential, *, everything: bool = True) -> Iterator[int]:
    """Run a JSSE server; yield its port. `everything`: all that it supports, else its defaults."""
    java, port = need("java"), free_port()
    need("javac")
    (folder / "Server.java").write_text(_SOURCE)
    (folder / "permissive.security").write_text(_PERMISSIVE)
    export = ["-export", "-passout", "pass:changeit", "-name", "server", "-out", str(folder / "server.p12")]
    run(need("openssl"), "pkcs12", *export, "-in", str(credential.certificate), "-inkey", str(credential.key))
    command = [java, *([f"-Djava.security.properties={folder}/permissive.security"] if everything else [])]
    command += ["Server.java", str(port), str(folder / "server.p12"), *(["everything"] if everything else [])]
    with serving(command, folder, port):
        yield port
