"""What a member says of passing frames on."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.replicator import DIGEST_BYTES, Standing
from lanrage.wire.replicator import decode_standing, encode_standing
from tests.readers import check_reader

STANDINGS = st.builds(Standing, st.booleans(), st.booleans(), st.binary(min_size=DIGEST_BYTES, max_size=DIGEST_BYTES))


class CodecTests(SynchronousTestCase):
    """Bytes and values."""

    @given(STANDINGS)
    def test_round_trip(self, standing: Standing) -> None:
        """What is written is read as the same."""
        self.assertEqual(decode_standing(encode_standing(standing)), standing)

    @given(st.binary(max_size=8))
    def test_any_bytes(self, data: bytes) -> None:
        """Any bytes are a value or a DecodeError."""
        check_reader(decode_standing, data, encode_standing)
