"""The fixed Huffman code of Skulltag and Zandronum.

A coded datagram begins with the number of unused bits of its last byte; after it come the codes, the lowest bit of
each byte first. A first byte of ff means that the rest is not coded. The tree is the one that all versions share:
doomtech/zandronum ``src/huffman/huffman.cpp`` (``compatible_huffman_tree``, by Timothy Landers). It is written as
each inner node before its two sides: bit 0 of a node's byte says that its first side is a symbol, bit 1 that its
second is, and a symbol is a byte in its place.
"""

from __future__ import annotations

from lanrage.errors import DecodeError

PLAIN = 0xFF
DECODED_BYTES = 8_192
"""A datagram decodes to no more: real ones have some hundred bytes."""

_TREE = bytes.fromhex(
    "0000000180000000032622020150036e90430002014a03f38e2502037c3ab6000001240003dd8303f5a30123037155000129014d03c78200"
    "01ce03b9990346760003030500000118000203c6be3f02038bba4b00012c0203f0da380328270000020203f4f751410003097d03443c0000"
    "011903bf8a03561100011703dcb20203a5c20e0100020200000201d003969db501de0203d8e6d300020203fc8d0a2a000203868768016703"
    "bbe15f200000000000000139013d03b7ed000003e9ea03f6cb0203fa934f0181000107038f88011403b394000000031c6a03655701420003"
    "b4db03e3f100011a01fb03e5d6033645000000000003e7d4039cb0035d53000360fd031e0d00000203affe5e039f1b02010803cce24e0000"
    "00036b58011f0389a9020203d7910604017f00016303d1d90003d5ee03b1aa01840000000203160c720202039ec5612d00012e017003aef9"
    "0003e0660203ab97c1000000030f100302a80131035b9200013003ad1d0003137e035cf200000000000003cdc00203eb95ff0203dfb8f800"
    "00036cec036f5a02037573470000030b320003bc77017a03a7a201a00185037b15000002013b02039b9a622b00034c330203c97448020002"
    "036d64790203c3e8120100020001a4020378bd490001c403efd203403e59000001210203e4a137020354982f00000203cfac8c0352a60003"
    "3569013403cac8"
)


def _grow(at: int, prefix: tuple[int, ...], codes: dict[tuple[int, ...], int]) -> int:
    """Read the node at a place of the tree; where the next one begins."""
    sides, at = _TREE[at], at + 1
    for side in (0, 1):
        if sides >> side & 1:
            codes[(*prefix, side)], at = _TREE[at], at + 1
        else:
            at = _grow(at, (*prefix, side), codes)
    return at


def _read_tree() -> dict[tuple[int, ...], int]:
    codes: dict[tuple[int, ...], int] = {}
    _grow(0, (), codes)
    return codes


_SYMBOLS = _read_tree()
_CODES = {symbol: code for code, symbol in _SYMBOLS.items()}


def decode(data: bytes) -> bytes:
    """What was coded.

    :raises DecodeError: for nothing, for a code that is cut off, and for more than :data:`DECODED_BYTES`.
    """
    if not data or (data[0] > 7 and data[0] != PLAIN):
        raise DecodeError("Huffman: no such head")
    if data[0] == PLAIN:
        return data[1 : 1 + DECODED_BYTES]
    bits = [byte >> bit & 1 for byte in data[1:] for bit in range(8)]
    out, begin, end = bytearray(), 0, len(bits) - data[0]
    for place in range(1, end + 1):
        symbol = _SYMBOLS.get(tuple(bits[begin:place]))
        if symbol is not None:
            out.append(symbol)
            begin = place
    if begin < end or len(out) > DECODED_BYTES:
        raise DecodeError("Huffman: a code is cut off, or too much")
    return bytes(out)


def encode(plain: bytes) -> bytes:
    """Coded, or marked as plain where coding would make it longer."""
    bits = [bit for byte in plain for bit in _CODES[byte]]
    unused = -len(bits) % 8
    bits.extend([0] * unused)
    packed = bytes(sum(bit << place for place, bit in enumerate(bits[at : at + 8])) for at in range(0, len(bits), 8))
    return bytes([unused]) + packed if len(packed) <= len(plain) else bytes([PLAIN]) + plain
