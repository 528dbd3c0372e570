"""The fixed Huffman code of Skulltag and Zandronum.

A coded datagram begins with the number of unused bits of its last byte; after it come the codes, the lowest bit of
each byte first. A first byte of ff means that the rest is not coded. The tree is the one that all versions share:
doomtech/zandronum ``src/huffman/huffman.cpp`` (``compatible_huffman_tree``, by Timothy Landers). It is written as
each inner node before its two sides: bit 0 of a node's byte says that its first side is a symbol, bit 1 that its
second is, and a symbol is a byte in its place.
"""

from __future__ import annotations

from functools import cache
from typing import TypeAlias

from lanrage.errors import DecodeError

PLAIN = 0xFF
CODED_BYTES, DECODED_BYTES = 1_024, 4_096
"""Of a datagram: real ones have some hundred bytes."""

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


Node: TypeAlias = "int | tuple[Node, Node]"
"""A symbol, or the two sides of an inner node."""


def _grow(at: int) -> tuple[Node, int]:
    """The inner node at a place of the tree, and where the next one begins."""
    sides, at = _TREE[at], at + 1
    grown: list[Node] = []
    for side in (0, 1):
        if sides >> side & 1:
            grown.append(_TREE[at])
            at += 1
        else:
            node, at = _grow(at)
            grown.append(node)
    return (grown[0], grown[1]), at


def _codes(node: Node, prefix: tuple[int, ...]) -> dict[int, tuple[int, ...]]:
    """Symbol to bits, of all below a node."""
    if isinstance(node, int):
        return {node: prefix}
    return _codes(node[0], (*prefix, 0)) | _codes(node[1], (*prefix, 1))


_ROOT = _grow(0)[0]
_CODES = _codes(_ROOT, ())


class _Steps:
    """What four bits lead to from each inner node: the symbols that end there, and the inner node after them.

    A datagram costs two look-ups a byte, whatever is in it.

    :ivar nodes: the inner nodes by their numbers; 0 is the root.
    :ivar table: by 16 times a node's number, plus four bits: symbols, and 16 times the next node's number.
    """

    def __init__(self) -> None:
        self._numbers: dict[int, int] = {}
        self.nodes: list[tuple[Node, Node]] = []
        self.table: list[tuple[bytes, int]] = []
        assert not isinstance(_ROOT, int)
        self._number(_ROOT)
        at = 0
        while at < len(self.nodes):  # it grows by what is reached
            self.table.extend(self._step(self.nodes[at], bits) for bits in range(16))
            at += 1

    def _number(self, node: tuple[Node, Node]) -> int:
        number = self._numbers.setdefault(id(node), len(self.nodes))
        if number == len(self.nodes):
            self.nodes.append(node)
        return number

    def _step(self, inner: tuple[Node, Node], bits: int) -> tuple[bytes, int]:
        symbols, node = bytearray(), inner
        for _ in range(4):
            side = node[bits & 1]
            bits >>= 1
            if isinstance(side, int):
                symbols.append(side)
                side = _ROOT
                assert not isinstance(side, int)
            node = side
        return bytes(symbols), 16 * self._number(node)


@cache
def _steps() -> _Steps:
    """Made when the first datagram is decoded."""
    return _Steps()


def decode(data: bytes, most: int = DECODED_BYTES) -> bytes:
    """What was coded.

    :param most: bytes after which decoding stops: a look at the head is cheap.
    :raises DecodeError: for nothing, for more than :data:`CODED_BYTES`, and for a code that is cut off.
    """
    if not 0 < len(data) <= CODED_BYTES or (data[0] > 7 and data[0] != PLAIN):
        raise DecodeError("Huffman: no such head, or too much")
    if data[0] == PLAIN:
        return data[1 : 1 + most]
    out, at, steps = bytearray(), 0, _steps().table
    for byte in data[1:-1]:
        symbols, at = steps[at + (byte & 15)]
        out += symbols
        symbols, at = steps[at + (byte >> 4)]
        out += symbols
        if len(out) >= most:
            return bytes(out[:most])
    if len(data) > 1:
        at = _last(data[-1], 8 - data[0], at, out)
    if at and len(out) < most:
        raise DecodeError("Huffman: a code is cut off")
    return bytes(out[:most])


def _last(byte: int, bits: int, at: int, out: bytearray) -> int:
    """The used bits of the last byte, one by one; 0 where a code ended with them."""
    node: Node = _steps().nodes[at >> 4]
    for _ in range(bits):
        assert not isinstance(node, int)
        node = node[byte & 1]
        byte >>= 1
        if isinstance(node, int):
            out.append(node)
            node = _ROOT
    return 0 if node is _ROOT else 1


def code(symbol: int) -> tuple[int, ...]:
    """The bits of a symbol, in the order in which they are sent."""
    return _CODES[symbol]


def encode(plain: bytes) -> bytes:
    """Coded, or marked as plain where coding would make it longer."""
    bits = [bit for byte in plain for bit in _CODES[byte]]
    unused = -len(bits) % 8
    bits.extend([0] * unused)
    packed = bytes(sum(bit << place for place, bit in enumerate(bits[at : at + 8])) for at in range(0, len(bits), 8))
    return bytes([unused]) + packed if len(packed) <= len(plain) else bytes([PLAIN]) + plain
