/* Connects to localhost with Mbed TLS's defaults. Usage: mbedtls_client PORT */
#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <mbedtls/net_sockets.h>
#include <mbedtls/ssl.h>
#include <stdio.h>

int main(int count, char **arguments) {
    mbedtls_net_context peer; mbedtls_ssl_context session; mbedtls_ssl_config config;
    mbedtls_entropy_context entropy; mbedtls_ctr_drbg_context random;
    mbedtls_net_init(&peer); mbedtls_ssl_init(&session); mbedtls_ssl_config_init(&config);
    mbedtls_entropy_init(&entropy); mbedtls_ctr_drbg_init(&random);
    mbedtls_ctr_drbg_seed(&random, mbedtls_entropy_func, &entropy, NULL, 0);
    mbedtls_ssl_config_defaults(&config, MBEDTLS_SSL_IS_CLIENT, MBEDTLS_SSL_TRANSPORT_STREAM, MBEDTLS_SSL_PRESET_DEFAULT);
    mbedtls_ssl_conf_authmode(&config, MBEDTLS_SSL_VERIFY_NONE);
    mbedtls_ssl_conf_rng(&config, mbedtls_ctr_drbg_random, &random);
    mbedtls_ssl_setup(&session, &config);
    mbedtls_ssl_set_hostname(&session, "localhost");
    if (count < 2 || mbedtls_net_connect(&peer, "127.0.0.1", arguments[1], MBEDTLS_NET_PROTO_TCP)) return 1;
    mbedtls_ssl_set_bio(&session, &peer, mbedtls_net_send, mbedtls_net_recv, NULL);
    puts(mbedtls_ssl_handshake(&session) == 0 ? "CONNECTED" : "REFUSED");
    return 0;
}
