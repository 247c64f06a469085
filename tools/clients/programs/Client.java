// Connects to localhost with JSSE's defaults, or with those of the provider that is named. Usage: java Client.java PORT [PROVIDER CLASS]
import java.security.Provider;
import java.security.SecureRandom;
import java.security.Security;
import java.security.cert.X509Certificate;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509TrustManager;

public class Client {
    static class Trusting implements X509TrustManager {
        public void checkClientTrusted(X509Certificate[] chain, String type) { }
        public void checkServerTrusted(X509Certificate[] chain, String type) { }
        public X509Certificate[] getAcceptedIssuers() { return new X509Certificate[0]; }
    }

    public static void main(String[] arguments) throws Exception {
        SSLContext context;
        if (arguments.length > 1) {
            for (int i = 2; i < arguments.length; i++)
                Security.addProvider((Provider) Class.forName(arguments[i]).getConstructor().newInstance());
            Provider provider = (Provider) Class.forName(arguments[1]).getConstructor().newInstance();
            context = SSLContext.getInstance("TLS", provider);
        } else {
            context = SSLContext.getInstance("TLS");
        }
        context.init(null, new TrustManager[] {new Trusting()}, new SecureRandom());
        try (SSLSocket socket = (SSLSocket) context.getSocketFactory().createSocket("localhost", Integer.parseInt(arguments[0]))) {
            javax.net.ssl.SSLParameters parameters = socket.getSSLParameters();
            parameters.setServerNames(java.util.Collections.singletonList(new javax.net.ssl.SNIHostName("localhost")));
            socket.setSSLParameters(parameters);
            socket.setSoTimeout(8000);
            socket.startHandshake();
            System.out.println("CONNECTED");
        } catch (java.io.IOException refused) {
            System.out.println("REFUSED " + refused.getMessage());
        }
        System.exit(0);
    }
}
