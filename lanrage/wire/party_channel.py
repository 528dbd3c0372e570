"""Messages between two members inside the tunnel (``docs/protocol-party.rst``).

Layout of a datagram::

    0  4s   magic "LRPC"
    4  B    version 1
    5  12s  nonce, random
    17 ..   ChaCha20-Poly1305 (RFC 8439) of one MessagePack message under the pair's channel key; associated data are
            the five bytes before and both WireGuard keys, the sender's first

WireGuard has sealed all of it already. The seal here is against a local program, which may send from the party address
but has no key.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, get_args

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from msgspec import Meta

from lanrage.core.game_mods import DIGEST_BYTES, MODS_LIMIT, NAME_BYTES, PIECES_LIMIT, Mod, ModPiece
from lanrage.core.game_mods import HASH_BYTES as MOD_HASH_BYTES
from lanrage.core.game_presence import GAMES_LIMIT, LIFE_BYTES, NAME_LIMIT, SERVERS_LIMIT, Hosted, Playing
from lanrage.core.heads import HASH_BYTES
from lanrage.core.links import KEY_BYTES
from lanrage.core.play_ports import LAST_PORT, Proto
from lanrage.core.ready_check import LASTS as READY_LASTS
from lanrage.core.ready_check import NUMBER_BYTES
from lanrage.errors import BadInput, CryptoError, DecodeError
from lanrage.wire.party_quality import ClockAsk, ClockTold, Quality

MAGIC = b"LRPC"
VERSION = 1
NONCE_BYTES = 12
DATAGRAM_LIMIT = 1200
"""Bytes; fits into the tunnel's MTU of 1280 with IP and UDP headers, so nothing is cut on the way."""
RECORD_LIMIT = 1100
"""Bytes of one record of the ledger; one always fits into a datagram."""
RECORDS_LIMIT = 64
"""Records in a datagram; the smallest has a signature of 64 bytes, so no more than 18 fit."""
PAYLOAD_LIMIT = 1100
"""Bytes of a sealed signal that is passed on; an offer of 20 addresses has 700."""
PARTS_ASKED = 32
"""Parts of a list of modifications that one question asks for."""
EPOCH_LIMIT = 2**53
"""Epochs stay below it, so that any language reads them."""

_HEADER = MAGIC + bytes([VERSION])
_ROOM = DATAGRAM_LIMIT - len(_HEADER) - NONCE_BYTES - 16
_RECORDS_HEAD = 32
"""Bytes of a :class:`Records` beside its records, and of each record its length (3)."""

Epoch = Annotated[int, Meta(ge=0, lt=EPOCH_LIMIT)]
Record = Annotated[bytes, Meta(min_length=1, max_length=RECORD_LIMIT)]
Identity = Annotated[bytes, Meta(min_length=KEY_BYTES, max_length=KEY_BYTES)]
Payload = Annotated[bytes, Meta(max_length=PAYLOAD_LIMIT)]
GameId = Annotated[str, Meta(pattern=r"\A[a-z0-9-]{1,40}\Z")]
ModDigest = Annotated[bytes, Meta(max_length=DIGEST_BYTES)]
PartNumber = Annotated[int, Meta(ge=0, lt=PIECES_LIMIT)]


class HeadTold(msgspec.Struct, frozen=True, array_like=True, tag="head", forbid_unknown_fields=True):
    """How far the sender's ledger goes."""

    epoch: Epoch
    hash: Annotated[bytes, Meta(min_length=HASH_BYTES, max_length=HASH_BYTES)]


class Want(msgspec.Struct, frozen=True, array_like=True, tag="want", forbid_unknown_fields=True):
    """Asks for the records after an epoch."""

    after: Epoch


class Records(msgspec.Struct, frozen=True, array_like=True, tag="records", forbid_unknown_fields=True):
    """Records of the ledger in a row.

    :param first: epoch of the first.
    """

    first: Epoch
    blobs: Annotated[tuple[Record, ...], Meta(min_length=1, max_length=RECORDS_LIMIT)]


class Signal(msgspec.Struct, frozen=True, array_like=True, tag="signal", forbid_unknown_fields=True):
    """A sealed offer of the sender, the very one that otherwise goes by the control server."""

    payload: Payload


class Forward(msgspec.Struct, frozen=True, array_like=True, tag="forward", forbid_unknown_fields=True):
    """Asks to pass a sealed offer on to a third member.

    :param to: the third member's identity.
    """

    to: Identity
    payload: Payload


class Forwarded(msgspec.Struct, frozen=True, array_like=True, tag="forwarded", forbid_unknown_fields=True):
    """A sealed offer of a third member; it is never passed on again.

    :param sender: the third member's identity, as the one between says; the offer's own seal proves it.
    """

    sender: Identity
    payload: Payload


class HostedTold(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """See :class:`lanrage.core.game_presence.Hosted`."""

    proto: Proto
    port: Annotated[int, Meta(ge=1, le=LAST_PORT)]
    query: Annotated[str, Meta(pattern=r"\A[a-z0-9_-]{0,24}\Z")]
    query_port: Annotated[int, Meta(ge=0, le=LAST_PORT)]


class PlayingTold(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """See :class:`lanrage.core.game_presence.Playing`."""

    game: GameId
    name: Annotated[str, Meta(min_length=1, max_length=NAME_LIMIT)]
    hosting: bool
    servers: Annotated[tuple[HostedTold, ...], Meta(max_length=SERVERS_LIMIT)]


class Games(msgspec.Struct, frozen=True, array_like=True, tag="games", forbid_unknown_fields=True):
    """What the sender plays and hosts now; an extra: who does not know the kind passes it over.

    :param life: drawn when the sender started.
    :param number: grows by each change within that life.
    """

    life: Annotated[bytes, Meta(min_length=LIFE_BYTES, max_length=LIFE_BYTES)]
    number: Epoch
    games: Annotated[tuple[PlayingTold, ...], Meta(max_length=GAMES_LIMIT)]

    @classmethod
    def of(cls, life: bytes, number: int, games: Iterable[Playing]) -> Games:
        """The message that tells these, as many as fit into a datagram, the first first."""
        told = tuple(
            PlayingTold(
                each.game,
                each.name,
                each.hosting,
                tuple(HostedTold(s.proto, s.port, s.query, s.query_port) for s in each.servers[:SERVERS_LIMIT]),
            )
            for each in games
        )[:GAMES_LIMIT]
        while len(msgspec.msgpack.encode(cls(life, number, told))) > _ROOM:
            told = told[:-1]
        return cls(life, number, told)

    def playing(self) -> tuple[Playing, ...]:
        """What is told.

        :raises DecodeError: for a name that is no text to be shown.
        """
        if not all(each.name.isprintable() and each.name.strip() for each in self.games):
            raise DecodeError("a game's name has what is not to be shown")
        return tuple(
            Playing(
                each.game,
                each.name,
                each.hosting,
                tuple(Hosted(s.proto, s.port, s.query, s.query_port) for s in each.servers),
            )
            for each in self.games
        )


class ModsAsk(msgspec.Struct, frozen=True, array_like=True, tag="mods_ask", forbid_unknown_fields=True):
    """Asks for the receiver's list of a game's modifications.

    :param digest: of the list whose parts are asked for; empty for the list that it has now.
    :param parts: which; none for the first :data:`PARTS_ASKED`.
    """

    game: GameId
    digest: ModDigest
    parts: Annotated[tuple[PartNumber, ...], Meta(max_length=PARTS_ASKED)]


class ModTold(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """See :class:`lanrage.core.game_mods.Mod`."""

    name: Annotated[str, Meta(min_length=1, max_length=NAME_BYTES)]
    hash: Annotated[bytes, Meta(max_length=MOD_HASH_BYTES)]


class ModsPart(msgspec.Struct, frozen=True, array_like=True, tag="mods_part", forbid_unknown_fields=True):
    """A part of the sender's list of a game's modifications; see :class:`lanrage.core.game_mods.ModPiece`.

    :param digest: of the whole list.
    :param number: which part, from 0.
    :param of: how many parts there are; 0 says that the sender does not know its list.
    """

    game: GameId
    digest: ModDigest
    number: PartNumber
    of: Annotated[int, Meta(ge=0, le=PIECES_LIMIT)]
    mods: Annotated[tuple[ModTold, ...], Meta(max_length=MODS_LIMIT)]

    @classmethod
    def told(cls, game: str, piece: ModPiece) -> ModsPart:
        """The message that tells a part; it fits into a datagram."""
        mods = tuple(ModTold(each.name, each.hash) for each in piece.mods)
        return cls(game, piece.digest, piece.index, piece.count, mods)

    def piece(self) -> ModPiece:
        """What is told.

        :raises DecodeError: for a name that cannot be shown, a hash or a digest of another length.
        """
        if len(self.digest) != DIGEST_BYTES:
            raise DecodeError(f"a digest of modifications has {DIGEST_BYTES} bytes")
        try:
            mods = tuple(Mod(each.name, each.hash) for each in self.mods)
        except BadInput as error:
            raise DecodeError(str(error)) from error
        return ModPiece(self.digest, self.number, self.of, mods)


RoundNumber = Annotated[bytes, Meta(min_length=NUMBER_BYTES, max_length=NUMBER_BYTES)]


class ReadyAsk(msgspec.Struct, frozen=True, array_like=True, tag="ready_ask", forbid_unknown_fields=True):
    """Asks whether the receiver is ready; counts only from the host and moderators.

    :param number: of the round, random.
    :param lasts: seconds that are left.
    """

    number: RoundNumber
    lasts: Annotated[float, Meta(ge=0, le=READY_LASTS)]


class ReadyTold(msgspec.Struct, frozen=True, array_like=True, tag="ready", forbid_unknown_fields=True):
    """The sender's answer in a round."""

    number: RoundNumber
    ready: bool


LedgerWord = HeadTold | Want | Records
PassedOn = Signal | Forward | Forwarded
Extra = Games | ModsAsk | ModsPart | ReadyAsk | ReadyTold | Quality | ClockAsk | ClockTold
"""What parts of their own speak of; who does not know the kind passes it over."""
Message = LedgerWord | PassedOn | Extra
_DECODER: msgspec.msgpack.Decoder[Message] = msgspec.msgpack.Decoder(Message)
_KINDS = frozenset(str(kind.__struct_config__.tag) for kind in get_args(Message))
_ANY: msgspec.msgpack.Decoder[list[msgspec.Raw]] = msgspec.msgpack.Decoder(list[msgspec.Raw])


class UnknownKind(DecodeError):
    """A message of a kind that this version does not know: a newer member's, and an extra."""


def seal(message: Message, key: bytes, *, sender: bytes, receiver: bytes, nonce: bytes) -> bytes:
    """The datagram of a message.

    :param key: the pair's channel key.
    :param sender: WireGuard key, 32 bytes, as is `receiver`.
    :param nonce: 12 random bytes, never used twice.
    :raises BadInput: when it would be too large.
    """
    plain = msgspec.msgpack.encode(message)
    if len(plain) > _ROOM:
        raise BadInput("message", f"a message of {len(plain)} bytes does not fit into a datagram of {DATAGRAM_LIMIT}")
    return _HEADER + nonce + ChaCha20Poly1305(key).encrypt(nonce, plain, _HEADER + sender + receiver)


def unseal(datagram: bytes, key: bytes, *, sender: bytes, receiver: bytes) -> Message:
    """Verify and read a datagram.

    :raises DecodeError: for bytes that are no datagram of this version, or no message; :class:`UnknownKind` for one of
        a kind that is not known here.
    :raises CryptoError: when it is not from `sender` to `receiver`.
    """
    if not datagram.startswith(_HEADER) or len(datagram) > DATAGRAM_LIMIT:
        raise DecodeError("no datagram of the party channel's version 1")
    nonce, sealed = datagram[len(_HEADER) :][:NONCE_BYTES], datagram[len(_HEADER) + NONCE_BYTES :]
    try:
        plain = ChaCha20Poly1305(key).decrypt(nonce, sealed, _HEADER + sender + receiver)
    except (InvalidTag, ValueError) as error:
        raise CryptoError("the datagram's seal does not hold") from error
    try:
        return _DECODER.decode(plain)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        kind = _kind(plain)
        if kind is not None and kind not in _KINDS:
            raise UnknownKind("a message of a kind that is not known here") from error
        raise DecodeError(f"no valid message of the party channel: {error}") from error


def _kind(plain: bytes) -> str | None:
    """The word with which a message begins; ``None`` for what is none."""
    try:
        return msgspec.msgpack.decode(_ANY.decode(plain)[0], type=str)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, IndexError):
        return None


def packed(after: int, blobs: Iterable[bytes]) -> list[Records]:
    """The messages that carry these records, as few as may be.

    :param after: epoch before the first record.
    :param blobs: at most :data:`RECORD_LIMIT` bytes each; one that is longer ends the list, since no datagram holds it.
    """
    messages: list[Records] = []
    batch: list[bytes] = []
    first, size = after + 1, 0
    for blob in blobs:
        if not 0 < len(blob) <= RECORD_LIMIT:
            break
        if batch and (_RECORDS_HEAD + size + len(blob) + 3 > _ROOM or len(batch) == RECORDS_LIMIT):
            messages.append(Records(first, tuple(batch)))
            first, size, batch = first + len(batch), 0, []
        batch.append(blob)
        size += len(blob) + 3
    if batch:
        messages.append(Records(first, tuple(batch)))
    return messages
