/* Connects to localhost with wolfSSL's defaults. Usage: wolfssl_client PORT */
#include <wolfssl/options.h>
#include <wolfssl/ssl.h>
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

int main(int count, char **arguments) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(atoi(arguments[1]))};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int peer = socket(AF_INET, SOCK_STREAM, 0);
    wolfSSL_Init();
    WOLFSSL_CTX *context = wolfSSL_CTX_new(wolfSSLv23_client_method());
    wolfSSL_CTX_set_verify(context, WOLFSSL_VERIFY_NONE, 0);
    wolfSSL_CTX_UseSNI(context, WOLFSSL_SNI_HOST_NAME, "localhost", 9);
    WOLFSSL *session = wolfSSL_new(context);
    if (count < 2 || connect(peer, (struct sockaddr *)&address, sizeof address)) return 1;
    wolfSSL_set_fd(session, peer);
    puts(wolfSSL_connect(session) == WOLFSSL_SUCCESS ? "CONNECTED" : "REFUSED");
    return 0;
}
