"""Keys: published vectors, wrong sizes, and what two nodes share."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.identity import (
    AgreementKey,
    PairKeys,
    SigningKey,
    derive,
    fingerprint,
    verify_signature,
)
from lanrage.errors import CryptoError
from tests.fakes_control import node_keys

secrets = st.binary(min_size=32, max_size=32)
PARTY, OTHER_PARTY = "0" * 32, "1" * 32


class IdentityTests(SynchronousTestCase):
    """Signing, agreeing, deriving."""

    def test_signature_vector(self) -> None:
        """RFC 8032, section 7.1, test 2."""
        key = SigningKey(bytes.fromhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"))
        self.assertEqual("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", key.public.hex())
        self.assertEqual(
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
            "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
            key.sign(b"\x72").hex(),
        )

    def test_agreement_vector(self) -> None:
        """RFC 7748, section 6.1."""
        bob = AgreementKey(bytes.fromhex("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb"))
        alice = bytes.fromhex("8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a")
        self.assertEqual("de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f", bob.public.hex())
        self.assertEqual("4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742", bob.agree(alice).hex())

    def test_derive_vector(self) -> None:
        """RFC 5869, appendix A.1."""
        derived = derive(
            b"\x0b" * 22,
            salt=bytes.fromhex("000102030405060708090a0b0c"),
            label=bytes.fromhex("f0f1f2f3f4f5f6f7f8f9"),
            length=42,
        )
        self.assertEqual(
            "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865", derived.hex()
        )

    def test_wrong_sizes(self) -> None:
        """Keys of another size are refused with a sentence."""
        for size in (0, 31, 33):
            with self.assertRaises(CryptoError):
                SigningKey(bytes(size))
            with self.assertRaises(CryptoError):
                AgreementKey(bytes(size))
            with self.assertRaises(CryptoError):
                node_keys(1).wireguard.agree(bytes(size))
            with self.assertRaises(CryptoError):
                verify_signature(bytes(size), b"", bytes(64))

    def test_low_order_key(self) -> None:
        """A key that makes every secret the same is refused."""
        for low in (bytes(32), b"\x01" + bytes(31)):
            with self.assertRaises(CryptoError):
                node_keys(1).wireguard.agree(low)

    @given(seed=secrets, message=st.binary(max_size=100), other=st.binary(max_size=100))
    def test_signature_holds_for_its_message_alone(self, seed: bytes, message: bytes, other: bytes) -> None:
        """Another message or another key does not pass."""
        key = SigningKey(seed)
        signature = key.sign(message)
        verify_signature(key.public, message, signature)
        if other != message:
            with self.assertRaises(CryptoError):
                verify_signature(key.public, other, signature)
        with self.assertRaises(CryptoError):
            verify_signature(SigningKey(bytes(32)).public if seed != bytes(32) else bytes(32), message, signature)

    @given(one=secrets, other=secrets)
    def test_both_ends_get_the_same_pair_keys(self, one: bytes, other: bytes) -> None:
        """And other ones in another party; the two keys of a pair differ."""
        near, far = AgreementKey(one), AgreementKey(other)
        pair = PairKeys.between(near, far.public, PARTY)
        self.assertEqual(pair, PairKeys.between(far, near.public, PARTY))
        self.assertNotEqual(pair, PairKeys.between(near, far.public, OTHER_PARTY))
        self.assertNotEqual(pair.probe, pair.seal)

    def test_nothing_secret_is_shown(self) -> None:
        """A key in a log line or traceback shows its public half alone."""
        keys = node_keys("shown")
        pair = PairKeys.between(keys.wireguard, node_keys(2).wireguard.public, PARTY)
        for value in (keys, keys.identity, keys.wireguard, pair):
            shown = repr(value)
            for secret in (keys.identity.seed, keys.wireguard.secret, pair.probe, pair.seal):
                self.assertNotIn(secret.hex(), shown)
                self.assertNotIn(repr(secret), shown)
        self.assertIn(keys.identity.public.hex(), repr(keys))

    def test_fingerprint(self) -> None:
        """16 bytes of SHA-256 (of the empty string: FIPS 180-4)."""
        self.assertEqual("e3b0c44298fc1c149afbf4c8996fb924", fingerprint(b"").hex())
