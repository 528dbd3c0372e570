"""Signals: only the peer reads them, and only as they were sealed."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.candidates import CANDIDATE_LIMIT, Candidate, CandidateKind
from lanrage.core.links import Endpoint
from lanrage.errors import CryptoError, DecodeError
from lanrage.wire.control import SIGNAL_LIMIT
from lanrage.wire.signals import CandidateRow, Offer, Punch, PunchStep, seal, unseal
from tests.readers import check_reader
from tests.strategies_links import hosts, keys
from tests.strategies_probes import candidates, eight

KEY, A, B, NONCE = b"k" * 32, b"a" * 32, b"b" * 32, b"n" * 12
punches = st.builds(
    Punch,
    eight,
    eight,
    eight,
    st.sampled_from(PunchStep),
    hosts.map(str) | st.text(max_size=45),
    st.integers(1, 65535),
    st.integers(0, 10_000),
)
offers = st.builds(Offer.of, eight, st.just(b"") | eight, candidates)


def sealed(plain: bytes) -> bytes:
    """Any bytes under a seal that holds."""
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

    return NONCE + ChaCha20Poly1305(KEY).encrypt(NONCE, plain, A + B)


class SignalTests(SynchronousTestCase):
    """The codec."""

    @given(offers, keys, st.binary(min_size=12, max_size=12))
    def test_round_trip(self, offer: Offer, key: bytes, nonce: bytes) -> None:
        """What is sealed is read by the other end; it fits into one request."""
        payload = seal(offer, key, sender=A, receiver=B, nonce=nonce)
        self.assertEqual(offer, unseal(payload, key, sender=A, receiver=B))
        self.assertLessEqual(len(payload), SIGNAL_LIMIT)

    @given(eight, candidates)
    def test_values(self, session: bytes, offered: tuple[Candidate, ...]) -> None:
        """The candidates come out as they went in."""
        self.assertEqual(offered, Offer.of(session, b"", offered).values())

    @given(offers, st.integers(0), st.integers(0, 7))
    def test_flipped_bit(self, offer: Offer, at: int, bit: int) -> None:
        """Any flipped bit is refused."""
        payload = bytearray(seal(offer, KEY, sender=A, receiver=B, nonce=NONCE))
        payload[at % len(payload)] ^= 1 << bit
        with self.assertRaises(CryptoError):
            unseal(bytes(payload), KEY, sender=A, receiver=B)

    @given(punches, keys)
    def test_punch_round_trip(self, punch: Punch, key: bytes) -> None:
        """Likewise what is said of birthday probing; its address comes out where it is one."""
        payload = seal(punch, key, sender=A, receiver=B, nonce=NONCE)
        self.assertEqual(punch, unseal(payload, key, sender=A, receiver=B))
        self.assertLessEqual(len(payload), SIGNAL_LIMIT)
        if punch.endpoint is not None:
            self.assertEqual(punch.port, punch.endpoint.port)

    def test_punch_rules(self) -> None:
        """Sessions and round have eight bytes, port and delay bounds, the step a name; the unknown is passed over."""
        good: dict[str, object] = {"type": "punch1", "session": b"s" * 8, "answers": b"a" * 8, "round": b"r" * 8}
        good |= {"step": "ready", "host": "192.0.2.1", "port": 5, "delay_ms": 1000}
        expected = Punch(b"s" * 8, b"a" * 8, b"r" * 8, PunchStep.READY, "192.0.2.1", 5, 1000)
        later = good | {"more": 1}
        for plain in map(msgspec.msgpack.encode, (good, later)):
            self.assertEqual(expected, unseal(sealed(plain), KEY, sender=A, receiver=B))
        self.assertEqual(Endpoint("192.0.2.1", 5), expected.endpoint)
        wrong: list[dict[str, object]] = [
            {"session": b"s" * 7},
            {"answers": b""},
            {"round": b"r" * 9},
            {"step": "go"},
            {"host": "1" * 46},
            {"port": 0},
            {"port": 65536},
            {"delay_ms": -1},
            {"delay_ms": 10_001},
            {"type": "punch2"},
        ]
        for change in wrong:
            with self.assertRaises(DecodeError, msg=str(change)):
                unseal(sealed(msgspec.msgpack.encode(good | change)), KEY, sender=A, receiver=B)

    def test_wrong_direction(self) -> None:
        """A signal sent back to its sender, or shown as another's, is refused; so is one of another pair's key."""
        payload = seal(Offer.of(b"s" * 8, b"", ()), KEY, sender=A, receiver=B, nonce=NONCE)
        for sender, receiver, key in ((B, A, KEY), (A, A, KEY), (b"c" * 32, B, KEY), (A, B, b"l" * 32)):
            with self.assertRaises(CryptoError):
                unseal(payload, key, sender=sender, receiver=receiver)

    @given(st.binary(max_size=200))
    def test_any_bytes(self, payload: bytes) -> None:
        """Bytes of the control server are refused."""
        with self.assertRaises(CryptoError):
            unseal(payload, KEY, sender=A, receiver=B)

    @given(st.binary(max_size=100) | st.binary(max_size=60).map(lambda tail: msgspec.msgpack.encode(["offer1", tail])))
    def test_any_plain_text(self, plain: bytes) -> None:
        """What a member seals is a signal, or refused by one error."""

        def write(signal: Offer | Punch) -> bytes:
            self.assertIsInstance(signal, Offer | Punch)
            return seal(signal, KEY, sender=A, receiver=B, nonce=NONCE)

        check_reader(lambda payload: unseal(payload, KEY, sender=A, receiver=B), sealed(plain), write)

    def test_rules(self) -> None:
        """Sessions have eight bytes, candidates kind, host, port; at most twenty; the unknown is passed over."""
        row = ["local", "192.0.2.1", 5]
        good: dict[str, object] = {"type": "offer1", "session": b"s" * 8, "answers": b"", "candidates": [row]}
        expected = Offer(b"s" * 8, b"", (CandidateRow(CandidateKind.LOCAL, "192.0.2.1", 5),))
        later = good | {"more": 1}
        for plain in map(msgspec.msgpack.encode, (good, later)):
            self.assertEqual(expected, unseal(sealed(plain), KEY, sender=A, receiver=B))
        wrong: list[dict[str, object]] = [
            {"session": b"s" * 7},
            {"answers": b"a" * 9},
            {"candidates": [row] * (CANDIDATE_LIMIT + 1)},
            {"candidates": [["satellite", "192.0.2.1", 5]]},
            {"candidates": [["local", "192.0.2.1", 0]]},
            {"candidates": [["local", "1" * 46, 5]]},
            {"type": "offer2"},
        ]
        for change in wrong:
            with self.assertRaises(DecodeError, msg=str(change)):
                unseal(sealed(msgspec.msgpack.encode(good | change)), KEY, sender=A, receiver=B)

    @given(st.text(max_size=45))
    def test_any_host(self, host: str) -> None:
        """A host that is no address is left out; the others stay."""
        rows = (
            CandidateRow(CandidateKind.LOCAL, host, 7),
            CandidateRow(CandidateKind.REFLEXIVE, "2001:db8::1", 9),
        )
        values = Offer(b"s" * 8, b"", rows).values()
        self.assertEqual(Candidate(CandidateKind.REFLEXIVE, Endpoint("2001:db8::1", 9)), values[-1])
        self.assertLessEqual(len(values), 2)
