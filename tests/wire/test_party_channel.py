"""The party channel's bytes: only the pair reads them, in one direction, and any bytes give a value or one error."""

from __future__ import annotations

import msgspec
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.game_mods import MODS_LIMIT, NAME_BYTES, PIECES_LIMIT, Mod, ModList, pieces
from lanrage.core.game_presence import Playing
from lanrage.core.identity import PairKeys
from lanrage.errors import BadInput, CryptoError, DecodeError
from lanrage.wire import knocks
from lanrage.wire.party_channel import (
    DATAGRAM_LIMIT,
    EPOCH_LIMIT,
    PAYLOAD_LIMIT,
    RECORD_LIMIT,
    Games,
    Message,
    ModsPart,
    ModTold,
    PlayingTold,
    Records,
    Signal,
    UnknownKind,
    Want,
    packed,
    seal,
    unseal,
)
from tests.fakes_control import node_keys
from tests.strategies_links import keys
from tests.strategies_party_channel import epochs, messages, plays, records

KEY, A, B, NONCE = b"k" * 32, b"a" * 32, b"b" * 32, b"n" * 12
HEADER = b"LRPC\x01"


def sealed(plain: bytes) -> bytes:
    """Any bytes under a seal that holds."""
    return HEADER + NONCE + ChaCha20Poly1305(KEY).encrypt(NONCE, plain, HEADER + A + B)


class CodecTests(SynchronousTestCase):
    """Datagrams."""

    @given(messages, keys, st.binary(min_size=12, max_size=12))
    def test_round_trip(self, message: Message, key: bytes, nonce: bytes) -> None:
        """What is sealed is read by the other end, and fits into a datagram of 1,200 bytes."""
        datagram = seal(message, key, sender=A, receiver=B, nonce=nonce)
        self.assertLessEqual(len(datagram), DATAGRAM_LIMIT)
        self.assertEqual(message, unseal(datagram, key, sender=A, receiver=B))

    @given(messages, st.integers(0), st.integers(0, 7))
    def test_flipped_bit(self, message: Message, at: int, bit: int) -> None:
        """Any flipped bit is refused."""
        datagram = bytearray(seal(message, KEY, sender=A, receiver=B, nonce=NONCE))
        datagram[at % len(datagram)] ^= 1 << bit
        with self.assertRaises((CryptoError, DecodeError)):
            unseal(bytes(datagram), KEY, sender=A, receiver=B)

    def test_wrong_direction(self) -> None:
        """One sent back to its sender, shown as another's, or of another pair's key is refused."""
        datagram = seal(Want(3), KEY, sender=A, receiver=B, nonce=NONCE)
        for sender, receiver, key in ((B, A, KEY), (A, A, KEY), (b"c" * 32, B, KEY), (A, B, b"l" * 32)):
            with self.assertRaises(CryptoError):
                unseal(datagram, key, sender=sender, receiver=receiver)

    @given(st.binary(max_size=100) | st.binary(max_size=100).map(lambda tail: HEADER + tail))
    def test_any_bytes(self, data: bytes) -> None:
        """Bytes of a program without the key are refused by one of two errors."""
        with self.assertRaises((CryptoError, DecodeError)):
            unseal(data, KEY, sender=A, receiver=B)

    @given(
        st.binary(max_size=100)
        | st.lists(
            st.sampled_from("head want records signal forward forwarded games mods_ask mods_part quality clock".split())
            | st.binary(max_size=40)
            | st.integers(-(2**63), 2**64 - 1)
            | st.none(),
            max_size=5,
        ).map(msgspec.msgpack.encode)
    )
    def test_any_plain_text(self, plain: bytes) -> None:
        """What a member seals is a message within the limits, or refused by one error."""
        try:
            message = unseal(sealed(plain), KEY, sender=A, receiver=B)
        except DecodeError:
            return
        self.assertEqual(
            message, unseal(seal(message, KEY, sender=A, receiver=B, nonce=NONCE), KEY, sender=A, receiver=B)
        )

    def test_largest_list(self) -> None:
        """Each part of the largest list, of the game with the longest id, fits into a datagram."""
        longest = ModList.of(Mod(f"{n:04}".ljust(NAME_BYTES, "x"), b"h" * 16) for n in range(MODS_LIMIT))
        shortest = ModList.of(Mod(chr(0x4E00 + n)) for n in range(MODS_LIMIT))
        for part in (*pieces(longest), *pieces(shortest)):
            told = ModsPart.told("g" * 40, part)
            datagram = seal(told, KEY, sender=A, receiver=B, nonce=NONCE)
            self.assertLessEqual(len(datagram), DATAGRAM_LIMIT)
            self.assertEqual(told.piece(), part)

    def test_mods_not_to_be_shown(self) -> None:
        """A name that cannot be shown, and a hash or digest of another length, are refused by one error."""
        good = ModTold("a.jar", b"")
        for digest, mod in (
            (b"d" * 15, good),
            (b"", good),
            (b"d" * 16, ModTold("\u202ea", b"")),
            (b"d" * 16, ModTold("a", b"h" * 3)),
            (b"d" * 16, ModTold("\u4e00" * NAME_BYTES, b"")),
        ):
            with self.assertRaises(DecodeError):
                ModsPart("quake", digest, 0, 1, (mod,)).piece()

    def test_rules(self) -> None:
        """Hashes and identities have 32 bytes, epochs and sizes their limits; nothing is unknown or missing."""
        wrong: list[list[object]] = [
            ["head", 1, b"h" * 31],
            ["head", -1, b"h" * 32],
            ["head", EPOCH_LIMIT, b"h" * 32],
            ["want", 1, 2],
            ["records", 1, []],
            ["records", 1, [b""]],
            ["records", 1, [b"r"] * 65],
            ["signal", b"p" * (PAYLOAD_LIMIT + 1)],
            ["forward", b"t" * 31, b""],
            ["forwarded", b"t" * 32],
            ["games", b"l" * 7, 0, []],
            ["mods_ask", "Quake", b"", []],
            ["mods_ask", "quake", b"d" * 17, []],
            ["mods_ask", "quake", b"", [0] * 33],
            ["mods_ask", "quake", b"", [-1]],
            ["mods_ask", "quake", b"", [PIECES_LIMIT]],
            ["mods_part", "quake", b"d" * 16, 0, PIECES_LIMIT + 1, []],
            ["mods_part", "quake", b"d" * 16, 0, 1, [["", b""]]],
            ["mods_part", "quake", b"d" * 16, 0, 1, [["a", b"h" * 17]]],
            ["games", b"l" * 8, -1, []],
            ["games", b"l" * 8, 0, [["quake", "Quake", True, [["udp", 0, "", 0]]]]],
            ["games", b"l" * 8, 0, [["quake", "Quake", True, [["sctp", 1, "", 0]]]]],
            ["games", b"l" * 8, 0, [["quake", "Quake", True, [["udp", 1, "a b", 0]]]]],
            ["games", b"l" * 8, 0, [["Quake", "Quake", True, []]]],
            ["games", b"l" * 8, 0, [["quake\n", "Quake", True, []]]],
            ["games", b"l" * 8, 0, [["quake", "", True, []]]],
            ["games", b"l" * 8, 0, [["quake", "Q" * 49, True, []]]],
            ["games", b"l" * 8, 0, [["quake", "Quake", True, [["udp", 1, "", 0]] * 5]]],
            ["games", b"l" * 8, 0, [["quake", "Quake", True, []]] * 9],
        ]
        for message in wrong:
            error = self.assertRaises(
                DecodeError, unseal, sealed(msgspec.msgpack.encode(message)), KEY, sender=A, receiver=B
            )
            self.assertFalse(isinstance(error, UnknownKind), message)
        with self.assertRaises(DecodeError):
            unseal(sealed(b"\x00" * DATAGRAM_LIMIT), KEY, sender=A, receiver=B)

    def test_another_kind(self) -> None:
        """A kind that a newer member knows is told from a broken message, whatever it holds; what is none is not."""
        for message in (["other", 1], ["mods", {"a": [1, None]}], ["other"]):
            with self.assertRaises(UnknownKind):
                unseal(sealed(msgspec.msgpack.encode(message)), KEY, sender=A, receiver=B)
        for plain in (b"", msgspec.msgpack.encode([]), msgspec.msgpack.encode([7]), msgspec.msgpack.encode("other")):
            error = self.assertRaises(DecodeError, unseal, sealed(plain), KEY, sender=A, receiver=B)
            self.assertNotIsInstance(error, UnknownKind)

    @given(st.lists(plays, max_size=12))
    def test_games(self, games: list[Playing]) -> None:
        """What is played is read as it was told, the first first, as many as fit; one always does."""
        message = Games.of(b"l" * 8, 3, games)
        seal(message, KEY, sender=A, receiver=B, nonce=NONCE)
        told = message.playing()
        self.assertEqual(tuple(games[: len(told)]), told)
        self.assertGreaterEqual(len(told), min(2, len(games)))

    def test_hostile_names(self) -> None:
        """A name that would turn a terminal's text around, end a line or show nothing is refused."""
        for name in ("\u202eekauQ", "Qu\nake", "\x1b[31m", "  ", "\u200b"):
            message = Games(b"l" * 8, 0, (PlayingTold("quake", name, False, ()),))
            self.assertRaises(DecodeError, message.playing)

    def test_too_large(self) -> None:
        """A message that fits into no datagram is not sealed."""
        error = self.assertRaises(
            BadInput, seal, Records(1, (b"r" * RECORD_LIMIT,) * 2), KEY, sender=A, receiver=B, nonce=NONCE
        )
        self.assertIn("does not fit into a datagram of 1200", str(error))

    def test_key_of_its_own(self) -> None:
        """The channel's key is the same at both ends and no other key of the pair."""
        one, other, party = node_keys("one").wireguard, node_keys("other").wireguard, "ab" * 16
        mine, theirs = PairKeys.between(one, other.public, party), PairKeys.between(other, one.public, party)
        self.assertEqual(mine.channel, theirs.channel)
        self.assertEqual(3, len({mine.channel, mine.seal, mine.probe}))


class PackingTests(SynchronousTestCase):
    """Records in datagrams."""

    @given(epochs.filter(lambda epoch: epoch < EPOCH_LIMIT - 100), st.lists(records, max_size=40))
    def test_all_in_order(self, after: int, blobs: list[bytes]) -> None:
        """Each record is in one datagram, in order, and each datagram names the epoch of its first."""
        found: list[bytes] = []
        for message in packed(after, blobs):
            self.assertEqual(after + 1 + len(found), message.first)
            found.extend(message.blobs)
            self.assertLessEqual(len(seal(message, KEY, sender=A, receiver=B, nonce=NONCE)), DATAGRAM_LIMIT)
        self.assertEqual(blobs, found)

    def test_few_datagrams(self) -> None:
        """Small records share a datagram."""
        self.assertEqual([4, 4, 2], [len(message.blobs) for message in packed(0, [b"r" * 250] * 10)])

    def test_one_that_is_too_large(self) -> None:
        """A record that no datagram holds ends what is sent, since those after it would not fit on."""
        blobs = [b"r", b"s" * (RECORD_LIMIT + 1), b"t"]
        self.assertEqual([Records(8, (b"r",))], packed(7, blobs))


class KnockTests(SynchronousTestCase):
    """Offers at WireGuard's port."""

    @given(st.binary(min_size=8, max_size=8), st.binary(min_size=1, max_size=1000))
    def test_round_trip(self, tag: bytes, payload: bytes) -> None:
        """Tag and offer come out as they went in; it is told from a probe by its first bytes."""
        data = knocks.encode(tag, payload)
        self.assertTrue(knocks.is_knock(data))
        self.assertEqual((tag, payload), knocks.decode(data))

    @given(st.binary(max_size=40) | st.binary(max_size=20).map(lambda tail: b"LRNG\x01\x05" + tail))
    def test_any_bytes(self, data: bytes) -> None:
        """Any bytes are a knock or refused by one error."""
        try:
            tag, payload = knocks.decode(data)
        except DecodeError:
            return
        self.assertEqual(data, knocks.encode(tag, payload))

    def test_size(self) -> None:
        """What is larger than a packet is no knock."""
        self.assertRaises(DecodeError, knocks.decode, knocks.encode(b"t" * 8, bytes(1187)))
        self.assertEqual(1186, len(knocks.decode(knocks.encode(b"t" * 8, bytes(1186)))[1]))

    def test_signal_fits(self) -> None:
        """The largest payload of a signal fits into a message that is passed on."""
        seal(Signal(b"p" * PAYLOAD_LIMIT), KEY, sender=A, receiver=B, nonce=NONCE)
