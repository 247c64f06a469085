/* Connects to localhost with BearSSL's full profile. Usage: bearssl_client PORT */
#include <arpa/inet.h>
#include <bearssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int receive(void *peer, unsigned char *data, size_t size) { ssize_t got = read(*(int *)peer, data, size); return got > 0 ? (int)got : -1; }
static int transmit(void *peer, const unsigned char *data, size_t size) { ssize_t put = write(*(int *)peer, data, size); return put > 0 ? (int)put : -1; }

/* An X.509 engine that takes every chain, but for what cannot be read. */
static br_x509_minimal_context trust;
static void start_chain(const br_x509_class **ctx, const char *name) { (void)ctx; trust.vtable->start_chain(&trust.vtable, name); }
static void start_cert(const br_x509_class **ctx, uint32_t size) { (void)ctx; trust.vtable->start_cert(&trust.vtable, size); }
static void append(const br_x509_class **ctx, const unsigned char *data, size_t size) { (void)ctx; trust.vtable->append(&trust.vtable, data, size); }
static void end_cert(const br_x509_class **ctx) { (void)ctx; trust.vtable->end_cert(&trust.vtable); }
static unsigned end_chain(const br_x509_class **ctx) {
    (void)ctx;
    unsigned error = trust.vtable->end_chain(&trust.vtable);
    return error == BR_ERR_X509_NOT_TRUSTED ? 0 : error;
}
static const br_x509_pkey *get_pkey(const br_x509_class *const *ctx, unsigned *usages) { (void)ctx; return trust.vtable->get_pkey(&trust.vtable, usages); }
static const br_x509_class trusting = {sizeof(const br_x509_class *), start_chain, start_cert, append, end_cert, end_chain, get_pkey};
static const br_x509_class *engine = &trusting;

int main(int count, char **arguments) {
    static unsigned char buffer[BR_SSL_BUFSIZE_BIDI];
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(atoi(arguments[1]))};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int peer = socket(AF_INET, SOCK_STREAM, 0);
    br_ssl_client_context client; br_sslio_context io;
    br_ssl_client_init_full(&client, &trust, NULL, 0);
    br_ssl_engine_set_x509(&client.eng, &engine);
    br_ssl_engine_set_buffer(&client.eng, buffer, sizeof buffer, 1);
    if (count < 2 || connect(peer, (struct sockaddr *)&address, sizeof address)) return 1;
    br_ssl_client_reset(&client, "localhost", 0);
    br_sslio_init(&io, &client.eng, receive, &peer, transmit, &peer);
    puts(br_sslio_flush(&io) == 0 ? "CONNECTED" : "REFUSED");
    return 0;
}
