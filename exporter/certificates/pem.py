"""PEM (RFC 7468), read in one pass: blocks of one label in bytes of any kind and size.

A regular expression for "begin, anything, end" searches the rest again for each begin that has no end: input made of
begins would take hours. Here every byte is read at most twice.
"""

from base64 import b64decode
from collections.abc import Iterator


def pem_blocks_untrusted(data: bytes, *labels: bytes) -> Iterator[bytes]:
    """Yield what the blocks of these labels hold, in their order. Raises ValueError where that is no base64.

    A block ends with the line that ends its own label; without one, it and what follows is no block.
    """
    marks = [(b"-----BEGIN " + label + b"-----", b"-----END " + label + b"-----") for label in labels]
    nearest = {begin: data.find(begin) for begin, _ in marks}
    while any(at >= 0 for at in nearest.values()):
        begin, end = min((m for m in marks if nearest[m[0]] >= 0), key=lambda mark: nearest[mark[0]])
        start = nearest[begin] + len(begin)
        stop = data.find(end, start)
        if stop < 0:
            nearest[begin] = -1  # no later block of this label has an end either
            continue
        yield b64decode(b"".join(data[start:stop].split()), validate=True)
        nearest = {mark: at if at < 0 or at >= stop else data.find(mark, stop) for mark, at in nearest.items()}
