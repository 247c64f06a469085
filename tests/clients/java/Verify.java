// Verifies chains as JSSE's default trust manager does. One line in, one out: name, chain and roots, separated by
// tabs; a list of certificates is Base64, separated by commas. The name is not compared: that is asked separately.
import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.InputStreamReader;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;

public class Verify {
    static List<X509Certificate> parsed(String list, boolean lenient) throws Exception {
        List<X509Certificate> found = new ArrayList<>();
        for (String text : list.split(",")) {
            byte[] der = Base64.getDecoder().decode(text);
            try {
                CertificateFactory factory = CertificateFactory.getInstance("X.509");
                found.add((X509Certificate) factory.generateCertificate(new ByteArrayInputStream(der)));
            } catch (Exception error) {
                if (!lenient) throw error;
            }
        }
        return found;
    }

    static void verify(String[] query) throws Exception {
        KeyStore roots = KeyStore.getInstance(KeyStore.getDefaultType());
        roots.load(null, null);
        int number = 0;
        for (X509Certificate root : parsed(query[2], true)) roots.setCertificateEntry("root" + number++, root);
        TrustManagerFactory factory = TrustManagerFactory.getInstance("PKIX");
        factory.init(roots);
        X509Certificate[] chain = parsed(query[1], false).toArray(new X509Certificate[0]);
        ((X509TrustManager) factory.getTrustManagers()[0]).checkServerTrusted(chain, "UNKNOWN");
    }

    public static void main(String[] arguments) throws Exception {
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
        for (String line; (line = lines.readLine()) != null; ) {
            try {
                verify(line.split("\t"));
                System.out.println("accepts\t");
            } catch (Throwable error) {
                Throwable cause = error;
                while (cause.getCause() != null) cause = cause.getCause();
                System.out.println("refuses\t" + cause.toString().replace('\n', ' '));
            }
        }
    }
}
