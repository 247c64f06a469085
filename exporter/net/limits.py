"""The limits that hold whatever a peer does."""

MAX_HANDSHAKE_BYTES = 100 * 1024  # as OpenSSL's SSL_MAX_CERT_LIST_DEFAULT, either way
MAX_PIECES = 4_096  # that a handshake may come in: each wakes the event loop
MAX_AFTER_HANDSHAKE_BYTES = 256 * 1024  # of tickets, key updates and renegotiation that are read for an answer
MAX_CERTIFICATES = 100
MAX_ADDRESSES = 32  # of one name; what a lying resolver adds beyond it is not probed
