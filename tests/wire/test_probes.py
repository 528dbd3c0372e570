"""Probes: what was sent is read, and nothing else."""

from __future__ import annotations

import attrs
from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.links import Endpoint
from lanrage.core.probe import Probe, ProbeKind
from lanrage.errors import CryptoError, DecodeError
from lanrage.wire import probes
from tests.strategies_links import keys
from tests.strategies_probes import probes as any_probe

KEY = b"k" * 32
OURS = b"receiver"


def signed(kind: int, body: bytes, version: int = probes.VERSION) -> bytes:
    """A probe of any kind and body whose MAC holds."""
    data = b"LRNG" + bytes([version, kind]) + b"t" * 8 + b"s" * 8 + b"x" * 8 + body
    data += probes._mac(data, KEY)
    return data + probes._mac_for(OURS, data, KEY)


class ProbeTests(SynchronousTestCase):
    """The codec."""

    @given(any_probe, keys)
    def test_round_trip(self, probe: Probe, key: bytes) -> None:
        """What is encoded is decoded, and its tag is found without the key; none is larger than the limit."""
        data = probes.encode(probe, key, OURS)
        self.assertEqual(attrs.evolve(probe, knows=True), probes.decode(data, key, OURS))
        self.assertEqual(probe.tag, probes.peek_tag(data))
        self.assertLessEqual(len(data), probes.PROBE_LIMIT)

    @given(any_probe, keys, st.none() | st.binary(min_size=8, max_size=8))
    def test_another_life(self, probe: Probe, key: bytes, known: bytes | None) -> None:
        """A probe for another session of the receiver, or for none, is told from one for the present session."""
        data = probes.encode(probe, key, known)
        self.assertEqual(attrs.evolve(probe, knows=known == OURS), probes.decode(data, key, OURS))

    def test_layout(self) -> None:
        """The bytes of a pong, as documented."""
        pong = Probe(ProbeKind.PONG, b"t" * 8, b"s" * 8, b"x" * 8, Endpoint("192.0.2.1", 258))
        head = b"LRNG\x01\x02" + b"t" * 8 + b"s" * 8 + b"x" * 8 + b"\x04\xc0\x00\x02\x01\x01\x02"
        data = probes.encode(pong, KEY, OURS)
        self.assertEqual(head, data[:-16])
        self.assertEqual(signed(2, b"\x04\xc0\x00\x02\x01\x01\x02"), data)

    @given(any_probe, st.integers(0, 127), st.integers(0, 7))
    def test_flipped_bit(self, probe: Probe, at: int, bit: int) -> None:
        """Any flipped bit is refused; in the last MAC it makes a probe that is for no life of the receiver."""
        data = bytearray(probes.encode(probe, KEY, OURS))
        data[at % len(data)] ^= 1 << bit
        if at % len(data) >= len(data) - probes.MAC_BYTES:
            self.assertEqual(attrs.evolve(probe, knows=False), probes.decode(bytes(data), KEY, OURS))
            return
        with self.assertRaises((CryptoError, DecodeError)):
            probes.decode(bytes(data), KEY, OURS)

    @given(any_probe, keys)
    def test_another_key(self, probe: Probe, key: bytes) -> None:
        """Another pair's key, or another party's, proves nothing."""
        if key != KEY:
            with self.assertRaises(CryptoError):
                probes.decode(probes.encode(probe, key, OURS), KEY, OURS)

    @given(st.binary(max_size=140) | st.binary(max_size=140).map(lambda tail: b"LRNG\x01" + tail))
    def test_any_bytes(self, data: bytes) -> None:
        """Bytes of a stranger are refused by one of two errors."""
        with self.assertRaises((CryptoError, DecodeError)):
            probes.decode(data, KEY, OURS)

    @given(st.integers(0, 255), st.binary(max_size=40))
    def test_any_body(self, kind: int, body: bytes) -> None:
        """What a member itself signs is read as it would be written, or refused."""
        data = signed(kind, body)
        try:
            probe = probes.decode(data, KEY, OURS)
        except DecodeError:
            return
        self.assertEqual(data, probes.encode(probe, KEY, OURS))

    def test_wrong_bodies(self) -> None:
        """Each kind has one shape."""
        wrong = {
            "ping with a body": signed(1, b"x"),
            "pong without an address": signed(2, b""),
            "pong with port 0": signed(2, b"\x04\xc0\x00\x02\x01\x00\x00"),
            "pong with 5 bytes of address": signed(2, b"\x05\xc0\x00\x02\x01\x01\x00\x01"),
            "decide without a number": signed(3, b""),
            "decided with five bytes": signed(4, b"12345"),
            "kind 0": signed(0, b""),
            "kind 5": signed(5, b""),
            "another version": signed(1, b"", version=2),
            "too short": signed(1, b"")[:-1],
            "too long": signed(1, b"x" * 100),
        }
        for what, data in wrong.items():
            with self.assertRaises(DecodeError, msg=what):
                probes.decode(data, KEY, OURS)

    def test_tags(self) -> None:
        """A member has another tag in another party, and another member has another one."""
        tags = {probes.sender_tag(party, key) for party in ("00" * 16, "11" * 16) for key in (b"a" * 32, b"b" * 32)}
        self.assertEqual({8}, {len(tag) for tag in tags})
        self.assertEqual(4, len(tags))
