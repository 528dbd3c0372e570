"""The login joined in memory: what it proves, and that nothing changed, replayed or mixed passes."""

from __future__ import annotations

import json

import attrs
import msgspec
from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.identity import AgreementKey, NodeKeys, SigningKey, fingerprint
from lanrage.errors import ComeBack, CryptoError, DecodeError, LanrageError, Refused, VersionMismatch
from lanrage.wire.control import Accepted, Done, FollowParty, Reply, Request, decode, decode_record, encode
from lanrage.wire.control_codec import JSON
from lanrage.wire.control_opening import Denied, Welcome
from lanrage.wire.login import ClientLogin, ServerLogin
from tests.fakes_control import SeededRandom, node_keys, seeded

V1, V2, V3 = (f"lanrage.control.v{number}.msgpack" for number in (1, 2, 3))
SERVER = SigningKey(seeded("server"))
ACCEPTED = Accepted("session", 1.0, (":3478",), ())
REQUEST = Request(1, FollowParty("0" * 32, 0))


def client(pin: bytes | None = None, seed: object = "client", **options: object) -> ClientLogin:
    """A client's side."""
    return ClientLogin(node_keys("node"), pin, SeededRandom(seed), **options)  # type: ignore[arg-type]


def server(key: SigningKey = SERVER, seed: object = "server", **options: object) -> ServerLogin:
    """A server's side."""
    return ServerLogin(key, SeededRandom(seed), lambda: ACCEPTED, **options)  # type: ignore[arg-type]


def run(near: ClientLogin, far: ServerLogin) -> None:
    """Both sides to the end."""
    message = near.start()
    while message and not (near.done and far.done):
        answer = far.receive(message)
        message = near.receive(answer) if answer else b""


class LoginTests(SynchronousTestCase):
    """Two sides, no wire."""

    def test_both_sides_agree(self) -> None:
        """After four messages each knows the other's keys, and records pass both ways."""
        near, far = client(fingerprint(SERVER.public)), server()
        run(near, far)
        self.assertTrue(near.done and far.done)
        self.assertEqual(ACCEPTED, near.accepted)
        self.assertEqual(SERVER.public, near.server_key)
        keys = node_keys("node")
        self.assertEqual((keys.identity.public, keys.wireguard.public), (far.identity, far.wireguard_key))
        assert near.channel is not None
        assert far.channel is not None
        for number in range(3):
            self.assertEqual(REQUEST, decode(far.channel.open(near.channel.seal(REQUEST)), Request))
            reply = Reply(number, Done())
            self.assertEqual(reply, decode_record(near.channel.open(far.channel.seal(reply))))

    def test_another_server_is_refused(self) -> None:
        """A server that has not the pinned key is refused before the client says who it is."""
        near, far = client(fingerprint(seeded("another"))), server()
        with self.assertRaises(CryptoError):
            near.receive(far.receive(near.start()))

    def test_stolen_welcome_is_refused(self) -> None:
        """Somebody in the middle who shows the real server's key cannot sign for it."""
        near, middle = client(fingerprint(SERVER.public)), server(SigningKey(seeded("middle")))
        far = server()
        hello = near.start()
        mine, real = decode(middle.receive(hello), object), decode(far.receive(hello), object)
        assert isinstance(mine, dict)
        assert isinstance(real, dict)
        for field in ("server_key", "signature"):
            forged = dict(mine, **{name: real[name] for name in ("server_key", field)})
            with self.assertRaises(CryptoError):
                client(fingerprint(SERVER.public)).receive(msgspec.msgpack.encode(forged))

    def test_versions_are_named(self) -> None:
        """None in common is an error on both sides that names both."""
        near, far = client(offers=(V1,), server="the control server at x:1"), server(spoken=(V2, V3))
        with self.assertRaises(VersionMismatch) as caught:
            far.receive(near.start())
        self.assertEqual("the client speaks control protocol 1, this server 2, 3", str(caught.exception))
        near.subprotocol = ""
        with self.assertRaises(VersionMismatch) as caught:
            near.receive(JSON.encode(far.denial()))
        self.assertEqual(
            "the control server at x:1 speaks control protocol 2, 3, this node speaks 1: "
            "update LANrage on this machine",
            str(caught.exception),
        )
        old = client(offers=(V3,))
        with self.assertRaises(VersionMismatch) as caught:
            old.receive(encode(Denied("version_mismatch", "", (1,))))
        self.assertIn("update the control server", str(caught.exception))

    def test_downgrade_is_seen(self) -> None:
        """Who takes the newer subprotocols out of the handshake is found out by the hello, and out of that by its
        signature."""
        near, far = client(offers=(V3, V2)), server(spoken=(V3, V2), subprotocol=V2)
        near.subprotocol = V2
        hello = near.start()
        with self.assertRaises(CryptoError):
            far.receive(hello)
        far = server(spoken=(V3, V2), subprotocol=V2)
        welcome = far.receive(msgspec.msgpack.encode(dict(decode(hello, dict), offers=[V2])))
        with self.assertRaises(CryptoError):
            near.receive(welcome)

    def test_welcome_of_another_subprotocol(self) -> None:
        """A server that took one subprotocol in the handshake and names another is not believed."""
        near, far = client(offers=(V3, V2)), server(spoken=(V3, V2), subprotocol=V3)
        welcome = far.receive(near.start())
        for agreed in (V2, ""):
            near.subprotocol = agreed
            data = welcome if agreed else JSON.encode(decode(welcome, Welcome))
            with self.assertRaises(VersionMismatch):
                near.receive(data)

    def test_json(self) -> None:
        """The same login in readable bytes."""
        near = client(fingerprint(SERVER.public), offers=(JSON.subprotocol,))
        far = server(subprotocol=JSON.subprotocol)
        self.assertEqual([JSON.subprotocol], json.loads(near.start())["offers"])
        run(near, far)
        self.assertEqual(ACCEPTED, near.accepted)
        assert near.channel is not None
        assert far.channel is not None
        plain = far.channel.open(near.channel.seal(REQUEST))
        self.assertEqual({"type": "follow", "party_id": "0" * 32, "since": 0}, json.loads(plain)["body"])

    def test_hello_of_a_later_version_is_read(self) -> None:
        """Fields of a later version's hello are passed over, and yet bound."""
        near, far = client(), server()
        hello = dict(decode(near.start(), dict), later="field")
        near._hello = msgspec.msgpack.encode(hello)
        self.assertTrue(near.receive(far.receive(near._hello)))

    def test_come_back(self) -> None:
        """A server that restarts names the time after which it may be dialled."""
        denied = client().denied(Denied("restarting", "it stops", (), 1500))
        assert isinstance(denied, ComeBack)
        self.assertEqual((1.5, "restarting"), (denied.seconds, denied.code))

    def test_denied_for_another_reason(self) -> None:
        """A denial carries its word."""
        near = client()
        near.start()
        with self.assertRaises(Refused) as caught:
            near.receive(encode(Denied("limit", "full")))
        self.assertEqual("limit", caught.exception.code)

    def test_identity_must_be_proven(self) -> None:
        """Who claims another's identity is refused."""
        mine, other = node_keys("node"), node_keys("other")

        @attrs.frozen
        class Thief:
            """Claims the other's public key, signs with its own."""

            public: bytes = other.identity.public

            def sign(self, message: bytes) -> bytes:
                """With the wrong key."""
                return mine.identity.sign(message)

        near, far = client(), server()
        near.keys = NodeKeys(Thief(), mine.wireguard)  # type: ignore[arg-type]
        with self.assertRaises(CryptoError):
            far.receive(near.receive(far.receive(near.start())))

    def test_wireguard_key_must_be_proven(self) -> None:
        """Who claims another's WireGuard key never gets past the first record under the second key."""
        mine, other = node_keys("node"), node_keys("other")

        @attrs.frozen
        class Thief:
            """Claims the other's public key, agrees with its own."""

            public: bytes = other.wireguard.public

            def agree(self, key: bytes) -> bytes:
                """With the wrong key."""
                return mine.wireguard.agree(key)

        near, far = client(), server()
        near.keys = NodeKeys(mine.identity, Thief())  # type: ignore[arg-type]
        accepted = far.receive(near.receive(far.receive(near.start())))
        with self.assertRaises(CryptoError):
            near.receive(accepted)
        assert near.channel is not None
        with self.assertRaises(CryptoError):
            far.receive(near.channel.seal(REQUEST))
        self.assertFalse(far.done)

    def test_low_order_keys_are_refused(self) -> None:
        """An ephemeral key that makes the secret known to all is refused."""
        near, far = client(), server()
        near._ephemeral = AgreementKey(seeded("e"))
        hello = dict(decode(near.start(), dict), ephemeral=bytes(32))
        with self.assertRaises(CryptoError):
            far.receive(msgspec.msgpack.encode(hello))

    def test_replay_of_a_whole_login_fails(self) -> None:
        """A recorded login is worthless: the server's ephemeral key is new each time."""
        near, far = client(), server(seed=1)
        record = near.receive(far.receive(near.start()))
        again = server(seed=2)
        again.receive(near._hello)
        with self.assertRaises(CryptoError):
            again.receive(record)

    def test_records_in_order_and_once(self) -> None:
        """A record repeated, left out, or sent back to its sender closes the channel."""
        for wrong in ("repeated", "skipped", "reflected"):
            near, far = client(), server()
            run(near, far)
            assert near.channel is not None
            assert far.channel is not None
            first, second = near.channel.seal(REQUEST), near.channel.seal(REQUEST)
            if wrong == "repeated":
                far.channel.open(first)
            with self.assertRaises(CryptoError):
                (near if wrong == "reflected" else far).channel.open(second if wrong == "skipped" else first)  # type: ignore[union-attr]

    @given(step=st.integers(0, 4), at=st.integers(0, 400), bit=st.integers(0, 7))
    def test_any_flipped_bit_is_refused(self, step: int, at: int, bit: int) -> None:
        """Whichever message is changed by one bit, the login does not come to its end."""
        near, far = client(fingerprint(SERVER.public)), server()
        count = 0

        def carry(message: bytes) -> bytes:
            nonlocal count
            changed = bytearray(message)
            if count == step:
                changed[at % len(message)] ^= 1 << bit
            count += 1
            return bytes(changed)

        with self.assertRaises(LanrageError):
            welcome = far.receive(carry(near.start()))
            login = near.receive(carry(welcome))
            accepted = far.receive(carry(login))
            confirm = near.receive(carry(accepted))
            far.receive(carry(confirm))

    @given(data=st.binary(max_size=300))
    def test_any_bytes_are_refused(self, data: bytes) -> None:
        """Bytes that are no message raise the house's errors and nothing else."""
        near = client()
        near.start()
        for side in (near, server()):
            with self.assertRaises((DecodeError, CryptoError)):
                side.receive(data)
