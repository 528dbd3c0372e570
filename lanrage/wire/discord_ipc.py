"""Discord's local protocol for rich presence: frames over a UNIX socket (``docs/notifications.rst``).

Each frame is two little-endian 32-bit numbers, its opcode and the length of what follows, and that many bytes of JSON
(https://github.com/discord/discord-rpc/blob/master/documentation/hard-mode.md). Both sides send the same form.
"""

from __future__ import annotations

import struct
from enum import IntEnum
from typing import Any

import attrs
import msgspec

from lanrage.core.discord_activity import Activity
from lanrage.errors import DecodeError

VERSION = 1
HEADER = struct.Struct("<II")
FRAME_LIMIT = 64 * 1024
"""Bytes of JSON in a frame; Discord's own client takes as much."""
TEXT_LIMIT = 512
"""Characters of a text that Discord gives as a reason."""


class Opcode(IntEnum):
    """What a frame is."""

    HANDSHAKE = 0
    FRAME = 1
    CLOSE = 2
    PING = 3
    PONG = 4


@attrs.frozen
class Frame:
    """One frame.

    :param data: its JSON, as bytes.
    """

    opcode: Opcode
    data: bytes


def encode_frame(frame: Frame) -> bytes:
    """A frame as bytes.

    :raises DecodeError: it is longer than :data:`FRAME_LIMIT`.
    """
    if len(frame.data) > FRAME_LIMIT:
        raise DecodeError(f"a frame has more than {FRAME_LIMIT} bytes")
    return HEADER.pack(frame.opcode, len(frame.data)) + frame.data


@attrs.define
class FrameReader:
    """Makes frames of bytes as they come."""

    _rest: bytearray = attrs.field(init=False, factory=bytearray)

    def feed(self, data: bytes) -> list[Frame]:
        """The frames that are whole now, in order.

        :raises DecodeError: what came is no frame; the connection is of no more use.
        """
        self._rest += data
        frames = []
        while len(self._rest) >= HEADER.size:
            opcode, length = HEADER.unpack_from(self._rest)
            if length > FRAME_LIMIT:
                raise DecodeError(f"a frame has {length} bytes, more than {FRAME_LIMIT}")
            if opcode not in Opcode.__members__.values():
                raise DecodeError(f"{opcode} is no opcode")
            if len(self._rest) < HEADER.size + length:
                break
            frames.append(Frame(Opcode(opcode), bytes(self._rest[HEADER.size : HEADER.size + length])))
            del self._rest[: HEADER.size + length]
        return frames


# --- what is sent -----------------------------------------------------------------------------------------------------


def handshake(client_id: str) -> Frame:
    """The first frame: which application speaks."""
    return Frame(Opcode.HANDSHAKE, msgspec.json.encode({"v": VERSION, "client_id": client_id}))


def set_activity(activity: Activity | None, pid: int, nonce: str) -> Frame:
    """Show this, or nothing.

    :param pid: of the process whose end ends it, too.
    """
    shown = None if activity is None else _plain(activity)
    return _command("SET_ACTIVITY", {"pid": pid, "activity": shown}, nonce)


def subscribe(event: str, nonce: str) -> Frame:
    """Be told of an event."""
    return Frame(Opcode.FRAME, msgspec.json.encode({"cmd": "SUBSCRIBE", "args": {}, "evt": event, "nonce": nonce}))


def pong(ping: Frame) -> Frame:
    """The answer to a ping: the same again."""
    return Frame(Opcode.PONG, ping.data)


def close() -> Frame:
    """The last frame."""
    return Frame(Opcode.CLOSE, b"{}")


def _command(name: str, args: dict[str, Any], nonce: str) -> Frame:
    return Frame(Opcode.FRAME, msgspec.json.encode({"cmd": name, "args": args, "nonce": nonce}))


def _plain(activity: Activity) -> dict[str, Any]:
    shown: dict[str, Any] = {"details": activity.details, "instance": False}
    if activity.state:
        shown["state"] = activity.state
    if activity.started:
        shown["timestamps"] = {"start": activity.started}
    if activity.party_id and activity.members:
        shown["party"] = {"id": activity.party_id, "size": [activity.members, activity.members_limit]}
        if activity.join:
            shown["secrets"] = {"join": activity.join}
    return shown


# --- what comes -------------------------------------------------------------------------------------------------------


@attrs.frozen
class Ready:
    """Discord takes commands now."""


@attrs.frozen
class Answered:
    """A command was done, or was not.

    :param nonce: of the command.
    :param trouble: why it was not; empty where it was.
    """

    nonce: str
    trouble: str = ""


@attrs.frozen
class JoinWanted:
    """The user wants to join a friend.

    :param secret: that the friend's activity holds.
    """

    secret: str = attrs.field(repr=False)


@attrs.frozen
class Closed:
    """Discord ends the connection.

    :param code: why: 4000 is a wrong application's id, 1000 an end in peace.
    """

    code: int
    reason: str


@attrs.frozen
class Pinged:
    """Discord wants to hear from us."""

    frame: Frame


@attrs.frozen
class Other:
    """Something that is of no concern here."""


Heard = Ready | Answered | JoinWanted | Closed | Pinged | Other


class _Said(msgspec.Struct, frozen=True):
    cmd: str = ""
    evt: str | None = None
    nonce: str | None = None
    data: Any = None


class _Ended(msgspec.Struct, frozen=True):
    code: int = 0
    message: str = ""


def read(frame: Frame) -> Heard:
    """What a frame of Discord's says.

    :raises DecodeError: nothing that Discord says.
    """
    try:
        match frame.opcode:
            case Opcode.PING:
                return Pinged(frame)
            case Opcode.CLOSE:
                ended = msgspec.json.decode(frame.data or b"{}", type=_Ended)
                return Closed(ended.code, ended.message[:TEXT_LIMIT])
            case Opcode.FRAME:
                return _read_said(msgspec.json.decode(frame.data, type=_Said))
            case _:
                raise DecodeError(f"Discord sends no frames of kind {frame.opcode.name.lower()}")
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise DecodeError(f"no message of Discord's: {error}") from error


def _read_said(said: _Said) -> Heard:
    data: dict[str, Any] = said.data if isinstance(said.data, dict) else {}
    if said.cmd == "DISPATCH":
        if said.evt == "READY":
            return Ready()
        secret = data.get("secret")
        if said.evt == "ACTIVITY_JOIN" and isinstance(secret, str):
            return JoinWanted(secret)
        return Other()
    if said.nonce is None:
        return Other()
    if said.evt != "ERROR":
        return Answered(said.nonce)
    why = data.get("message")
    return Answered(said.nonce, (why if isinstance(why, str) else "")[:TEXT_LIMIT] or "no reason is given")
