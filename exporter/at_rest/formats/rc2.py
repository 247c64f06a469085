"""RC2 in CBC mode (RFC 2268), to decrypt only: what OpenSSL 1.0 and Windows encrypt the certificates of PKCS#12 with.

Libraries have it with 128 effective key bits alone, if at all; PKCS#12 wants 40 of them as well. The table and the
names are those of RFC 2268. A certificate takes about 3 ms.
"""

import struct

BLOCK = 8
_WORDS = struct.Struct("<4H")
_MASK = 0xFFFF
_PITABLE = bytes.fromhex(
    "d978f9c419ddb5ed28e9fd794aa0d89dc67e37832b76538e624c6488448bfba2"
    "179a59f587b34f1361456d8d09817d32bd8f40eb86b77b0bf09521225c6b4e82"
    "54d66593ce60b21c7356c014a78cf1dc1275ca1f3bbee4d1423dd430a33cb626"
    "6fbf0eda4669075727f21d9bbc944303f811c7f690ef3ee706c3d52fc8661ed7"
    "08e8eade8052eef784aa72ac354d6a2a961ad2715a1549744b9fd05e0418a4ec"
    "c2e0416e0f51cbcc2491af50a1f47039997c3a8523b8b47afc02365b25559731"
    "2d5dfa98e38a92ae05df2910676cbac9d300e6cfe19ea82c6316013f58e289a9"
    "0d38341bab33ffb0bb480c5fb9b1cd2ec5f3db47e5a59c770aa62068fe7fc1ad"
)


def decrypt_cbc(key: bytes, effective_bits: int, iv: bytes, data: bytes) -> bytes:
    """Decrypt whole blocks; padding stays. `key` has 1 to 128 octets, `iv` 8."""
    expanded = _expand(key, effective_bits)
    plain, before = bytearray(), iv
    for offset in range(0, len(data) - len(data) % BLOCK, BLOCK):
        block = data[offset : offset + BLOCK]
        plain += bytes(one ^ other for one, other in zip(_decrypt(expanded, block), before, strict=True))
        before = block
    return bytes(plain)


def _expand(key: bytes, effective_bits: int) -> tuple[int, ...]:
    """Expand a key (section 2)."""
    expanded = bytearray(key)
    while len(expanded) < 128:  # noqa: PLR2004
        expanded.append(_PITABLE[(expanded[-1] + expanded[-len(key)]) & 0xFF])
    length = (effective_bits + 7) // 8
    expanded[128 - length] = _PITABLE[expanded[128 - length] & (0xFF >> (8 * length - effective_bits))]
    for index in range(127 - length, -1, -1):
        expanded[index] = _PITABLE[expanded[index + 1] ^ expanded[index + length]]
    return struct.unpack("<64H", expanded)


def _decrypt(key: tuple[int, ...], block: bytes) -> bytes:
    """Decrypt one block (section 4): five, six and five mixing rounds with a mashing round between them."""
    words = list(_WORDS.unpack(block))
    at = 63
    for rounds in (5, 6, 5):
        for _ in range(rounds):
            at = _unmix(words, key, at)
        if at >= 0:
            for index in (3, 2, 1, 0):
                words[index] = (words[index] - key[words[index - 1] & 63]) & _MASK
    return _WORDS.pack(*words)


def _unmix(words: list[int], key: tuple[int, ...], at: int) -> int:
    for index, shift in ((3, 5), (2, 3), (1, 2), (0, 1)):
        word = (words[index] >> shift | words[index] << (16 - shift)) & _MASK
        one, other, third = words[index - 1], words[index - 2], words[index - 3]
        words[index] = (word - key[at] - (one & other) - (~one & third)) & _MASK
        at -= 1
    return at
