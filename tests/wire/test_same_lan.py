"""The probe between members on one physical network, as bytes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.same_lan import NO_NONCE, Says
from lanrage.errors import DecodeError
from lanrage.wire.same_lan import LARGEST, MACS_LIMIT, NeighbourProbe, Sender, decode, encode
from tests.readers import check_reader
from tests.strategies_lan import ME, PEER, REAL, THIRD

KEY, OTHER_KEY = b"k" * 32, b"o" * 32
NONCE, ECHO = b"12345678", b"abcdefgh"
FROM = Sender(ME, REAL)

nonces = st.binary(min_size=8, max_size=8)
keys = st.binary(min_size=32, max_size=32)
proofs = st.lists(st.tuples(keys, nonces), min_size=1, max_size=MACS_LIMIT)


def zeros(size: int) -> bytes:
    """No randomness."""
    return bytes(size)


class SameLanTests(SynchronousTestCase):
    """Written and read."""

    @given(nonces, st.sampled_from([Says(each) for each in range(4)]), proofs)
    def test_round_trip(self, nonce: bytes, says: Says, said: list[tuple[bytes, bytes]]) -> None:
        """Every member finds what was proven to it, and nonce and flag are as said."""
        data = encode(nonce, says, FROM, said, zeros)
        probe = decode(data)
        self.assertEqual((probe.nonce, probe.says), (nonce, says))
        self.assertLessEqual(len(data), LARGEST)
        self.assertEqual((len(data) - 16) % 64, 0)
        for key, echo in said:
            self.assertEqual(probe.proves(key, FROM, [echo]), echo)

    def test_bound_to_all(self) -> None:
        """Another key, sender, address, echo or header proves nothing; so nobody's probe comes back as the other's."""
        data = encode(NONCE, Says.NOTHING, FROM, [(KEY, ECHO)], zeros)
        probe = decode(data)
        self.assertEqual(probe.proves(KEY, FROM, [NO_NONCE, ECHO]), ECHO)
        for key, sender, echo in (
            (OTHER_KEY, FROM, ECHO),
            (KEY, Sender(PEER, REAL), ECHO),
            (KEY, Sender(ME, THIRD), ECHO),
            (KEY, FROM, NO_NONCE),
        ):
            self.assertIsNone(probe.proves(key, sender, [echo]))
        changed = decode(data[:5] + b"\1" + data[6:])
        self.assertIsNone(changed.proves(KEY, FROM, [ECHO]))

    @given(st.binary(max_size=200) | st.binary(max_size=120).map(lambda tail: b"LRSL\1\0\1\0" + tail))
    def test_any_bytes(self, data: bytes) -> None:
        """Any bytes are a probe or one error."""
        check_reader(decode, data)

    def test_refused(self) -> None:
        """Each field is checked."""
        good = encode(NONCE, Says.BRIDGES, FROM, [(KEY, ECHO)], zeros)
        self.assertIsInstance(decode(good), NeighbourProbe)
        for bad in (
            b"",
            good[:16],
            good[:-1],
            good + bytes(8),
            b"X" + good[1:],
            good[:4] + b"\2" + good[5:],
            good[:5] + b"\4" + good[6:],
            good[:7] + b"\1" + good[8:],
            good[:6] + b"\xff" + good[7:16] + bytes(255 * 8),
        ):
            self.assertRaises(DecodeError, decode, bad)
