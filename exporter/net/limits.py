"""The limits that hold whatever a peer does."""

MAX_HANDSHAKE_BYTES = 256 * 1024
MAX_CERTIFICATES = 100
MAX_ADDRESSES = 32  # of one name; what a lying resolver adds beyond it is not probed
