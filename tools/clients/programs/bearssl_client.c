/* Connects to localhost with BearSSL's full profile. Usage: bearssl_client PORT */
#include <arpa/inet.h>
#include <bearssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int receive(void *peer, unsigned char *data, size_t size) { ssize_t got = read(*(int *)peer, data, size); return got > 0 ? (int)got : -1; }
static int transmit(void *peer, const unsigned char *data, size_t size) { ssize_t put = write(*(int *)peer, data, size); return put > 0 ? (int)put : -1; }

int main(int count, char **arguments) {
    static unsigned char buffer[BR_SSL_BUFSIZE_BIDI];
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(atoi(arguments[1]))};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int peer = socket(AF_INET, SOCK_STREAM, 0);
    br_ssl_client_context client; br_x509_minimal_context trust; br_sslio_context io;
    br_ssl_client_init_full(&client, &trust, NULL, 0);
    br_ssl_engine_set_buffer(&client.eng, buffer, sizeof buffer, 1);
    if (count < 2 || connect(peer, (struct sockaddr *)&address, sizeof address)) return 1;
    br_ssl_client_reset(&client, "localhost", 0);
    br_sslio_init(&io, &client.eng, receive, &peer, transmit, &peer);
    puts(br_sslio_flush(&io) == 0 ? "CONNECTED" : "REFUSED"); /* it trusts nobody: only its hello is of use */
    return 0;
}
