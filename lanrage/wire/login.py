"""The control channel's login and its sealed records, without I/O (``docs/protocol-control.rst``).

Four messages: :class:`~lanrage.wire.control_opening.Hello` and :class:`~lanrage.wire.control_opening.Welcome` in
clear (ephemeral keys, the server's signature over both), then :class:`~lanrage.wire.control_opening.Login` sealed by
the ephemeral secret, then :class:`~lanrage.wire.control.Accepted` and all that follows sealed by keys to which the
client's WireGuard key belongs as well. So the channel needs no CA, survives a TLS proxy, and plain ``ws://`` tells a
listener nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from typing import TypeVar

import attrs
import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from lanrage.core.identity import AgreementKey, NodeKeys, SigningKey, derive, fingerprint, verify_signature
from lanrage.core.links import KEY_BYTES
from lanrage.errors import ComeBack, CryptoError, DecodeError, LanrageError, Refused, VersionMismatch
from lanrage.wire.control import Accepted, Notice, decode_opening
from lanrage.wire.control_codec import JSON, MSGPACK, SUBPROTOCOLS, Codec, choose, codec_of, versions_of
from lanrage.wire.control_opening import Confirm, Denied, Hello, Login, Welcome

NONCE_BYTES = 32
TAG_BYTES = 16
COUNTER_LIMIT = 2**64 - 1
"""A counter never wraps: the nonce would repeat (RFC 8439)."""
_WELCOME = b"lanrage control welcome v2"
_LOGIN = b"lanrage control login v2"
_FIRST = b"lanrage control key 1"
_SECOND = b"lanrage control key 2"

Random = Callable[[int], bytes]
T = TypeVar("T")


@attrs.define(repr=False)
class _Sealer:
    """One direction of records: ChaCha20-Poly1305 (RFC 8439), the nonce is a 64-bit counter that starts at 0."""

    key: bytes
    counter: int = 0

    def _nonce(self) -> bytes:
        if self.counter >= COUNTER_LIMIT:
            raise CryptoError("the connection has carried as many records as one key allows")
        nonce = self.counter.to_bytes(12, "little")
        self.counter += 1
        return nonce

    def seal(self, plain: bytes) -> bytes:
        """Encrypt the next record."""
        return ChaCha20Poly1305(self.key).encrypt(self._nonce(), plain, None)

    def open(self, record: bytes) -> bytes:
        """Decrypt the next record.

        :raises CryptoError: forged, damaged, repeated or out of order.
        """
        try:
            return ChaCha20Poly1305(self.key).decrypt(self._nonce(), record, None)
        except InvalidTag as error:
            raise CryptoError("a record is forged, damaged or out of order") from error


@attrs.define(repr=False)
class Channel:
    """Sealed records in both directions, after the keys are agreed. Any error means: close the connection."""

    _sealing: _Sealer
    _opening: _Sealer
    codec: Codec = MSGPACK

    @classmethod
    def derive(cls, secret: bytes, transcript: bytes, label: bytes, *, client: bool, codec: Codec) -> Channel:
        """Keys for client to server and back from one agreed secret; `codec` is that of the messages within."""
        keys = derive(secret, salt=transcript, label=label, length=2 * KEY_BYTES)
        up, down = _Sealer(keys[:KEY_BYTES]), _Sealer(keys[KEY_BYTES:])
        return cls(up, down, codec) if client else cls(down, up, codec)

    def seal(self, message: msgspec.Struct) -> bytes:
        """The next record to send."""
        return self.seal_bytes(self.codec.encode(message))

    def seal_bytes(self, plain: bytes) -> bytes:
        """The next record to send, of a message that is encoded already; sealed in the order in which it is sent."""
        return self._sealing.seal(plain)

    def read(self, record: bytes, kind: type[T]) -> T:
        """The message of the next record received.

        :raises CryptoError: forged, damaged, repeated or out of order.
        :raises DecodeError: names the field and the rule.
        """
        return self.codec.decode(self.open(record), kind)

    def open(self, record: bytes) -> bytes:
        """The message bytes of the next record received.

        :raises CryptoError: forged, damaged, repeated or out of order.
        """
        return self._opening.open(record)


def _welcome_transcript(hello: bytes, welcome: Welcome) -> bytes:
    """SHA-256 over a label, the hello as it was sent, and each field of the welcome; every part has a fixed length."""
    parts = (hashlib.sha256(hello).digest(), hashlib.sha256(welcome.subprotocol.encode()).digest())
    return hashlib.sha256(b"".join((_WELCOME, *parts, welcome.ephemeral, welcome.nonce, welcome.server_key))).digest()


def _login_message(transcript: bytes, identity: bytes, wireguard_key: bytes) -> bytes:
    return hashlib.sha256(_LOGIN + transcript + identity + wireguard_key).digest()


@attrs.define(repr=False)
class ClientLogin:
    """The client's side: send :meth:`start`, then answer each message by :meth:`receive` until :attr:`done`.

    :param keys: this node's.
    :param pin: fingerprint of the server's key, 16 bytes; ``None`` trusts the first key seen (creating a party).
    :param random: ``os.urandom``, or a test's own.
    :param server: what error messages call the server.
    :param offers: the subprotocols that were offered in the WebSocket handshake.
    :ivar subprotocol: the one that the server took there; empty when it took none, and will say why.
    """

    keys: NodeKeys
    pin: bytes | None
    random: Random
    server: str = "the control server"
    offers: tuple[str, ...] = SUBPROTOCOLS
    subprotocol: str = attrs.field(init=False)
    server_key: bytes = attrs.field(init=False, default=b"")
    accepted: Accepted | None = attrs.field(init=False, default=None)
    channel: Channel | None = attrs.field(init=False, default=None)
    _ephemeral: AgreementKey = attrs.field(init=False)
    _hello: bytes = attrs.field(init=False, default=b"")

    def __attrs_post_init__(self) -> None:
        self.subprotocol = self.offers[0]

    @property
    def _codec(self) -> Codec:
        return codec_of(self.subprotocol) if self.subprotocol else JSON

    def start(self) -> bytes:
        """The first message to send."""
        self._ephemeral = AgreementKey(self.random(KEY_BYTES))
        hello = Hello(self.offers, self._ephemeral.public, self.random(NONCE_BYTES))
        self._hello = self._codec.encode(hello)
        return self._hello

    @property
    def done(self) -> bool:
        """Logged in: :attr:`channel` seals and opens everything from now on."""
        return self.accepted is not None

    def receive(self, data: bytes) -> bytes:
        """Take the server's next message; returns what to answer.

        :raises CryptoError: another server's key, a forged or damaged message.
        :raises VersionMismatch: no version in common.
        :raises Refused: the server denies the connection, with its word.
        :raises DecodeError: no message of this protocol.
        """
        if self.channel is None:
            return self._welcome(data)
        answer: Accepted | Notice = self.channel.read(data, Accepted | Notice)  # type: ignore[arg-type]
        if isinstance(answer, Notice):
            raise self.denied(answer.body) if isinstance(answer.body, Denied) else DecodeError("a notice is no welcome")
        self.accepted = answer
        return self.channel.seal(Confirm())

    def _welcome(self, data: bytes) -> bytes:
        welcome = decode_opening(data, self._codec)
        if isinstance(welcome, Denied):
            raise self.denied(welcome)
        if not self.subprotocol or welcome.subprotocol != self.subprotocol:
            raise VersionMismatch(f"{self.server} means to speak another subprotocol than was agreed on")
        transcript = _welcome_transcript(self._hello, welcome)
        if self.pin is not None and fingerprint(welcome.server_key) != self.pin:
            raise CryptoError(f"{self.server} is not the one that the invitation names: it has another key")
        verify_signature(welcome.server_key, transcript, welcome.signature)
        self.server_key = welcome.server_key
        shared = self._ephemeral.agree(welcome.ephemeral)
        first = Channel.derive(shared, transcript, _FIRST, client=True, codec=self._codec)
        login = self._codec.encode(self._login(transcript))
        secret, second = shared + self.keys.wireguard.agree(welcome.ephemeral), hashlib.sha256(transcript + login)
        self.channel = Channel.derive(secret, second.digest(), _SECOND, client=True, codec=self._codec)
        return first.seal_bytes(login)

    def _login(self, transcript: bytes) -> Login:
        identity, wireguard = self.keys.identity, self.keys.wireguard.public
        return Login(identity.public, wireguard, identity.sign(_login_message(transcript, identity.public, wireguard)))

    def denied(self, denied: Denied) -> LanrageError:
        """What a denial means to the user, before the login or after it."""
        if denied.code == "version_mismatch":
            mine = versions_of(self.offers)
            theirs = ", ".join(map(str, denied.versions)) or "another version"
            newer = max(denied.versions, default=0) > max(mine, default=0)
            return VersionMismatch(
                f"{self.server} speaks control protocol {theirs}, this node speaks {', '.join(map(str, mine))}: "
                f"update {'LANrage on this machine' if newer else 'the control server'}"
            )
        if denied.code == "restarting":
            return ComeBack(denied.message, denied.retry_ms / 1000)
        return Refused(denied.code, denied.message)


def denial(spoken: tuple[str, ...] = SUBPROTOCOLS) -> Denied:
    """What a client with which no subprotocol is shared is told."""
    sentence = f"this server speaks {', '.join(spoken)}"
    return Denied("version_mismatch", sentence[:300], versions_of(spoken))


def mismatch(offered: Iterable[str], spoken: tuple[str, ...] = SUBPROTOCOLS) -> str:
    """The same for the server's own log."""
    theirs = ", ".join(map(str, versions_of(offered))) or "nothing of ours"
    return f"the client speaks control protocol {theirs}, this server {', '.join(map(str, versions_of(spoken)))}"


@attrs.define(repr=False)
class ServerLogin:
    """The server's side. :meth:`receive` each message until :attr:`done`.

    :param key: the server's own.
    :param random: ``os.urandom``, or a test's own.
    :param accept: makes the :class:`~lanrage.wire.control.Accepted` of this connection.
    :param spoken: the subprotocols that the server speaks, the dearest first.
    :param subprotocol: the one that was agreed on in the WebSocket handshake.
    """

    key: SigningKey
    random: Random
    accept: Callable[[], Accepted]
    spoken: tuple[str, ...] = SUBPROTOCOLS
    subprotocol: str = SUBPROTOCOLS[0]
    identity: bytes = attrs.field(init=False, default=b"")
    wireguard_key: bytes = attrs.field(init=False, default=b"")
    channel: Channel | None = attrs.field(init=False, default=None)
    done: bool = attrs.field(init=False, default=False)
    _first: Channel | None = attrs.field(init=False, default=None)
    _transcript: bytes = attrs.field(init=False, default=b"")
    _shared: bytes = attrs.field(init=False, default=b"")
    _ephemeral: AgreementKey | None = attrs.field(init=False, default=None)

    @property
    def _codec(self) -> Codec:
        return codec_of(self.subprotocol)

    def receive(self, data: bytes) -> bytes:
        """Take the client's next message; returns what to answer, empty for nothing.

        :raises CryptoError: a proof does not hold.
        :raises VersionMismatch: no version in common; send :meth:`denial`, then close.
        :raises DecodeError: no message of this protocol.
        """
        if self.channel is not None:
            self.channel.read(data, Confirm)
            self.done = True
            return b""
        if self._first is None or self._ephemeral is None:
            return self._hello(data)
        return self._login(data, self._first, self._ephemeral)

    @property
    def begun(self) -> bool:
        """The client's first message was taken."""
        return self._first is not None or self.channel is not None

    def denial(self) -> Denied:
        """What a client of another version is told."""
        return denial(self.spoken)

    def _hello(self, data: bytes) -> bytes:
        hello = self._codec.decode(data, Hello)
        chosen = choose(hello.offers, self.spoken)
        if not chosen:
            raise VersionMismatch(mismatch(hello.offers, self.spoken))
        if chosen != self.subprotocol:
            raise CryptoError("the WebSocket handshake offered other subprotocols than the hello: somebody changed it")
        self._ephemeral = ephemeral = AgreementKey(self.random(KEY_BYTES))
        unsigned = Welcome(chosen, ephemeral.public, self.random(NONCE_BYTES), self.key.public, bytes(64))
        self._transcript = _welcome_transcript(data, unsigned)
        self._shared = ephemeral.agree(hello.ephemeral)
        self._first = Channel.derive(self._shared, self._transcript, _FIRST, client=False, codec=self._codec)
        return self._codec.encode(msgspec.structs.replace(unsigned, signature=self.key.sign(self._transcript)))

    def _login(self, data: bytes, first: Channel, ephemeral: AgreementKey) -> bytes:
        plain = first.open(data)
        login = self._codec.decode(plain, Login)
        verify_signature(
            login.identity, _login_message(self._transcript, login.identity, login.wireguard_key), login.signature
        )
        secret = self._shared + ephemeral.agree(login.wireguard_key)
        second = hashlib.sha256(self._transcript + plain).digest()
        self.channel = Channel.derive(secret, second, _SECOND, client=False, codec=self._codec)
        self.identity, self.wireguard_key = login.identity, login.wireguard_key
        self._first, self._ephemeral, self._shared, self._transcript = None, None, b"", b""  # secrets no longer needed
        return self.channel.seal(self.accept())
